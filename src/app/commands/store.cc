#include <cstdio>
#include <filesystem>

#include "app/commands/context.h"
#include "app/demo.h"
#include "app/verify.h"
#include "base/csv_writer.h"
#include "base/json.h"
#include "base/zones.h"
#include "catalog/messages.h"
#include "db/distribute.h"
#include "db/migrate.h"
#include "exchange/print.h"
#include "kpi/handbook.h"

namespace dealpace::app {
namespace {

Result<std::unique_ptr<db::Database>> MakeStore(const Context& context) {
  if (context.db_url.empty()) RETURN_IF_ERROR(context.MakeDataFolder());
  return db::Database::Open(context.DatabaseUrl());
}

// Prints one flat object as "name: value" lines or as JSON.
void PrintFields(const Context& context, const std::vector<std::pair<std::string, std::string>>& fields) {
  if (context.format == Format::kJson) {
    JsonWriter json;
    json.BeginObject();
    for (const auto& [name, value] : fields) json.Field(name, value);
    json.EndObject();
    std::printf("%s\n", json.text().c_str());
    return;
  }
  for (const auto& [name, value] : fields) std::printf("%s: %s\n", name.c_str(), value.c_str());
}

struct Finding {
  std::string where;
  Error error;
};

// Prints findings in the format asked for and returns the exit code.
int PrintFindings(const Context& context, const std::vector<Finding>& findings, const std::string& fine) {
  const auto& messages = catalog::Messages::Get();
  if (context.format == Format::kJson) {
    JsonWriter json;
    json.BeginObject().Field("ok", findings.empty()).Key("findings").BeginArray();
    for (const Finding& finding : findings) {
      json.BeginObject().Field("where", finding.where).Field("code", finding.error.code);
      json.Field("message", messages.Render(finding.error, context.language));
      for (const auto& [name, value] : finding.error.args) json.Field(name, value);
      json.EndObject();
    }
    json.EndArray().EndObject();
    std::printf("%s\n", json.text().c_str());
  } else if (context.format == Format::kCsv) {
    std::fputs(CsvLine({"where", "code", "message"}).c_str(), stdout);
    for (const Finding& finding : findings) {
      std::fputs(CsvLine({finding.where, finding.error.code, messages.Render(finding.error, context.language)}).c_str(),
                 stdout);
    }
  } else {
    for (const Finding& finding : findings) {
      std::printf("%s%s%s\n", finding.where.c_str(), finding.where.empty() ? "" : ": ",
                  messages.Render(finding.error, context.language).c_str());
    }
    if (findings.empty()) std::printf("%s\n", fine.c_str());
  }
  return findings.empty() ? kExitOk : kExitProblems;
}

}  // namespace

int RunInit(const Context& context) {
  auto store = MakeStore(context);
  if (!store.ok()) return context.Fail(store.error());
  const auto applied = db::Migrate(**store);
  if (!applied.ok()) return context.Fail(applied.error());
  if (applied->empty()) {
    std::printf("%s\n", context.Say("The store is there already; nothing to do.", "数据库已存在，无需操作。"));
  } else {
    std::printf(context.Say("Store created: %s\nNext: dealpace import events FILE, or dealpace demo\n",
                            "数据库已创建：%s\n下一步：dealpace import events 文件，或 dealpace demo\n"),
                (*store)->kind() == db::Kind::kSqlite ? context.DatabaseUrl().c_str() : "PostgreSQL");
  }
  return kExitOk;
}

int RunMigrate(const Context& context, const MigrateArguments& arguments) {
  auto store = MakeStore(context);
  if (!store.ok()) return context.Fail(store.error());
  const auto applied = db::Migrate(**store);
  if (!applied.ok()) return context.Fail(applied.error());
  if (applied->empty()) std::printf("%s\n", context.Say("The schema is up to date.", "数据库结构已是最新。"));
  for (const std::string& name : *applied) {
    std::printf("%s%s\n", context.Say("Applied: ", "已执行："), name.c_str());
  }
  if (!arguments.distribute) return kExitOk;
  const auto spread = db::Distribute(**store, arguments.shards);
  if (!spread.ok()) return context.Fail(spread.error());
  if (spread->distributed.empty() && spread->references.empty()) {
    std::printf("%s\n", context.Say("All tables are distributed already.", "所有表均已分布。"));
  }
  for (const std::string& name : spread->references) {
    std::printf("%s%s\n", context.Say("Whole on every node: ", "每个节点完整保存："), name.c_str());
  }
  for (const std::string& name : spread->distributed) {
    std::printf("%s%s\n", context.Say("Distributed by dealer: ", "按经销商分布："), name.c_str());
  }
  return kExitOk;
}

int RunDoctor(const Context& context) {
  std::vector<Finding> findings;
  const catalog::Loaded loaded = LoadCatalog(context.data_dir);
  for (const catalog::Complaint& complaint : loaded.complaints) {
    findings.push_back({complaint.place.file + ":" + std::to_string(complaint.place.line), complaint.error});
  }
  std::string store = context.Say("no store yet", "尚无数据库");
  if (!context.db_url.empty() || std::filesystem::exists(context.DatabaseUrl())) {
    const auto opened = db::Database::Open(context.DatabaseUrl());
    if (!opened.ok()) {
      findings.push_back({context.Say("store", "数据库"), opened.error()});
    } else {
      const auto state = db::ReadMigrationState(**opened);
      if (!state.ok()) {
        findings.push_back({context.Say("store", "数据库"), state.error()});
      } else if (!state->due.empty()) {
        findings.push_back(
            {context.Say("store", "数据库"), Error("store_needs_migration").With("count", state->due.size())});
      } else {
        if (const auto system = context.OpenSystem(); system.ok()) {
          const auto definitions = (*system)->definitions().Current();
          if (!definitions.ok()) findings.push_back({context.Say("store", "数据库"), definitions.error()});
          if (definitions.ok()) {
            for (const analysis::UnusableKpi& kpi : (*definitions)->unusable) {
              findings.push_back({context.Say("own KPI ", "自定义指标 ") + kpi.id, kpi.error});
            }
          }
        }
        store = std::string((*opened)->kind() == db::Kind::kSqlite ? "SQLite" : "PostgreSQL") +
                context.Say(", schema ", "，结构版本 ") + std::to_string(state->version);
      }
    }
  }
  if (!Zone::Find(org::kDefaultTimeZone).ok()) {
    findings.push_back({context.Say("system", "系统"), Error("unknown_time_zone").With("name", org::kDefaultTimeZone)});
  }
  if (const auto settings = context.Provider(); !settings.ok()) {
    findings.push_back({"provider.toml", settings.error()});
  } else if (*settings) {
    access::Provider provider(**settings);
    if (const Status answers = provider.Check(); !answers.ok()) {
      findings.push_back({(*settings)->issuer, answers.error()});
    }
  }
  const std::string counts = std::to_string(loaded.catalog->events().size() - loaded.catalog->measures().size()) +
                             context.Say(" events, ", " 种事件，") + std::to_string(loaded.catalog->measures().size()) +
                             context.Say(" measures, ", " 个度量，") + std::to_string(loaded.catalog->kpis().size()) +
                             context.Say(" KPIs", " 个指标");
  return PrintFindings(context, findings,
                       context.Say("All well. Catalogue: ", "一切正常。目录：") + counts +
                           context.Say("; store: ", "；数据库：") + store);
}

int RunVerify(const Context& context) {
  const auto system = context.OpenSystem();
  if (!system.ok()) return context.Fail(system.error());
  const auto report = VerifyAll(**system);
  if (!report.ok()) return context.Fail(report.error());
  std::vector<Finding> findings;
  for (const Error& error : report->ledger.findings) findings.push_back({"", error});
  for (const Error& error : report->differences) findings.push_back({"", error});
  const int code = PrintFindings(context, findings,
                                 context.Say("Clean: ", "核对无误：") + std::to_string(report->ledger.dealers) +
                                     context.Say(" dealers, ", " 家经销商，") + std::to_string(report->ledger.entries) +
                                     context.Say(" entries; ", " 条分录；") + std::to_string(report->figures_compared) +
                                     context.Say(" figures of the facts equal the recount.", " 个数字与重算一致。"));
  // A broken-off import is worth saying, but it is no damage.
  return report->ok() ? kExitOk : code;
}

int RunDemo(const Context& context, const DemoArguments& arguments) {
  auto store = MakeStore(context);
  if (!store.ok()) return context.Fail(store.error());
  if (const auto migrated = db::Migrate(**store); !migrated.ok()) return context.Fail(migrated.error());
  store->reset();
  const auto system = context.OpenSystem();
  if (!system.ok()) return context.Fail(system.error());

  DemoOptions options;
  options.dealers = arguments.dealers;
  options.regions = std::min(options.regions, options.dealers);
  options.months = arguments.months;
  options.seed = arguments.seed;
  options.until = Zone::Find(org::kDefaultTimeZone)->DayOf(Now()) - 1;
  const auto bar = ProgressBar(context.Say("Loading the demo network", "载入演示网络"));
  const auto summary = LoadDemo(**system, options, [&](int64_t done, int64_t total) {
    if (bar && total > 0) bar(static_cast<double>(done) / static_cast<double>(total));
  });
  if (!summary.ok()) {
    if (summary.error().code == "demo_not_empty" && arguments.if_empty) return kExitOk;
    return context.Fail(summary.error());
  }
  // The tables show names, not codes.
  const auto named = [&](const std::string& code) {
    const auto names = (*system)->database().Read<std::string>([&](db::Connection& connection) -> Result<std::string> {
      const org::Directory directory(connection);
      const org::Dealer* dealer = directory.FindDealer(code);
      return dealer == nullptr ? code : code + " " + dealer->name;
    });
    return names.ok() ? *names : code;
  };
  PrintFields(context,
              {{context.Say("regions", "区域"), std::to_string(summary->regions)},
               {context.Say("dealers", "经销商"), std::to_string(summary->dealers)},
               {context.Say("staff", "人员"), std::to_string(summary->staff)},
               {context.Say("period", "期间"), FormatDay(summary->period.from) + ".." + FormatDay(summary->period.to)},
               {context.Say("leads", "线索"), std::to_string(summary->leads)},
               {context.Say("entries", "分录"), std::to_string(summary->entries)},
               {context.Say("poor capture", "留档薄弱"), named(summary->poor_capture)},
               {context.Say("poor test-drive use", "试驾薄弱"), named(summary->poor_test_drive)}});
  return kExitOk;
}

int RunHandbook(const Context& context) {
  std::shared_ptr<const catalog::Catalog> catalog = LoadCatalog(context.data_dir).catalog;
  // With a store, the KPIs that it has of its own as well.
  if (const auto system = context.OpenSystem(); system.ok()) {
    const auto definitions = (*system)->definitions().Current();
    if (!definitions.ok()) return context.Fail(definitions.error());
    catalog = (*definitions)->catalog;
  } else if (system.error().code != "store_missing") {
    return context.Fail(system.error());
  }
  std::fputs(kpi::Handbook(*catalog, context.language).c_str(), stdout);
  return kExitOk;
}

}  // namespace dealpace::app
