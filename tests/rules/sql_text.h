#pragma once

#include <string>
#include <string_view>
#include <vector>

// SQL statements as they stand in C++ sources.
namespace dealpace::testing {

struct SqlText {
  std::string file;
  int line = 0;
  // The literals of one expression put together, raw ones too; "@" stands for what is put in between at run time.
  // Without SQL comments, and with every run of white space as one blank.
  std::string sql;
};

// The statements of a source: what begins with SELECT, INSERT, UPDATE, DELETE, WITH, CREATE or MERGE.
[[nodiscard]] std::vector<SqlText> StatementsOf(const std::string& file, std::string_view source);

}  // namespace dealpace::testing
