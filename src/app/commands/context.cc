#include "app/commands/context.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/json.h"
#include "catalog/messages.h"
#include "db/migrate.h"

namespace dealpace::app {

std::string Context::DatabaseUrl() const {
  return db_url.empty() ? (std::filesystem::path(data_dir) / "dealpace.db").string() : db_url;
}

Status Context::MakeDataFolder() const {
  std::error_code failed;
  std::filesystem::create_directories(data_dir, failed);
  if (failed) return Error("folder_unwritable").With("path", data_dir).With("detail", failed.message());
  return {};
}

Result<std::unique_ptr<System>> Context::OpenSystem() const {
  if (db_url.empty() && !std::filesystem::exists(DatabaseUrl())) {
    return Error("store_missing").With("path", data_dir);
  }
  ASSIGN_OR_RETURN(std::unique_ptr<System> system, System::Open(DatabaseUrl(), data_dir));
  ASSIGN_OR_RETURN(const db::MigrationState state, db::ReadMigrationState(system->database()));
  if (!state.due.empty()) return Error("store_needs_migration").With("count", state.due.size());
  return system;
}

std::string Context::KeyFile() const {
  return keys.empty() ? (std::filesystem::path(data_dir) / "dealpace.keys").string() : keys;
}

Result<std::optional<access::ProviderSettings>> Context::Provider(const std::string& file) const {
  using Settings = std::optional<access::ProviderSettings>;
  const std::filesystem::path path =
      file.empty() ? std::filesystem::path(data_dir) / "provider.toml" : std::filesystem::path(file);
  if (file.empty() && !std::filesystem::exists(path)) return Settings();
  ASSIGN_OR_RETURN(access::ProviderSettings settings, access::ReadProviderSettings(path));
  return Settings(std::move(settings));
}

Result<std::unique_ptr<System>> Context::OpenSystemWithVault() const {
  ASSIGN_OR_RETURN(std::unique_ptr<System> system, OpenSystem());
  if (keys.empty()) RETURN_IF_ERROR(MakeDataFolder());
  RETURN_IF_ERROR(system->OpenVault(KeyFile()));
  return system;
}

int Context::Fail(const Error& error, int code) const {
  const auto& messages = catalog::Messages::Get();
  if (format == Format::kJson) {
    JsonWriter json;
    json.BeginObject().Key("error").BeginObject().Field("code", error.code);
    json.Field("message", messages.Render(error, language));
    for (const auto& [name, value] : error.args) json.Field(name, value);
    json.EndObject().EndObject();
    std::fprintf(stderr, "%s\n", json.text().c_str());
  } else {
    std::fprintf(stderr, "%s%s\n", Say("dealpace: ", "dealpace："), messages.Render(error, language).c_str());
  }
  return code;
}

int Context::FailQuestion(const Error& error) const {
  const auto* message = catalog::Messages::Get().Find(error.code);
  const bool usage = message != nullptr && message->status >= 400 && message->status < 500;
  return Fail(error, usage ? kExitUsage : kExitProblems);
}

Language LanguageOfLocale() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return std::string_view(value).starts_with("zh") ? Language::kChinese : Language::kEnglish;
  }
  return Language::kEnglish;
}

std::function<void(double)> ProgressBar(const std::string& title) {
  if (isatty(STDERR_FILENO) == 0) return {};
  return [title, last = -1](double share) mutable {
    const int percent = static_cast<int>(share * 100);
    if (percent == last) return;
    last = percent;
    constexpr int kWidth = 30;
    const int filled = percent * kWidth / 100;
    std::string bar;
    for (int i = 0; i < kWidth; ++i) bar += i < filled ? "█" : "░";
    std::fprintf(stderr, "\r%s %s %3d%%%s", title.c_str(), bar.c_str(), percent, percent >= 100 ? "\n" : "");
    std::fflush(stderr);
  };
}

}  // namespace dealpace::app
