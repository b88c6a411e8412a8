#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <map>

#include "app/commands/context.h"
#include "app/commands/listing.h"
#include "app/customers_import_api.h"
#include "catalog/messages.h"
#include "leads/store.h"
#include "org/org.h"
#include "privacy/store.h"

namespace dealpace::app {
namespace {

using leads::Asker;
using leads::CustomerImports;
using leads::Import;
using leads::ImportRow;
using leads::RowPlan;

constexpr size_t kExamples = 10;

// The dealer named, or the only one.
Result<DealerId> DealerOf(System& system, const std::string& text) {
  ASSIGN_OR_RETURN(const auto org, system.org().Current());
  if (text.empty()) {
    if (org->dealers.size() == 1) return DealerId(org->dealers.begin()->first);
    return Error("field_missing").With("field", "--dealer");
  }
  return system.database().Read<DealerId>([&](db::Connection& connection) -> Result<DealerId> {
    const org::Directory directory(connection);
    if (const org::Dealer* dealer = directory.FindDealer(text)) return dealer->id;
    return Error("unknown_member").With("dimension", "dealer").With("name", text);
  });
}

Result<std::string> ConsentsOf(const ImportCustomersArguments& arguments) {
  boost::json::array consents;
  const privacy::Policy& policy = privacy::Policy::Get();
  for (const std::string& id : arguments.consents) {
    const privacy::Purpose* purpose = policy.FindPurpose(id);
    if (purpose == nullptr) {
      std::vector<std::string> known;
      for (const privacy::Purpose& each : policy.purposes()) known.push_back(each.id);
      return Error("field_choice").With("field", "--consent").With("choices", Join(known, ", "));
    }
    consents.push_back({{"purpose", id}, {"text_version", purpose->version()}, {"way", arguments.consent_way}});
  }
  return boost::json::serialize(consents);
}

void PrintCounts(const Context& context, int64_t id, const std::map<std::string, int64_t>& counts) {
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) {
      json.BeginObject();
      if (id != 0) json.Field("import", std::to_string(id));
      for (const auto& [name, count] : counts) json.Field(name, count);
      json.EndObject();
    });
    return;
  }
  const auto count = [&](const char* name) { return static_cast<long long>(counts.at(name)); };
  std::printf(
      context.Say("%lld rows: %lld new customers, %lld known ones changed, %lld leads, %lld unchanged, "
                  "%lld repeated in the file, %lld refused\n",
                  "%lld 行：新客户 %lld 位，补充已有客户 %lld 位，新线索 %lld 条，未变 %lld 行，文件内重复 %lld "
                  "行，拒绝 %lld 行\n"),
      count("rows"), count("added"), count("changed"), count("leads"), count("same"), count("repeated"),
      count("refused"));
}

}  // namespace

int RunImportCustomers(const Context& context, const ImportCustomersArguments& arguments) {
  const auto system = context.OpenSystemWithVault();
  if (!system.ok()) return context.Fail(system.error());
  leads::Store customers((*system)->database(), *(*system)->vault(), (*system)->shared_catalog());
  privacy::Store privacy((*system)->database(), *(*system)->vault(), customers);
  CustomerImports imports(customers);
  const auto dealer = DealerOf(**system, arguments.dealer);
  if (!dealer.ok()) return context.FailQuestion(dealer.error());
  const Instant now = Now();
  const Asker asker{*dealer, leads::Visible::All(), "cli", db::Witness((*system)->audit_log(), {})};

  CustomerList list;
  const std::string name = std::filesystem::path(arguments.file).filename().string();
  auto sheet = ReadCustomerSheet(arguments.file, name, arguments.sheet, arguments.encoding);
  if (!sheet.ok()) return context.FailQuestion(sheet.error());
  list.sheet = *std::move(sheet);
  list.columns = GuessCustomerColumns(list.sheet.headers);
  if (const Status fits = CheckCustomerColumns(list.columns); !fits.ok()) return context.FailQuestion(fits.error());
  list.choices.leads = !arguments.no_leads;
  list.choices.fill = !arguments.no_fill;
  list.choices.source = arguments.source;
  if (!arguments.owner.empty()) {
    const auto owner = (*system)->database().Read<StaffId>([&](db::Connection& connection) -> Result<StaffId> {
      return org::Directory(connection).FindStaff(*dealer, arguments.owner);
    });
    if (!owner.ok()) return context.Fail(owner.error());
    if (!owner->set()) return context.FailQuestion(Error("import_owner_unknown").With("name", arguments.owner));
    list.choices.owner = *owner;
  }
  auto consents = ConsentsOf(arguments);
  if (!consents.ok()) return context.FailQuestion(consents.error());
  list.consents = *std::move(consents);
  const auto names = NamesOfDealer(**system, *dealer);
  if (!names.ok()) return context.Fail(names.error());
  const std::vector<ImportRow> rows = CustomerRows(list.sheet, list.columns, *names);
  auto work = WorkOf(list, rows, privacy, asker, now);
  if (!work.ok()) return context.FailQuestion(work.error());

  // What is wrong is told before anything is written.
  const auto plans = imports.Check(asker, rows, list.choices, now);
  if (!plans.ok()) return context.Fail(plans.error());
  std::map<std::string, int64_t> counts = {{"added", 0}, {"changed", 0},  {"same", 0},
                                           {"leads", 0}, {"repeated", 0}, {"refused", 0}};
  std::vector<RefusedLine> refused;
  for (size_t i = 0; i < plans->size(); ++i) {
    const RowPlan& plan = (*plans)[i];
    std::string what(leads::ImportWhatName(plan.what));
    if (what == "add") what = "added";
    if (what == "change") what = "changed";
    ++counts[what];
    counts["leads"] += plan.lead ? 1 : 0;
    if (plan.problem) refused.push_back({rows[i].number, *plan.problem, list.sheet.lines[i].cells});
  }
  counts["rows"] = static_cast<int64_t>(rows.size());
  if (context.format != Format::kJson) {
    for (size_t i = 0; i < list.columns.size(); ++i) {
      if (list.sheet.headers[i].empty()) continue;
      std::printf("  %s  →  %s\n", list.sheet.headers[i].c_str(),
                  list.columns[i].empty() ? context.Say("not taken", "不导入") : list.columns[i].c_str());
    }
  }
  int64_t id = 0;
  if (!arguments.dry_run) {
    const auto begun = imports.Begin(asker, ListHead(list), ListPieces(list), counts["rows"], now);
    if (!begun.ok()) return context.Fail(begun.error());
    id = *begun;
    if (const Status started = imports.Start(asker, id, 1, now); !started.ok()) return context.Fail(started.error());
    const auto bar = ProgressBar(context.Say("Import", "导入"));
    int64_t batches = 0;
    work->go_on = [&] {
      if (bar) bar(std::min(1.0, 200.0 * static_cast<double>(++batches) / static_cast<double>(counts["rows"])));
      return true;
    };
    const auto done = imports.Run(asker, id, *work, now);
    if (bar) bar(1);
    if (!done.ok()) return context.Fail(done.error());
    counts = {{"rows", done->rows},   {"added", done->added},       {"changed", done->changed}, {"same", done->same},
              {"leads", done->leads}, {"repeated", done->repeated}, {"refused", done->refused}};
  }
  PrintCounts(context, id, counts);
  const auto& messages = catalog::Messages::Get();
  if (context.format != Format::kJson) {
    for (size_t i = 0; i < std::min(kExamples, refused.size()); ++i) {
      std::printf(context.Say("  row %lld: %s\n", "  第 %lld 行：%s\n"), static_cast<long long>(refused[i].number),
                  messages.Render(refused[i].problem, context.language).c_str());
    }
  }
  if (!arguments.errors_file.empty() && !refused.empty()) {
    const Status written = WriteRefusedLines(arguments.errors_file, list.sheet.headers, refused, context.language);
    if (!written.ok()) return context.Fail(written.error());
    if (context.format != Format::kJson) {
      std::printf(context.Say("Rows not taken are in %s\n", "未导入的行已写入 %s\n"), arguments.errors_file.c_str());
    }
  }
  if (context.format != Format::kJson) {
    if (arguments.dry_run) {
      std::printf("%s\n", context.Say("Dry run: nothing was written.", "试运行：未写入任何内容。"));
    } else {
      std::printf(context.Say("To take it back: dealpace import undo %lld\n", "撤销：dealpace import undo %lld\n"),
                  static_cast<long long>(id));
    }
  }
  return kExitOk;
}

std::optional<int> RunImportCustomersUndo(const Context& context, int64_t id) {
  const auto system = context.OpenSystemWithVault();
  // The other kind of import says what is wrong, if anything.
  if (!system.ok()) return std::nullopt;
  leads::Store customers((*system)->database(), *(*system)->vault(), (*system)->shared_catalog());
  const privacy::Store privacy((*system)->database(), *(*system)->vault(), customers);
  CustomerImports imports(customers);
  const auto org = (*system)->org().Current();
  if (!org.ok()) return context.Fail(org.error());
  for (const auto& [dealer, known] : (*org)->dealers) {
    const Asker asker{DealerId(dealer), leads::Visible::All(), "cli", db::Witness((*system)->audit_log(), {})};
    if (!imports.Find(asker, id).ok()) continue;
    const auto undone = imports.Undo(asker, id, ForgetBy(privacy), {}, Now());
    if (!undone.ok()) return context.FailQuestion(undone.error());
    const auto remains = imports.RemainingOf(asker, id, 1'000);
    if (!remains.ok()) return context.Fail(remains.error());
    if (context.format == Format::kJson) {
      PrintJson([&](JsonWriter& json) {
        json.BeginObject().Field("import", std::to_string(id)).Field("taken_back", undone->taken_back);
        json.Field("remaining", undone->remaining).Key("remains").BeginArray();
        for (const leads::Remaining& each : *remains) {
          json.BeginObject().Field("row", each.row).Field("customer", std::to_string(each.customer.value));
          json.Field("why", each.why).EndObject();
        }
        json.EndArray().EndObject();
      });
      return kExitOk;
    }
    std::printf(context.Say("%lld rows taken back, %lld remain.\n", "已撤销 %lld 行，保留 %lld 行。\n"),
                static_cast<long long>(undone->taken_back), static_cast<long long>(undone->remaining));
    for (const leads::Remaining& each : *remains) {
      std::printf(context.Say("  row %lld, customer %lld: %s\n", "  第 %lld 行，客户 %lld：%s\n"),
                  static_cast<long long>(each.row), static_cast<long long>(each.customer.value), each.why.c_str());
    }
    return kExitOk;
  }
  return std::nullopt;
}

int RunImportTemplate(const Context& context, const std::string& file) {
  if (const Status written = WriteCustomerTemplate(file); !written.ok()) return context.Fail(written.error());
  std::printf(context.Say("An empty list of customers is in %s\n", "空白客户名单已写入 %s\n"), file.c_str());
  return kExitOk;
}

}  // namespace dealpace::app
