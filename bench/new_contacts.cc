#include "bench/new_contacts.h"

#include <boost/json.hpp>
#include <ctime>
#include <stdexcept>
#include <utility>

namespace dealpace::bench {

NewContacts::NewContacts(const YearScale& scale, std::string token)
    : dealers_(scale.dealers()), token_(std::move(token)), run_(std::to_string(std::time(nullptr))) {}

std::string NewContacts::Request(int count, To to) {
  const auto next_dealer = [&] { return static_cast<int>(turns_++ % static_cast<uint64_t>(dealers_)); };
  int dealer = next_dealer();
  // Without a JSON library: the time that it takes would be the server's.
  std::string events;
  for (int i = 0; i < count; ++i) {
    if (i > 0 && to == To::kEachInTurn) dealer = next_dealer();
    const std::string id = run_ + "-" + std::to_string(++contacts_);
    const auto field = [&](const char* name, const std::string& text) {
      events += std::string(",\"") + name + "\":\"" + text + '"';
    };
    events += std::string(i == 0 ? "" : ",") + R"({"event":"traffic","at":"2026-01-05T10:00:00+08:00")";
    field("dealer", std::to_string(dealer + 1));
    field("lead", id);
    field("key", id);
    field("staff", std::to_string(dealer * kConsultantsPerDealer + 1 + i % kConsultantsPerDealer));
    field("source", std::to_string(i % 5 + 1));
    field("model", std::to_string(i % 8 + 1));
    events += '}';
  }
  return HttpRequest("POST", "/api/v1/events", token_, count == 1 ? events : R"({"events":[)" + events + "]}");
}

uint64_t NewContacts::Counted(HttpClient& client) const {
  const HttpAnswer answer = client.Send(
      HttpRequest("POST", "/api/v1/kpi/query", token_, R"({"columns": ["traffic_cnt"], "period": "2026-01"})"));
  if (answer.status != 200) throw std::runtime_error(answer.body);
  const boost::json::value value = boost::json::parse(answer.body).at_pointer("/total/traffic_cnt/value");
  return value.is_null() ? 0 : value.to_number<uint64_t>();
}

}  // namespace dealpace::bench
