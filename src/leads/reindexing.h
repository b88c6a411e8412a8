#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "access/resealing.h"
#include "leads/store.h"

// After a new index key (access::Vault::RotateIndex): everything that customers are found by is made anew under it,
// while people work, and then the old key goes.
namespace dealpace::leads {

// Whoever runs a Reindexer holds this lease (db::Lease): one server or command at a time.
inline constexpr const char* kReindexing = "reindexing";

struct IndexState {
  struct Key {
    int64_t number = 0;  // 0: that of the key file
    Instant made_at{};
    int64_t customers = 0;  // of whom this is the newest key under which they are wholly found
  };
  std::vector<Key> keys;  // the oldest first; the last one is the newest
  int64_t customers = 0;
  int64_t left = 0;       // customers who are not wholly found by the newest key yet
  bool sweeping = false;  // tokens of keys that are gone are being removed
};
// Counts all customers, dealer by dealer.
[[nodiscard]] IndexState ReadIndexState(db::Connection& connection);

// Thread-safe, but two at work at once only do the same twice: a db::Lease keeps them apart.
class Reindexer {
 public:
  Reindexer(Store& store, db::AuditLog audit) : store_(store), audit_(std::move(audit)) {}

  // Whether Run has anything to do now. Cheap.
  [[nodiscard]] Result<bool> Due();

  struct Outcome {
    int64_t customers = 0;  // of whom tokens were made
    int64_t damaged = 0;    // whose records do not open, and who keep the old key from going
    bool whole = true;      // false: it was told not to go on
    int64_t dropped = 0;    // keys
    int64_t swept = 0;      // tokens of keys that are gone
  };
  // Makes the tokens of customers who lack them under the newest key, some in each transaction; drops the older keys
  // once nobody lacks them; removes the tokens of keys that are gone. Neither versions nor who changed a customer when
  // are touched, and of whom somebody else changes meanwhile the tokens are those of what he leaves. May be stopped and
  // begun again at any time; what is done stays done.
  [[nodiscard]] Result<Outcome> Run(const access::Resealer::Hooks& hooks);

 private:
  [[nodiscard]] Result<std::vector<DealerId>> Dealers();
  [[nodiscard]] Status Fill(DealerId dealer, int64_t newest, const access::Resealer::Hooks& hooks, Outcome& outcome);
  [[nodiscard]] Status Drop(const std::vector<DealerId>& dealers, int64_t newest, const access::Resealer::Hooks& hooks,
                            Outcome& outcome);
  [[nodiscard]] Status Sweep(DealerId dealer, int64_t newest, const access::Resealer::Hooks& hooks, Outcome& outcome);

  Store& store_;
  const db::AuditLog audit_;
};

}  // namespace dealpace::leads
