#include <sodium.h>

#include <algorithm>
#include <boost/json.hpp>

#include "access/gate.h"
#include "access/json.h"
#include "access/secrets.h"
#include "access/session_api.h"
#include "base/json.h"
#include "catalog/messages.h"
#include "http/json_body.h"

// Signing in by the OpenID provider: the browser is sent there and comes back. What goes wrong on the way ends on the
// sign-in page, by a notice that it reads once.
namespace dealpace::access {

using http::Gate;
using http::Request;
using http::Response;

namespace {

namespace json = boost::json;

constexpr int64_t kAwayMs = int64_t{10} * 60 * 1000;  // to come back from the provider
constexpr int64_t kNoticeSeconds = 120;
constexpr size_t kPageBytesMax = 1'024;
constexpr size_t kCodeBytesMax = 4'096;

// What the browser keeps while it is away, sealed: only who has it can come back, and knows nothing by it.
struct Away {
  Provider::Asking asking;
  std::string page;
  bool phone = false;
  Instant until;
};

std::string AwayText(const Away& away) {
  JsonWriter writer;
  writer.BeginObject().Field("state", away.asking.state).Field("nonce", away.asking.nonce);
  writer.Field("verifier", away.asking.verifier).Field("return", away.asking.return_address);
  writer.Field("page", away.page).Field("phone", away.phone).Field("until", away.until.ms);
  writer.Field("again", away.asking.again).Field("asked_at", away.asking.asked_at.ms).EndObject();
  return writer.text();
}

// Written by us and sealed, so it is whole.
Away ParseAway(const std::string& text) {
  const json::object object = json::parse(text).as_object();
  const auto field = [&](const char* name) { return std::string(object.at(name).as_string()); };
  Away away;
  away.asking.state = field("state");
  away.asking.nonce = field("nonce");
  away.asking.verifier = field("verifier");
  away.asking.return_address = field("return");
  away.page = field("page");
  away.phone = object.at("phone").as_bool();
  away.until = Instant{object.at("until").as_int64()};
  // A server of the release before may have written it.
  const json::value* again = object.if_contains("again");
  away.asking.again = again != nullptr && again->as_bool();
  away.asking.asked_at = away.asking.again ? Instant{object.at("asked_at").as_int64()} : Instant{};
  return away;
}

// Sealed with a key of the key file's own for it, the same on every server: it lies in no table, so that no data key is
// held up by it. A nonce goes before the rest.
std::string AwayKey(const Vault& vault) {
  return vault.Index("provider_away", "key", crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
}
const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string SealAway(const Vault& vault, std::string_view text) {
  StartSodium();
  constexpr size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  std::string sealed(kNonce + text.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES, '\0');
  auto* to = reinterpret_cast<unsigned char*>(sealed.data());
  randombytes_buf(to, kNonce);
  crypto_aead_xchacha20poly1305_ietf_encrypt(to + kNonce, nullptr, Bytes(text), text.size(), nullptr, 0, nullptr, to,
                                             Bytes(AwayKey(vault)));
  return sealed;
}

std::optional<std::string> UnsealAway(const Vault& vault, std::string_view sealed) {
  constexpr size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  constexpr size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
  if (sealed.size() < kNonce + kTag) return std::nullopt;
  std::string text(sealed.size() - kNonce - kTag, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(text.data()), nullptr, nullptr,
                                                 Bytes(sealed) + kNonce, sealed.size() - kNonce, nullptr, 0,
                                                 Bytes(sealed), Bytes(AwayKey(vault))) != 0) {
    return std::nullopt;
  }
  return text;
}

std::string_view AwayName(bool secure) { return secure ? "__Host-dealpace-away" : "dealpace-away"; }
std::string_view NoticeName(bool secure) { return secure ? "__Host-dealpace-notice" : "dealpace-notice"; }

// Lax, since the browser comes back from another site.
std::string ShortCookie(std::string_view name, std::string_view value, bool secure, int64_t seconds) {
  return std::string(name) + "=" + std::string(value) + "; Path=/; HttpOnly; SameSite=Lax" +
         (secure ? "; Secure" : "") + "; Max-Age=" + std::to_string(value.empty() ? 0 : seconds);
}

// A page of this server, whatever was asked for: "/" and what does not lead elsewhere ("//host", "/\host").
std::string LocalPage(std::string_view wanted) {
  const auto harmless = [](char c) { return c > ' ' && c < 127 && c != '\\'; };
  const bool local = wanted.size() <= kPageBytesMax && wanted.starts_with('/') && !wanted.starts_with("//") &&
                     !wanted.starts_with("/api/") && std::all_of(wanted.begin(), wanted.end(), harmless);
  return local ? std::string(wanted) : "/";
}

Response GoTo(const std::string& address) {
  Response response;
  response.status = 303;
  response.content_type = "text/plain; charset=utf-8";
  response.Header("Location", address).Header("Cache-Control", "no-store");
  return response;
}

bool IsPlain(std::string_view text) {
  return text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
         });
}

// To the page, where nobody is signed in and the notice is shown.
Response GoWithNotice(const std::string& page, const Error& error, const Request& request) {
  Response response = GoTo(page);
  const std::string id = IsPlain(request.id) ? request.id : "";
  const std::string notice =
      Join({error.code, id, std::string(error.Arg("retry_after")), std::string(error.Arg("minutes"))}, ".");
  response.Header("Set-Cookie", ShortCookie(NoticeName(request.secure), notice, request.secure, kNoticeSeconds));
  response.log_code = error.code;
  response.log_detail = catalog::Messages::Get().RenderMessage(error, Language::kEnglish);
  if (const std::string_view why = error.Arg("detail"); !why.empty()) response.log_detail += " " + std::string(why);
  return response;
}

// The error that a notice tells of; nothing where it is none of ours.
std::optional<Error> ReadNotice(std::string_view notice) {
  const std::vector<std::string> parts = Split(notice, '.');
  if (parts.size() != 4 || !std::all_of(parts.begin(), parts.end(), IsPlain)) return std::nullopt;
  const bool ours = parts[0].starts_with("provider_") || parts[0] == "sign_in_delayed" ||
                    parts[0] == "sign_in_locked" || parts[0] == "account_disabled" || parts[0] == "key_file_missing";
  if (!ours || catalog::Messages::Get().Find(parts[0]) == nullptr) return std::nullopt;
  Error error(parts[0]);
  if (!parts[2].empty()) error.With("retry_after", parts[2]);
  if (!parts[3].empty()) error.With("minutes", parts[3]);
  error.With("request_id", parts[1]);
  return error;
}

// ---- GET /api/v1/session/provider: away ----

Result<Response> SendAway(Access& access, const Request& request, const std::string& page) {
  if (access.options().vault == nullptr) return Error("key_file_missing").With("path", "");
  Provider& provider = *access.options().provider;
  Away away;
  away.asking.state = NewSecret();
  away.asking.nonce = NewSecret();
  away.asking.verifier = NewSecret();
  away.asking.language = request.language;
  std::string address = provider.settings().address;
  if (address.empty()) {
    address = std::string(request.secure ? "https://" : "http://") + std::string(request.Header("host").value_or(""));
  }
  away.asking.return_address = address + std::string(kProviderReturnPath);
  away.page = page;
  away.phone = request.Query("device") == "phone";
  away.asking.again = request.Query("again") == "yes";
  away.asking.asked_at = access.options().clock();
  away.until = Instant{away.asking.asked_at.ms + kAwayMs};
  ASSIGN_OR_RETURN(const std::string there, provider.SignInAddress(away.asking));
  const std::string sealed = Base64Url(SealAway(*access.options().vault, AwayText(away)));
  return GoTo(there).Header("Set-Cookie",
                            ShortCookie(AwayName(request.secure), sealed, request.secure, kAwayMs / 1000));
}

Result<Response> BeginAway(Access& access, const Request& request) {
  if (access.options().provider == nullptr) return Error("provider_off");
  const std::string page = LocalPage(request.Query("page").value_or("/"));
  Result<Response> response = SendAway(access, request, page);
  if (!response.ok()) return GoWithNotice(page, response.error(), request);
  return response;
}

// ---- GET /api/v1/session/provider/return: back ----

Result<Away> ReadAway(const Access& access, const Request& request) {
  const auto cookie = request.Cookie(AwayName(request.secure));
  const auto sealed = cookie ? FromBase64Url(*cookie) : std::nullopt;
  if (!sealed || access.options().vault == nullptr) return Error("provider_begin_again");
  const auto text = UnsealAway(*access.options().vault, *sealed);
  if (!text) return Error("provider_begin_again");
  Away away = ParseAway(*text);
  const std::string_view state = request.Query("state").value_or("");
  if (!SameSecret(state, away.asking.state) || access.options().clock() >= away.until) {
    return Error("provider_begin_again");
  }
  return away;
}

// Who goes back in his browser has long been let in.
bool IsSignedIn(Access& access, const Request& request) {
  const auto cookie = request.Cookie(CookieName(request.secure));
  if (!cookie) return false;
  const auto identity = access.IdentifySession(*cookie);
  return identity.ok() && identity->has_value();
}

Result<SignInStep> TakeIdentity(Access& access, const Request& request, const Away& away) {
  Provider& provider = *access.options().provider;
  // Who answers (RFC 9207), where it says so.
  if (const auto issuer = request.Query("iss"); issuer && *issuer != provider.settings().issuer) {
    return Error("provider_token_wrong").With("detail", "iss");
  }
  if (const auto problem = request.Query("error")) {
    return Error("provider_refused").With("detail", problem->substr(0, 100));
  }
  const std::string_view code = request.Query("code").value_or("");
  if (code.empty() || code.size() > kCodeBytesMax) return Error("provider_answer_bad").With("detail", "no code");
  RETURN_IF_ERROR(access.TakeProviderAnswer(away.asking.state, away.until, request.peer));
  const auto token = provider.Redeem(std::string(code), away.asking);
  if (!token.ok()) {
    const std::string& why = token.error().code;
    const bool not_asked = why == "provider_unreachable" || why == "provider_busy" || why == "provider_answer_bad";
    if (not_asked) access.TakeBackProviderAnswer(request.peer);
    return token.error();
  }
  return access.SignInBy(*token, {away.phone, std::string(request.Header("user-agent").value_or("")), request.peer});
}

Result<Response> ComeBack(Access& access, const Request& request) {
  if (access.options().provider == nullptr) return Error("provider_off");
  const auto away = ReadAway(access, request);
  // Another sign-in of this browser may be under way: its cookie stays.
  if (!away.ok()) return IsSignedIn(access, request) ? GoTo("/") : GoWithNotice("/", away.error(), request);
  const auto step = TakeIdentity(access, request, *away);
  Response response = step.ok() ? GoTo(away->page) : GoWithNotice(away->page, step.error(), request);
  response.Header("Set-Cookie", ShortCookie(AwayName(request.secure), "", request.secure, 0));
  if (!step.ok()) return response;
  EndFormerSession(access, request);
  if (const auto* signed_in = std::get_if<SignedIn>(&*step)) {
    const bool phone = signed_in->session.phone;
    return std::move(response).Header("Set-Cookie", SessionCookie(signed_in->token, request.secure, phone));
  }
  // The page asks for the code (GET /api/v1/session/ways tells it).
  response.Header("Set-Cookie", StepCookie(std::get<PendingSignIn>(*step).token, request.secure));
  return std::move(response).Header("Set-Cookie", EndedCookie(request.secure));
}

// ---- GET /api/v1/session/ways ----

void WriteBoth(JsonWriter& writer, std::string_view name, const std::string& zh, const std::string& en) {
  writer.Key(name).BeginObject().Field("zh", zh).Field("en", en).EndObject();
}

Result<Response> Ways(Access& access, const Request& request) {
  JsonWriter writer;
  writer.BeginObject().Key("provider");
  if (access.options().provider != nullptr) {
    const Bilingual& label = access.options().provider->settings().label;
    writer.BeginObject();
    WriteBoth(writer, "label", label.zh, label.en);
    writer.EndObject();
  } else {
    writer.Null();
  }
  writer.Key("second_factor");
  std::optional<Access::Waiting> waiting;
  if (const auto token = request.Cookie(StepCookieName(request.secure)); token && !token->empty()) {
    ASSIGN_OR_RETURN(waiting, access.WhoWaits(*token));
  }
  if (waiting) {
    writer.BeginObject().Field("login", waiting->login).Field("expires_at", FormatInstant(waiting->expires_at));
    writer.EndObject();
  } else {
    writer.Null();
  }
  const auto notice = request.Cookie(NoticeName(request.secure));
  const auto problem = notice ? ReadNotice(*notice) : std::nullopt;
  writer.Key("problem");
  if (problem) {
    const auto& messages = catalog::Messages::Get();
    writer.BeginObject().Field("code", problem->code);
    WriteBoth(writer, "message", messages.RenderMessage(*problem, Language::kChinese),
              messages.RenderMessage(*problem, Language::kEnglish));
    WriteBoth(writer, "todo", messages.RenderTodo(*problem, Language::kChinese),
              messages.RenderTodo(*problem, Language::kEnglish));
    writer.Field("request_id", problem->Arg("request_id")).EndObject();
  } else {
    writer.Null();
  }
  writer.EndObject();
  Response response = Response::Json(writer.text());
  // Told once.
  if (notice) response.Header("Set-Cookie", ShortCookie(NoticeName(request.secure), "", request.secure, 0));
  return std::move(response).Header("Cache-Control", "no-store");
}

// ---- For administrators ----

Result<Response> RemoveBinding(Access& access, const Request& request) {
  ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
  RETURN_IF_ERROR(access.Unbind(AccountId(id), request.caller.account));
  return Response::NoContent();
}

}  // namespace

void AddProviderRoutes(http::Router& router, Access& access) {
  using Resource = Result<Response> (*)(Access&, const Request&);
  const auto with = [&access](Resource function) -> http::ResultHandler {
    return [&access, function](const Request& request) { return function(access, request); };
  };
  router.Get("/api/v1/session/ways", Gate::kOpen, with(Ways));
  router.Get("/api/v1/session/provider", Gate::kOpen, with(BeginAway));
  router.Get(kProviderReturnPath, Gate::kOpen, with(ComeBack));
  router.Delete("/api/v1/accounts/{id}/provider", {Gate::kAdmin, http::Rows::kNetwork}, with(RemoveBinding));
}

}  // namespace dealpace::access
