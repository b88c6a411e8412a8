#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "app/wiring.h"
#include "base/days.h"
#include "base/result.h"

// A made-up network of car dealers with some years of sales behind it, for trying Dealpace out.
namespace dealpace::app {

struct DemoOptions {
  int regions = 3;      // 1 to 99, and no more than dealers
  int dealers = 12;     // in the whole network, spread over the regions; 1 to 2000
  int teams = 2;        // in each dealer; 1 to 20
  int consultants = 4;  // in each team; 1 to 50
  int months = 24;      // calendar months told, the one of `until` included; 1 to 240
  uint64_t seed = 42;   // another seed, another network
  Day until{};          // the last day told, best one that is over; not before 2000
  double scale = 1.0;   // customers: 1 makes about 150 leads a month and dealer; above 0, up to 20
};

struct DemoSummary {
  int regions = 0;
  int dealers = 0;
  int teams = 0;
  int staff = 0;  // with those who left
  int64_t leads = 0;
  int64_t entries = 0;  // with reversals
  Period period{};
  // Two dealers with a problem to be found, by code; empty in a network of one dealer.
  std::string poor_capture;     // captures about half as often as the others
  std::string poor_test_drive;  // seldom invites to a test drive, hence closes less
};

// Told after each dealer's month: so many of so many are in the ledger.
using DemoProgress = std::function<void(int64_t done, int64_t total)>;

// Founds the network in an empty, migrated store and books its history: leads from first contact to call-back,
// daily work, campaigns, training, ratings, finance. What only retail, insurance, production or targets record is
// left out.
//
// Every entry carries the evening of its day as recorded_at, so that questions "as known then" make sense. Nothing is
// dated after `until`; what a story would still bring is simply not there yet. The same options give the same entries
// in the same order on every machine, ids aside. Spring Festival is known from 2020 to 2030.
//
// A dealer's month is one transaction: when loading breaks off, what is there is whole, but the store is of no use for
// another try. Fails with demo_not_empty (the ledger has entries), demo_bad_option ("option"), code_taken (the store
// has dealers of these codes), and as the database does.
[[nodiscard]] Result<DemoSummary> LoadDemo(System& system, const DemoOptions& options,
                                           const DemoProgress& progress = {});

}  // namespace dealpace::app
