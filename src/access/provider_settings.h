#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"

namespace dealpace::access {

// The OpenID provider by which people may sign in, as the administrator of the server describes it in a file;
// examples/provider.toml has every setting with its default.
struct ProviderSettings {
  // Its name, exactly as it calls itself: https://login.example.com/realms/shop. Below it lies
  // /.well-known/openid-configuration.
  std::string issuer;
  // This program's name at the provider.
  std::string client_id;
  // The file that holds the secret shared with the provider, for its owner only; beside the settings unless it begins
  // with "/". Empty: there is none (a public client).
  std::string secret_file;
  // What stands behind “Sign in with …”.
  Bilingual label = {"your company account", "公司账号"};
  // By which claims an identity that is seen for the first time finds its account, in this order: "email" (only one
  // that the provider has verified) and "preferred_username", each compared with the account's login. Empty: by none.
  std::vector<std::string> link = {"email"};
  // What is asked of the provider beside "openid".
  std::vector<std::string> scopes = {"profile", "email"};
  // Whether accounts that are bound to the provider may sign in by password all the same.
  bool password = true;
  // Where browsers reach this server: https://dealpace.example.com. Empty: where they have asked.
  std::string address;
  // Certificates (PEM) to trust at the provider instead of the system's; beside the settings unless it begins with "/".
  std::string ca_file;

  std::string secret;  // what stands in secret_file; never shown
};

// Fails with provider_settings_bad ("path", "line" where known, "detail"), provider_secret_open (others than its owner
// may read the secret), file_unreadable.
[[nodiscard]] Result<ProviderSettings> ReadProviderSettings(const std::filesystem::path& file);
// The text alone: the secret is not read. `path` is for errors.
[[nodiscard]] Result<ProviderSettings> ParseProviderSettings(std::string_view text, const std::string& path);

// What the provider must know this server by: where it sends the browser back to.
inline constexpr std::string_view kProviderReturnPath = "/api/v1/session/provider/return";

}  // namespace dealpace::access
