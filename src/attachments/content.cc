#include "attachments/content.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.h"
#include "catalog/text_rules.h"

namespace dealpace::attachments {
namespace {

constexpr std::string_view kZip("PK\x03\x04", 4);

const std::vector<ContentType>& Types() {
  static const std::vector<ContentType> kTypes = {
      {"jpeg", "image/jpeg", true, {"jpg", "jpeg"}},
      {"png", "image/png", true, {"png"}},
      {"webp", "image/webp", true, {"webp"}},
      {"heic", "image/heic", false, {"heic", "heif"}},
      {"pdf", "application/pdf", false, {"pdf"}},
      {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", false, {"xlsx"}},
      {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", false, {"docx"}},
      {"text", "text/plain; charset=utf-8", false, {"txt", "csv", "md", "log"}},
      {"text_gb", "text/plain; charset=gb18030", false, {"txt", "csv", "md", "log"}},
  };
  return kTypes;
}

Error Unsafe(std::string_view what, std::string_view what_zh) {
  return Error("attachment_unsafe").With("what", what).With("what_zh", what_zh);
}

uint32_t Little(std::string_view bytes, size_t at, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i) value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])) << 8 * i;
  return value;
}

// The names in a zip archive, by its directory; false when that cannot be read.
bool ZipNames(std::string_view bytes, std::vector<std::string_view>& names) {
  constexpr std::string_view kEnd("PK\x05\x06", 4);
  constexpr std::string_view kEntry("PK\x01\x02", 4);
  constexpr size_t kEndSize = 22;
  constexpr size_t kEntrySize = 46;
  constexpr size_t kCommentMax = 65'535;
  constexpr size_t kNamesMax = 10'000;
  if (bytes.size() < kEndSize) return false;
  const size_t from = bytes.size() - std::min(bytes.size(), kEndSize + kCommentMax);
  const size_t end = bytes.rfind(kEnd);
  if (end == std::string_view::npos || end < from || end + kEndSize > bytes.size()) return false;
  const uint32_t count = Little(bytes, end + 10, 2);
  size_t at = Little(bytes, end + 16, 4);
  if (count > kNamesMax) return false;
  for (uint32_t i = 0; i < count; ++i) {
    if (at > bytes.size() || bytes.size() - at < kEntrySize || bytes.substr(at, 4) != kEntry) return false;
    const size_t name = Little(bytes, at + 28, 2);
    const size_t rest = size_t{Little(bytes, at + 30, 2)} + Little(bytes, at + 32, 2);
    if (bytes.size() - at - kEntrySize < name) return false;
    names.push_back(bytes.substr(at + kEntrySize, name));
    at += kEntrySize + name + rest;
  }
  return true;
}

Result<std::string_view> OfficeOf(std::string_view bytes) {
  const Error unknown("attachment_kind_unknown");
  std::vector<std::string_view> names;
  if (!ZipNames(bytes, names)) return unknown;
  const auto has = [&](std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  if (!has("[Content_Types].xml")) return unknown;
  if (std::any_of(names.begin(), names.end(),
                  [](std::string_view name) { return ToLower(name).ends_with("vbaproject.bin"); })) {
    return Unsafe("a document with macros", "带宏的文档");
  }
  if (has("xl/workbook.xml")) return std::string_view("xlsx");
  if (has("word/document.xml")) return std::string_view("docx");
  return unknown;
}

// Four bytes, "ftyp", a brand, more brands.
bool IsHeic(std::string_view bytes) {
  if (bytes.size() < 12 || bytes.substr(4, 4) != "ftyp") return false;
  constexpr std::array<std::string_view, 8> kBrands = {"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"};
  return std::find(kBrands.begin(), kBrands.end(), bytes.substr(8, 4)) != kBrands.end();
}

bool IsProgram(std::string_view bytes) {
  constexpr std::array<std::string_view, 9> kBeginnings = {std::string_view("MZ", 2),
                                                           std::string_view("\x7f\x45LF", 4),
                                                           std::string_view("\xfe\xed\xfa\xce", 4),
                                                           std::string_view("\xfe\xed\xfa\xcf", 4),
                                                           std::string_view("\xce\xfa\xed\xfe", 4),
                                                           std::string_view("\xcf\xfa\xed\xfe", 4),
                                                           std::string_view("\xca\xfe\xba\xbe", 4),
                                                           std::string_view("#!", 2),
                                                           std::string_view("L\0\0\0\x01\x14\x02", 7)};
  return std::any_of(kBeginnings.begin(), kBeginnings.end(),
                     [&](std::string_view beginning) { return bytes.starts_with(beginning); });
}

// As browsers guess it, and more: any mark-up at the beginning, or a script anywhere near it.
bool IsMarkup(std::string_view bytes) {
  constexpr size_t kLookedAt = 4096;
  std::string_view text = bytes;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::string head = ToLower(Trim(text.substr(0, kLookedAt)));
  constexpr std::array<std::string_view, 12> kBeginnings = {"<!doctype", "<html", "<head", "<body",   "<script", "<svg",
                                                            "<?xml",     "<?php", "<!--",  "<iframe", "<style",  "<a "};
  return std::any_of(kBeginnings.begin(), kBeginnings.end(),
                     [&](std::string_view beginning) { return head.starts_with(beginning); }) ||
         head.find("<script") != std::string::npos || head.find("<svg") != std::string::npos ||
         head.find("<html") != std::string::npos;
}

bool HasControls(std::string_view bytes) {
  return std::any_of(bytes.begin(), bytes.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f') || byte == 0x7F;
  });
}

// Well formed, two and four bytes.
bool IsGb18030(std::string_view bytes) {
  const auto in = [&](size_t at, unsigned low, unsigned high) {
    const unsigned byte = at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0;
    return byte >= low && byte <= high;
  };
  for (size_t i = 0; i < bytes.size();) {
    const bool leads = in(i, 0x81, 0xFE);
    if (in(i, 0, 0x7F)) {
      ++i;
    } else if (leads && (in(i + 1, 0x40, 0x7E) || in(i + 1, 0x80, 0xFE))) {
      i += 2;
    } else if (leads && in(i + 1, 0x30, 0x39) && in(i + 2, 0x81, 0xFE) && in(i + 3, 0x30, 0x39)) {
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

Result<std::string_view> IdOf(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xD8\xFF")) return std::string_view("jpeg");
  if (bytes.starts_with("\x89PNG\r\n\x1A\n")) return std::string_view("png");
  if (bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP") return std::string_view("webp");
  if (IsHeic(bytes)) return std::string_view("heic");
  if (bytes.starts_with("%PDF-")) return std::string_view("pdf");
  if (bytes.starts_with(kZip)) return OfficeOf(bytes);
  if (IsProgram(bytes)) return Unsafe("a program or script", "程序或脚本");
  if (!HasControls(bytes)) {
    if (IsMarkup(bytes)) return Unsafe("a web page or drawing that may hold scripts", "可能含脚本的网页或矢量图");
    if (IsUtf8(bytes)) return std::string_view("text");
    if (IsGb18030(bytes)) return std::string_view("text_gb");
  }
  return Error("attachment_kind_unknown");
}

}  // namespace

std::span<const ContentType> ContentTypes() { return Types(); }

const ContentType* FindContentType(std::string_view id) {
  for (const ContentType& type : Types()) {
    if (type.id == id) return &type;
  }
  return nullptr;
}

Result<const ContentType*> ContentTypeOf(std::string_view bytes) {
  ASSIGN_OR_RETURN(const std::string_view id, IdOf(bytes));
  return FindContentType(id);
}

Result<std::string> CleanName(std::string_view name, const ContentType& type) {
  if (const size_t slash = name.find_last_of("/\\"); slash != std::string_view::npos) name.remove_prefix(slash + 1);
  if (!IsUtf8(name)) return Error("text_not_utf8");
  std::string clean(Trim(name));
  if (clean.find_first_not_of(". ") == std::string::npos) return Error("field_missing").With("field", "name");
  const std::string lower = ToLower(clean);
  const bool fits = std::any_of(type.endings.begin(), type.endings.end(), [&](std::string_view ending) {
    return lower.size() > ending.size() + 1 && lower.ends_with("." + std::string(ending));
  });
  if (!fits) clean += "." + std::string(type.endings.front());
  return catalog::LineOfText("name", clean, kNameMax);
}

}  // namespace dealpace::attachments
