#include "exchange/encoding.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unicode/ucnv.h>
#include <unicode/utf16.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace dealpace::exchange {
namespace {

constexpr size_t kChunkBytes = 1 << 20;  // of HashContent: part of what a content hash means, never to be changed
constexpr int64_t kUtf8ProofCharacters = 8;
constexpr int64_t kControlsPerByteMax = 100;  // one control character in so many bytes is still a text

// Adds piece after piece to what HashContent returns.
class ChainedHash {
 public:
  void Add(std::string_view piece) {
    const Hash128 hash = HashText(piece);
    if (first_) {
      sum_ = hash;
      first_ = false;
      return;
    }
    std::array<char, 32> both{};
    std::ranges::copy(sum_.Bytes(), both.begin());
    std::ranges::copy(hash.Bytes(), both.begin() + 16);
    sum_ = HashText({both.data(), both.size()});
  }
  [[nodiscard]] Hash128 sum() const { return first_ ? HashText("") : sum_; }

 private:
  Hash128 sum_;
  bool first_ = true;
};

// Checks UTF-8 that comes in pieces, up to the first malformed byte.
class Utf8Check {
 public:
  void Add(std::string_view piece) {
    if (broken_) return;
    const auto* begin = reinterpret_cast<const unsigned char*>(piece.data());
    const auto* end = begin + piece.size();
    const auto* p = begin;
    while (p < end) {
      if (missing_ == 0) {
        p = SkipPlain(p, end);
        if (p == end) break;
        if (!Lead(*p)) return Break(p - begin);
      } else {
        if (*p < least_ || *p > most_) return Break(p - begin);
        least_ = 0x80;
        most_ = 0xBF;
        if (--missing_ == 0 && wide_lead_) ++wide_;
      }
      ++p;
    }
    offset_ += end - begin;
  }
  void Finish() {
    if (missing_ > 0) broken_ = true;
  }

  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] int64_t offset() const { return offset_; }  // of the first malformed byte
  [[nodiscard]] int64_t wide() const { return wide_; }      // characters of three and four bytes before it

 private:
  // Passes over ASCII and over the three-byte characters whose second byte is not restricted.
  const unsigned char* SkipPlain(const unsigned char* p, const unsigned char* end) {
    while (p < end) {
      uint64_t word;
      if (end - p >= 8 && (std::memcpy(&word, p, 8), (word & 0x8080808080808080) == 0)) {
        p += 8;
      } else if (*p < 0x80) {
        ++p;
      } else if (end - p >= 3 && *p > 0xE0 && *p < 0xF0 && *p != 0xED && (p[1] & 0xC0) == 0x80 &&
                 (p[2] & 0xC0) == 0x80) {
        ++wide_;
        p += 3;
      } else {
        break;
      }
    }
    return p;
  }

  bool Lead(unsigned char byte) {
    least_ = 0x80;
    most_ = 0xBF;
    if (byte < 0xC2 || byte > 0xF4) return false;
    missing_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    wide_lead_ = missing_ > 1;
    if (byte == 0xE0) least_ = 0xA0;
    if (byte == 0xED) most_ = 0x9F;
    if (byte == 0xF0) least_ = 0x90;
    if (byte == 0xF4) most_ = 0x8F;
    return true;
  }

  void Break(int64_t at) {
    broken_ = true;
    offset_ += at;
  }

  int missing_ = 0;  // continuation bytes of the character begun
  bool wide_lead_ = false;
  unsigned char least_ = 0x80;
  unsigned char most_ = 0xBF;
  bool broken_ = false;
  int64_t offset_ = 0;
  int64_t wide_ = 0;
};

// Characters that no table holds, tab and line ends apart.
int64_t CountControls(std::string_view text) {
  int64_t count = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    count += static_cast<int>(byte < 0x20) & static_cast<int>(byte != '\t') & static_cast<int>(byte != '\n') &
             static_cast<int>(byte != '\r');
  }
  return count;
}

// The line in which the byte stands that follows the first `bytes` of the decoded text. CRLF, LF and CR end a line.
Result<int64_t> LineAt(InputFile& file, const TextFacts& facts, int64_t bytes) {
  TextStream stream(file, facts);
  std::vector<char> text(1 << 18);
  int64_t line = 1;
  bool after_cr = false;
  while (bytes > 0) {
    ASSIGN_OR_RETURN(const size_t read, stream.Read(text.data(), text.size()));
    if (read == 0) break;
    for (const char c : std::string_view(text.data(), std::min(read, static_cast<size_t>(bytes)))) {
      if (c == '\r' || (c == '\n' && !after_cr)) ++line;
      after_cr = c == '\r';
    }
    bytes -= static_cast<int64_t>(read);
  }
  return line;
}

// The byte order of UTF-16 without a mark, by what separates cells and lines. Read in the wrong order these are
// characters that no one uses (U+2C00, U+0A00). Counting NUL bytes would not do: 一 is U+4E00.
Result<Encoding> GuessUtf16(std::string_view head) {
  constexpr std::string_view kSeparators = ",;|\t\r\n";
  int64_t little = 0;
  int64_t big = 0;
  for (size_t i = 0; i + 1 < head.size(); i += 2) {
    if (head[i + 1] == 0 && kSeparators.find(head[i]) != std::string_view::npos) ++little;
    if (head[i] == 0 && kSeparators.find(head[i + 1]) != std::string_view::npos) ++big;
  }
  if (little > 2 * big) return Encoding::kUtf16Le;
  if (big > 2 * little) return Encoding::kUtf16Be;
  return Error("file_not_a_table");
}

// Length of the byte order mark of the encoding that the text begins with.
int MarkLength(std::string_view head, Encoding encoding) {
  switch (encoding) {
    case Encoding::kUtf8: return head.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    case Encoding::kUtf16Le: return head.starts_with("\xFF\xFE") ? 2 : 0;
    case Encoding::kUtf16Be: return head.starts_with("\xFE\xFF") ? 2 : 0;
    case Encoding::kGb18030: return head.starts_with("\x84\x31\x95\x33") ? 4 : 0;
  }
  return 0;
}

// Appends code units to `out` as UTF-8 and says where it ends. The units come from a converter: well-formed, but the
// last may be the first half of a pair, which is left.
char* AppendUtf8(const char16_t* units, size_t count, char* out) {
  for (size_t i = 0; i < count; ++i) {
    uint32_t code = units[i];
    if (code < 0x80) {
      *out++ = static_cast<char>(code);
      continue;
    }
    if (code < 0x800) {
      *out++ = static_cast<char>(0xC0 | (code >> 6));
    } else {
      if (code >= 0xD800 && code < 0xDC00) {
        if (++i == count) break;
        code = 0x10000 + ((code - 0xD800) << 10) + (units[i] - 0xDC00u);
        *out++ = static_cast<char>(0xF0 | (code >> 18));
        *out++ = static_cast<char>(0x80 | ((code >> 12) & 0x3F));
      } else {
        *out++ = static_cast<char>(0xE0 | (code >> 12));
      }
      *out++ = static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    }
    *out++ = static_cast<char>(0x80 | (code & 0x3F));
  }
  return out;
}

// Decodes the whole file.
Status Verify(InputFile& file, const TextFacts& facts) {
  TextStream stream(file, facts);
  std::vector<char> text(1 << 18);
  int64_t controls = 0;
  int64_t bytes = 0;
  bool blank = true;
  while (true) {
    const Result<size_t> read = stream.Read(text.data(), text.size());
    if (!read.ok()) {
      if (read.error().code != "file_damaged") return read.error();
      const std::string detail =
          facts.encoding == Encoding::kGb18030 ? "neither UTF-8 nor GB18030" : "not valid " + std::string(facts.Name());
      ASSIGN_OR_RETURN(const int64_t line, LineAt(file, facts, bytes));
      return FileError("file_damaged", file, detail).With("row", line);
    }
    if (*read == 0) break;
    const std::string_view piece(text.data(), *read);
    if (std::memchr(piece.data(), 0, piece.size()) != nullptr) return FileError("file_not_a_table", file);
    controls += CountControls(piece);
    bytes += static_cast<int64_t>(piece.size());
    blank = blank && Trim(piece).empty();
  }
  if (controls * kControlsPerByteMax > bytes) return FileError("file_not_a_table", file);
  if (blank) return FileError("file_empty", file);
  return {};
}

}  // namespace

Result<InputFile> InputFile::Open(const std::string& path) {
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return Error("file_unreadable").With("file", path).With("detail", std::string_view(std::strerror(errno)));
  }
  struct stat info {};
  const bool known = fstat(fd, &info) == 0;
  InputFile file(path, fd, known ? info.st_size : 0);
  if (!known || !S_ISREG(info.st_mode)) return FileError("file_unreadable", file, "not a regular file");
  return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_),
      position_(other.position_) {}

InputFile::~InputFile() {
  if (fd_ >= 0) close(fd_);
}

Result<size_t> InputFile::Read(char* out, size_t size) {
  const size_t wanted = std::min(size, static_cast<size_t>(std::max<int64_t>(0, size_ - position_)));
  size_t done = 0;
  while (done < wanted) {
    const ssize_t got = pread(fd_, out + done, wanted - done, position_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError("file_unreadable", *this, std::strerror(errno));
    if (got == 0) return FileError("file_damaged", *this, "became shorter while it was read");
    done += static_cast<size_t>(got);
    position_ += got;
  }
  return done;
}

Error FileError(std::string_view code, const InputFile& file, std::string_view detail) {
  Error error(code);
  error.With("file", file.path());
  if (!detail.empty()) error.With("detail", detail);
  return error;
}

Result<Hash128> HashContent(InputFile& file) {
  ChainedHash hash;
  std::vector<char> chunk(kChunkBytes);
  file.Seek(0);
  while (true) {
    ASSIGN_OR_RETURN(const size_t read, file.Read(chunk.data(), chunk.size()));
    if (read == 0) return hash.sum();
    hash.Add({chunk.data(), read});
  }
}

std::string_view TextFacts::Name() const {
  switch (encoding) {
    case Encoding::kUtf8: return bom_bytes > 0 ? "UTF-8 BOM" : "UTF-8";
    case Encoding::kUtf16Le: return "UTF-16LE";
    case Encoding::kUtf16Be: return "UTF-16BE";
    case Encoding::kGb18030: return "GB18030";
  }
  return {};
}

std::optional<Encoding> ParseEncoding(std::string_view name) {
  const std::string lower = ToLower(name);
  if (lower == "utf-8") return Encoding::kUtf8;
  if (lower == "utf-16le") return Encoding::kUtf16Le;
  if (lower == "utf-16be") return Encoding::kUtf16Be;
  if (lower == "gb18030") return Encoding::kGb18030;
  return std::nullopt;
}

Result<TextFacts> ExamineText(InputFile& file, std::optional<Encoding> forced) {
  TextFacts facts;
  ChainedHash hash;
  Utf8Check utf8;
  std::vector<char> chunk(std::min(kChunkBytes, static_cast<size_t>(file.size()) + 1));
  std::string head;
  int64_t controls = 0;
  bool nul = false;
  bool blank = true;
  file.Seek(0);
  while (true) {
    ASSIGN_OR_RETURN(const size_t read, file.Read(chunk.data(), chunk.size()));
    if (read == 0) break;
    std::string_view piece(chunk.data(), read);
    hash.Add(piece);
    if (head.empty()) {
      head = piece.substr(0, 1 << 16);
      if (head.starts_with("\xEF\xBB\xBF")) {
        facts.bom_bytes = 3;
        piece.remove_prefix(3);
      }
    }
    utf8.Add(piece);
    nul = nul || std::memchr(piece.data(), 0, piece.size()) != nullptr;
    controls += CountControls(piece);
    blank = blank && Trim(piece).empty();
  }
  utf8.Finish();
  facts.content = hash.sum();

  if (forced) {
    if (blank && !nul) return FileError("file_empty", file);
    facts.encoding = *forced;
    facts.bom_bytes = MarkLength(head, *forced);
    const bool bytewise = *forced == Encoding::kUtf8 || *forced == Encoding::kGb18030;
    if (bytewise && (nul || controls * kControlsPerByteMax > file.size())) return FileError("file_not_a_table", file);
    if (*forced == Encoding::kUtf8) {
      if (!utf8.broken()) return facts;
      ASSIGN_OR_RETURN(const int64_t line, LineAt(file, facts, utf8.offset()));
      return FileError("file_damaged", file, "not valid UTF-8").With("row", line);
    }
    const Status verified = Verify(file, facts);
    if (verified.ok()) return facts;
    if (verified.error().code != "file_damaged") return verified.error();
    return FileError("file_damaged", file, "not valid " + std::string(facts.Name()))
        .With("row", verified.error().Arg("row"));
  }
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) {
    facts.encoding = head[0] == '\xFF' ? Encoding::kUtf16Le : Encoding::kUtf16Be;
    facts.bom_bytes = 2;
    RETURN_IF_ERROR(Verify(file, facts));
    return facts;
  }
  if (nul) {
    const Result<Encoding> guess = GuessUtf16(head);
    if (!guess.ok() || facts.bom_bytes > 0) return FileError("file_not_a_table", file);
    facts.encoding = *guess;
    const Status verified = Verify(file, facts);
    if (verified.ok()) return facts;
    if (verified.error().code == "file_damaged") return FileError("file_not_a_table", file);
    return verified.error();
  }
  if (controls * kControlsPerByteMax > file.size()) return FileError("file_not_a_table", file);
  if (blank) return FileError("file_empty", file);
  if (!utf8.broken()) return facts;
  if (facts.bom_bytes > 0 || utf8.wide() >= kUtf8ProofCharacters) {
    ASSIGN_OR_RETURN(const int64_t line, LineAt(file, facts, utf8.offset()));
    return FileError("file_damaged", file, "not valid UTF-8").With("row", line);
  }
  facts.encoding = Encoding::kGb18030;
  if (head.starts_with("\x84\x31\x95\x33")) facts.bom_bytes = 4;
  RETURN_IF_ERROR(Verify(file, facts));
  return facts;
}

TextStream::TextStream(InputFile& file, const TextFacts& facts) : file_(file) {
  file_.Seek(facts.bom_bytes);
  if (facts.encoding == Encoding::kUtf8) return;
  UErrorCode status = U_ZERO_ERROR;
  converter_.reset(ucnv_open(std::string(facts.Name()).c_str(), &status));
  if (U_SUCCESS(status)) {
    ucnv_setToUCallBack(converter_.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &status);
  }
  failed_ = U_FAILURE(status);
  bytes_.resize(1 << 16);
  source_ = source_end_ = bytes_.data();
  units_.resize(1 << 15);
}

TextStream::~TextStream() = default;

void TextStream::Closer::operator()(UConverter* converter) const { ucnv_close(converter); }

Result<size_t> TextStream::Read(char* out, size_t size) {
  if (failed_) return FileError("file_damaged", file_);
  if (finished_) return size_t{0};
  if (converter_ == nullptr) return file_.Read(out, size);
  char* end = out;
  while (end == out && !finished_) {
    if (source_ == source_end_ && file_.position() < file_.size()) {
      ASSIGN_OR_RETURN(const size_t read, file_.Read(bytes_.data(), bytes_.size()));
      source_ = bytes_.data();
      source_end_ = source_ + read;
    }
    const bool last = file_.position() >= file_.size();
    UErrorCode status = U_ZERO_ERROR;
    char16_t* target = units_.data() + kept_units_;
    ucnv_toUnicode(converter_.get(), &target, units_.data() + std::min(units_.size(), size / 3), &source_, source_end_,
                   nullptr, static_cast<UBool>(last), &status);
    const auto count = static_cast<size_t>(target - units_.data());
    end = AppendUtf8(units_.data(), count, out);
    kept_units_ = count > 0 && U16_IS_LEAD(units_[count - 1]) ? 1 : 0;
    if (kept_units_ == 1) units_[0] = units_[count - 1];
    if (U_FAILURE(status) && status != U_BUFFER_OVERFLOW_ERROR) {
      failed_ = true;  // the good text first
      if (end == out) return FileError("file_damaged", file_);
    }
    finished_ = last && U_SUCCESS(status);
  }
  return static_cast<size_t>(end - out);
}

void AssignText(std::string& text, std::string_view value) {
  constexpr size_t kKeptBytes = 4096;
  if (text.capacity() > kKeptBytes && text.capacity() / 4 > value.size()) std::string().swap(text);
  text.assign(value);
}

}  // namespace dealpace::exchange
