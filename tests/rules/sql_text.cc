#include "tests/rules/sql_text.h"

#include <cctype>
#include <optional>
#include <regex>
#include <utility>

namespace dealpace::testing {
namespace {

struct Token {
  enum class Kind { kLiteral, kWord, kSign } kind = Kind::kSign;
  std::string text;  // of a literal: what it means
  int line = 0;
};

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// As much of C++ as it takes to find its literals.
std::vector<Token> TokensOf(std::string_view source) {
  std::vector<Token> tokens;
  int line = 1;
  size_t at = 0;
  const auto skip = [&](size_t count) {
    for (const char c : source.substr(at, count)) line += c == '\n' ? 1 : 0;
    at += std::min(count, source.size() - at);
  };
  while (at < source.size()) {
    const std::string_view rest = source.substr(at);
    const char c = rest.front();
    if (rest.starts_with("//")) {
      skip(rest.find('\n'));
    } else if (rest.starts_with("/*")) {
      skip(rest.find("*/") + 2);
    } else if (rest.starts_with("R\"")) {
      const size_t open = rest.find('(');
      const std::string end = ")" + std::string(rest.substr(2, open - 2)) + "\"";
      const size_t close = rest.find(end, open);
      tokens.push_back({Token::Kind::kLiteral, std::string(rest.substr(open + 1, close - open - 1)), line});
      skip(close + end.size());
    } else if (c == '"') {
      Token token{Token::Kind::kLiteral, {}, line};
      size_t i = 1;
      for (; i < rest.size() && rest[i] != '"'; ++i) {
        if (rest[i] == '\\') {
          ++i;
          token.text += rest[i] == 'n' ? '\n' : rest[i];
        } else {
          token.text += rest[i];
        }
      }
      tokens.push_back(std::move(token));
      skip(i + 1);
    } else if (c == '\'') {
      size_t i = 1;
      for (; i < rest.size() && rest[i] != '\''; ++i) i += rest[i] == '\\' ? 1 : 0;
      skip(i + 1);
    } else if (IsWord(c)) {
      size_t i = 0;
      // 10'000 is one word.
      while (i < rest.size() && (IsWord(rest[i]) || (rest[i] == '\'' && i > 0 && i + 1 < rest.size() &&
                                                     std::isdigit(static_cast<unsigned char>(c)) != 0))) {
        ++i;
      }
      tokens.push_back({Token::Kind::kWord, std::string(rest.substr(0, i)), line});
      skip(i);
    } else {
      if (std::isspace(static_cast<unsigned char>(c)) == 0) tokens.push_back({Token::Kind::kSign, {c}, line});
      skip(1);
    }
  }
  return tokens;
}

std::string Plain(const std::string& sql) {
  static const std::regex kComment("--[^\n]*");
  static const std::regex kBlanks("\\s+");
  std::string plain = std::regex_replace(std::regex_replace(sql, kComment, " "), kBlanks, " ");
  if (plain.starts_with(' ')) plain.erase(0, 1);
  if (plain.ends_with(' ')) plain.pop_back();
  return plain;
}

bool Begins(const std::string& literal) {
  static const std::regex kVerb("^(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|MERGE INTO) [\\s\\S]*");
  return std::regex_match(Plain(literal), kVerb);
}

}  // namespace

std::vector<SqlText> StatementsOf(const std::string& file, std::string_view source) {
  std::vector<SqlText> statements;
  std::optional<SqlText> open;
  int depth = 0;
  int open_depth = 0;
  bool between = false;  // something stands between the last literal and this
  const auto close = [&] {
    if (!open) return;
    open->sql = Plain(open->sql);
    statements.push_back(*std::exchange(open, std::nullopt));
  };
  const std::vector<Token> tokens = TokensOf(source);
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    if (token.kind == Token::Kind::kLiteral) {
      const bool other = i > 0 && (tokens[i - 1].text == ":" || tokens[i - 1].text == "?");
      if (open && other && Begins(token.text)) close();
      if (open) {
        open->sql += (between ? "@" : "") + token.text;
      } else if (Begins(token.text)) {
        open = SqlText{file, token.line, token.text};
        open_depth = depth;
      }
      between = false;
      continue;
    }
    between = true;
    const char c = token.kind == Token::Kind::kSign ? token.text.front() : ' ';
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
    if (!open) continue;
    // std::string("SELECT …") + "…" goes on behind the bracket.
    if (depth < open_depth && c == ')' && i + 1 < tokens.size() && tokens[i + 1].text == "+") open_depth = depth;
    if (depth < open_depth || c == ';' || (c == ',' && depth == open_depth)) close();
  }
  close();
  return statements;
}

}  // namespace dealpace::testing
