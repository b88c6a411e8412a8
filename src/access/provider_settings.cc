#include "access/provider_settings.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/toml.h"
#include "http/client.h"

namespace dealpace::access {
namespace {

constexpr size_t kFileBytesMax = 64 << 10;

const std::vector<std::string>& KnownSettings() {
  static const std::vector<std::string> kKnown = {"issuer", "client_id", "secret_file", "label",  "link",
                                                  "scopes", "password",  "address",     "ca_file"};
  return kKnown;
}

class SettingsReader {
 public:
  SettingsReader(const std::string& path) : path_(path) {}  // NOLINT(google-explicit-constructor)

  Result<ProviderSettings> Run(std::string_view text) {
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
      const auto line = static_cast<int64_t>(parsed.error().source().begin.line);
      return Error("provider_settings_bad")
          .With("path", path_)
          .With("line", line)
          .With("detail", parsed.error().description());
    }
    const toml::table& root = parsed.table();
    for (const auto& [key, node] : root) RETURN_IF_ERROR(Take(std::string(key.str()), node));
    for (const char* needed : {"issuer", "client_id"}) {
      if (!root.contains(needed)) return Bad(nullptr, std::string(needed) + " is missing");
    }
    return std::move(settings_);
  }

 private:
  Error Bad(const toml::node* node, const std::string& detail) const {
    Error error = Error("provider_settings_bad").With("path", path_);
    if (node != nullptr) error.With("line", std::to_string(node->source().begin.line));
    error.With("detail", detail);
    return error;
  }

  Status Text(const std::string& key, const toml::node& node, std::string& into) const {
    const auto text = node.value<std::string>();
    if (!node.is_string() || !text) return Bad(&node, key + " must be a text");
    into = std::string(Trim(*text));
    return {};
  }
  Status Texts(const std::string& key, const toml::node& node, std::vector<std::string>& into) const {
    const toml::array* list = node.as_array();
    if (list == nullptr) return Bad(&node, key + " must be a list of texts");
    into.clear();
    for (const toml::node& each : *list) {
      std::string text;
      RETURN_IF_ERROR(Text(key, each, text));
      into.push_back(std::move(text));
    }
    return {};
  }

  Status Take(const std::string& key, const toml::node& node) {
    if (key == "issuer") {
      RETURN_IF_ERROR(Text(key, node, settings_.issuer));
      if (!http::IsFetchable(settings_.issuer) || settings_.issuer.find('?') != std::string::npos) {
        return Bad(&node, "issuer must be an address that begins with https://");
      }
      return {};
    }
    if (key == "client_id") {
      RETURN_IF_ERROR(Text(key, node, settings_.client_id));
      if (settings_.client_id.empty()) return Bad(&node, "client_id is empty");
      return {};
    }
    if (key == "secret_file") return Text(key, node, settings_.secret_file);
    if (key == "ca_file") return Text(key, node, settings_.ca_file);
    if (key == "label") {
      const toml::table* both = node.as_table();
      if (both == nullptr || both->size() != 2 || !both->contains("zh") || !both->contains("en")) {
        return Bad(&node, "label must have zh and en");
      }
      RETURN_IF_ERROR(Text("label.zh", *both->get("zh"), settings_.label.zh));
      RETURN_IF_ERROR(Text("label.en", *both->get("en"), settings_.label.en));
      constexpr size_t kLabelBytesMax = 120;
      for (const std::string* each : {&settings_.label.zh, &settings_.label.en}) {
        if (each->empty() || each->size() > kLabelBytesMax) return Bad(&node, "label is empty or too long");
      }
      return {};
    }
    if (key == "link") {
      RETURN_IF_ERROR(Texts(key, node, settings_.link));
      for (const std::string& claim : settings_.link) {
        if (claim != "email" && claim != "preferred_username") {
          return Bad(&node, "link takes email and preferred_username, not " + claim);
        }
      }
      return {};
    }
    if (key == "scopes") {
      RETURN_IF_ERROR(Texts(key, node, settings_.scopes));
      for (const std::string& scope : settings_.scopes) {
        const bool plain = std::all_of(scope.begin(), scope.end(), [](char c) { return c > ' ' && c < 127; });
        if (scope.empty() || !plain) return Bad(&node, "a scope is empty or has blanks");
      }
      return {};
    }
    if (key == "password") {
      if (!node.is_boolean()) return Bad(&node, "password must be true or false");
      settings_.password = node.value_or(true);
      return {};
    }
    if (key == "address") {
      RETURN_IF_ERROR(Text(key, node, settings_.address));
      while (settings_.address.ends_with('/')) settings_.address.pop_back();
      const bool whole = settings_.address.empty() ||
                         (http::IsFetchable(settings_.address) &&
                          settings_.address.find('/', std::string_view("https://").size()) == std::string::npos);
      if (!whole) return Bad(&node, "address must be https://, host and port, nothing behind");
      return {};
    }
    const std::string closest = ClosestWord(key, KnownSettings());
    return Bad(&node, "there is no setting " + key + (closest.empty() ? "" : "; " + closest + " is meant?"));
  }

  const std::string& path_;
  ProviderSettings settings_;
};

Result<std::string> ReadWhole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || text.str().size() > kFileBytesMax) return Error("file_unreadable").With("file", path.string());
  return text.str();
}

}  // namespace

Result<ProviderSettings> ParseProviderSettings(std::string_view text, const std::string& path) {
  return SettingsReader(path).Run(text);
}

Result<ProviderSettings> ReadProviderSettings(const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(const std::string text, ReadWhole(file));
  ASSIGN_OR_RETURN(ProviderSettings settings, ParseProviderSettings(text, file.string()));
  const std::filesystem::path folder = file.parent_path();
  if (!settings.ca_file.empty()) {
    settings.ca_file = (folder / settings.ca_file).string();
    RETURN_IF_ERROR(ReadWhole(settings.ca_file));
  }
  if (settings.secret_file.empty()) return settings;
  settings.secret_file = (folder / settings.secret_file).string();
  struct stat about {};
  if (stat(settings.secret_file.c_str(), &about) == 0 && (about.st_mode & 077) != 0) {
    return Error("provider_secret_open").With("path", settings.secret_file);
  }
  ASSIGN_OR_RETURN(const std::string secret, ReadWhole(settings.secret_file));
  settings.secret = std::string(Trim(secret));
  if (settings.secret.empty()) {
    return Error("provider_settings_bad")
        .With("path", file.string())
        .With("detail", settings.secret_file + " is empty");
  }
  return settings;
}

}  // namespace dealpace::access
