#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <unordered_map>

#include "db/db.h"
#include "ledger/key_memory.h"

namespace dealpace::ledger {

// Looks after the keys of dealers at which one event after the other is booked, in threads of its own: learns those
// that a KeyMemory wants to know, and puts in order what was left for later at dealers where it has become quiet, so
// that after a restart hardly any have to be read back. An import puts its own in order.
class KeyKeeper {
 public:
  static constexpr std::chrono::milliseconds kQuiet{30'000};

  // `quiet`: how long nothing has been booked at a dealer before its keys are put in order.
  KeyKeeper(db::Database& database, std::shared_ptr<KeyMemory> memory, std::chrono::milliseconds quiet = kQuiet);
  ~KeyKeeper();
  KeyKeeper(const KeyKeeper&) = delete;
  KeyKeeper& operator=(const KeyKeeper&) = delete;

 private:
  void Learn();
  void PutInOrder();
  void OrderQuiet();
  // What many dealers need takes no more than half of the time.
  void Rest(std::chrono::steady_clock::duration worked) const;

  db::Database& database_;
  const std::shared_ptr<KeyMemory> memory_;
  const std::chrono::milliseconds quiet_;
  std::unordered_map<int64_t, int64_t> heads_;  // of dealers with keys to put in order, when they were looked at last
  std::thread learner_;
  std::thread orderer_;  // not the same: others' writes may wait for it
};

}  // namespace dealpace::ledger
