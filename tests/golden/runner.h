#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "kpi/answer.h"
#include "tests/golden/world.h"

// Reads golden files: plain text with what happened on top and the expected answers below. tests/README.md shows the
// format.
namespace dealpace::golden {

// A question of a file, and how its answer compares.
struct Asked {
  int line = 0;          // of the ask, from 1
  std::string question;  // as written
  std::vector<kpi::NamedFormula> columns;
  bool refused = false;
  kpi::Answer answer;                 // unless refused
  std::vector<std::string> expected;  // lines as they stand in the file
  std::vector<std::string> actual;    // lines as they should stand there
  bool same = false;                  // blanks and comments aside
};

struct Played {
  std::string path;
  std::vector<Asked> asked;
  std::string text;  // the file with the actual lines in place of the expected ones that differ
};

// Plays a file from top to bottom. Throws std::runtime_error ("path:line: …") when the file cannot be read as one.
[[nodiscard]] Played Play(const std::string& path, std::string_view text, const catalog::Catalog& catalog,
                          World& world);

// The questions whose answers differ, each with file and line and both answers; empty when there are none.
[[nodiscard]] std::string Differences(const Played& played);

}  // namespace dealpace::golden
