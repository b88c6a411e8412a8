#include "access/provider.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "access/provider_testing.h"
#include "access/testing.h"

namespace dealpace::access {
namespace {

namespace json = boost::json;

class ProviderTest : public testing::Test {
 protected:
  ProviderTest() : there_("https://login.example.com", [this] { return now_; }) {}

  Provider& Here() {
    if (here_ == nullptr) {
      here_ = std::make_unique<Provider>(there_.Settings(), there_.Fetch(), [this] { return now_; });
    }
    return *here_;
  }
  Provider::Asking Asking() {
    return {"state/1", "nonce-1", "verifier-1", "https://dealpace.example.com/back", Language::kEnglish};
  }
  // Goes there and comes back with a code.
  std::string CodeFrom(const Provider::Asking& asking) {
    const auto address = Here().SignInAddress(asking);
    EXPECT_EQ(Code(address), "");
    const std::string back = there_.SignInAt(*address);
    const size_t begin = back.find("code=") + 5;
    return back.substr(begin, back.find('&') - begin);
  }
  Result<IdToken> SignIn() { return Here().Redeem(CodeFrom(Asking()), Asking()); }
  static std::string Why(const Result<IdToken>& read) {
    return read.ok() ? "" : read.error().code + ": " + std::string(read.error().Arg("detail"));
  }
  void Pass(int64_t seconds) { now_.ms += seconds * 1000; }

  Instant now_{1'790'000'000'000};
  TestProvider there_;
  std::unique_ptr<Provider> here_;
};

TEST_F(ProviderTest, SendsThereWithEverythingThatTheAnswerIsCheckedBy) {
  const auto address = Here().SignInAddress(Asking());
  ASSERT_EQ(Code(address), "");
  EXPECT_EQ(*address,
            "https://login.example.com/authorize?response_type=code&client_id=dealpace"
            "&redirect_uri=https%3A%2F%2Fdealpace.example.com%2Fback&scope=openid%20profile%20email&state=state%2F1"
            "&nonce=nonce-1&code_challenge=" +
                PkceChallenge("verifier-1") + "&code_challenge_method=S256&ui_locales=en");
  // RFC 7636, appendix B.
  EXPECT_EQ(PkceChallenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

TEST_F(ProviderTest, ACodeBecomesAPerson) {
  const auto read = SignIn();
  ASSERT_EQ(Why(read), "");
  EXPECT_EQ(read->subject, "00u-ana");
  EXPECT_EQ(read->email, "ana@example.com");
  there_.secret_in_form = true;
  here_.reset();
  EXPECT_EQ(Why(SignIn()), "") << "the secret where the provider wants it";
}

TEST_F(ProviderTest, ACodeIsGoodOnceAndForWhoHasBegun) {
  const std::string code = CodeFrom(Asking());
  Provider::Asking other = Asking();
  other.verifier = "verifier-2";
  EXPECT_EQ(Why(Here().Redeem(code, other)), "provider_code_refused: 400 invalid_grant");
  EXPECT_EQ(Why(Here().Redeem(code, Asking())), "provider_code_refused: 400 invalid_grant") << "it is used up";
  other = Asking();
  other.return_address = "https://evil.example.com/";
  EXPECT_EQ(Why(Here().Redeem(CodeFrom(Asking()), other)), "provider_code_refused: 400 invalid_grant");
  other = Asking();
  other.nonce = "nonce-2";
  EXPECT_EQ(Why(Here().Redeem(CodeFrom(Asking()), other)), "provider_token_wrong: nonce");
  there_.secret = "another";
  EXPECT_EQ(Why(SignIn()), "provider_code_refused: 400 invalid_client");
}

TEST_F(ProviderTest, TheKeysRollOver) {
  ASSERT_EQ(Why(SignIn()), "");
  EXPECT_EQ(there_.asked["/keys"], 1);
  Pass(60);
  there_.signer = std::make_shared<TestSigner>("two", TestSigner::Kind::kEc);
  there_.keys = {there_.signer->Jwk()};
  EXPECT_EQ(Why(SignIn()), "") << "an unknown key makes it ask";
  EXPECT_EQ(there_.asked["/keys"], 2);
  // But not as often as somebody likes.
  there_.signer = std::make_shared<TestSigner>("three");
  Pass(5);
  EXPECT_EQ(Why(SignIn()), "provider_token_wrong: key_unknown");
  EXPECT_EQ(there_.asked["/keys"], 2);
  Pass(10);
  EXPECT_EQ(Why(SignIn()), "provider_token_wrong: key_unknown") << "nobody has published it";
  EXPECT_EQ(there_.asked["/keys"], 3);
  there_.keys.push_back(there_.signer->Jwk());
  Pass(11);
  EXPECT_EQ(Why(SignIn()), "");
  // Under the name of the one before, as after a new installation.
  there_.signer = std::make_shared<TestSigner>("three");
  there_.keys = {there_.signer->Jwk()};
  Pass(11);
  EXPECT_EQ(Why(SignIn()), "");
}

TEST_F(ProviderTest, AskedForItsSelfAndKeysOnceAnHour) {
  for (int i = 0; i < 3; ++i) ASSERT_EQ(Why(SignIn()), "");
  EXPECT_EQ(there_.asked["/.well-known/openid-configuration"], 1);
  EXPECT_EQ(there_.asked["/keys"], 1);
  Pass(3600);
  ASSERT_EQ(Why(SignIn()), "");
  EXPECT_EQ(there_.asked["/.well-known/openid-configuration"], 2);
  EXPECT_EQ(there_.asked["/keys"], 2);
}

TEST_F(ProviderTest, WhileItDoesNotAnswer) {
  there_.down = true;
  EXPECT_EQ(Code(Here().SignInAddress(Asking())), "provider_unreachable");
  there_.down = false;
  EXPECT_EQ(Code(Here().SignInAddress(Asking())), "provider_unreachable") << "not asked again at once";
  Pass(5);
  EXPECT_EQ(Code(Here().SignInAddress(Asking())), "");
  const std::string code = CodeFrom(Asking());
  there_.down = true;
  EXPECT_EQ(Why(Here().Redeem(code, Asking())), "provider_unreachable: down");
  Pass(3600);
  EXPECT_EQ(Code(Here().SignInAddress(Asking())), "") << "what was known goes on";
  Pass(23 * 3600 - 1);
  EXPECT_EQ(Code(Here().SignInAddress(Asking())), "");
  Pass(1);
  EXPECT_EQ(Code(Here().SignInAddress(Asking())), "provider_unreachable") << "for a day";
}

TEST_F(ProviderTest, KeysThatCannotBeAskedForAnewEnd) {
  ASSERT_EQ(Why(SignIn()), "");
  // It answers, but for its keys: the one that it has withdrawn meanwhile may be somebody else's by now.
  there_.keys_down = true;
  for (int hour = 0; hour < 23; ++hour) {
    Pass(3600);
    ASSERT_EQ(Why(SignIn()), "") << hour;
  }
  Pass(3600);
  EXPECT_EQ(Why(SignIn()), "provider_answer_bad: https://login.example.com/keys answers 503");
  there_.keys_down = false;
  EXPECT_EQ(Why(SignIn()), "");
}

TEST_F(ProviderTest, WhatItSaysOfItselfIsLookedAt) {
  const auto problem = [&](const char* name, const json::value& value) {
    there_.self = {{name, value}};
    Provider fresh(there_.Settings(), there_.Fetch(), [this] { return now_; });
    const auto address = fresh.SignInAddress(Asking());
    return address.ok() ? "" : address.error().code + ": " + std::string(address.error().Arg("detail"));
  };
  EXPECT_EQ(problem("issuer", "https://evil.example.com"),
            "provider_answer_bad: it calls itself https://evil.example.com");
  EXPECT_EQ(problem("issuer", 7), "provider_answer_bad: it calls itself ");
  EXPECT_EQ(problem("token_endpoint", "http://login.example.com/token"),
            "provider_answer_bad: an address of it is not https: http://login.example.com/token");
  EXPECT_EQ(problem("jwks_uri", "http://127.0.0.1:22/"),
            "provider_answer_bad: an address of it is not https: http://127.0.0.1:22/")
      << "an address of this machine may be named by a provider on it only";
  EXPECT_EQ(problem("authorization_endpoint", "javascript:alert(1)"),
            "provider_answer_bad: an address of it is not https: javascript:alert(1)");
  EXPECT_EQ(problem("authorization_endpoint", "https://login.example.com/authorize?tenant=shop"), "");
  there_.self = {};
  Provider deaf(there_.Settings(), [](const http::ClientRequest&) -> Result<http::ClientAnswer> {
    return http::ClientAnswer{302, ""};
  });
  EXPECT_EQ(Code(deaf.SignInAddress(Asking())), "provider_answer_bad") << "nobody is followed elsewhere";
}

TEST_F(ProviderTest, WhatItAnswersToTheCode) {
  const auto answers = [&](int status, const std::string& body) {
    Provider here(there_.Settings(), [&](const http::ClientRequest& request) -> Result<http::ClientAnswer> {
      if (request.url.ends_with("/token")) return http::ClientAnswer{status, body};
      return there_.Answer(request);
    });
    return Why(here.Redeem("x", Asking()));
  };
  EXPECT_EQ(answers(200, "<html>"), "provider_answer_bad: the answer to the code is no JSON object");
  EXPECT_EQ(answers(200, "{}"), "provider_answer_bad: the answer to the code has no id_token");
  EXPECT_EQ(answers(502, "<html>"), "provider_answer_bad: the code is answered 502");
  EXPECT_EQ(answers(401, "<html>"), "provider_code_refused: 401 ");
  EXPECT_EQ(answers(200, R"({"id_token":"x"})"), "provider_token_wrong: malformed");
}

TEST_F(ProviderTest, OneThatHangsTakesAFewWorkersOnly) {
  std::mutex mutex;
  std::condition_variable changed;
  bool go_on = false;
  int hanging = 0;
  Provider here(there_.Settings(), [&](const http::ClientRequest& request) {
    std::unique_lock lock(mutex);
    ++hanging;
    changed.notify_all();
    changed.wait(lock, [&] { return go_on; });
    lock.unlock();
    return there_.Answer(request);
  });
  std::vector<std::thread> others;
  for (int i = 0; i < Provider::kTalksMax; ++i) others.emplace_back([&] { (void)here.SignInAddress(Asking()); });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return hanging == Provider::kTalksMax; });
  }
  EXPECT_EQ(Code(here.SignInAddress(Asking())), "provider_busy");
  {
    const std::lock_guard lock(mutex);
    go_on = true;
  }
  changed.notify_all();
  for (std::thread& other : others) other.join();
  EXPECT_EQ(Code(here.SignInAddress(Asking())), "");
}

TEST_F(ProviderTest, Check) {
  EXPECT_EQ(Code(Here().Check()), "");
  here_.reset();
  there_.keys.clear();
  EXPECT_EQ(Code(Here().Check()), "provider_answer_bad");
  here_.reset();
  there_.down = true;
  EXPECT_EQ(Code(Here().Check()), "provider_unreachable");
}

// ---- Settings ----

class SettingsTest : public testing::Test {
 protected:
  static std::string Problem(const std::string& text) {
    const auto settings = ParseProviderSettings(text, "provider.toml");
    if (settings.ok()) return "";
    EXPECT_EQ(settings.error().code, "provider_settings_bad");
    return std::string(settings.error().Arg("line")) + ": " + std::string(settings.error().Arg("detail"));
  }
  static std::string With(const std::string& line) {
    return "issuer = \"https://x.example.com\"\nclient_id = \"d\"\n" + line + "\n";
  }
  std::string Write(const std::string& name, const std::string& text, mode_t rights = 0600) const {
    const auto path = folder_.path() / name;
    std::ofstream(path) << text;
    chmod(path.c_str(), rights);
    return path.string();
  }
  TestFolder folder_;
};

TEST_F(SettingsTest, TheExampleHasEverySettingWithItsDefault) {
  std::ifstream in("examples/provider.toml");
  std::ostringstream text;
  text << in.rdbuf();
  const auto example = ParseProviderSettings(text.str(), "examples/provider.toml");
  ASSERT_EQ(Code(example), "");
  const ProviderSettings defaults;
  EXPECT_EQ(example->secret_file, defaults.secret_file);
  EXPECT_EQ(example->label.en, defaults.label.en);
  EXPECT_EQ(example->label.zh, defaults.label.zh);
  EXPECT_EQ(example->link, defaults.link);
  EXPECT_EQ(example->scopes, defaults.scopes);
  EXPECT_EQ(example->password, defaults.password);
  EXPECT_EQ(example->address, defaults.address);
  EXPECT_EQ(example->ca_file, defaults.ca_file);
  for (const char* name :
       {"issuer", "client_id", "secret_file", "label", "link", "scopes", "password", "address", "ca_file"}) {
    EXPECT_NE(text.str().find("\n" + std::string(name) + " = "), std::string::npos) << name;
  }
}

TEST_F(SettingsTest, SlipsAreToldWithTheirLine) {
  EXPECT_EQ(Problem(With("")), "");
  EXPECT_EQ(Problem("client_id = \"d\""), ": issuer is missing");
  EXPECT_EQ(Problem("issuer = \"https://x.example.com\""), ": client_id is missing");
  EXPECT_EQ(Problem(With("isuer = 7")), "3: there is no setting isuer; issuer is meant?");
  EXPECT_EQ(Problem("issuer = \"http://x.example.com\""), "1: issuer must be an address that begins with https://");
  EXPECT_EQ(Problem("issuer = \"http://127.0.0.1:9/x\"\nclient_id=\"d\""), "") << "beside the server";
  EXPECT_EQ(Problem(With("label = \"x\"")), "3: label must have zh and en");
  EXPECT_EQ(Problem(With("label = { zh = \"x\", en = \"\" }")), "3: label is empty or too long");
  EXPECT_EQ(Problem(With("link = [\"sub\"]")), "3: link takes email and preferred_username, not sub");
  EXPECT_EQ(Problem(With("link = []")), "");
  EXPECT_EQ(Problem(With("scopes = [\"a b\"]")), "3: a scope is empty or has blanks");
  EXPECT_EQ(Problem(With("password = \"no\"")), "3: password must be true or false");
  EXPECT_EQ(Problem(With("address = \"https://d.example.com/path\"")),
            "3: address must be https://, host and port, nothing behind");
  EXPECT_EQ(ParseProviderSettings(With("address = \"https://d.example.com/\""), "")->address, "https://d.example.com");
  EXPECT_NE(Problem("issuer ="), "");
}

TEST_F(SettingsTest, TheSecretIsItsOwnersOnly) {
  const std::string file = Write("provider.toml", With("secret_file = \"secret\""));
  EXPECT_EQ(Code(ReadProviderSettings(file)), "file_unreadable");
  Write("secret", "  hush \n", 0640);
  EXPECT_EQ(Code(ReadProviderSettings(file)), "provider_secret_open");
  Write("secret", "  hush \n");
  EXPECT_EQ(ReadProviderSettings(file)->secret, "hush");
  Write("secret", "\n");
  EXPECT_EQ(Code(ReadProviderSettings(file)), "provider_settings_bad");
  EXPECT_EQ(Code(ReadProviderSettings(folder_.path() / "none.toml")), "file_unreadable");
  EXPECT_EQ(Code(ReadProviderSettings(Write("ca.toml", With("ca_file = \"none.pem\"")))), "file_unreadable");
}

}  // namespace
}  // namespace dealpace::access
