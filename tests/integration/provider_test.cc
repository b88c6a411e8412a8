#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "db/testing.h"
#include "tests/integration/cli.h"
#include "tests/integration/provider_server.h"
#include "tests/integration/servers.h"

// `dealpace serve` with a provider that the test starts, over sockets: from the sign-in page there and back, on both
// databases.
namespace dealpace::testing {
namespace {

constexpr const char* kPassword = "Tannen-Zapfen-77";

class ProviderWalk : public CliTest, public ::testing::WithParamInterface<db::Kind> {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    store_ = std::make_unique<db::TestStore>(GetParam());
    there_ = std::make_unique<ProviderServer>();
    setenv("DEALPACE_ADMIN_PASSWORD", kPassword, 1);
    std::filesystem::create_directories(Path("data"));
    Configure();
    server_ = std::make_unique<Server>(Path("data"), store_->url());
  }
  void TearDown() override {
    server_.reset();
    there_.reset();
    store_.reset();
    CliTest::TearDown();
  }
  [[nodiscard]] std::string Store() const override {
    return "--data " + Path("data").string() + " --db '" + store_->url() + "'";
  }
  void Configure(const std::string& more = "") const {
    Write("data/secret", there_->provider().secret + "\n");
    std::filesystem::permissions(Path("data/secret"),
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    Write("data/provider.toml", "issuer = \"" + there_->provider().issuer +
                                    "\"\nclient_id = \"dealpace\"\nsecret_file = \"secret\"\n"
                                    "link = [\"email\", \"preferred_username\"]\n" +
                                    more);
  }

  // A browser with its cookies; it follows nothing by itself.
  struct Browser {
    std::map<std::string, std::string> cookies;
  };
  static http::RawAnswer Get(Browser& browser, int port, const std::string& target) {
    std::string headers = "Connection: close\r\nAccept-Language: en\r\n";
    std::string all;
    for (const auto& [name, value] : browser.cookies) all += (all.empty() ? "" : "; ") + name + "=" + value;
    if (!all.empty()) headers += "Cookie: " + all + "\r\n";
    http::RawClient client(port);
    const http::RawAnswer answer = client.Ask("GET", target, headers).Read();
    const auto [from, to] = answer.headers.equal_range("set-cookie");
    for (auto it = from; it != to; ++it) {
      const size_t equals = it->second.find('=');
      const std::string name = it->second.substr(0, equals);
      browser.cookies.erase(name);
      if (!it->second.ends_with("Max-Age=0")) {
        browser.cookies[name] = it->second.substr(equals + 1, it->second.find(';') - equals - 1);
      }
    }
    return answer;
  }
  http::RawAnswer Here(Browser& browser, const std::string& target) { return Get(browser, server_->port(), target); }
  // From "http://host:port/x" the "/x".
  static std::string PathOf(const std::string& address) {
    const size_t slash = address.find('/', address.find("://") + 3);
    return slash == std::string::npos ? address : address.substr(slash);
  }
  // The whole way; where it ends.
  std::string SignIn(Browser& browser) {
    const http::RawAnswer away = Here(browser, "/api/v1/session/provider?page=%2Fcustomers&device=desk");
    const std::string there = away.Header("location");
    if (!there.starts_with(there_->provider().issuer)) return there;
    Browser theirs;
    const http::RawAnswer back = Get(theirs, there_->port(), PathOf(there));
    // The host that the browser named is where it is sent back to.
    EXPECT_TRUE(back.Header("location").starts_with("http://test/api/v1/session/provider/return?"))
        << back.Header("location");
    return Here(browser, PathOf(back.Header("location"))).Header("location");
  }
  std::string Who(Browser& browser) {
    const http::RawAnswer answer = Here(browser, "/api/v1/session");
    if (answer.status != 200) return "";
    return std::string(boost::json::parse(answer.body).at("account").at("login").as_string());
  }
  // All of it comes from one address, which would have to wait soon.
  void ForgetFailures() const {
    const auto database = db::Database::Open(store_->url());
    ASSERT_TRUE(database.ok());
    const Status forgotten = (*database)->Write<void>([](db::Connection& connection) -> Status {
      connection.Execute("DELETE FROM sign_in_failure");
      return {};
    });
    ASSERT_TRUE(forgotten.ok());
  }
  // How the way ends: who is in, or the problem that is told.
  std::string Outcome() {
    ForgetFailures();
    Browser browser;
    EXPECT_EQ(SignIn(browser), "/customers");
    if (std::string who = Who(browser); !who.empty()) return who;
    const auto ways = boost::json::parse(Here(browser, "/api/v1/session/ways").body);
    return ways.at("problem").is_null() ? "nothing" : std::string(ways.at("problem").at("code").as_string());
  }

  std::unique_ptr<db::TestStore> store_;
  std::unique_ptr<ProviderServer> there_;
  std::unique_ptr<Server> server_;
};

TEST_P(ProviderWalk, ThereAndBack) {
  server_->Start();
  access::TestProvider& provider = there_->provider();
  EXPECT_EQ(Outcome(), "provider_no_account");
  Must("user add ana@example.com --name 'Ana Li'");
  EXPECT_EQ(Outcome(), "ana@example.com");
  const auto listed = Json("user list").at("accounts");
  EXPECT_TRUE(listed.at(0).at("bound_at").is_null()) << "the administrator";
  EXPECT_FALSE(listed.at(1).at("bound_at").is_null());
  EXPECT_EQ(Json("user sessions ana@example.com").at("sessions").at(0).at("by_provider"), true);

  // Its keys roll over, to another kind.
  provider.signer = std::make_shared<access::TestSigner>("two", access::TestSigner::Kind::kEc);
  EXPECT_EQ(Outcome(), "provider_token_wrong") << "a key that nobody has published, and asked for a moment ago";
  provider.keys = {provider.signer->Jwk()};
  const bool rolled = Await(std::chrono::seconds(20), [&] { return Outcome() == "ana@example.com"; });
  EXPECT_TRUE(rolled) << "asked for again after ten seconds";

  // What a token may have wrong, over the whole way.
  for (const auto& [claim, value] : std::map<std::string, boost::json::value>{{"nonce", "another"},
                                                                              {"aud", "another"},
                                                                              {"iss", "https://evil.example.com"},
                                                                              {"exp", 1'000'000},
                                                                              {"iat", 99'000'000'000},
                                                                              {"sub", nullptr}}) {
    const boost::json::object before = provider.claims;
    provider.claims[claim] = value;
    EXPECT_EQ(Outcome(), "provider_token_wrong") << claim;
    provider.claims = before;
  }
  EXPECT_EQ(Outcome(), "ana@example.com");

  Must("user provider-unbind ana@example.com");
  EXPECT_EQ(Run("user provider-unbind ana@example.com").exit, 2);
  EXPECT_TRUE(Json("user list").at("accounts").at(1).at("bound_at").is_null());
  EXPECT_EQ(Json("user sessions ana@example.com").at("sessions").as_array().size(), 0U);
  Must("user add root --role admin");
  Must("user disable ana@example.com");
  EXPECT_EQ(Outcome(), "account_disabled");

  const Ran audit = Must("audit list --format csv --limit 1000");
  for (const char* act : {"provider.bind", "provider.unbind", "session.start"}) {
    EXPECT_NE(audit.out.find(act), std::string::npos) << act;
  }
  EXPECT_EQ(audit.out.find("00u-ana"), std::string::npos) << "ids of ours only";
  EXPECT_EQ(Run("audit verify").exit, 0);
  const std::string log = ReadFile(Path("data/output.txt"));
  EXPECT_NE(log.find("nonce"), std::string::npos) << "why is in the log";
  EXPECT_EQ(log.find("code-1"), std::string::npos) << "what was in addresses is not";
  EXPECT_EQ(log.find(provider.secret), std::string::npos);
}

TEST_P(ProviderWalk, WhileTheProviderIsGone) {
  server_->Start();
  Must("user add ana");
  EXPECT_EQ(Outcome(), "ana");
  const int port = there_->port();
  there_.reset();
  // What is known of it still leads there; coming back it cannot be asked.
  Browser browser;
  const std::string there = Here(browser, "/api/v1/session/provider?page=/").Header("location");
  EXPECT_NE(there.find("/authorize?"), std::string::npos) << there;
  const size_t state = there.find("state=");
  const std::string back =
      "/api/v1/session/provider/return?code=x&" + there.substr(state, there.find('&', state) - state);
  EXPECT_EQ(Here(browser, back).Header("location"), "/");
  const auto ways = boost::json::parse(Here(browser, "/api/v1/session/ways").body);
  EXPECT_EQ(ways.at("problem").at("code"), "provider_unreachable");
  // Passwords go on.
  EXPECT_EQ(Ask(server_->port(), "POST", "/api/v1/session", "",
                R"({"login":"admin","password":")" + std::string(kPassword) + "\"}")
                .status,
            200);
  there_ = std::make_unique<ProviderServer>(port);
  there_->provider().keys = {there_->provider().signer->Jwk()};
  const bool well = Await(std::chrono::seconds(20), [&] { return Outcome() == "ana"; });
  EXPECT_TRUE(well) << "and it comes back with a new key";
}

TEST_P(ProviderWalk, WhatDoctorAndServeSayOfTheSettings) {
  Must("init");
  const Ran well = Must("doctor");
  EXPECT_NE(well.out.find("All well"), std::string::npos) << well.out;
  there_->provider().self = {{"issuer", "https://another.example.com"}};
  const Ran other = Run("doctor");
  EXPECT_EQ(other.exit, 1);
  EXPECT_NE(other.out.find("it calls itself https://another.example.com"), std::string::npos) << other.out << other.err;
  Configure("lable = 7\n");
  const Ran slip = Run("doctor");
  EXPECT_EQ(slip.exit, 1);
  EXPECT_NE(slip.out.find("label is meant"), std::string::npos) << slip.out << slip.err;
  EXPECT_THROW(server_->Start(), std::runtime_error);
  EXPECT_NE(ReadFile(Path("data/output.txt")).find("there is no setting lable"), std::string::npos);
  Configure();
  std::filesystem::permissions(Path("data/secret"), std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  EXPECT_THROW(server_->Start(), std::runtime_error);
  EXPECT_NE(ReadFile(Path("data/output.txt")).find("chmod 600"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(On, ProviderWalk, ::testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::testing
