#include "exchange/records_api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/json.h"
#include "base/money.h"
#include "catalog/messages.h"
#include "exchange/records.h"
#include "facts/row_limits.h"
#include "http/json_body.h"
#include "ledger/key_keeper.h"
#include "ledger/readings.h"
#include "org/org.h"

namespace dealpace::exchange {
namespace {

using http::JsonBody;
using http::Request;
using http::Response;

constexpr size_t kEventsMax = 10'000;
constexpr size_t kReadingsMax = 5'000;
constexpr int64_t kBodyMax = 16 << 20;
constexpr size_t kTextMax = 1'000;       // bytes of a field
constexpr size_t kLaterBodyMax = 4'096;  // of an event that no worker need look at
constexpr int64_t kListMax = 500;

// The shortest text that reads back as this number: what the client has most likely written.
std::string NumberText(double number) {
  std::array<char, 32> text{};
  const auto [end, problem] = std::to_chars(text.data(), text.data() + text.size(), number);
  return {text.data(), problem == std::errc() ? end : text.data()};
}

Status TakeTexts(JsonBody& body, std::initializer_list<std::string_view> names, RecordFields& fields) {
  for (const std::string_view name : names) {
    ASSIGN_OR_RETURN(auto text, body.OptionalText(name, kTextMax));
    if (text) fields.emplace(name, *std::move(text));
  }
  return {};
}

Result<EventRecord> ReadEvent(JsonBody& body) {
  EventRecord record;
  RETURN_IF_ERROR(TakeTexts(body,
                            {"event", "at", "dealer", "lead", "staff", "source", "access_form", "channel", "model",
                             "customer_type", "campaign", "stage", "reason"},
                            record.fields));
  for (const std::string_view name : {"count", "amount"}) {
    ASSIGN_OR_RETURN(const auto number, body.OptionalNumber(name));
    if (number) record.fields.emplace(name, NumberText(*number));
  }
  ASSIGN_OR_RETURN(const auto attempt, body.OptionalInt("attempt"));
  if (attempt) record.fields.emplace("attempt", std::to_string(*attempt));
  ASSIGN_OR_RETURN(const auto key, body.OptionalText("key", kTextMax));
  record.key = key.value_or("");
  ASSIGN_OR_RETURN(record.withdraw, body.Bool("withdraw", false));
  RETURN_IF_ERROR(body.Done());
  return record;
}

Result<ReadingRecord> ReadReading(JsonBody& body) {
  ReadingRecord record;
  RETURN_IF_ERROR(
      TakeTexts(body, {"measure", "dealer", "at", "staff", "model", "source", "channel", "customer_type", "reason"},
                record.fields));
  if (!body.object().contains("value")) return Error("field_missing").With("field", "value");
  ASSIGN_OR_RETURN(const auto value, body.OptionalNumber("value"));
  if (value) {
    record.fields.emplace("value", NumberText(*value));
  } else {
    record.withdraw = true;
  }
  RETURN_IF_ERROR(body.Done());
  return record;
}

Response BookedResponse(const Recorded& recorded, Language language) {
  JsonWriter json;
  json.BeginObject().Field("added", recorded.booked.added).Field("changed", recorded.booked.changed);
  json.Field("unchanged", recorded.booked.unchanged).Field("removed", recorded.booked.removed);
  json.Key("refused").BeginArray();
  for (const RecordRefusal& refusal : recorded.refused) {
    json.BeginObject().Field("index", static_cast<int64_t>(refusal.index)).Field("code", refusal.error.code);
    json.Field("message", catalog::Messages::Get().RenderMessage(refusal.error, language));
    if (!refusal.field.empty()) json.Field("field", refusal.field);
    json.EndObject();
  }
  json.EndArray().EndObject();
  return Response::Json(json.text());
}

class RecordApi {
 public:
  explicit RecordApi(RecordDeps deps) : deps_(std::move(deps)) {
    if (!deps_.database.writes_later()) return;
    deps_.database.Watch(memory_);
    keeper_.emplace(deps_.database, memory_);
  }

  Result<Response> AddEvents(const Request& request) {
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(RecordOptions options, OptionsOf(request));
    options.desk = &desk_;
    if (deps_.database.writes_later()) options.memory = memory_;
    ASSIGN_OR_RETURN(options.create_missing, body.Bool("create_missing", false));
    std::vector<Result<EventRecord>> records;
    if (body.Has("events")) {
      ASSIGN_OR_RETURN(std::vector<JsonBody> events, body.Objects("events", kEventsMax));
      RETURN_IF_ERROR(body.Done());
      for (JsonBody& event : events) records.push_back(ReadEvent(event));
      // A single event stands in the ledger with its recorder, which is record enough.
      options.witness = {deps_.audit, request.caller.account};
    } else {
      records.push_back(ReadEvent(body));
    }
    ASSIGN_OR_RETURN(const Recorded recorded, RecordEvents(deps_.database, *deps_.catalog, records, options));
    return BookedResponse(recorded, request.language);
  }

  // A small event that comes alone, of who has all rows: the others need the store, or time, before they can be booked.
  http::LaterBegin AddEventLater(const Request& request) {
    if (!deps_.database.writes_later() || request.body.size() > kLaterBodyMax) return {};
    if (request.Header("idempotency-key")) return {};
    if (!request.caller.RowsFor("record")->network) return {};
    Result<JsonBody> body = JsonBody::Parse(request.body);
    if (!body.ok() || body->Has("events") || body->Has("create_missing")) return {};
    const Result<EventRecord> record = ReadEvent(*body);
    if (!record.ok()) return {};
    Result<RecordOptions> options = OptionsOf(request);
    if (!options.ok()) return {};
    options->desk = &desk_;
    options->memory = memory_;
    options->here = request.alone;
    auto begin = RecordEventLater(deps_.database, *deps_.catalog, *record, *options);
    if (!begin) return {};
    return [begin = std::move(begin), &request](std::function<void(http::LaterAnswer)> answer) {
      begin([answer = std::move(answer), &request](Result<std::optional<Recorded>> recorded) {
        answer([recorded = std::move(recorded), &request]() -> std::optional<Response> {
          if (!recorded.ok()) return Response::Problem(recorded.error(), request);
          if (!*recorded) return std::nullopt;
          return BookedResponse(**recorded, request.language);
        });
      });
    };
  }

  Result<Response> AddReadings(const Request& request) {
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    if (!body.Has("readings")) return Error("field_missing").With("field", "readings");
    ASSIGN_OR_RETURN(std::vector<JsonBody> readings, body.Objects("readings", kReadingsMax));
    RETURN_IF_ERROR(body.Done());
    std::vector<Result<ReadingRecord>> records;
    for (JsonBody& reading : readings) records.push_back(ReadReading(reading));
    ASSIGN_OR_RETURN(RecordOptions options, OptionsOf(request));
    options.witness = {deps_.audit, request.caller.account};
    ASSIGN_OR_RETURN(const Recorded recorded, RecordReadings(deps_.database, *deps_.catalog, records, options));
    return BookedResponse(recorded, request.language);
  }

  Result<Response> ListReadings(const Request& request) {
    int64_t limit = 100;
    if (const auto text = request.Query("limit")) {
      const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), limit);
      if (problem != std::errc() || end != text->data() + text->size() || limit < 1 || limit > kListMax) {
        return Error("field_value_unknown").With("field", "limit").With("value", *text).With("known", "1–500");
      }
    }
    int event = -1;
    if (const auto name = request.Query("measure"); name && !name->empty()) {
      const int measure = deps_.catalog->FindMeasure(*name);
      if (measure < 0) return Error("row_unknown_measure").With("name", *name);
      event = deps_.catalog->measures()[static_cast<size_t>(measure)].reading_event;
    }
    const RowScope& rows = *request.caller.RowsFor("record");
    ASSIGN_OR_RETURN(std::vector<org::Dealer> dealers, deps_.database.Read<std::vector<org::Dealer>>(
                                                           [](db::Connection& c) { return org::ListDealers(c); }));
    std::erase_if(dealers, [&](const org::Dealer& dealer) { return !rows.SeesAllOf(dealer.id); });
    std::optional<DealerId> only;
    if (const auto name = request.Query("dealer"); name && !name->empty()) {
      for (const org::Dealer& dealer : dealers) {
        if (dealer.code == *name || dealer.name == *name || std::to_string(dealer.id.value) == *name) only = dealer.id;
      }
      if (!only) return Error("row_unknown_dealer").With("name", *name);
    }
    ASSIGN_OR_RETURN(const auto org, deps_.org.Current());
    using Readings = std::vector<ledger::LiveReading>;
    ASSIGN_OR_RETURN(const Readings readings,
                     deps_.database.Read<Readings>([&](db::Connection& connection) -> Result<Readings> {
                       if (only || rows.network) {
                         return ledger::ListReadings(connection, *deps_.catalog, event, only, limit);
                       }
                       Readings all;
                       for (const org::Dealer& dealer : dealers) {
                         Readings of = ledger::ListReadings(connection, *deps_.catalog, event, dealer.id, limit);
                         all.insert(all.end(), std::make_move_iterator(of.begin()), std::make_move_iterator(of.end()));
                       }
                       std::stable_sort(all.begin(), all.end(),
                                        [](const auto& a, const auto& b) { return a.recorded_at > b.recorded_at; });
                       if (static_cast<int64_t>(all.size()) > limit) all.resize(static_cast<size_t>(limit));
                       return all;
                     }));
    std::unordered_map<int64_t, const org::Dealer*> by_id;
    for (const org::Dealer& dealer : dealers) by_id.emplace(dealer.id.value, &dealer);
    JsonWriter json;
    json.BeginObject().Key("readings").BeginArray();
    for (const ledger::LiveReading& reading : readings) WriteReading(json, reading, by_id, *org);
    json.EndArray().EndObject();
    return Response::Json(json.text());
  }

  [[nodiscard]] const RecordDeps& deps() const { return deps_; }

 private:
  [[nodiscard]] Result<RecordOptions> OptionsOf(const Request& request) const {
    RecordOptions options;
    options.rows = request.caller.RowsFor("record");
    if (!options.rows->network) {
      ASSIGN_OR_RETURN(const auto org, deps_.org.Current());
      options.seen = facts::Narrow(*org, *options.rows);
    }
    if (const auto key = request.Header("idempotency-key")) {
      const std::string account = std::to_string(request.caller.account.value);
      const auto bytes = HashText(account + '\n' + std::string(*key) + '\n' + request.body).Bytes();
      options.request.assign(bytes.data(), bytes.size());
    }
    options.recorded_by = request.caller.login;
    options.now = deps_.now();
    return options;
  }

  // So that what is listed can be given again to change it: the dealer and a person by code.
  void WriteReading(JsonWriter& json, const ledger::LiveReading& reading,
                    const std::unordered_map<int64_t, const org::Dealer*>& dealers, const facts::OrgView& org) const {
    const catalog::Event& event = deps_.catalog->events()[static_cast<size_t>(reading.content.event)];
    const catalog::Measure& measure = deps_.catalog->measures()[static_cast<size_t>(event.reading_of)];
    json.BeginObject().Field("measure", measure.id);
    const auto dealer = dealers.find(reading.dealer.value);
    json.Field("dealer", dealer == dealers.end() ? "" : dealer->second->code);
    json.Field("dealer_name", org.Label(Dim::kDealer, reading.dealer.value));
    json.Field("at", FormatDay(reading.content.day)).Key("value");
    json.Raw(measure.sums_amount() ? FormatFen(reading.content.amount) : FormatQuantity(reading.content.quantity));
    if (reading.content.actor.set()) {
      std::string person = org.Label(Dim::kStaff, reading.content.actor.value);
      for (const auto& [code, id] : org.codes[static_cast<size_t>(Dim::kStaff)]) {
        if (id == reading.content.actor.value) person = code;
      }
      json.Field("staff", person);
    }
    for (int m = 0; m < kMemberDimCount; ++m) {
      const int64_t member = reading.content.members[static_cast<size_t>(m)];
      if (member != 0) json.Field(DimName(MemberDim(m)), org.Label(MemberDim(m), member));
    }
    json.Field("recorded_at", FormatInstant(reading.recorded_at)).Field("recorded_by", reading.recorded_by);
    json.EndObject();
  }

  RecordDeps deps_;
  RecordDesk desk_;
  const std::shared_ptr<ledger::KeyMemory> memory_ = std::make_shared<ledger::KeyMemory>();
  std::optional<ledger::KeyKeeper> keeper_;
};

}  // namespace

void AddRecordRoutes(http::Router& router, const RecordDeps& deps) {
  const auto api = std::make_shared<RecordApi>(deps);
  const auto handler = [api](Result<Response> (RecordApi::*method)(const Request&)) -> http::ResultHandler {
    return [api, method](const Request& request) { return ((*api).*method)(request); };
  };
  const auto add = [&](std::string_view pattern, http::ResultHandler booking, http::LaterHandler later) {
    http::Route route;
    route.method = http::Method::kPost;
    route.pattern = pattern;
    route.admission = {http::Gate::kSignedIn, http::Rows::kScoped, "record"};
    route.handler = api->deps().idempotent(http::Answering(std::move(booking)));
    route.body = http::Body::kMemory;
    route.body_max = kBodyMax;
    route.later = std::move(later);
    router.Add(std::move(route));
  };
  add("/api/v1/events", handler(&RecordApi::AddEvents),
      [api](const Request& request) { return api->AddEventLater(request); });
  add("/api/v1/readings", handler(&RecordApi::AddReadings), nullptr);
  router.Get("/api/v1/readings", {http::Gate::kSignedIn, http::Rows::kScoped, "record"},
             handler(&RecordApi::ListReadings));
}

}  // namespace dealpace::exchange
