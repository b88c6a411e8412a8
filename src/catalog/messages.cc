#include "catalog/messages.h"

#include <algorithm>

#include "base/toml.h"
#include "catalog/embedded.h"

namespace dealpace::catalog {
namespace {

Bilingual ReadBilingual(const toml::node_view<const toml::node>& node) {
  return {node["en"].value_or<std::string>(""), node["zh"].value_or<std::string>("")};
}

// The text with the error's arguments put in. A part in {? … ?} goes when the argument that it names is missing or
// empty. What an argument says is not looked into again.
std::string Fill(std::string_view text, const Error& error) {
  std::string filled;
  while (!text.empty()) {
    const size_t brace = text.find('{');
    filled += text.substr(0, brace);
    if (brace == std::string_view::npos) break;
    text.remove_prefix(brace);
    if (text.starts_with("{?")) {
      const size_t end = text.find("?}");
      const std::string_view part = text.substr(2, end == std::string_view::npos ? end : end - 2);
      const size_t name = part.find('{');
      if (name != std::string_view::npos && !error.Arg(part.substr(name + 1, part.find('}') - name - 1)).empty()) {
        filled += Fill(part, error);
      }
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
      continue;
    }
    const size_t end = text.find('}');
    const auto given = std::find_if(error.args.begin(), error.args.end(), [&](const auto& arg) {
      return end != std::string_view::npos && arg.first == text.substr(1, end - 1);
    });
    filled += given == error.args.end() ? "{" : given->second;
    text.remove_prefix(given == error.args.end() ? 1 : end + 1);
  }
  return filled;
}

// The error with the words that it has for this language: of "unit" and "unit_zh" the latter in Chinese.
Error InLanguage(const Error& error, Language language) {
  Error spoken = error;
  if (language != Language::kChinese) return spoken;
  for (auto& [name, value] : spoken.args) {
    const std::string_view chinese = error.Arg(name + "_zh");
    if (!chinese.empty()) value = chinese;
  }
  return spoken;
}

}  // namespace

const Messages& Messages::Get() {
  static const Messages kMessages = [] {
    for (const EmbeddedFile& file : EmbeddedFiles()) {
      if (file.name == "errors.toml") return Messages(file.content);
    }
    return Messages("");
  }();
  return kMessages;
}

Messages::Messages(std::string_view text) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) return;
  const toml::table* errors = parsed.table()["error"].as_table();
  if (errors == nullptr) return;
  for (const auto& [code, node] : *errors) {
    const toml::node_view<const toml::node> view(node);
    messages_[std::string(code.str())] = {view["status"].value_or(500), ReadBilingual(view["message"]),
                                          ReadBilingual(view["todo"])};
  }
}

const Messages::Message* Messages::Find(std::string_view code) const {
  const auto it = messages_.find(code);
  return it == messages_.end() ? nullptr : &it->second;
}

std::string Messages::RenderMessage(const Error& error, Language language) const {
  if (const Message* found = Find(error.code); found != nullptr) {
    return Fill(found->message.In(language), InLanguage(error, language));
  }
  std::string text = error.code;
  for (const auto& [name, value] : error.args) text += " " + name + "=" + value;
  return text;
}

std::string Messages::RenderTodo(const Error& error, Language language) const {
  const Message* found = Find(error.code);
  return found == nullptr ? "" : Fill(found->todo.In(language), InLanguage(error, language));
}

std::string Messages::Render(const Error& error, Language language) const {
  const std::string todo = RenderTodo(error, language);
  const bool apart = !todo.empty() && language == Language::kEnglish;
  return RenderMessage(error, language) + (apart ? " " : "") + todo;
}

}  // namespace dealpace::catalog
