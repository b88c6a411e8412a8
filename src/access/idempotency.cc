#include "access/idempotency.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <utility>

#include "access/secrets.h"

namespace dealpace::access {
namespace {

using SealKey = std::array<unsigned char, crypto_secretbox_xchacha20poly1305_KEYBYTES>;

// From the client's key, which is not stored, and the account, so that no two answers share one.
SealKey MakeSealKey(AccountId account, std::string_view key) {
  const std::string material = std::to_string(account.value) + '\n' + std::string(key);
  constexpr std::string_view kPurpose = "dealpace idempotency answer";
  SealKey seal{};
  crypto_generichash(seal.data(), seal.size(), reinterpret_cast<const unsigned char*>(material.data()), material.size(),
                     reinterpret_cast<const unsigned char*>(kPurpose.data()), kPurpose.size());
  return seal;
}

std::string Seal(std::string_view text, const SealKey& key) {
  std::string sealed(
      crypto_secretbox_xchacha20poly1305_NONCEBYTES + crypto_secretbox_xchacha20poly1305_MACBYTES + text.size(), '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(sealed.data());
  randombytes_buf(bytes, crypto_secretbox_xchacha20poly1305_NONCEBYTES);
  crypto_secretbox_xchacha20poly1305_easy(bytes + crypto_secretbox_xchacha20poly1305_NONCEBYTES,
                                          reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes,
                                          key.data());
  return sealed;
}

std::optional<std::string> Unseal(std::string_view sealed, const SealKey& key) {
  constexpr size_t kNonce = crypto_secretbox_xchacha20poly1305_NONCEBYTES;
  constexpr size_t kMac = crypto_secretbox_xchacha20poly1305_MACBYTES;
  if (sealed.size() < kNonce + kMac) return std::nullopt;
  const auto* bytes = reinterpret_cast<const unsigned char*>(sealed.data());
  std::string text(sealed.size() - kNonce - kMac, '\0');
  if (crypto_secretbox_xchacha20poly1305_open_easy(reinterpret_cast<unsigned char*>(text.data()), bytes + kNonce,
                                                   sealed.size() - kNonce, bytes, key.data()) != 0) {
    return std::nullopt;
  }
  return text;
}

bool IsKey(std::string_view key) {
  return !key.empty() && key.size() <= 255 &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

std::string HeaderLines(const http::Response& response) {
  std::string lines;
  for (const auto& [name, value] : response.headers) {
    if (ToLower(name) != "set-cookie") lines += name + ": " + value + "\n";
  }
  return lines;
}

// All that makes two requests the same; the body, which may be large, by its hash.
std::string FingerprintOf(const http::Request& request) {
  std::string text = std::string(http::MethodName(request.method)) + '\n' + request.path + '\n';
  for (const auto& [name, value] : request.query) text += name + '=' + value + '\n';
  return text + '\n' + HashSecret(request.body);
}

std::string Hex(std::string_view bytes) {
  std::string hex(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  hex.pop_back();
  return hex;
}

}  // namespace

Idempotency::Idempotency(db::Database& database, std::function<Instant()> clock, const Vault* vault)
    : database_(database), clock_(std::move(clock)), vault_(vault) {}

std::string Idempotency::RequestHash(AccountId account, std::string_view key, std::string_view fingerprint) const {
  constexpr std::string_view kScope = "idempotency.request";
  const std::string said = std::to_string(account.value) + '\n' + std::string(key) + '\n' + std::string(fingerprint);
  if (vault_ != nullptr) return Hex(vault_->Index(kScope, said, 32));
  return Hex(BlindIndex(MakeSealKey(account, key), kScope, said, 32));
}

Result<Idempotency::Begun> Idempotency::Begin(AccountId account, std::string_view key, std::string_view fingerprint) {
  if (!IsKey(key)) return Error("idempotency_key_bad").With("max", 255);
  const Run run{account, std::string(key), NewId()};
  const std::string key_hash = HashSecret(key);
  const std::string request_hash = RequestHash(account, key, fingerprint);
  const Instant now = clock_();
  return database_.Write<Begun>([&](db::Connection& connection) -> Result<Begun> {
    // What is too old, or was left behind by a server that died, is as good as not there.
    connection.ExecuteLater(
        "DELETE FROM idempotency_key WHERE account_id = ?1 AND request_key = ?2 AND (created_at <= ?3 OR (status IS "
        "NULL AND created_at <= ?4))",
        account, key_hash, now.ms - kKeepMs, now.ms - kRunningMs);
    const int64_t added = connection.Execute(
        "INSERT INTO idempotency_key (account_id, request_key, request_hash, run_id, created_at) "
        "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (account_id, request_key) DO NOTHING",
        account, key_hash, request_hash, run.id, now.ms);
    if (added > 0) return Begun{.fresh = run};
    db::Rows rows = connection.Query(
        "SELECT request_hash, status, content_type, headers, body FROM idempotency_key WHERE account_id = ?1 AND "
        "request_key = ?2",
        account, key_hash);
    if (!rows.Next()) return Error("idempotency_running").With("retry_after", 1);  // it has just been given up
    if (rows.Text(0) != request_hash) return Error("idempotency_conflict");
    if (rows.IsNull(1)) return Error("idempotency_running").With("retry_after", 1);
    auto body = Unseal(rows.Bytes(4), MakeSealKey(account, key));
    if (!body) return Error("idempotency_conflict");
    http::Response again;
    again.status = static_cast<int>(rows.Int(1));
    again.content_type = rows.Text(2);
    again.body = *std::move(body);
    for (const std::string& line : Split(rows.Text(3), '\n')) {
      const size_t colon = line.find(": ");
      if (colon != std::string::npos) again.Header(line.substr(0, colon), line.substr(colon + 2));
    }
    again.Header("Idempotency-Replayed", "true");
    return Begun{.again = std::move(again)};
  });
}

Status Idempotency::Finish(const Run& run, const http::Response& response) {
  if (response.stream != nullptr || !response.body_file.empty()) return Abandon(run);
  const std::string sealed = Seal(response.body, MakeSealKey(run.account, run.key));
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    connection.Execute(
        "UPDATE idempotency_key SET status = ?4, content_type = ?5, headers = ?6, body = ?7 "
        "WHERE account_id = ?1 AND request_key = ?2 AND run_id = ?3",
        run.account, HashSecret(run.key), run.id, response.status, response.content_type, HeaderLines(response),
        db::Blob{sealed});
    return {};
  });
}

Status Idempotency::Abandon(const Run& run) {
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    connection.Execute("DELETE FROM idempotency_key WHERE account_id = ?1 AND request_key = ?2 AND run_id = ?3",
                       run.account, HashSecret(run.key), run.id);
    return {};
  });
}

http::ResultHandler Idempotency::Idempotently(http::ResultHandler handler) {
  return [this, handler = std::move(handler)](const http::Request& request) -> Result<http::Response> {
    const auto key = request.Header("idempotency-key");
    if (!key || !request.caller.signed_in()) return handler(request);
    ASSIGN_OR_RETURN(Begun begun, Begin(request.caller.account, *key, FingerprintOf(request)));
    if (begun.again) return *std::move(begun.again);
    Result<http::Response> response = [&]() -> Result<http::Response> {
      try {
        return handler(request);
      } catch (...) {
        (void)Abandon(*begun.fresh);
        throw;
      }
    }();
    // What happened has happened: the answer stands even when it cannot be kept. Then a repetition is told to wait.
    if (response.ok() && response->status < 300) {
      (void)Finish(*begun.fresh, *response);
    } else {
      (void)Abandon(*begun.fresh);
    }
    return response;
  };
}

void Idempotency::Prune(db::Connection& connection, Instant now) {
  connection.Execute("DELETE FROM idempotency_key WHERE created_at <= ?1", now.ms - kKeepMs);
}

}  // namespace dealpace::access
