#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "app/commands/context.h"
#include "app/service.h"
#include "db/migrate.h"
#include "http/log.h"

namespace dealpace::app {
namespace {

void Print(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

// Brings the store to this release; a new store is made.
Result<std::unique_ptr<System>> OpenForServing(const Context& context, const ServeArguments& arguments) {
  RETURN_IF_ERROR(context.MakeDataFolder());
  db::Options options = arguments.database;
  // The imports, the housekeeping, and one or two who look at an import work beside the workers.
  if (options.connections == 0) options.connections = arguments.http.worker_threads + 4;
  options.busy_timeout_ms = arguments.lock_timeout_s * 1'000;
  options.statement_timeout_ms = arguments.statement_timeout_s * 1'000;
  options.idle_timeout_ms = arguments.idle_timeout_s * 1'000;
  ASSIGN_OR_RETURN(std::unique_ptr<System> system, System::Open(context.DatabaseUrl(), context.data_dir, options));
  ASSIGN_OR_RETURN(const std::vector<std::string> applied, db::Migrate(system->database()));
  if (!applied.empty()) {
    Print(context.Say("Store brought to this release: ", "数据库已升级到当前版本：") + std::to_string(applied.size()) +
          context.Say(" steps.", " 步。"));
  }
  return system;
}

}  // namespace

int RunServe(const Context& context, const ServeArguments& arguments) {
  // Signals are waited for below, by this thread alone: set before any other starts.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  auto system = OpenForServing(context, arguments);
  if (!system.ok()) return context.Fail(system.error());
  // On a terminal the lines below are for a person, and the log goes to a file.
  std::string log_file = arguments.log_file;
  if (log_file.empty() && isatty(STDERR_FILENO) != 0) {
    log_file = (std::filesystem::path(context.data_dir) / "dealpace.log").string();
  }
  if (const Status log = http::OpenLog(log_file); !log.ok()) return context.Fail(log.error());

  const auto keys_made = (*system)->OpenVault(context.KeyFile());
  if (!keys_made.ok()) return context.Fail(keys_made.error());
  if (*keys_made) {
    Print(context.Say("Keys made: ", "已生成密钥文件：") + context.KeyFile() +
          context.Say(". Keep a copy apart from your backups of the store: without it personal data cannot be read.",
                      "。请与数据库备份分开另存一份：没有它就无法读取个人信息。"));
  }

  const auto provider = context.Provider(arguments.provider);
  if (!provider.ok()) return context.Fail(provider.error());

  ServiceOptions options;
  if (*provider) options.access.provider = std::make_shared<access::Provider>(**provider);
  options.folder = context.data_dir;
  options.facts_bytes_max = static_cast<size_t>(arguments.facts_megabytes) << 20;
  options.kept_answers_bytes_max = static_cast<size_t>(arguments.kept_answers_megabytes) << 20;
  options.rotate_keys_days = arguments.rotate_keys_days;
  options.http = arguments.http;
  options.http.address = arguments.address;
  options.http.port = arguments.port;
  options.http.certificate_file = arguments.certificate;
  options.http.key_file = arguments.key;
  Service service(**system, options);

  std::optional<std::string> password;
  if (const char* given = std::getenv("DEALPACE_ADMIN_PASSWORD"); given != nullptr && *given != '\0') password = given;
  const auto administrator = service.access().EnsureAdministrator(password);
  if (!administrator.ok()) return context.Fail(administrator.error());
  if (const Status started = service.Start(); !started.ok()) return context.Fail(started.error());

  Print(context.Say("Dealpace is at ", "Dealpace 已启动：") + service.server().url());
  if (service.server().self_signed()) {
    Print(context.Say(
        "It has a certificate of its own making: the browser asks once whether to trust it. Give your own "
        "with --certificate and --key.",
        "正在使用自签名证书，浏览器首次访问会询问是否信任；可用 --certificate 和 --key 指定你自己的证书。"));
  }
  if (*administrator) {
    Print(context.Say("First sign-in: admin, one-time password ", "首次登录：admin，一次性密码 ") +
          (*administrator)->password);
  }
  if (*provider) Print(context.Say("People may sign in by ", "可用统一登录：") + (*provider)->issuer);
  if (!log_file.empty()) Print(context.Say("Log: ", "日志：") + log_file);
  Print(context.Say("Ctrl C stops it.", "按 Ctrl C 停止。"));

  int signal = 0;
  sigwait(&signals, &signal);
  Print(context.Say("Stopping; what runs is finished first.", "正在停止，先完成进行中的请求。"));
  service.Stop();
  http::CloseLog();
  return kExitOk;
}

}  // namespace dealpace::app
