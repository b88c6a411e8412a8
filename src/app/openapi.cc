#include "app/openapi.h"

#include <yaml-cpp/yaml.h>

#include <charconv>

#include "app/embedded.h"
#include "base/json.h"

namespace dealpace::app {
namespace {

YAML::Node Contract() { return YAML::Load(std::string(EmbeddedFiles().front().content)); }

// A scalar of YAML's core schema: what is in quotes is text, the rest what it looks like.
void WriteScalar(JsonWriter& json, const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") {
    json.String(text);
  } else if (text == "true" || text == "false") {
    json.Bool(text == "true");
  } else if (text == "null" || text == "~" || text.empty()) {
    json.Null();
  } else {
    int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed == std::errc() && end == text.data() + text.size()) {
      json.Int(number);
    } else {
      json.String(text);
    }
  }
}

void Write(JsonWriter& json, const YAML::Node& node) {
  if (node.IsMap()) {
    json.BeginObject();
    for (const auto& field : node) {
      json.Key(field.first.Scalar());
      Write(json, field.second);
    }
    json.EndObject();
  } else if (node.IsSequence()) {
    json.BeginArray();
    for (const auto& item : node) Write(json, item);
    json.EndArray();
  } else if (node.IsScalar()) {
    WriteScalar(json, node);
  } else {
    json.Null();
  }
}

}  // namespace

const std::string& OpenApiJson() {
  static const std::string text = [] {
    JsonWriter json;
    Write(json, Contract());
    return json.text();
  }();
  return text;
}

std::vector<Operation> ContractOperations() {
  std::vector<Operation> operations;
  for (const auto& path : Contract()["paths"]) {
    for (const auto& operation : path.second) {
      std::string method = operation.first.Scalar();
      for (char& c : method) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      const YAML::Node security = operation.second["security"];
      operations.push_back({std::move(method), path.first.Scalar(), security.IsDefined() && security.size() == 0});
    }
  }
  return operations;
}

}  // namespace dealpace::app
