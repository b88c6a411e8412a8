#include "access/json.h"

#include <string>

namespace dealpace::access {

void WriteInstant(JsonWriter& json, std::string_view name, const std::optional<Instant>& instant) {
  json.Key(name);
  if (instant) {
    json.String(FormatInstant(*instant));
  } else {
    json.Null();
  }
}

void WriteAccount(JsonWriter& json, const Account& account) {
  json.BeginObject().Field("id", std::to_string(account.id.value)).Field("login", account.login);
  json.Field("name", account.name).Field("role", RoleName(account.role)).Key("language");
  if (account.language) {
    json.String(*account.language == Language::kChinese ? "zh" : "en");
  } else {
    json.Null();
  }
  json.Field("disabled", account.disabled).Field("must_change_password", account.must_change_password);
  json.Field("second_factor", account.second_factor);
  WriteInstant(json, "bound_at", account.bound_at);
  json.Field("created_at", FormatInstant(account.created_at));
  WriteInstant(json, "last_sign_in_at", account.signed_in_at);
  json.Field("sessions", account.sessions).Field("version", account.version).EndObject();
}

void WritePost(JsonWriter& json, const Post& post) {
  const auto id = [&](std::string_view name, int64_t value) {
    json.Key(name);
    value != 0 ? json.String(std::to_string(value)) : json.Null();
  };
  json.BeginObject().Field("id", std::to_string(post.id)).Field("role", post.role);
  id("region", post.place.region.value);
  id("dealer", post.place.dealer.value);
  id("team", post.place.team.value);
  id("staff", post.place.staff.value);
  json.Field("from", FormatDay(post.from)).Key("until");
  post.until ? json.String(FormatDay(*post.until)) : json.Null();
  json.EndObject();
}

void WriteStandIn(JsonWriter& json, const StandIn& stand_in) {
  json.BeginObject().Field("id", std::to_string(stand_in.id));
  json.Field("stands_in_for", std::to_string(stand_in.stands_in_for.value));
  json.Field("from", FormatDay(stand_in.from)).Field("until", FormatDay(stand_in.until)).EndObject();
}

void WriteToken(JsonWriter& json, const Token& token, std::string_view secret) {
  json.BeginObject().Field("id", std::to_string(token.id)).Field("name", token.name).Key("scopes").BeginArray();
  for (const std::string& scope : token.scopes) json.String(scope);
  json.EndArray().Field("created_at", FormatInstant(token.created_at));
  WriteInstant(json, "expires_at", token.expires_at);
  WriteInstant(json, "last_used_at", token.last_used_at);
  WriteInstant(json, "revoked_at", token.revoked_at);
  if (!secret.empty()) json.Field("secret", secret);
  json.EndObject();
}

}  // namespace dealpace::access
