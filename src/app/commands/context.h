#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/wiring.h"
#include "base/text.h"
#include "db/distribute.h"
#include "http/server.h"

// What every command of the command line works with. Exit codes: 0 done, 1 ran and found problems, 2 bad usage.
namespace dealpace::app {

enum class Format { kTable, kJson, kCsv };

inline constexpr int kExitOk = 0;
inline constexpr int kExitProblems = 1;
inline constexpr int kExitUsage = 2;

struct Context {
  std::string data_dir = "./data";
  std::string db_url;  // empty: SQLite in the data folder
  std::string keys;    // the key file; empty: dealpace.keys in the data folder
  Format format = Format::kTable;
  Language language = Language::kEnglish;

  [[nodiscard]] bool chinese() const { return language == Language::kChinese; }
  [[nodiscard]] const char* Say(const char* en, const char* zh) const { return chinese() ? zh : en; }
  [[nodiscard]] std::string DatabaseUrl() const;
  [[nodiscard]] std::string KeyFile() const;
  // The provider to sign in by: of that file, or of provider.toml in the data folder where there is one; else nothing.
  // Fails as access::ReadProviderSettings does.
  [[nodiscard]] Result<std::optional<access::ProviderSettings>> Provider(const std::string& file = {}) const;

  // Fails with folder_unwritable.
  [[nodiscard]] Status MakeDataFolder() const;
  // Opens the store; when it is missing or needs a migration, an error says which command to run.
  [[nodiscard]] Result<std::unique_ptr<System>> OpenSystem() const;
  // The same with its vault, for commands whose deeds are written down in the audit log.
  [[nodiscard]] Result<std::unique_ptr<System>> OpenSystemWithVault() const;
  // Prints an error for people on stderr, or as JSON where JSON was asked for; returns the exit code.
  int Fail(const Error& error, int code = kExitProblems) const;
  // The same for a question that could not be answered: bad usage where the catalogue's message has a 4xx status.
  int FailQuestion(const Error& error) const;
};

// The language of LC_ALL, LC_MESSAGES or LANG: Chinese where it starts with "zh".
[[nodiscard]] Language LanguageOfLocale();

// A progress bar on stderr when that is a terminal, else nothing.
[[nodiscard]] std::function<void(double)> ProgressBar(const std::string& title);

// ---- The commands ----

int RunInit(const Context& context);
struct MigrateArguments {
  bool distribute = false;
  int shards = db::kShards;
};
int RunMigrate(const Context& context, const MigrateArguments& arguments);
int RunDoctor(const Context& context);
int RunVerify(const Context& context);

struct DemoArguments {
  int dealers = 12;
  int months = 24;
  uint64_t seed = 42;
  bool if_empty = false;  // nothing to do, and no error, when there are entries already
};
int RunDemo(const Context& context, const DemoArguments& arguments);

struct ServeArguments {
  std::string address = "127.0.0.1";
  int port = 8080;
  std::string certificate;
  std::string key;
  std::string provider;  // file of the provider to sign in by; empty: provider.toml in the data folder, if there
  std::string log_file;  // empty: the standard error output, on a terminal a file in the data folder
  db::Options database;  // connections 0: as many as there are workers, and four
  int statement_timeout_s = 60;
  int lock_timeout_s = 10;
  int idle_timeout_s = 60;
  http::ServerOptions http;         // threads, queue and limits; the rest is set from the above
  int kept_answers_megabytes = 16;  // of answers kept for who asks the same again
  int facts_megabytes = 1024;
  int account_body_megabytes = 64;
  int body_megabytes = 256;    // of all accounts
  int rotate_keys_days = 365;  // 0: never by itself
};
int RunServe(const Context& context, const ServeArguments& arguments);

struct UserArguments {
  // list, add, import, reset, second-factor-reset, provider-unbind, policy, disable, enable, sessions, token, tokens,
  // token-revoke, posts, post, post-end, stand-in
  std::string what;
  std::string login;  // for token-revoke: the token's id
  std::string name;
  std::string role = "member";
  std::vector<std::string> scopes;
  std::optional<int64_t> expires_days;
  bool kill = false;
  // Of a post: codes or names, and days.
  std::string post_role;
  std::string region;
  std::string dealer;
  std::string team;
  std::string staff;
  std::string from;
  std::string until;
  int64_t post = 0;
  std::string stands_in_for;  // a login
  std::string file;           // of import
  std::string sheet;
  std::string passwords_file;
  bool dry_run = false;
  bool good_rows = false;
  std::string second_factor;  // of policy: "on" or "off"; empty: only say it
};
int RunUser(const Context& context, const UserArguments& arguments);

struct AuditArguments {
  std::string what;    // verify, head, list
  std::string anchor;  // verify: a file of heads
  // list
  std::string actor;  // a login, an account's id, or 0 for the program itself
  std::string act;
  std::string object;
  std::string dealer;  // a code or an id; 0 for the network's own
  std::string from;
  std::string to;
  int64_t limit = 100;
};
int RunAudit(const Context& context, const AuditArguments& arguments);

struct PrivacyArguments {
  std::string what;    // due, run
  std::string dealer;  // code or id; empty: all
  std::string until;   // due: up to that day; empty: today
  bool dry_run = false;
};
int RunPrivacy(const Context& context, const PrivacyArguments& arguments);

struct KeysArguments {
  std::string what;  // status, rotate, reseal, rotate-index, reindex, master-add, master-use, master-drop
  bool wait = false;
};
int RunKeys(const Context& context, const KeysArguments& arguments);

struct ImportArguments {
  std::string kind;
  std::string file;
  std::string map_file;
  std::string sheet;
  std::string encoding;
  std::optional<int64_t> header_row;
  std::string errors_file;
  bool create_missing = false;
  bool dry_run = false;
};
int RunImport(const Context& context, const ImportArguments& arguments);
int RunImportList(const Context& context);
struct ImportCustomersArguments {
  std::string file;
  std::string dealer;  // code, name or id; may be left out where there is one
  std::string owner;   // code or name of whom customers belong to whose row names nobody
  std::string source;
  std::string sheet;
  std::string encoding;
  std::string errors_file;            // .csv or .xlsx
  std::vector<std::string> consents;  // purposes that all of them have agreed to
  std::string consent_way;
  bool no_leads = false;
  bool no_fill = false;
  bool dry_run = false;
};
int RunImportCustomers(const Context& context, const ImportCustomersArguments& arguments);
// Takes a list of customers back; nothing when there is none of that number.
std::optional<int> RunImportCustomersUndo(const Context& context, int64_t id);
int RunImportTemplate(const Context& context, const std::string& file);
int RunImportUndo(const Context& context, int64_t batch, const std::string& why);

struct KpiArguments {
  std::string expressions;
  std::vector<std::pair<Dim, std::string>> filters;
  std::vector<std::string> by;
  std::string period;
  std::string basis = "period";
  std::string within;
  std::string as_of;
  std::string versus;
  bool to_date = false;
  std::string sort;
  std::optional<int64_t> top;
  std::string per;
};
int RunKpi(const Context& context, const KpiArguments& arguments);
int RunTable(const Context& context, const std::string& name, const KpiArguments& arguments);
int RunHandbook(const Context& context);

}  // namespace dealpace::app
