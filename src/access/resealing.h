#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "access/sealed_fields.h"
#include "access/vault.h"
#include "base/days.h"
#include "db/audit.h"
#include "db/db.h"

// After a new data key (Vault::Rotate): everything is sealed anew with it, while people work, and then the old ones go.
namespace dealpace::access {

// How long a data key stays after nothing has been found any more that is sealed with it: for servers of an earlier
// release, which may seal with it still, and for whoever reads an older view of the data.
inline constexpr int64_t kKeyGraceMs = int64_t{24} * 60 * 60 * 1000;

// Whoever runs a Resealer holds this lease (db::Lease): one server or command at a time.
inline constexpr const char* kResealing = "resealing";
inline constexpr auto kResealingLease = std::chrono::minutes(2);

struct DataKeyState {
  uint32_t number = 0;
  Instant made_at{};
  uint32_t master = 0;                 // that wraps it
  int64_t fields = 0;                  // sealed with it
  std::optional<Instant> clear_since;  // nothing is, nor with an older one
};

struct SealedState {
  std::vector<DataKeyState> keys;  // the oldest first; the last one seals
  struct Column {
    const SealedColumn* column = nullptr;
    int64_t fields = 0;
    int64_t old = 0;  // sealed with another key than the newest
  };
  std::vector<Column> columns;  // all of kSealedColumns
  int64_t keyless = 0;          // fields of no key that there is: they cannot be opened

  [[nodiscard]] int64_t fields() const;
  [[nodiscard]] int64_t old() const;
};
// Looks at every sealed field, dealer by dealer: some seconds for each million.
[[nodiscard]] SealedState ReadSealedState(db::Connection& connection);

// The statements that go by the list, for whoever checks what statements may do (tests/rules).
struct SealedStatements {
  std::string page;    // key and field of the next rows that are sealed with an older key
  std::string change;  // puts another field in the place of one, if that is still there
  std::string find;    // whether anything is sealed with an older key
  std::string count;   // fields by the number of their key
};
[[nodiscard]] SealedStatements StatementsOf(const SealedColumn& column);

// How long to rest after a step that took so long, so that people have the store for most of the time.
[[nodiscard]] std::chrono::milliseconds RestAfter(std::chrono::milliseconds took);

// Thread-safe, but two at work at once only do the same twice: a db::Lease keeps them apart.
class Resealer {
 public:
  Resealer(db::Database& database, const Vault& vault, db::AuditLog audit, int64_t grace_ms = kKeyGraceMs)
      : database_(database), vault_(vault), audit_(std::move(audit)), grace_ms_(grace_ms) {}

  // Whether Run has anything to do now. Cheap.
  [[nodiscard]] Result<bool> Due();

  struct Hooks {
    // Called in each transaction; fails it when somebody else has taken over.
    std::function<Status(db::Connection&)> guard;
    // Asked between the steps.
    std::function<bool()> go_on;
    // After each step: how long it took, and how many fields it sealed. Whoever lets people work rests here.
    std::function<void(std::chrono::milliseconds, int64_t)> rest;
  };
  struct Outcome {
    int64_t sealed = 0;   // fields
    int64_t damaged = 0;  // fields that do not open, and so keep their key from being dropped
    bool whole = true;    // false: it was told not to go on
    bool clear = false;   // nothing is sealed with an older key
    int64_t dropped = 0;  // keys
  };
  // Seals anew what is sealed with an older key than the newest, some rows in each transaction, and drops old keys
  // whose time of grace is over. Changes the sealed fields only: neither versions nor who changed a row when, and what
  // somebody else has changed meanwhile stays as he left it. May be stopped and begun again at any time; what is done
  // stays done.
  [[nodiscard]] Result<Outcome> Run(const Hooks& hooks);

 private:
  [[nodiscard]] Result<std::vector<DataKeyState>> Keys();
  [[nodiscard]] Status SealAnew(const SealedColumn& column, std::optional<int64_t> dealer, uint32_t newest,
                                const Hooks& hooks, Outcome& outcome);
  [[nodiscard]] Result<bool> AnyOlder(uint32_t newest, const Hooks& hooks);
  // Keys that have been clear for the time of grace. Each is noted as data_key.drop. When something is sealed with them
  // all the same, none goes, and their time begins anew.
  [[nodiscard]] Result<int64_t> DropClear(const Hooks& hooks);

  db::Database& database_;
  const Vault& vault_;
  const db::AuditLog audit_;
  const int64_t grace_ms_;
};

}  // namespace dealpace::access
