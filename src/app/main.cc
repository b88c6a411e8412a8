#include <CLI/CLI.hpp>
#include <exception>

#include "app/commands/context.h"
#include "catalog/messages.h"

// Reads the command line and calls the command. All texts of the commands themselves are in app/commands.
namespace dealpace::app {
namespace {

// Splits "a,b" and repeats.
std::vector<std::string> Flatten(const std::vector<std::string>& values) {
  std::vector<std::string> flat;
  for (const std::string& value : values) {
    for (const std::string& part : Split(value, ',')) {
      if (!Trim(part).empty()) flat.emplace_back(Trim(part));
    }
  }
  return flat;
}

// The options of `kpi` and `table`: what to ask, of whom, when.
struct QuestionOptions {
  KpiArguments arguments;
  std::vector<std::string> by;
  std::array<std::vector<std::string>, kDimCount> filters;

  void AddTo(CLI::App& command) {
    command.add_option("--by", by, "Slices and time grains, e.g. source,month / 切分维度和时间粒度")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command.add_option("--period", arguments.period,
                       "2026, 2026H1, 2026Q4, 2026-10, 2026-W43, 2026-10-07 or A..B / 期间");
    command.add_option("--basis", arguments.basis, "period (default) or cohort / 期间口径或批次口径")
        ->check(CLI::IsMember({"period", "cohort"}));
    command.add_option("--within", arguments.within,
                       "Cohort basis: only the first days, e.g. 30d / 批次口径的观察天数");
    command.add_flag("--to-date", arguments.to_date,
                     "End a period that is not over today, and compare with as many days / 未结束的期间截至今天");
    command.add_option("--as-of", arguments.as_of, "As known at that time, e.g. 2026-10-01T00:00Z / 按当时已知的数据");
    for (int d = 0; d < kDimCount; ++d) {
      const std::string name(kDimNames[static_cast<size_t>(d)]);
      std::string spellings = "--" + name;
      if (name.find('_') != std::string::npos) spellings += ",--" + ReplaceAll(name, "_", "-");
      command.add_option(spellings, filters[static_cast<size_t>(d)], "Only this " + ReplaceAll(name, "_", " "))
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
          ->expected(1);
    }
  }
  KpiArguments Take() {
    arguments.by = Flatten(by);
    for (int d = 0; d < kDimCount; ++d) {
      for (const std::string& value : filters[static_cast<size_t>(d)]) {
        arguments.filters.emplace_back(static_cast<Dim>(d), value);
      }
    }
    return arguments;
  }
};

// The subcommands of `user`.
struct UserOptions {
  UserArguments arguments;

  void AddTo(CLI::App& user) {
    user.require_subcommand(1);
    const auto add = [&](const char* name, const char* help, const char* operand = nullptr,
                         const char* what = nullptr) {
      CLI::App* command = user.add_subcommand(name, help);
      command->fallthrough();
      command->callback([this, name] { arguments.what = name; });
      if (operand != nullptr) command->add_option(operand, arguments.login, what)->required();
      return command;
    };
    add("list", "All accounts / 列出全部账号");
    CLI::App* fresh = add("add", "Add an account and print its one-time password / 新建账号并显示一次性密码", "login",
                          "Login / 登录名");
    fresh->add_option("--name", arguments.name, "Name for people (default: the login) / 姓名");
    fresh->add_option("--role", arguments.role, "member (default) or admin / 角色")
        ->check(CLI::IsMember({"member", "admin"}));
    CLI::App* people = add("import", "Add accounts and posts from a CSV or XLSX file / 从文件导入账号和岗位");
    people
        ->add_option("file", arguments.file, "Its columns: login, name, role, post, dealer, team, staff, region, from")
        ->required();
    people->add_option("--sheet", arguments.sheet, "Sheet of a workbook / 工作表");
    people->add_flag("--dry-run", arguments.dry_run, "Say what would happen, write nothing / 试运行");
    people->add_flag("--good-rows", arguments.good_rows,
                     "Take the rows that can be taken; without it one bad row stops all / 只导入没有问题的行");
    people->add_option("--passwords", arguments.passwords_file,
                       "Write the one-time passwords to this CSV file / 一次性密码输出文件");
    add("reset", "Print a new one-time password; ends sessions, lifts a lock / 重设密码", "login", "Login / 登录名");
    add("second-factor-reset", "Remove a lost second factor; ends sessions / 重置两步验证", "login", "Login / 登录名");
    add("provider-unbind", "Remove the binding to a sign-in provider; ends sessions / 解除统一登录绑定", "login",
        "Login / 登录名");
    add("policy", "Whether administrators, and who may export or manage, need a second factor / 两步验证要求")
        ->add_option("--second-factor", arguments.second_factor, "on or off (default: only say it) / 开启或关闭")
        ->check(CLI::IsMember({"on", "off"}));
    add("disable", "Disable an account; ends its sessions and tokens / 停用账号", "login", "Login / 登录名");
    add("enable", "Enable it again / 重新启用", "login", "Login / 登录名");
    add("sessions", "Where the account is signed in / 登录中的会话", "login", "Login / 登录名")
        ->add_flag("--kill", arguments.kill, "End these sessions / 结束这些会话");
    add("tokens", "The account's API tokens / 列出接口令牌", "login", "Login / 登录名");
    CLI::App* token = add("token", "Make an API token and print it once / 新建接口令牌", "login", "Login / 登录名");
    token->add_option("--name", arguments.name, "What it is for / 用途")->required();
    token->add_option("--scope", arguments.scopes, "read (default), write or admin / 权限范围")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    token->add_option("--expires", arguments.expires_days, "Days until it expires (default: never) / 有效天数");
    add("posts", "In which posts, and whom the account stands in for / 列出岗位和代理", "login", "Login / 登录名");
    CLI::App* post =
        add("post", "Give a post: what the account may do, and on whose rows / 任命岗位", "login", "Login / 登录名");
    post->add_option("--role", arguments.post_role, "SM, TL, SC, NW … (catalog/roles.toml) / 岗位代码")->required();
    post->add_option("--dealer", arguments.dealer, "Code or name / 经销商");
    post->add_option("--team", arguments.team, "Of the dealer / 小组");
    post->add_option("--staff", arguments.staff, "Of the dealer: the person that the account is / 人员");
    post->add_option("--region", arguments.region, "For network posts (default: all) / 区域");
    post->add_option("--from", arguments.from, "First day (default: today) / 开始日");
    post->add_option("--until", arguments.until, "Last day (default: none) / 结束日");
    CLI::App* end = add("post-end", "End a post / 结束岗位", "login", "Login / 登录名");
    end->add_option("post", arguments.post, "Its id, as `user posts` shows it / 岗位编号")->required();
    end->add_option("--until", arguments.until, "Last day (default: yesterday) / 结束日");
    CLI::App* stand_in =
        add("stand-in", "Let the account stand in for another / 代理他人岗位", "login", "Login / 登录名");
    stand_in->add_option("--for", arguments.stands_in_for, "The other's login / 被代理人登录名")->required();
    stand_in->add_option("--from", arguments.from, "First day (default: today) / 开始日");
    stand_in->add_option("--until", arguments.until, "Last day / 结束日")->required();
    add("token-revoke", "Revoke an API token / 吊销接口令牌", "id", "Its id, as `user tokens` shows it / 令牌编号");
  }
  UserArguments Take() {
    arguments.scopes = Flatten(arguments.scopes);
    return arguments;
  }
};

// The subcommands of `audit`.
struct AuditOptions {
  AuditArguments arguments;

  void AddTo(CLI::App& audit) {
    audit.require_subcommand(1);
    const auto add = [&](const char* name, const char* help) {
      CLI::App* command = audit.add_subcommand(name, help);
      command->fallthrough();
      command->callback([this, name] { arguments.what = name; });
      return command;
    };
    add("verify", "Check every chain of the log; exit code 1 when one is not intact / 核对审计链")
        ->add_option("--anchor", arguments.anchor,
                     "Against heads kept elsewhere: a file of audit-heads or of `audit head` / 与另存的链头比对");
    add("head", "Print the heads of the chains, to be kept elsewhere / 输出链头，供另行保存");
    CLI::App* list = add("list", "Records, the newest first / 列出记录");
    list->add_option("--actor", arguments.actor, "By whom: a login or an id; 0: the program itself / 操作人");
    list->add_option("--act", arguments.act, "What was done, e.g. account.change / 操作");
    list->add_option("--object", arguments.object, "To what, e.g. account:17 / 对象");
    list->add_option("--dealer", arguments.dealer, "Code or id of a dealer; 0: the network's own / 经销商");
    list->add_option("--from", arguments.from, "Since that day or instant (UTC) / 起始时间");
    list->add_option("--to", arguments.to, "Until that day, included, or instant (UTC) / 结束时间");
    list->add_option("--limit", arguments.limit, "At most so many (default 100) / 最多条数")
        ->check(CLI::Range(1, 1'000'000));
  }
};

// The subcommands of `privacy`.
struct PrivacyOptions {
  PrivacyArguments arguments;

  void AddTo(CLI::App& privacy) {
    privacy.require_subcommand(1);
    const auto add = [&](const char* name, const char* help) {
      CLI::App* command = privacy.add_subcommand(name, help);
      command->fallthrough();
      command->callback([this, name] { arguments.what = name; });
      return command;
    };
    CLI::App* due = add("due", "Customers whose data go by the rules of retention / 列出到期的客户资料");
    due->add_option("--until", arguments.until, "Up to that day (default: today) / 截至日期");
    due->add_option("--dealer", arguments.dealer, "Code or id of a dealer (default: all) / 经销商");
    add("run", "Anonymise what is due now, instead of at night / 立即匿名化到期的资料")
        ->add_flag("--dry-run", arguments.dry_run, "Say how many, change nothing / 试运行");
  }
};

// The subcommands of `keys`.
struct KeysOptions {
  KeysArguments arguments;

  void AddTo(CLI::App& keys) {
    keys.require_subcommand(1);
    const auto add = [&](const char* name, const char* help) {
      CLI::App* command = keys.add_subcommand(name, help);
      command->fallthrough();
      command->callback([this, name] { arguments.what = name; });
      return command;
    };
    add("status", "The data keys, and how many fields are sealed with each / 列出数据密钥和各自加密的字段数");
    add("rotate", "Make a new data key; what is written from now on is sealed with it / 生成新的数据密钥")
        ->add_flag("--wait", arguments.wait, "And seal the rest anew, as reseal does / 并等待其余内容重新加密");
    add("reseal", "Seal anew what older data keys have sealed, or wait for the server that does / 用最新密钥重新加密");
    add("rotate-index", "Make a new key for what customers are found by / 生成新的索引密钥")
        ->add_flag("--wait", arguments.wait, "And index the rest anew, as reindex does / 并等待其余客户重建索引");
    add("reindex",
        "Index anew who is found by an older key, or wait for the server that does / 用最新索引密钥重建索引");
    add("master-add", "Add another master key to the key file / 在密钥文件中新增主密钥");
    add("master-use", "Wrap the data keys with the newest master key / 用最新的主密钥包装数据密钥");
    add("master-drop", "Remove the older master keys from the key file / 从密钥文件中删除旧主密钥");
  }
};

int Main(int argc, char** argv) {
  Context context;
  context.language = LanguageOfLocale();
  std::string language;
  std::string format;

  CLI::App app{"Dealpace: the sales process of dealers, measured and improved / 经销商销售过程管理"};
  app.name("dealpace");
  app.require_subcommand(1);
  app.fallthrough();
  // An option given twice: the last one counts (scripts append to what a wrapper sets).
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--data", context.data_dir, "Data folder (default ./data) / 数据目录");
  app.add_option("--db", context.db_url, "Database instead: postgres://… or a SQLite file / 数据库地址");
  app.add_option("--keys", context.keys, "Key file (default dealpace.keys in the data folder) / 密钥文件");
  app.add_option("--lang", language, "en or zh (default: the locale's) / 语言")->check(CLI::IsMember({"en", "zh"}));
  app.add_option("--format", format, "table, json or csv / 输出格式")->check(CLI::IsMember({"table", "json", "csv"}));

  CLI::App* init = app.add_subcommand("init", "Create an empty store / 创建空数据库");
  CLI::App* migrate = app.add_subcommand("migrate", "Bring the store to this release's schema / 升级数据库结构");
  MigrateArguments migrate_arguments;
  CLI::Option* distribute =
      migrate->add_flag("--distribute", migrate_arguments.distribute,
                        "Then spread it over the nodes of a PostgreSQL with Citus / 并分布到 Citus 的各节点");
  migrate
      ->add_option("--shards", migrate_arguments.shards,
                   "Into so many pieces; cannot be changed later (default 64) / 分片数量，之后不能更改")
      ->needs(distribute)
      ->check(CLI::Range(1, 4096));
  CLI::App* doctor = app.add_subcommand("doctor", "Check catalogue, store and settings / 检查目录、数据库和设置");
  CLI::App* verify = app.add_subcommand("verify", "Check the ledger and recount the facts / 核对台账并重算");

  DemoArguments demo_arguments;
  CLI::App* demo = app.add_subcommand("demo", "Load the demo network into an empty store / 载入演示网络");
  demo->add_option("--dealers", demo_arguments.dealers, "How many dealers / 经销商数量")->check(CLI::Range(1, 2000));
  demo->add_option("--months", demo_arguments.months, "How many months of history / 月数")->check(CLI::Range(1, 120));
  demo->add_option("--seed", demo_arguments.seed, "Another seed gives another network / 随机种子");
  demo->add_flag("--if-empty", demo_arguments.if_empty, "Do nothing when there are entries already / 已有数据时跳过");

  ServeArguments serve_arguments;
  CLI::App* serve = app.add_subcommand("serve", "Serve the web application and the API / 启动网页和接口服务");
  serve->add_option("--address", serve_arguments.address,
                    "Where to listen (default 127.0.0.1; others over TLS only) / 监听地址");
  serve->add_option("--port", serve_arguments.port, "Port (default 8080; 0: any free one) / 端口")
      ->check(CLI::Range(0, 65535));
  CLI::Option* certificate =
      serve->add_option("--certificate", serve_arguments.certificate, "TLS certificate chain (PEM) / TLS 证书");
  CLI::Option* key = serve->add_option("--key", serve_arguments.key, "Its private key (PEM) / TLS 私钥");
  certificate->needs(key);
  key->needs(certificate);
  serve
      ->add_option("--db-connections", serve_arguments.database.connections,
                   "PostgreSQL: connections at most (default: workers and four) / 数据库连接数上限")
      ->check(CLI::Range(2, 1000));
  serve
      ->add_option("--db-statement-timeout", serve_arguments.statement_timeout_s,
                   "PostgreSQL: seconds for one statement, 0 for no limit (default 60) / 单条语句超时秒数")
      ->check(CLI::Range(0, 86'400));
  serve
      ->add_option("--db-lock-timeout", serve_arguments.lock_timeout_s,
                   "PostgreSQL: seconds to wait for a lock (default 10) / 等待锁的秒数")
      ->check(CLI::Range(1, 3'600));
  serve
      ->add_option("--db-idle-timeout", serve_arguments.idle_timeout_s,
                   "PostgreSQL: seconds until it ends a transaction of a server that hangs, 0: never (default 60) / "
                   "空闲事务超时秒数")
      ->check(CLI::Range(0, 86'400));
  serve->add_option("--provider", serve_arguments.provider,
                    "Settings of an OpenID provider to sign in by (default: provider.toml in the data folder, if it is "
                    "there) / 统一登录配置文件");
  serve->add_option("--log", serve_arguments.log_file,
                    "Log file (default: stderr; on a terminal dealpace.log in the data folder) / 日志文件");

  http::ServerOptions& server = serve_arguments.http;
  serve->add_option("--workers", server.worker_threads, "Threads that answer (default 8) / 处理请求的线程数")
      ->check(CLI::Range(1, 256));
  serve
      ->add_option("--queue", server.queue_max,
                   "Requests that may wait for one; further ones are told 503 (default 512) / 排队上限")
      ->check(CLI::Range(1, 100'000));
  serve
      ->add_option("--account-rate", server.limits.per_second,
                   "Requests of one account per second, 0 without limit (default 1000) / 单账号每秒请求上限")
      ->check(CLI::Range(0, 1'000'000));
  serve
      ->add_option("--account-requests", server.limits.in_flight_max,
                   "Requests of one account at the same time, 0 without limit (default 64) / 单账号并发请求上限")
      ->check(CLI::Range(0, 100'000));
  serve
      ->add_option(
          "--account-streams", server.limits.streams_max,
          "Open pages of one account that are kept fresh, 0 without limit (default 100) / 单账号实时更新页面上限")
      ->check(CLI::Range(0, 100'000));
  serve
      ->add_option("--account-body-memory", serve_arguments.account_body_megabytes,
                   "MB of large uploads of one account at the same time, 0 without limit (default 64) / "
                   "单账号同时上传的内容占用的内存上限（MB）")
      ->check(CLI::Range(0, 1'000'000));
  serve
      ->add_option("--body-memory", serve_arguments.body_megabytes,
                   "The same of all accounts; further ones are told 503 (default 256) / "
                   "所有账号同时上传的内容占用的内存上限（MB）")
      ->check(CLI::Range(0, 1'000'000));
  serve
      ->add_option(
          "--facts-memory", serve_arguments.facts_megabytes,
          "MB for the columns that questions are answered from (default 1024); beyond, those unused longest are "
          "read again when asked for / 分析用数据占用的内存上限（MB）")
      ->check(CLI::Range(16, 1'000'000));
  serve
      ->add_option("--kept-answers", serve_arguments.kept_answers_megabytes,
                   "Megabytes of answers kept for who asks the same, 0 for none (default 16) / 应答缓存大小（MB）")
      ->check(CLI::Range(0, 4096));

  serve
      ->add_option("--rotate-keys", serve_arguments.rotate_keys_days,
                   "Make a new data key when the newest is so many days old, 0: never (default 365) / "
                   "数据密钥自动更换的天数")
      ->check(CLI::Range(0, 36'500));

  UserOptions user_options;
  CLI::App* user = app.add_subcommand("user", "Accounts, sessions and API tokens / 账号、会话和接口令牌");
  user_options.AddTo(*user);

  AuditOptions audit_options;
  CLI::App* audit = app.add_subcommand("audit", "The audit log: who has done what / 审计日志");
  audit_options.AddTo(*audit);

  PrivacyOptions privacy_options;
  CLI::App* privacy = app.add_subcommand("privacy", "How long personal data are kept / 个人信息保存期限");
  privacy_options.AddTo(*privacy);

  KeysOptions keys_options;
  CLI::App* keys = app.add_subcommand("keys", "The keys that personal data are sealed with / 个人信息的加密密钥");
  keys_options.AddTo(*keys);

  ImportArguments import_arguments;
  std::string undo_why = "import undone";
  CLI::App* import = app.add_subcommand(
      "import", "Import a file: import events FILE; import customers FILE; import list; import undo BATCH / 导入");
  import->add_option("what", import_arguments.kind, "events, readings, customers, template, list or undo / 类型")
      ->required();
  import->add_option("file", import_arguments.file, "The file, or the batch to undo / 文件或批次");
  import->add_option("--map", import_arguments.map_file,
                     "Mapping (TOML); without it the headers are guessed / 映射文件");
  import->add_option("--sheet", import_arguments.sheet, "Sheet of a workbook / 工作表");
  import->add_option("--encoding", import_arguments.encoding,
                     "Read a text as UTF-8, UTF-16LE, UTF-16BE or GB18030 (default: found) / 文本编码");
  import
      ->add_option("--header-row", import_arguments.header_row,
                   "Row of the header, 0 for none (default: found) / 表头行号，0 表示没有表头")
      ->check(CLI::NonNegativeNumber);
  import->add_flag("--create-missing", import_arguments.create_missing,
                   "Add dealers, staff and members that the file names / 新建文件中出现的经销商、人员等");
  import->add_flag("--dry-run", import_arguments.dry_run, "Say what would happen, write nothing / 试运行");
  import->add_option("--errors", import_arguments.errors_file, "Write refused rows to this CSV file / 拒绝行输出文件");
  import->add_option("--why", undo_why, "Reason for undoing / 撤销原因");
  ImportCustomersArguments customers;
  import->add_option("--dealer", customers.dealer, "customers: whose they are / 客户名单所属门店");
  import->add_option("--owner", customers.owner, "customers: consultant where the row names none / 未写顾问时归谁");
  import->add_option("--source", customers.source, "customers: source where the row names none / 未写来源时的来源");
  import->add_option("--consent", customers.consents,
                     "customers: a purpose that all have agreed to / 全体已同意的用途");
  import->add_option("--consent-way", customers.consent_way, "customers: how they agreed / 同意的方式");
  import->add_flag("--no-leads", customers.no_leads, "customers: make no leads / 不建线索");
  import->add_flag("--no-fill", customers.no_fill, "customers: leave known customers as they are / 不补充已有客户");

  QuestionOptions kpi_options;
  CLI::App* kpi = app.add_subcommand("kpi", "Ask KPIs, measures or formulas / 查询指标");
  kpi->add_option("expressions", kpi_options.arguments.expressions,
                  "KPI or measure ids or formulas, e.g. close_rate or \"win=deal_cnt/lead_cnt\" / 指标或公式")
      ->required();
  kpi->add_option("--vs", kpi_options.arguments.versus, "target, previous or year-ago / 对比")
      ->check(CLI::IsMember({"target", "previous", "year-ago"}));
  kpi->add_option("--sort", kpi_options.arguments.sort,
                  "Order of rows: columns or slices, e.g. win:desc,dealer:asc / 排序");
  kpi->add_option("--top", kpi_options.arguments.top, "Only the first so many rows / 只要前几行");
  kpi->add_option("--per", kpi_options.arguments.per,
                  "With --top: so many of each, e.g. of each dealer / 每组各取前几行");
  kpi_options.AddTo(*kpi);

  QuestionOptions table_options;
  std::string table_name;
  CLI::App* table = app.add_subcommand("table", "An analysis table: success-rate / 分析表");
  table->add_option("name", table_name, "success-rate")->required();
  table_options.AddTo(*table);

  CLI::App* handbook = app.add_subcommand("handbook", "Print the handbook of all KPIs (Markdown) / 输出指标手册");

  for (CLI::App* command : app.get_subcommands({})) command->fallthrough();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  if (!language.empty()) context.language = language == "zh" ? Language::kChinese : Language::kEnglish;
  if (format == "json") context.format = Format::kJson;
  if (format == "csv") context.format = Format::kCsv;

  if (init->parsed()) return RunInit(context);
  if (migrate->parsed()) return RunMigrate(context, migrate_arguments);
  if (doctor->parsed()) return RunDoctor(context);
  if (verify->parsed()) return RunVerify(context);
  if (demo->parsed()) return RunDemo(context, demo_arguments);
  server.limits.burst = 2 * server.limits.per_second;
  server.limits.account_body_bytes_max = int64_t{serve_arguments.account_body_megabytes} << 20;
  server.limits.body_bytes_max = int64_t{serve_arguments.body_megabytes} << 20;
  if (serve->parsed()) return RunServe(context, serve_arguments);
  if (privacy->parsed()) return RunPrivacy(context, privacy_options.arguments);
  if (keys->parsed()) return RunKeys(context, keys_options.arguments);
  if (audit->parsed()) return RunAudit(context, audit_options.arguments);
  if (user->parsed()) return RunUser(context, user_options.Take());
  if (kpi->parsed()) return RunKpi(context, kpi_options.Take());
  if (table->parsed()) return RunTable(context, table_name, table_options.Take());
  if (handbook->parsed()) return RunHandbook(context);
  if (import->parsed()) {
    if (import_arguments.kind == "list") return RunImportList(context);
    if (import_arguments.file.empty()) {
      return context.Fail(Error("argument_missing").With("what", import_arguments.kind == "undo" ? "BATCH" : "FILE"),
                          kExitUsage);
    }
    if (import_arguments.kind == "undo") {
      int64_t batch = 0;
      for (const char c : import_arguments.file) {
        if (c < '0' || c > '9' || import_arguments.file.size() > 18) {
          return context.Fail(Error("batch_not_found").With("batch", import_arguments.file), kExitUsage);
        }
        batch = batch * 10 + (c - '0');
      }
      if (const auto done = RunImportCustomersUndo(context, batch)) return *done;
      return RunImportUndo(context, batch, undo_why);
    }
    if (import_arguments.kind == "template") return RunImportTemplate(context, import_arguments.file);
    if (import_arguments.kind == "customers") {
      customers.file = import_arguments.file;
      customers.sheet = import_arguments.sheet;
      customers.encoding = import_arguments.encoding;
      customers.errors_file = import_arguments.errors_file;
      customers.dry_run = import_arguments.dry_run;
      return RunImportCustomers(context, customers);
    }
    return RunImport(context, import_arguments);
  }
  return kExitUsage;
}

}  // namespace
}  // namespace dealpace::app

int main(int argc, char** argv) {
  try {
    return dealpace::app::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dealpace: %s\n", error.what());
    return dealpace::app::kExitProblems;
  }
}
