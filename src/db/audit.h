#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "db/db.h"

// How the rooms tell what somebody does, in the transaction in which it is done: the deed and its record are stored
// together or not at all. Where the records go, access/audit.h says.
namespace dealpace::db {

// Something done. Holds ids and names from the program's own lists only, never personal data, secrets or what people
// typed: records stay for good.
struct Deed {
  AccountId actor;     // unset: the program itself, or the command line
  std::string act;     // "account.change"
  std::string object;  // "account:17"
  DealerId dealer;     // unset: it concerns the network
  // What else is worth knowing, by name.
  using Detail = std::variant<bool, int64_t, std::string, std::vector<std::string>>;
  std::vector<std::pair<std::string, Detail>> details;
};

// Writes down a deed. To be called last in a transaction: it makes others who write to the same chain wait.
using AuditLog = std::function<Status(Connection&, const Deed&)>;

// Who does something, and where it is written down. Without a log nothing is, as in tests of other things.
class Witness {
 public:
  Witness() = default;
  Witness(AuditLog log, AccountId actor) : log_(std::move(log)), actor_(actor) {}

  [[nodiscard]] Status Note(Connection& connection, std::string_view act, std::string object, DealerId dealer = {},
                            std::vector<std::pair<std::string, Deed::Detail>> details = {}) const {
    if (!log_) return {};
    return log_(connection, {actor_, std::string(act), std::move(object), dealer, std::move(details)});
  }

 private:
  AuditLog log_;
  AccountId actor_;
};

// "account:17"
[[nodiscard]] inline std::string ObjectOf(std::string_view kind, int64_t id) {
  return std::string(kind) + ":" + std::to_string(id);
}

}  // namespace dealpace::db
