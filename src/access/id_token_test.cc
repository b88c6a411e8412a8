#include "access/id_token.h"

#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include "access/provider_testing.h"
#include "access/testing.h"

namespace dealpace::access {
namespace {

namespace json = boost::json;

constexpr int64_t kNow = 1'790'000'000;

class IdTokenTest : public testing::Test {
 protected:
  static const TestSigner& Rsa() {
    static const TestSigner signer("rsa");
    return signer;
  }
  static const TestSigner& Ec() {
    static const TestSigner signer("ec", TestSigner::Kind::kEc);
    return signer;
  }
  static json::object Claims() {
    return {{"iss", "https://login.example.com"},
            {"sub", "00u17"},
            {"aud", "dealpace"},
            {"exp", kNow + 300},
            {"iat", kNow},
            {"nonce", "n-0S6_WzA2Mj"},
            {"email", "ana@example.com"},
            {"email_verified", true}};
  }
  static json::object With(std::string_view name, json::value value) {
    json::object claims = Claims();
    claims[name] = std::move(value);
    return claims;
  }
  static json::object Without(std::string_view name) {
    json::object claims = Claims();
    claims.erase(name);
    return claims;
  }
  static KeySet Keys(const std::vector<json::object>& keys) {
    auto set = KeySet::Parse(KeySetText(keys));
    EXPECT_EQ(Code(set), "");
    return *std::move(set);
  }
  [[nodiscard]] Result<IdToken> Read(const std::string& token) const { return ReadIdToken(token, keys_, expected_); }
  // Why it is refused; empty: it is taken.
  [[nodiscard]] std::string Why(const std::string& token) const {
    const auto read = Read(token);
    if (read.ok()) return "";
    EXPECT_EQ(read.error().code, "provider_token_wrong");
    return std::string(read.error().Arg("detail"));
  }
  [[nodiscard]] std::string Why(const json::object& claims) const { return Why(Rsa().Token(claims)); }

  IdTokenExpected expected_{"https://login.example.com", "dealpace", "n-0S6_WzA2Mj", Instant{kNow * 1000}};
  KeySet keys_ = Keys({Rsa().Jwk(), Ec().Jwk()});
};

TEST_F(IdTokenTest, BothAlgorithms) {
  for (const TestSigner* signer : {&Rsa(), &Ec()}) {
    const auto read = Read(signer->Token(Claims()));
    ASSERT_EQ(Code(read), "") << signer->algorithm();
    EXPECT_EQ(read->subject, "00u17");
    EXPECT_EQ(read->issuer, "https://login.example.com");
    EXPECT_EQ(read->email, "ana@example.com");
    EXPECT_FALSE(read->preferred_username);
  }
}

// The example of RFC 7515, appendix A.3, whose signature is not of our making.
TEST_F(IdTokenTest, TheExampleOfTheStandardIsSignedAsItSays) {
  const json::object jwk{{"kty", "EC"},
                         {"crv", "P-256"},
                         {"x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"},
                         {"y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}};
  keys_ = Keys({jwk});
  const std::string signed_text =
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
      "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
  const std::string signature =
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
  EXPECT_EQ(Why(signed_text + signature), "issuer") << "the signature is right";
  EXPECT_EQ(Why(signed_text + "A" + signature.substr(1)), "signature");
}

TEST_F(IdTokenTest, WhatIsSignedOtherwiseIsRefused) {
  const std::string good = Rsa().Token(Claims());
  const size_t last = good.rfind('.');
  std::string altered = good;
  altered[last + 5] = altered[last + 5] == 'A' ? 'B' : 'A';
  EXPECT_EQ(Why(altered), "signature");
  EXPECT_EQ(Why(good.substr(0, last + 1)), "signature");
  const std::string other_claims = Base64Url(json::serialize(With("sub", "admin")));
  const size_t first = good.find('.');
  EXPECT_EQ(Why(good.substr(0, first + 1) + other_claims + good.substr(last)), "signature");
  // By another key under the name of ours.
  EXPECT_EQ(Why(TestSigner("rsa").Token(Claims())), "signature");
  EXPECT_EQ(Why(TestSigner("ec", TestSigner::Kind::kEc).Token(Claims())), "signature");
  EXPECT_EQ(Why(TestSigner("another").Token(Claims())), "key_unknown");
}

TEST_F(IdTokenTest, TheKeySaysByWhichAlgorithmAndNotTheToken) {
  const auto forged = [&](const json::object& head, const std::string& signature) {
    return Base64Url(json::serialize(head)) + "." + Base64Url(json::serialize(Claims())) + "." + signature;
  };
  for (const char* none : {"none", "None", "NONE", ""}) {
    EXPECT_EQ(Why(forged({{"alg", none}, {"kid", "rsa"}}, "")), "algorithm") << none;
    EXPECT_EQ(Why(forged({{"alg", none}}, "")), "algorithm") << none;
  }
  EXPECT_EQ(Why(forged({{"kid", "rsa"}}, "")), "algorithm");
  // Keyed with what everybody knows of our key.
  const json::object head{{"alg", "HS256"}, {"kid", "rsa"}};
  const std::string text = Base64Url(json::serialize(head)) + "." + Base64Url(json::serialize(Claims()));
  const std::string known = json::serialize(Rsa().Jwk());
  std::array<unsigned char, 32> mac{};
  unsigned length = 0;
  HMAC(EVP_sha256(), known.data(), static_cast<int>(known.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), mac.data(), &length);
  EXPECT_EQ(Why(text + "." + Base64Url({reinterpret_cast<char*>(mac.data()), mac.size()})), "algorithm");
  for (const char* other : {"RS512", "PS256", "ES384", "EdDSA", "rs256"}) {
    EXPECT_EQ(Why(Rsa().Token({{"alg", other}, {"kid", "rsa"}}, Claims())), "algorithm") << other;
  }
  EXPECT_EQ(Why(Rsa().Token({{"alg", "ES256"}, {"kid", "rsa"}}, Claims())), "algorithm") << "of a key for RS256";
  EXPECT_EQ(Why(Ec().Token({{"alg", "RS256"}, {"kid", "rsa"}}, Claims())), "signature");
  EXPECT_EQ(Why(Rsa().Token({{"alg", "RS256"}, {"kid", "rsa"}, {"crit", {"exp"}}}, Claims())), "malformed");
}

TEST_F(IdTokenTest, WithoutANameOnlyTheOneKeyThatFits) {
  EXPECT_EQ(Why(Rsa().Token({{"alg", "RS256"}}, Claims())), "");
  keys_ = Keys({Rsa().Jwk(), TestSigner("two").Jwk()});
  EXPECT_EQ(Why(Rsa().Token({{"alg", "RS256"}}, Claims())), "key_unknown");
  EXPECT_EQ(Why(Rsa().Token(Claims())), "") << "by its name";
  keys_ = Keys({});
  EXPECT_EQ(Why(Rsa().Token(Claims())), "key_unknown");
}

TEST_F(IdTokenTest, KeysThatAreNotForThisAreLeftOut) {
  const auto size = [&](std::string_view name, const json::value& value) {
    json::object jwk = Rsa().Jwk();
    jwk[name] = value;
    return Keys({jwk}).size();
  };
  EXPECT_EQ(size("use", "sig"), 1U);
  EXPECT_EQ(size("use", "enc"), 0U);
  EXPECT_EQ(size("alg", "RS512"), 0U);
  EXPECT_EQ(size("kty", "oct"), 0U);
  EXPECT_EQ(size("e", "AQ"), 0U) << "signs nothing";
  EXPECT_EQ(size("n", "not base 64!"), 0U);
  EXPECT_EQ(Keys({TestSigner("short", TestSigner::Kind::kRsa, 1024).Jwk()}).size(), 0U);
  json::object off = Ec().Jwk();
  off["y"] = off["x"];
  EXPECT_EQ(Keys({off}).size(), 0U) << "a point beside the curve";
  off = Ec().Jwk();
  off["crv"] = "P-384";
  EXPECT_EQ(Keys({off}).size(), 0U);
  for (const char* bad : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":)"}) {
    EXPECT_EQ(Code(KeySet::Parse(bad)), "provider_answer_bad") << bad;
  }
  EXPECT_EQ(Code(KeySet::Parse(KeySetText(std::vector<json::object>(101, Rsa().Jwk())))), "provider_answer_bad");
  EXPECT_EQ(KeySet::Parse(R"({"keys":[7,{"kty":"RSA"},{"kty":7}]})")->size(), 0U);
}

TEST_F(IdTokenTest, FromThisIssuerForThisProgramAndThisSignIn) {
  EXPECT_EQ(Why(With("iss", "https://login.example.com/")), "issuer") << "not even a slash";
  EXPECT_EQ(Why(Without("iss")), "issuer");
  EXPECT_EQ(Why(With("aud", "another")), "audience");
  EXPECT_EQ(Why(Without("aud")), "audience");
  EXPECT_EQ(Why(With("aud", json::array{})), "audience");
  EXPECT_EQ(Why(With("aud", json::array{"dealpace"})), "");
  EXPECT_EQ(Why(With("aud", json::array{"dealpace", "another"})), "audience") << "whom was it made for?";
  json::object several = With("aud", json::array{"another", "dealpace"});
  several["azp"] = "dealpace";
  EXPECT_EQ(Why(several), "");
  several["azp"] = "another";
  EXPECT_EQ(Why(several), "audience");
  EXPECT_EQ(Why(With("azp", "another")), "audience");
  EXPECT_EQ(Why(With("azp", 7)), "audience");
  EXPECT_EQ(Why(With("nonce", "of another sign-in")), "nonce");
  EXPECT_EQ(Why(Without("nonce")), "nonce");
  expected_.nonce = "";
  EXPECT_EQ(Why(With("nonce", "")), "nonce");
}

TEST_F(IdTokenTest, InItsTimeWithAMinuteForTheClocks) {
  EXPECT_EQ(Why(With("exp", kNow - 59)), "");
  EXPECT_EQ(Why(With("exp", kNow - 60)), "expired");
  EXPECT_EQ(Why(With("exp", static_cast<double>(kNow) - 60.5)), "expired");
  EXPECT_EQ(Why(Without("exp")), "malformed");
  EXPECT_EQ(Why(With("exp", "tomorrow")), "malformed");
  EXPECT_EQ(Why(With("exp", 1e300)), "malformed");
  EXPECT_EQ(Why(With("iat", kNow + 60)), "");
  EXPECT_EQ(Why(With("iat", kNow + 61)), "not_yet");
  EXPECT_EQ(Why(Without("iat")), "malformed");
  EXPECT_EQ(Why(With("nbf", kNow + 60)), "");
  EXPECT_EQ(Why(With("nbf", kNow + 61)), "not_yet");
  EXPECT_EQ(Why(With("nbf", "x")), "malformed");
}

TEST_F(IdTokenTest, WhoItIs) {
  EXPECT_EQ(Why(Without("sub")), "subject");
  EXPECT_EQ(Why(With("sub", "")), "subject");
  EXPECT_EQ(Why(With("sub", 17)), "subject");
  EXPECT_EQ(Why(With("sub", json::string(255, 'x'))), "");
  EXPECT_EQ(Why(With("sub", json::string(256, 'x'))), "subject");
  EXPECT_EQ(Why(With("sub", "a\nb")), "subject");
  EXPECT_FALSE(Read(Rsa().Token(With("email_verified", false)))->email);
  EXPECT_FALSE(Read(Rsa().Token(Without("email_verified")))->email);
  EXPECT_FALSE(Read(Rsa().Token(With("email_verified", 1)))->email);
  EXPECT_TRUE(Read(Rsa().Token(With("email_verified", "true")))->email);
  EXPECT_EQ(Read(Rsa().Token(With("preferred_username", "ana")))->preferred_username, "ana");
}

TEST_F(IdTokenTest, WhatIsNoToken) {
  const std::string good = Rsa().Token(Claims());
  for (const std::string& bad : {std::string(), std::string("."), std::string(".."), std::string("a.b"), good + ".x",
                                 " " + good, good + "=", std::string(70'000, 'x')}) {
    EXPECT_EQ(Why(bad), "malformed") << bad.substr(0, 40);
  }
  const auto raw = [&](const std::string& head, const std::string& claims) {
    const std::string text = Base64Url(head) + "." + Base64Url(claims);
    return text + "." + Base64Url(Rsa().Sign(text));
  };
  EXPECT_EQ(Why(raw("[]", "{}")), "malformed");
  EXPECT_EQ(Why(raw(R"({"alg":"RS256","kid":"rsa"})", "7")), "malformed");
  EXPECT_EQ(Why(raw(R"({"alg":"RS256","kid":"rsa"})", "{")), "malformed");
  EXPECT_EQ(Why(raw(R"({"alg":"RS256","kid":"rsa"})", std::string(100, '[') + std::string(100, ']'))), "malformed");
}

TEST(Base64UrlTest, OneTextForEachSequenceOfBytes) {
  EXPECT_EQ(Base64Url("\xfb\xff?"), "-_8_");
  EXPECT_EQ(Base64Url(""), "");
  EXPECT_EQ(FromBase64Url("-_8_"), "\xfb\xff?");
  EXPECT_EQ(FromBase64Url("Zg"), "f");
  for (const char* bad : {"Zg==", "Zh", "+/8/", "Z", "Zg ", "Z\n", "ey\xbahbGvvv3Q"})
    EXPECT_FALSE(FromBase64Url(bad)) << bad;
}

}  // namespace
}  // namespace dealpace::access
