// Reads any bytes as what comes from a sign-in provider or of it: told apart by the first byte, a set of keys, a token,
// the head and claims of a token, the settings.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "access/id_token.h"
#include "access/provider_settings.h"

using namespace dealpace;          // NOLINT(google-build-using-namespace)
using namespace dealpace::access;  // NOLINT(google-build-using-namespace)

namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

// Keys of nobody: whatever is signed, it is not by them.
const KeySet& Keys() {
  static const KeySet kKeys = *KeySet::Parse(
      R"({"keys":[{"kty":"EC","kid":"one","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
      R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})");
  return kKeys;
}

void ReadToken(std::string_view token) {
  const IdTokenExpected expected{"https://login.example.com", "dealpace", "n", Instant{1'790'000'000'000}};
  const auto read = ReadIdToken(token, Keys(), expected);
  Check(!read.ok() && read.error().code == "provider_token_wrong" && !read.error().Arg("detail").empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'k': {
      const auto keys = KeySet::Parse(text);
      Check(keys.ok() || keys.error().code == "provider_answer_bad");
      break;
    }
    case 'h': {
      const size_t blank = text.find('\n');
      if (blank == std::string_view::npos) break;
      ReadToken(Base64Url(text.substr(0, blank)) + "." + Base64Url(text.substr(blank + 1)) + "." +
                Base64Url(std::string(64, 'x')));
      break;
    }
    case 's': {
      const auto settings = ParseProviderSettings(text, "provider.toml");
      Check(settings.ok() || settings.error().code == "provider_settings_bad");
      break;
    }
    default: ReadToken(text);
  }
  if (const auto bytes = FromBase64Url(text)) Check(Base64Url(*bytes) == text);
  return 0;
}
