#include <cstdio>

#include "app/commands/context.h"
#include "app/commands/listing.h"
#include "leads/store.h"
#include "org/org.h"
#include "privacy/retention.h"

namespace dealpace::app {
namespace {

constexpr size_t kMost = 100'000;

struct OfDealer {
  std::string code;
  privacy::DueList list;
};

// Up to `until` (nothing: today) of the dealers named.
Result<std::vector<OfDealer>> DueOf(System& system, privacy::Keeper& keeper, const std::string& dealer,
                                    std::optional<Day> until) {
  ASSIGN_OR_RETURN(const auto org, system.org().Current());
  std::vector<OfDealer> all;
  for (const auto& [id, known] : org->dealers) {
    const std::string code(org->Label(Dim::kDealer, id));
    if (!dealer.empty() && dealer != code && dealer != std::to_string(id)) continue;
    const Instant now = Now();
    const privacy::Asker asker{DealerId(id), leads::Visible::All(), ""};
    Day day = until.value_or(Day{});
    if (!until) {
      ASSIGN_OR_RETURN(const privacy::DueList today, keeper.List(asker, Day{}, 0, now));
      day = today.today;
    }
    ASSIGN_OR_RETURN(privacy::DueList list, keeper.List(asker, day, kMost, now));
    all.push_back({code, std::move(list)});
  }
  if (all.empty() && !dealer.empty()) return Error("unknown_member").With("dimension", "dealer").With("name", dealer);
  return all;
}

std::string RuleName(const Context& context, const std::string& rule) {
  const privacy::Retention* known = privacy::FindById(privacy::Policy::Get().retentions(), rule);
  return known == nullptr || context.format == Format::kCsv ? rule : known->name.In(context.language);
}

int Due(const Context& context, System& system, privacy::Keeper& keeper, const PrivacyArguments& arguments) {
  std::optional<Day> until;
  if (!arguments.until.empty()) {
    until = ParseDay(arguments.until);
    if (!until) {
      return context.FailQuestion(Error("field_day_bad").With("field", "--until").With("value", arguments.until));
    }
  }
  const auto due = DueOf(system, keeper, arguments.dealer, until);
  if (!due.ok()) return context.FailQuestion(due.error());
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) {
      json.BeginObject().Key("due").BeginArray();
      for (const OfDealer& dealer : *due) {
        for (const privacy::Due& each : dealer.list.customers) {
          json.BeginObject().Field("dealer", dealer.code).Field("customer", std::to_string(each.customer.value));
          json.Field("rule", each.rule).Field("day", FormatDay(each.day)).Field("kept", each.kept).EndObject();
        }
      }
      json.EndArray().EndObject();
    });
    return kExitOk;
  }
  Listing listing;
  listing.columns = {{"dealer", context.Say("Dealer", "经销商")},
                     {"customer", context.Say("Customer", "客户")},
                     {"rule", context.Say("Rule", "规则")},
                     {"day", context.Say("Due", "到期日")},
                     {"kept", context.Say("Kept by law", "依法保留")}};
  for (const OfDealer& dealer : *due) {
    for (const privacy::Due& each : dealer.list.customers) {
      listing.rows.push_back({dealer.code, std::to_string(each.customer.value), RuleName(context, each.rule),
                              FormatDay(each.day), each.kept ? context.Say("yes", "是") : ""});
    }
  }
  listing.Print(context);
  return kExitOk;
}

int Run(const Context& context, System& system, privacy::Keeper& keeper, const PrivacyArguments& arguments) {
  int64_t customers = 0;
  int64_t files = 0;
  if (arguments.dry_run) {
    const auto due = DueOf(system, keeper, {}, std::nullopt);
    if (!due.ok()) return context.Fail(due.error());
    for (const OfDealer& dealer : *due) {
      for (const auto& [rule, count] : dealer.list.rules) customers += count.due;
    }
  } else {
    const auto run = keeper.RunAll(Now());
    if (!run.ok()) return context.Fail(run.error());
    customers = run->customers;
    files = run->files;
  }
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) {
      json.BeginObject()
          .Field("customers", customers)
          .Field("files", files)
          .Field("dry_run", arguments.dry_run)
          .EndObject();
    });
    return kExitOk;
  }
  std::printf(arguments.dry_run ? context.Say("%lld customers are due.\n", "%lld 位客户的资料到期。\n")
                                : context.Say("%lld customers anonymised.\n", "已匿名化 %lld 位客户。\n"),
              static_cast<long long>(customers));
  if (files > 0) {
    std::printf(context.Say("%lld attachments removed.\n", "已删除 %lld 个附件。\n"), static_cast<long long>(files));
  }
  return kExitOk;
}

}  // namespace

int RunPrivacy(const Context& context, const PrivacyArguments& arguments) {
  const auto system = context.OpenSystemWithVault();
  if (!system.ok()) return context.Fail(system.error());
  leads::Store customers((*system)->database(), *(*system)->vault(), (*system)->shared_catalog());
  privacy::Store store((*system)->database(), *(*system)->vault(), customers);
  privacy::Keeper keeper((*system)->database(), store, (*system)->audit_log());
  return arguments.what == "due" ? Due(context, **system, keeper, arguments)
                                 : Run(context, **system, keeper, arguments);
}

}  // namespace dealpace::app
