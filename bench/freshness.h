#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/new_contacts.h"

namespace dealpace::bench {

// How long questions take alone, and while events come in, up to 1,000 a second; and whether each answer has every
// event that was acknowledged before it was asked for.
struct Freshness {
  struct Round {
    std::vector<double> quiet_us;
    std::vector<double> busy_us;
  };
  std::vector<Round> rounds;
  int counted = 0;          // times it was asked how many events there are
  uint64_t missing = 0;     // events that an answer should have had, all answers together
  uint64_t unanswered = 0;  // events not acknowledged
  double per_second = 0;    // acknowledged while questions were asked
};

// Asks a server of 127.0.0.1 the requests one after the other, with 2 ms after each answer: so many seconds alone, as
// many with events, five times over. All must have been asked once. Throws std::runtime_error where a question is
// answered with an error.
[[nodiscard]] Freshness MeasureFreshness(int port, const std::vector<std::string>& requests, NewContacts& contacts,
                                         double seconds);

}  // namespace dealpace::bench
