#pragma once

#include <optional>
#include <string_view>

#include "access/accounts.h"
#include "access/posts.h"
#include "access/tokens.h"
#include "base/json.h"

// Accounts and tokens as JSON, the same in the interface and on the command line (docs/openapi.yaml: Account, Token).
namespace dealpace::access {

void WriteInstant(JsonWriter& json, std::string_view name, const std::optional<Instant>& instant);
void WriteAccount(JsonWriter& json, const Account& account);
void WritePost(JsonWriter& json, const Post& post);
void WriteStandIn(JsonWriter& json, const StandIn& stand_in);
// With its secret where it has just been made.
void WriteToken(JsonWriter& json, const Token& token, std::string_view secret = {});

}  // namespace dealpace::access
