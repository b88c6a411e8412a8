#include "bench/showroom_store.h"

#include <boost/json.hpp>
#include <fstream>
#include <stdexcept>

#include "bench/http_client.h"

namespace dealpace::bench {
namespace {

namespace json = boost::json;

// Posts what makes a unit of the organisation; its id.
std::string Add(HttpClient& client, const std::string& token, const std::string& path, const json::object& unit) {
  const HttpAnswer answer = client.Send(HttpRequest("POST", "/api/v1/org/" + path, token, json::serialize(unit)));
  if (answer.status != 201) throw std::runtime_error(path + ": " + answer.body);
  return std::string(json::parse(answer.body).at("id").as_string());
}

}  // namespace

std::vector<std::string> Store::Options() const {
  std::vector<std::string> options = {"--data", folder};
  if (!database.empty()) options.insert(options.end(), {"--db", database});
  return options;
}

std::vector<std::string> Store::Command(const std::vector<std::string>& words) const {
  std::vector<std::string> command = {binary, "--lang", "en"};
  const std::vector<std::string> options = Options();
  command.insert(command.end(), options.begin(), options.end());
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

Store OpenStore(const std::string& binary, const std::string& work) {
  Store store;
  store.binary = binary;
  store.folder = work + "/store";
  store.log = work + "/server.log";
  std::ifstream(work + "/token") >> store.token;
  if (work.empty() || store.token.empty()) throw std::runtime_error("no store of year_bench in \"" + work + "\"");
  return store;
}

void MakeStore(Store& store, const YearScale& scale) {
  MustRun(store.Command({"init"}));
  const Serving server = store.Serve();
  const Finished token =
      MustRun(store.Command({"--format", "json", "user", "token", "admin", "--name", "year", "--scope", "admin"}));
  store.token = json::parse(token.out).at("secret").as_string();
  HttpClient client(server.port());
  int dealer = 0;
  for (int region = 1; region <= scale.regions; ++region) {
    const std::string id = Add(client, store.token, "regions", {{"code", std::to_string(region)}});
    for (int i = 0; i < scale.dealers_per_region; ++i) {
      Add(client, store.token, "dealers", {{"code", std::to_string(++dealer)}, {"region", id}, {"from", "2025-01-01"}});
    }
  }
}

Finished ImportYear(const Store& store, const std::string& year_folder, const std::string& mapping) {
  return MustRun(
      store.Command({"import", "events", year_folder + "/events.csv", "--map", mapping, "--create-missing"}));
}

}  // namespace dealpace::bench
