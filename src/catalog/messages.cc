#include "catalog/messages.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "catalog/embedded.h"

namespace dealpace::catalog {
namespace {

Bilingual ReadBilingual(const toml::node_view<const toml::node>& node) {
  return {node["en"].value_or<std::string>(""), node["zh"].value_or<std::string>("")};
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

std::string Messages::Render(const Error& error, Language language) const {
  const Message* found = Find(error.code);
  std::string text;
  if (found == nullptr) {
    text = error.code;
    for (const auto& [name, value] : error.args) text += " " + name + "=" + value;
    return text;
  }
  text = found->message.In(language);
  const std::string& todo = found->todo.In(language);
  if (!todo.empty()) text += (language == Language::kChinese ? "" : " ") + todo;
  for (const auto& [name, value] : error.args) text = ReplaceAll(text, "{" + name + "}", value);
  return text;
}

}  // namespace dealpace::catalog
