#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "access/access.h"
#include "access/audit.h"
#include "access/vault.h"
#include "db/testing.h"

// What the tests of this room share: a folder, and an Access over a database of its own, with a clock that stands still
// until told.
namespace dealpace::access {

template <typename T>
std::string Code(const Result<T>& result) {
  return result.ok() ? "" : result.error().code;
}

// What Base32 was made of.
inline std::string FromBase32(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    bits = bits << 5 | static_cast<uint32_t>(c >= 'A' ? c - 'A' : c - '2' + 26);
    count += 5;
    if (count >= 8) bytes += static_cast<char>(bits >> (count -= 8));
  }
  return bytes;
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

  AccessTest()
      : database_(GetParam()),
        vault_(*Vault::Open(*database_, *KeyFile::Make(folder_.path() / "keys"), now_)),
        access_(*database_, Options()) {}

  AccessOptions Options() {
    AccessOptions options;
    options.cost = Passwords::Cost::Least();
    options.clock = [this] { return now_; };
    options.program_version = "1.2.3";
    options.today = [] { return Day{20'000}; };
    options.audit = [this](db::Connection& connection, const db::Deed& deed) {
      return AppendAudit(connection, hasher_, deed, now_);
    };
    options.vault = vault_.get();
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
    const auto step = access_.SignIn({login, password, {phone, "Mozilla/5.0", address}});
    if (!step.ok()) return step.error();
    EXPECT_TRUE(std::holds_alternative<SignedIn>(*step)) << login << " has a second factor";
    return std::get<SignedIn>(*step);
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

  // The records of the audit log since the last look, the oldest first: "17 account.change account:18 {…}", with the
  // logins of accounts for their ids.
  std::vector<std::string> Deeds() {
    const auto texts =
        database_->Read<std::vector<std::string>>([&](db::Connection& connection) -> Result<std::vector<std::string>> {
          std::vector<std::string> found;
          const std::vector<Account> accounts = ListAccounts(connection, now_);
          for (const AuditRecord& record : ListAudit(connection, {}, {}, 1'000)) {
            if (record.seq <= seen_) continue;
            std::string text = std::to_string(record.actor.value) + " " + record.act + " " + record.object;
            if (!record.detail.empty()) text += " " + record.detail;
            for (const Account& account : accounts) {
              text = ReplaceAll(text, std::to_string(account.id.value), account.login);
            }
            found.insert(found.begin(), text);
          }
          return found;
        });
    seen_ += static_cast<int64_t>(texts->size());
    return *texts;
  }

  const ChainHasher hasher_{Key{}};
  int64_t seen_ = 0;
  Instant now_{1'790'000'000'000};
  TestFolder folder_;
  db::TestDatabase database_;
  std::unique_ptr<Vault> vault_;
  Access access_;
};

}  // namespace dealpace::access
