#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"

namespace dealpace::catalog {

// The messages of catalog/errors.toml: for each error code its HTTP status, what happened, and what to do about it.
class Messages {
 public:
  // The messages in the binary.
  static const Messages& Get();
  // Reads a file; a malformed one yields no messages (a test checks the one in the binary).
  explicit Messages(std::string_view toml);

  struct Message {
    int status = 500;
    Bilingual message;
    Bilingual todo;
  };
  [[nodiscard]] const Message* Find(std::string_view code) const;
  // One paragraph for a person: message and advice, `{name}` replaced by the error's arguments; a part in `{? … ?}` is
  // left out where the error has not the argument that it names. Where an argument is a word of ours, the error may
  // bring it for Chinese as well: `unit_zh` beside `unit`.
  [[nodiscard]] std::string Render(const Error& error, Language language) const;
  // The two parts of it: what happened, and what to do about it (may be empty).
  [[nodiscard]] std::string RenderMessage(const Error& error, Language language) const;
  [[nodiscard]] std::string RenderTodo(const Error& error, Language language) const;
  [[nodiscard]] const std::map<std::string, Message, std::less<>>& all() const { return messages_; }

 private:
  std::map<std::string, Message, std::less<>> messages_;
};

}  // namespace dealpace::catalog
