#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

// Runs the built command line as a person would, on a store in a folder of its own.
namespace dealpace::testing {

struct Ran {
  int exit = 0;
  std::string out;
  std::string err;
  [[nodiscard]] boost::json::value json() const { return boost::json::parse(out); }
};

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class CliTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "dealpace-cli-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  [[nodiscard]] static std::string Binary() { return DEALPACE_BINARY; }
  [[nodiscard]] std::filesystem::path Path(const std::string& name) const { return folder_ / name; }
  std::string Write(const std::string& name, std::string_view content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
    return Path(name).string();
  }
  // Where the store is: a folder under the test's own, unless the test says otherwise.
  [[nodiscard]] virtual std::string Store() const { return "--data " + Path("data").string(); }

  // `arguments` as typed in a shell.
  [[nodiscard]] Ran Run(const std::string& arguments) const {
    const std::string out = Path("out.txt").string();
    const std::string err = Path("err.txt").string();
    const std::string command =
        Binary() + " --lang en " + Store() + " " + arguments + " >" + out + " 2>" + err + " </dev/null";
    const int status = std::system(command.c_str());
    return {WEXITSTATUS(status), ReadFile(out), ReadFile(err)};
  }
  // Runs a command that must succeed.
  Ran Must(const std::string& arguments) const {
    Ran ran = Run(arguments);
    EXPECT_EQ(ran.exit, 0) << arguments << "\n" << ran.out << ran.err;
    return ran;
  }
  [[nodiscard]] boost::json::value Json(const std::string& arguments) const {
    const Ran ran = Must(arguments + " --format json");
    boost::json::error_code failed;
    boost::json::value value = boost::json::parse(ran.out, failed);
    EXPECT_FALSE(failed) << ran.out;
    return value;
  }
  // The total's value of a one-column question.
  [[nodiscard]] double Total(const std::string& expression, const std::string& more = "") const {
    const boost::json::value answer = Json("kpi '" + expression + "' " + more);
    const auto& total = answer.at("total").as_object();
    EXPECT_EQ(total.size(), 1U);
    return Value(total.begin()->value());
  }
  static double Value(const boost::json::value& cell) {
    const boost::json::value& value = cell.at("value");
    return value.is_null() ? std::nan("") : value.to_number<double>();
  }

  std::filesystem::path folder_;
};

// The folder of real files, or empty when the environment does not name it.
inline std::filesystem::path RealFiles() {
  const char* folder = std::getenv("DEALPACE_TESTDATA");
  return folder == nullptr || *folder == '\0' ? std::filesystem::path() : std::filesystem::path(folder) / "real";
}

}  // namespace dealpace::testing

#define SKIP_WITHOUT_REAL_FILES()                                            \
  if (::dealpace::testing::RealFiles().empty()) {                            \
    GTEST_SKIP() << "DEALPACE_TESTDATA is not set: no real files to import"; \
  }
