#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "access/access.h"
#include "access/audit_api.h"
#include "app/commands/context.h"
#include "app/commands/listing.h"
#include "org/org.h"

namespace dealpace::app {
namespace {

using access::AuditRecord;
using access::ChainFinding;
using access::CheckedChain;

std::string FindingText(const Context& context, ChainFinding finding) {
  switch (finding) {
    case ChainFinding::kIntact: return context.Say("intact", "完好");
    case ChainFinding::kAltered: return context.Say("altered", "被改动");
    case ChainFinding::kMissingTail: return context.Say("end missing", "尾部缺失");
    case ChainFinding::kAnchorMismatch: return context.Say("written anew", "整链被重写");
    case ChainFinding::kExtraTail: return context.Say("records too many", "尾部多出");
  }
  return {};
}

int Verify(const Context& context, System& system, const std::string& anchor_file) {
  std::map<DealerId, access::ChainAnchor> anchors;
  if (!anchor_file.empty()) {
    std::ifstream in(anchor_file, std::ios::binary);
    if (!in) return context.Fail(Error("file_unreadable").With("file", anchor_file), kExitUsage);
    std::ostringstream text;
    text << in.rdbuf();
    auto parsed = access::ParseAnchors(text.str());
    if (!parsed.ok()) return context.FailQuestion(parsed.error());
    anchors = *std::move(parsed);
  }
  const auto chains = access::CheckAudit(system.database(), *system.audit_hasher(), anchors);
  if (!chains.ok()) return context.Fail(chains.error());
  bool intact = true;
  for (const CheckedChain& chain : *chains) intact = intact && chain.verdict.finding == ChainFinding::kIntact;
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) { access::WriteAuditCheck(json, *chains); });
    return intact ? kExitOk : kExitProblems;
  }
  Listing listing;
  listing.columns = {{"dealer", context.Say("Chain", "审计链")},
                     {"checked", context.Say("Checked to", "已核对至")},
                     {"finding", context.Say("Finding", "结果")},
                     {"seq", context.Say("First wrong", "首个问题序号")}};
  for (const CheckedChain& chain : *chains) {
    const access::ChainVerdict& verdict = chain.verdict;
    const std::string finding = context.format == Format::kCsv ? std::string(access::FindingName(verdict.finding))
                                                               : FindingText(context, verdict.finding);
    listing.rows.push_back({std::to_string(chain.dealer.value), std::to_string(verdict.checked), finding,
                            verdict.seq == 0 ? "" : std::to_string(verdict.seq)});
  }
  listing.Print(context);
  return intact ? kExitOk : kExitProblems;
}

int Head(const Context& context, System& system) {
  using Heads = std::vector<access::ChainHead>;
  const auto heads = system.database().Read<Heads>(
      [](db::Connection& connection) -> Result<Heads> { return access::ReadHeads(connection); });
  if (!heads.ok()) return context.Fail(heads.error());
  if (context.format == Format::kJson) {
    std::fputs(access::HeadsText(*heads).c_str(), stdout);
    return kExitOk;
  }
  Listing listing;
  listing.columns = {{"dealer", context.Say("Chain", "审计链")},
                     {"seq", context.Say("Records", "记录数")},
                     {"hash", context.Say("Hash", "哈希")},
                     {"at", context.Say("Last", "最近记录")}};
  for (const access::ChainHead& head : *heads) {
    listing.rows.push_back(
        {std::to_string(head.dealer.value), std::to_string(head.seq), access::HexOf(head.hash), LocalTime(head.at)});
  }
  listing.Print(context);
  return kExitOk;
}

std::optional<int64_t> ParseId(std::string_view text) {
  int64_t id = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (problem != std::errc() || end != text.data() + text.size() || id < 0) return std::nullopt;
  return id;
}

Result<access::AuditFilter> FilterOf(const AuditArguments& arguments, System& system) {
  access::AuditFilter filter;
  filter.act = arguments.act;
  filter.object = arguments.object;
  if (!arguments.actor.empty()) {
    if (const auto id = ParseId(arguments.actor)) {
      filter.actor = AccountId(*id);
    } else {
      ASSIGN_OR_RETURN(const access::Account account, access::Access(system.database()).FindLogin(arguments.actor));
      filter.actor = account.id;
    }
  }
  if (!arguments.dealer.empty()) {
    using Dealers = std::vector<org::Dealer>;
    ASSIGN_OR_RETURN(const Dealers dealers, system.database().Read<Dealers>([](db::Connection& connection) {
      return org::ListDealers(connection);
    }));
    for (const org::Dealer& dealer : dealers) {
      if (dealer.code == arguments.dealer) filter.dealer = dealer.id;
    }
    const auto id = ParseId(arguments.dealer);
    if (!filter.dealer && id) filter.dealer = DealerId(*id);
    if (!filter.dealer) return Error("row_unknown_dealer").With("name", arguments.dealer);
  }
  if (!arguments.from.empty()) {
    ASSIGN_OR_RETURN(filter.from, access::ParseBound(arguments.from, false));
  }
  if (!arguments.to.empty()) {
    ASSIGN_OR_RETURN(filter.to, access::ParseBound(arguments.to, true));
  }
  return filter;
}

int List(const Context& context, System& system, const AuditArguments& arguments) {
  const auto filter = FilterOf(arguments, system);
  if (!filter.ok()) return context.FailQuestion(filter.error());
  using Records = std::vector<AuditRecord>;
  const auto records = system.database().Read<Records>([&](db::Connection& connection) -> Result<Records> {
    return access::ListAudit(connection, *filter, {}, arguments.limit);
  });
  if (!records.ok()) return context.Fail(records.error());
  const auto accounts = access::Access(system.database()).ListAccounts();
  if (!accounts.ok()) return context.Fail(accounts.error());
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) {
      json.BeginObject().Key("records").BeginArray();
      for (const AuditRecord& record : *records) access::WriteAuditRecord(json, record, *accounts);
      json.EndArray().EndObject();
    });
    return kExitOk;
  }
  std::map<AccountId, std::string> logins;
  for (const access::Account& account : *accounts) logins[account.id] = account.login;
  const bool csv = context.format == Format::kCsv;
  if (!csv) logins[AccountId()] = context.Say("program", "程序");
  Listing listing;
  listing.columns = {{"at", context.Say("Time", "时间")},      {"dealer", context.Say("Chain", "审计链")},
                     {"seq", context.Say("No.", "序号")},      {"actor", context.Say("By", "操作人")},
                     {"act", context.Say("Act", "操作")},      {"object", context.Say("Object", "对象")},
                     {"detail", context.Say("Detail", "明细")}};
  for (const AuditRecord& record : *records) {
    const auto login = logins.find(record.actor);
    listing.rows.push_back({csv ? FormatInstant(record.at) : LocalTime(record.at), std::to_string(record.dealer.value),
                            std::to_string(record.seq),
                            login == logins.end() ? std::to_string(record.actor.value) : login->second, record.act,
                            record.object, record.detail});
  }
  listing.Print(context);
  return kExitOk;
}

}  // namespace

int RunAudit(const Context& context, const AuditArguments& arguments) {
  // Only checking needs the key.
  const auto system = arguments.what == "verify" ? context.OpenSystemWithVault() : context.OpenSystem();
  if (!system.ok()) return context.Fail(system.error());
  if (arguments.what == "verify") return Verify(context, **system, arguments.anchor);
  if (arguments.what == "head") return Head(context, **system);
  return List(context, **system, arguments);
}

}  // namespace dealpace::app
