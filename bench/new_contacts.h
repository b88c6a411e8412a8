#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "bench/http_client.h"
#include "bench/showroom_year.h"

// Contacts of January 2026, after the year of bench/showroom_year.h, so that the answers to its questions stay: given
// to the dealers in turn by POST /api/v1/events, each with a lead and a key of its own.
namespace dealpace::bench {

class NewContacts {
 public:
  // `token`: an administrator's. Keys differ from those of an earlier run.
  NewContacts(const YearScale& scale, std::string token);

  // A request that gives so many, to one dealer or to each in turn. From any thread.
  enum class To { kOneDealer, kEachInTurn };
  [[nodiscard]] std::string Request(int count = 1, To to = To::kOneDealer);

  // How many the figures have, of this run and earlier ones. Throws std::runtime_error where the answer is an error.
  [[nodiscard]] uint64_t Counted(HttpClient& client) const;

 private:
  const int dealers_;
  const std::string token_;
  const std::string run_;
  std::atomic<uint64_t> turns_{0};
  std::atomic<uint64_t> contacts_{0};
};

}  // namespace dealpace::bench
