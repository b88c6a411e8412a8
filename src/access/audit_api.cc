#include "access/audit_api.h"

#include <algorithm>
#include <charconv>

#include "base/csv_writer.h"
#include "base/text.h"

namespace dealpace::access {
namespace {

using http::Request;
using http::Response;

constexpr int64_t kPageMax = 200;
constexpr int64_t kFileMax = 50'000;  // records of a file
constexpr size_t kTextMax = 200;      // bytes of an act or object

// A whole number of the query, not negative; nothing when it is absent.
Result<std::optional<int64_t>> NumberOf(const Request& request, std::string_view name, int64_t most = INT64_MAX) {
  const auto text = request.Query(name);
  if (!text || text->empty()) return std::optional<int64_t>();
  int64_t number = 0;
  const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (failed != std::errc() || end != text->data() + text->size() || number < 0 || number > most) {
    return Error("field_type").With("field", name).With("expected", "whole number");
  }
  return std::optional(number);
}

Result<std::string> TextOf(const Request& request, std::string_view name) {
  const std::string_view text = Trim(request.Query(name).value_or(""));
  if (text.size() > kTextMax || !IsUtf8(text)) return Error("field_too_long").With("field", name).With("max", kTextMax);
  return std::string(text);
}

Result<AuditFilter> FilterOf(const Request& request) {
  AuditFilter filter;
  ASSIGN_OR_RETURN(const auto actor, NumberOf(request, "actor"));
  if (actor) filter.actor = AccountId(*actor);
  ASSIGN_OR_RETURN(const auto dealer, NumberOf(request, "dealer"));
  if (dealer) filter.dealer = DealerId(*dealer);
  ASSIGN_OR_RETURN(filter.act, TextOf(request, "act"));
  ASSIGN_OR_RETURN(filter.object, TextOf(request, "object"));
  if (const auto from = request.Query("from"); from && !from->empty()) {
    ASSIGN_OR_RETURN(filter.from, ParseBound(*from, false));
  }
  if (const auto to = request.Query("to"); to && !to->empty()) {
    ASSIGN_OR_RETURN(filter.to, ParseBound(*to, true));
  }
  return filter;
}

// Records, and who the actors among them are.
struct Listed {
  std::vector<AuditRecord> records;
  std::vector<Account> accounts;
};
Result<Listed> List(db::Database& database, const AuditFilter& filter, const std::optional<AuditPlace>& after,
                    int64_t limit) {
  return database.Read<Listed>([&](db::Connection& connection) -> Result<Listed> {
    return Listed{ListAudit(connection, filter, after, limit), ListAccounts(connection, Instant{})};
  });
}

const Account* Find(const std::vector<Account>& accounts, AccountId id) {
  const auto found = std::find_if(accounts.begin(), accounts.end(), [id](const Account& a) { return a.id == id; });
  return found == accounts.end() ? nullptr : &*found;
}

Result<Response> Page(const AuditDeps& deps, const Request& request) {
  ASSIGN_OR_RETURN(const AuditFilter filter, FilterOf(request));
  ASSIGN_OR_RETURN(const auto asked, NumberOf(request, "limit", kPageMax));
  const int64_t limit = std::max<int64_t>(1, asked.value_or(50));
  std::optional<AuditPlace> after;
  if (const auto cursor = request.Query("cursor"); cursor && !cursor->empty()) {
    ASSIGN_OR_RETURN(after, ParsePlace(*cursor));
  }
  // One more than asked for tells whether there is a next page.
  ASSIGN_OR_RETURN(Listed listed, List(deps.database, filter, after, limit + 1));
  const bool more = static_cast<int64_t>(listed.records.size()) > limit;
  if (more) listed.records.pop_back();
  JsonWriter json;
  json.BeginObject().Key("records").BeginArray();
  for (const AuditRecord& record : listed.records) WriteAuditRecord(json, record, listed.accounts);
  json.EndArray().Key("next_cursor");
  if (more) {
    const AuditRecord& last = listed.records.back();
    json.String(FormatPlace({last.at, last.dealer, last.seq}));
  } else {
    json.Null();
  }
  json.EndObject();
  return Response::Json(json.text());
}

Result<Response> File(const AuditDeps& deps, const Request& request) {
  ASSIGN_OR_RETURN(const AuditFilter filter, FilterOf(request));
  ASSIGN_OR_RETURN(const Listed listed, List(deps.database, filter, {}, kFileMax));
  RETURN_IF_ERROR(deps.database.Write<void>([&](db::Connection& connection) {
    return db::Witness(deps.audit, request.caller.account)
        .Note(connection, "export.audit", "audit", {}, {{"records", static_cast<int64_t>(listed.records.size())}});
  }));
  std::string text =
      "\xEF\xBB\xBF"
      "at,dealer,seq,actor,login,act,object,detail\r\n";
  for (const AuditRecord& record : listed.records) {
    const Account* account = Find(listed.accounts, record.actor);
    text += CsvLine({FormatInstant(record.at), std::to_string(record.dealer.value), std::to_string(record.seq),
                     std::to_string(record.actor.value), GuardText(account == nullptr ? "" : account->login),
                     record.act, record.object, record.detail});
  }
  return Response::Download(std::move(text), "text/csv; charset=utf-8", "audit.csv");
}

Result<Response> Verify(const AuditDeps& deps, const Request&) {
  if (deps.hasher == nullptr) return Error("key_file_missing").With("path", "");
  ASSIGN_OR_RETURN(const auto chains, CheckAudit(deps.database, *deps.hasher));
  JsonWriter json;
  WriteAuditCheck(json, chains);
  return Response::Json(json.text()).Header("Cache-Control", "no-store");
}

}  // namespace

Result<Instant> ParseBound(std::string_view text, bool end) {
  constexpr int64_t kDayMs = 86'400'000;
  if (const auto day = ParseDay(text)) return Instant{(int64_t{day->value} + (end ? 1 : 0)) * kDayMs};
  if (const auto instant = ParseInstant(text)) return *instant;
  return Error("bad_instant").With("text", text);
}

void WriteAuditRecord(JsonWriter& json, const AuditRecord& record, const std::vector<Account>& accounts) {
  json.BeginObject().Field("at", FormatInstant(record.at)).Field("dealer", std::to_string(record.dealer.value));
  json.Field("seq", record.seq).Field("actor", std::to_string(record.actor.value));
  if (const Account* account = Find(accounts, record.actor)) {
    json.Field("login", account->login).Field("name", account->name);
  }
  json.Field("act", record.act).Field("object", record.object);
  if (!record.detail.empty()) json.Key("detail").Raw(record.detail);
  json.EndObject();
}

void WriteAuditCheck(JsonWriter& json, const std::vector<CheckedChain>& chains) {
  int64_t checked = 0;
  bool intact = true;
  for (const CheckedChain& chain : chains) {
    checked += chain.verdict.checked;
    intact = intact && chain.verdict.finding == ChainFinding::kIntact;
  }
  json.BeginObject().Field("intact", intact).Field("chains", static_cast<int64_t>(chains.size()));
  json.Field("checked", checked).Key("findings").BeginArray();
  for (const CheckedChain& chain : chains) {
    if (chain.verdict.finding == ChainFinding::kIntact) continue;
    json.BeginObject().Field("dealer", std::to_string(chain.dealer.value));
    json.Field("finding", FindingName(chain.verdict.finding)).Field("seq", chain.verdict.seq).EndObject();
  }
  json.EndArray().EndObject();
}

void AddAuditRoutes(http::Router& router, const AuditDeps& deps) {
  const auto with = [&deps](auto function) -> http::ResultHandler {
    return [deps, function](const Request& request) { return function(deps, request); };
  };
  const http::Admission kAdministrator(http::Gate::kAdmin, http::Rows::kNetwork);
  router.Get("/api/v1/audit", kAdministrator, with(Page));
  router.Get("/api/v1/audit.csv", kAdministrator, with(File));
  router.Get("/api/v1/audit/verify", kAdministrator, with(Verify));
}

}  // namespace dealpace::access
