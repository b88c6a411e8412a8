#pragma once

#include <string>
#include <vector>

#include "bench/program.h"
#include "bench/showroom_year.h"

// A store of Dealpace with the year of bench/showroom_year.h in it, made as a user makes one: the organisation over
// HTTP, the entries by `dealpace import` with a mapping.
namespace dealpace::bench {

struct Store {
  std::string binary;
  std::string folder;    // the data folder
  std::string database;  // a URL; empty: SQLite in the folder
  std::string log;       // of the server
  std::string token;     // of an administrator, once the store is made
  [[nodiscard]] std::vector<std::string> Command(const std::vector<std::string>& words) const;
  [[nodiscard]] Serving Serve(const std::vector<std::string>& options = {}) const {
    return {binary, Options(), log, options};
  }

 private:
  [[nodiscard]] std::vector<std::string> Options() const;
};

// The SQLite store that an earlier run of year_bench left in its work folder. Throws std::runtime_error where there is
// none.
[[nodiscard]] Store OpenStore(const std::string& binary, const std::string& work);

// An empty store with an administrator's token, the regions, and the dealers in them. Throws std::runtime_error.
void MakeStore(Store& store, const YearScale& scale);

// Imports events.csv of `year_folder`; consultants and members are made as they are named.
Finished ImportYear(const Store& store, const std::string& year_folder, const std::string& mapping);

}  // namespace dealpace::bench
