#include "http/target.h"

#include "base/text.h"

namespace dealpace::http {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// What may stand in a request target as it is (RFC 3986), and the few that browsers leave as they are in a query.
bool MayStand(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7F && std::string_view("#\"<>\\^`").find(c) == std::string_view::npos;
}

bool HasControl(std::string_view text, std::string_view but) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 || byte == 0x7F) && but.find(c) == std::string_view::npos) return true;
  }
  return false;
}

bool IsPlainPath(std::string_view path) {
  for (const std::string& part : Split(path, '/')) {
    if (part == "." || part == "..") return false;
  }
  return true;
}

Error Malformed() { return Error("target_malformed"); }

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (text.size() - i < 3) return std::nullopt;
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

Result<QueryPairs> ParseQuery(std::string_view text) {
  QueryPairs pairs;
  for (const std::string& part : Split(text, '&')) {
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    auto name = PercentDecode(std::string_view(part).substr(0, equals), true);
    auto value = PercentDecode(
        equals == std::string::npos ? std::string_view() : std::string_view(part).substr(equals + 1), true);
    if (!name || !value || !IsUtf8(*name) || !IsUtf8(*value)) return Malformed();
    if (HasControl(*name, "") || HasControl(*value, "\t\r\n")) return Malformed();
    pairs.emplace_back(*std::move(name), *std::move(value));
  }
  return pairs;
}

Result<Target> ParseTarget(std::string_view text) {
  for (const char c : text) {
    if (!MayStand(c)) return Malformed();
  }
  Target target;
  if (text == "*") {
    target.path = target.raw = "*";
    return target;
  }
  // The form with scheme and host, which proxies send.
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!ToLower(text.substr(0, scheme.size())).starts_with(scheme)) continue;
    text.remove_prefix(scheme.size());
    const size_t end = text.find_first_of("/?");
    if (end == 0 || text.empty()) return Malformed();
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
    if (text.empty() || text.front() == '?') target.raw = "/";
    break;
  }
  target.raw += text;
  const std::string_view all = target.raw;
  if (!all.starts_with('/')) return Malformed();
  const size_t question = all.find('?');
  const std::string_view path = all.substr(0, question);
  // An encoded slash would be one for the router and none for whoever wrote it.
  if (ToLower(path).find("%2f") != std::string::npos) return Malformed();
  auto decoded = PercentDecode(path);
  if (!decoded || !IsUtf8(*decoded) || HasControl(*decoded, "") || decoded->find('\\') != std::string::npos ||
      !IsPlainPath(*decoded)) {
    return Malformed();
  }
  target.path = *std::move(decoded);
  if (question != std::string_view::npos) {
    ASSIGN_OR_RETURN(target.query, ParseQuery(all.substr(question + 1)));
  }
  return target;
}

std::optional<std::string_view> FindCookie(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const size_t end = header.find(';');
    const std::string_view pair = Trim(header.substr(0, end));
    header.remove_prefix(end == std::string_view::npos ? header.size() : end + 1);
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || Trim(pair.substr(0, equals)) != name) continue;
    std::string_view value = Trim(pair.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return value;
  }
  return std::nullopt;
}

}  // namespace dealpace::http
