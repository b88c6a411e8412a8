#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "access/access.h"
#include "db/testing.h"

// What the tests of this room share: a folder, and an Access over a database of its own, with a clock that stands still
// until told.
namespace dealpace::access {

template <typename T>
std::string Code(const Result<T>& result) {
  return result.ok() ? "" : result.error().code;
}

// A folder that goes with the object.
class TestFolder {
 public:
  TestFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "dealpace-test-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder: " + path);
    path_ = path;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class AccessTest : public testing::TestWithParam<db::Kind> {
 protected:
  static constexpr const char* kPassword = "grey horse on a roof";

  AccessTest() : database_(GetParam()), access_(*database_, Options()) {}

  AccessOptions Options() {
    AccessOptions options;
    options.cost = Passwords::Cost::Least();
    options.clock = [this] { return now_; };
    options.program_version = "1.2.3";
    options.today = [] { return Day{20'000}; };
    return options;
  }
  void Pass(int64_t seconds) { now_.ms += seconds * 1000; }

  // An account that has set its password.
  Account Add(const std::string& login, Role role = Role::kMember) {
    static const std::string hash = *Passwords(Passwords::Cost::Least()).Hash(kPassword);
    const auto added = database_->Write<Account>([&](db::Connection& c) -> Result<Account> {
      return AddAccount(c, {*NormalizeLogin(login), "", role, {hash, false, std::nullopt}}, now_);
    });
    EXPECT_EQ(Code(added), "");
    return *added;
  }
  Result<SignedIn> SignIn(const std::string& login, const std::string& password = kPassword, bool phone = false,
                          const std::string& address = "10.0.0.1") {
    return access_.SignIn({login, password, {phone, "Mozilla/5.0", address}});
  }
  // Whether the session is still one, past the cache.
  bool Open(const SignedIn& signed_in) {
    Access fresh(*database_, Options());
    return fresh.IdentifySession(signed_in.token)->has_value();
  }
  int64_t Count(const std::string& table) {
    return *database_->Read<int64_t>([&](db::Connection& c) -> Result<int64_t> {
      db::Rows rows = c.Query("SELECT count(*) FROM " + table);
      rows.Next();
      return rows.Int(0);
    });
  }

  Instant now_{1'790'000'000'000};
  db::TestDatabase database_;
  Access access_;
};

}  // namespace dealpace::access
