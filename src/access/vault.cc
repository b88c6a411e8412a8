#include "access/vault.h"

#include <sodium.h>

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>
#include <vector>

#include "access/secrets.h"

namespace dealpace::access {
namespace {

constexpr size_t kNumber = 4;
constexpr size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(std::tuple_size_v<Key> == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(std::tuple_size_v<Key> == crypto_auth_hmacsha256_KEYBYTES);

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// A key that is wiped at the end of its scope.
struct Held {
  Key key{};
  ~Held() { Wipe(key); }
};

void WipeAll(std::map<uint32_t, Key>& keys) {
  for (auto& [number, key] : keys) Wipe(key);
}

struct WipingAll {
  std::map<uint32_t, Key>& keys;
  ~WipingAll() { WipeAll(keys); }
};

// The number of the key, nonce, ciphertext and tag; `about` is bound to it.
std::string SealWith(uint32_t number, const Key& key, std::string_view about, std::string_view plain) {
  std::string sealed(kNumber + kNonce + plain.size() + kTag, '\0');
  for (size_t i = 0; i < kNumber; ++i) sealed[i] = static_cast<char>(number >> (24 - 8 * i));
  auto* nonce = reinterpret_cast<unsigned char*>(sealed.data()) + kNumber;
  randombytes_buf(nonce, kNonce);
  crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + kNonce, nullptr, Bytes(plain), plain.size(), Bytes(about),
                                             about.size(), nullptr, nonce, key.data());
  return sealed;
}

// Nothing for a text that is none of ours.
std::optional<uint32_t> NumberOf(std::string_view sealed) {
  if (sealed.size() < kNumber + kNonce + kTag) return std::nullopt;
  uint32_t number = 0;
  for (size_t i = 0; i < kNumber; ++i) number = number << 8 | static_cast<unsigned char>(sealed[i]);
  return number;
}

// `plain` has room for what is inside. False when it was altered, or sealed with another key or about something else.
bool UnsealWith(const Key& key, std::string_view about, std::string_view sealed, unsigned char* plain) {
  const unsigned char* nonce = Bytes(sealed) + kNumber;
  return crypto_aead_xchacha20poly1305_ietf_decrypt(plain, nullptr, nullptr, nonce + kNonce,
                                                    sealed.size() - kNumber - kNonce, Bytes(about), about.size(), nonce,
                                                    key.data()) == 0;
}

std::string About(const Vault::Place& place) {
  const SealedColumn& column = ColumnOf(place.field);
  std::string about = std::to_string(place.dealer);
  about.append("|").append(column.table).append("|").append(column.column).append("|");
  return about + std::to_string(place.row);
}
std::string AboutDataKey(uint32_t number) { return "data_key|" + std::to_string(number); }
std::string AboutIndexKey(int64_t number) { return "index_key|" + std::to_string(number); }

std::string Wrap(const KeyFile& keys, std::string_view about, const Key& key) {
  const int master = keys.newest_master();
  const std::string_view plain(reinterpret_cast<const char*>(key.data()), key.size());
  return SealWith(static_cast<uint32_t>(master), *keys.master(master), about, plain);
}

// False when the file's masters do not open it.
bool UnwrapWith(const KeyFile& keys, std::string_view about, std::string_view wrapped, Key& key) {
  const auto master_number = NumberOf(wrapped);
  if (!master_number || wrapped.size() != kNumber + kNonce + key.size() + kTag) return false;
  const Key* master = keys.master(static_cast<int>(*master_number));
  return master != nullptr && UnsealWith(*master, about, wrapped, key.data());
}

}  // namespace

std::string BlindIndex(const Key& key, std::string_view scope, std::string_view value, size_t bytes) {
  assert(scope.find('|') == std::string_view::npos && bytes <= crypto_auth_hmacsha256_BYTES);
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key.data(), key.size());
  crypto_auth_hmacsha256_update(&state, Bytes(scope), scope.size());
  crypto_auth_hmacsha256_update(&state, Bytes("|"), 1);
  crypto_auth_hmacsha256_update(&state, Bytes(value), value.size());
  std::string index(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(index.data()));
  sodium_memzero(&state, sizeof state);
  index.resize(std::min(bytes, index.size()));
  return index;
}

Vault::~Vault() {
  WipeAll(data_);
  for (auto& [number, key] : index_) Wipe(key);
}

Result<std::unique_ptr<Vault>> Vault::Open(db::Database& database, KeyFile keys, Instant now) {
  StartSodium();
  std::unique_ptr<Vault> vault(new Vault(database, std::move(keys)));
  RETURN_IF_ERROR(vault->Refresh());
  if (!vault->data_.empty()) return vault;
  RETURN_IF_ERROR(database.Write<void>([&](db::Connection& connection) -> Status {
    Held fresh;
    randombytes_buf(fresh.key.data(), fresh.key.size());
    const std::string wrapped = Wrap(vault->keys_, AboutDataKey(1), fresh.key);
    // Another server may have been faster: then its key counts.
    connection.Execute(
        "INSERT INTO data_key (key_number, wrapped, created_at) VALUES (1, ?1, ?2) ON CONFLICT (key_number) DO NOTHING",
        db::Blob{wrapped}, now.ms);
    return {};
  }));
  RETURN_IF_ERROR(vault->Refresh());
  return vault;
}

Result<std::map<uint32_t, Key>> Vault::ReadDataKeys(db::Connection& connection) const {
  std::map<uint32_t, Key> data;
  bool reread = false;
  db::Rows rows = connection.Query("SELECT key_number, wrapped FROM data_key ORDER BY key_number");
  const std::lock_guard lock(masters_mutex_);
  while (rows.Next()) {
    const auto number = static_cast<uint32_t>(rows.Int(0));
    const std::string wrapped(rows.Bytes(1));
    if (UnwrapWith(keys_, AboutDataKey(number), wrapped, data[number])) continue;
    // A master may have been added to the file since it was read.
    if (!std::exchange(reread, true) && keys_.ReadMastersAgain().ok() &&
        UnwrapWith(keys_, AboutDataKey(number), wrapped, data[number])) {
      continue;
    }
    WipeAll(data);
    return Error("key_file_wrong").With("path", keys_.path().string());
  }
  return data;
}

void Vault::Keep(std::map<uint32_t, Key>& data) const {
  const std::lock_guard lock(mutex_);
  data_.swap(data);
  WipeAll(data);
}

Status Vault::Refresh() const {
  using Keys = std::map<uint32_t, Key>;
  ASSIGN_OR_RETURN(Keys data, database_.Read<Keys>([this](db::Connection& c) { return ReadDataKeys(c); }));
  Keep(data);
  return {};
}

Result<int64_t> Vault::Rewrap(db::Connection& connection, const std::map<uint32_t, Key>& data) const {
  const int master = keys_.newest_master();
  std::vector<uint32_t> others;
  {
    db::Rows rows = connection.Query("SELECT key_number, wrapped FROM data_key ORDER BY key_number");
    while (rows.Next()) {
      if (KeyOf(rows.Bytes(1)) != static_cast<uint32_t>(master)) others.push_back(static_cast<uint32_t>(rows.Int(0)));
    }
  }
  for (const uint32_t number : others) {
    const std::string wrapped = Wrap(keys_, AboutDataKey(number), data.at(number));
    connection.Execute("UPDATE data_key SET wrapped = ?2 WHERE key_number = ?1", int64_t{number}, db::Blob{wrapped});
  }
  std::vector<std::pair<int64_t, Held>> indexes;
  {
    db::Rows rows =
        connection.Query("SELECT key_number, wrapped FROM index_key WHERE wrapped IS NOT NULL ORDER BY key_number");
    while (rows.Next()) {
      if (KeyOf(rows.Bytes(1)) == static_cast<uint32_t>(master)) continue;
      auto& [number, held] = indexes.emplace_back();
      number = rows.Int(0);
      if (!UnwrapWith(keys_, AboutIndexKey(number), rows.Bytes(1), held.key)) {
        return Error("key_file_wrong").With("path", keys_.path().string());
      }
    }
  }
  for (const auto& [number, held] : indexes) {
    const std::string wrapped = Wrap(keys_, AboutIndexKey(number), held.key);
    connection.Execute("UPDATE index_key SET wrapped = ?2 WHERE key_number = ?1", number, db::Blob{wrapped});
  }
  return static_cast<int64_t>(others.size() + indexes.size());
}

Result<uint32_t> Vault::Rotate(Instant now, const db::Witness& witness) {
  ASSIGN_OR_RETURN(const uint32_t made, database_.Write<uint32_t>([&](db::Connection& connection) -> Result<uint32_t> {
    ASSIGN_OR_RETURN(auto data, ReadDataKeys(connection));
    const WipingAll wiping{data};
    Held fresh;
    randombytes_buf(fresh.key.data(), fresh.key.size());
    const uint32_t number = data.empty() ? 1 : data.rbegin()->first + 1;
    const std::lock_guard lock(masters_mutex_);
    // Never back to a master that was newest when the server started.
    RETURN_IF_ERROR(keys_.ReadMastersAgain());
    // Of two servers that rotate at once the later one waits here, and then finds it done.
    const std::string wrapped_fresh = Wrap(keys_, AboutDataKey(number), fresh.key);
    const int64_t added = connection.Execute(
        "INSERT INTO data_key (key_number, wrapped, created_at) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (key_number) DO NOTHING",
        int64_t{number}, db::Blob{wrapped_fresh}, now.ms);
    if (added == 0) return number;
    data[number] = fresh.key;
    RETURN_IF_ERROR(Rewrap(connection, data));
    RETURN_IF_ERROR(witness.Note(connection, "data_key.rotate", db::ObjectOf("data_key", number)));
    return number;
  }));
  RETURN_IF_ERROR(Refresh());
  return made;
}

Result<int64_t> Vault::WrapAnew(const db::Witness& witness) {
  return database_.Write<int64_t>([&](db::Connection& connection) -> Result<int64_t> {
    ASSIGN_OR_RETURN(auto data, ReadDataKeys(connection));
    const WipingAll wiping{data};
    const std::lock_guard lock(masters_mutex_);
    RETURN_IF_ERROR(keys_.ReadMastersAgain());
    ASSIGN_OR_RETURN(const int64_t wrapped, Rewrap(connection, data));
    if (wrapped > 0) {
      RETURN_IF_ERROR(witness.Note(connection, "data_key.wrap", db::ObjectOf("master_key", keys_.newest_master()), {},
                                   {{"count", wrapped}}));
    }
    return wrapped;
  });
}

bool Vault::Find(uint32_t number, Key& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = data_.find(number);
  if (found == data_.end()) return false;
  key = found->second;
  return true;
}

Vault::Sealer::Sealer(Sealer&& other) noexcept : number_(other.number_), key_(other.key_) { Wipe(other.key_); }

Vault::Sealer::~Sealer() { Wipe(key_); }

std::string Vault::Sealer::Seal(const Place& place, std::string_view plain) const {
  return SealWith(number_, key_, About(place), plain);
}

Result<Vault::Sealer> Vault::BeginSealing(db::Connection& connection) const {
  // Whoever drops a key waits for the transactions that hold it, and then counts. On SQLite one transaction writes at a
  // time, so nothing can be dropped in this one. What was newest in the view of the statement cannot be gone again, but
  // for a transaction that slept through all of a rotation: that looks again.
  constexpr int kLooks = 3;
  const bool postgres = connection.kind() == db::Kind::kPostgres;
  std::optional<uint32_t> newest;
  for (int look = 0; look < kLooks && !newest; ++look) {
    db::Rows rows =
        connection.Query(postgres ? "SELECT key_number FROM data_key ORDER BY key_number DESC LIMIT 1 FOR KEY SHARE"
                                  : "SELECT key_number FROM data_key ORDER BY key_number DESC LIMIT 1");
    if (rows.Next()) newest = static_cast<uint32_t>(rows.Int(0));
  }
  if (!newest) return Error("key_file_wrong").With("path", keys_.path().string());
  Held held;
  if (!Find(*newest, held.key)) {
    ASSIGN_OR_RETURN(auto data, ReadDataKeys(connection));
    Keep(data);
    if (!Find(*newest, held.key)) return Error("key_file_wrong").With("path", keys_.path().string());
  }
  return Sealer(*newest, held.key);
}

Result<std::string> Vault::Seal(db::Connection& connection, const Place& place, std::string_view plain) const {
  ASSIGN_OR_RETURN(const Sealer sealer, BeginSealing(connection));
  return sealer.Seal(place, plain);
}

std::optional<uint32_t> Vault::KeyOf(std::string_view sealed) { return NumberOf(sealed); }

Result<std::string> Vault::Unseal(const Place& place, std::string_view sealed) const {
  const auto number = NumberOf(sealed);
  if (!number) return Error("sealed_damaged");
  Held held;
  if (!Find(*number, held.key)) {
    RETURN_IF_ERROR(Refresh());
    if (!Find(*number, held.key)) return Error("sealed_damaged");
  }
  std::string plain(sealed.size() - kNumber - kNonce - kTag, '\0');
  if (!UnsealWith(held.key, About(place), sealed, reinterpret_cast<unsigned char*>(plain.data()))) {
    return Error("sealed_damaged");
  }
  return plain;
}

IndexKeys::~IndexKeys() {
  for (auto& [number, key] : keys_) Wipe(key);
}

std::string IndexKeys::Index(size_t at, std::string_view scope, std::string_view value, size_t bytes) const {
  const auto& [number, key] = keys_[at];
  if (number == 0) return vault_->Index(scope, value, bytes);
  const Held held{IndexKeyOf(key, scope)};
  return BlindIndex(held.key, scope, value, bytes);
}

Status Vault::OpenIndexKey(int64_t number, std::string_view wrapped, Key& key) const {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = index_.find(number); found != index_.end()) {
      key = found->second;
      return {};
    }
  }
  {
    const std::lock_guard lock(masters_mutex_);
    const std::string about = AboutIndexKey(number);
    // A master may have been added to the file since it was read.
    if (!UnwrapWith(keys_, about, wrapped, key) &&
        !(keys_.ReadMastersAgain().ok() && UnwrapWith(keys_, about, wrapped, key))) {
      return Error("key_file_wrong").With("path", keys_.path().string());
    }
  }
  const std::lock_guard lock(mutex_);
  index_[number] = key;
  return {};
}

Result<IndexKeys> Vault::HoldIndexKeys(db::Connection& connection) const {
  // Whoever makes one or drops one waits for the transactions that hold those that there are. Who has waited for him in
  // turn sees by `superseded` that one has come, and looks again.
  const bool hold = connection.writing() && connection.kind() == db::Kind::kPostgres;
  constexpr int kLooks = 5;
  for (int look = 0; look < kLooks; ++look) {
    IndexKeys found(*this);
    bool superseded = true;
    db::Rows rows = connection.Query(
        hold ? "SELECT key_number, wrapped, superseded FROM index_key ORDER BY key_number DESC FOR SHARE"
             : "SELECT key_number, wrapped, superseded FROM index_key ORDER BY key_number DESC");
    while (rows.Next()) {
      if (found.keys_.empty()) superseded = rows.Int(2) != 0;
      auto& [number, key] = found.keys_.emplace_back(rows.Int(0), Key{});
      if (number != 0) RETURN_IF_ERROR(OpenIndexKey(number, rows.Bytes(1), key));
    }
    if (!found.keys_.empty() && !superseded) return found;
  }
  return Error("key_file_wrong").With("path", keys_.path().string());
}

Result<int64_t> Vault::RotateIndex(Instant now, const db::Witness& witness) {
  return database_.Write<int64_t>([&](db::Connection& connection) -> Result<int64_t> {
    const bool postgres = connection.kind() == db::Kind::kPostgres;
    std::vector<int64_t> numbers;
    bool superseded = true;
    // Waits for all who store something under the keys that there are.
    constexpr int kLooks = 5;
    for (int look = 0; look < kLooks && superseded; ++look) {
      numbers.clear();
      db::Rows rows =
          connection.Query(postgres ? "SELECT key_number, superseded FROM index_key ORDER BY key_number DESC FOR UPDATE"
                                    : "SELECT key_number, superseded FROM index_key ORDER BY key_number DESC");
      while (rows.Next()) {
        if (numbers.empty()) superseded = rows.Int(1) != 0;
        numbers.push_back(rows.Int(0));
      }
    }
    if (numbers.size() != 1) return Error("index_rotation_running");
    const int64_t number = numbers.front() + 1;
    Held fresh;
    randombytes_buf(fresh.key.data(), fresh.key.size());
    std::string wrapped;
    {
      const std::lock_guard lock(masters_mutex_);
      // Never back to a master that was newest when the server started.
      RETURN_IF_ERROR(keys_.ReadMastersAgain());
      wrapped = Wrap(keys_, AboutIndexKey(number), fresh.key);
    }
    connection.Execute("UPDATE index_key SET superseded = 1 WHERE key_number < ?1", number);
    connection.Execute(
        "INSERT INTO index_key (key_number, wrapped, created_at, superseded, swept) VALUES (?1, ?2, ?3, 0, 0)", number,
        db::Blob{wrapped}, now.ms);
    RETURN_IF_ERROR(witness.Note(connection, "index_key.rotate", db::ObjectOf("index_key", number)));
    return number;
  });
}

std::string Vault::Index(std::string_view scope, std::string_view value, size_t bytes) const {
  const Held held{keys_.index(scope)};
  return BlindIndex(held.key, scope, value, bytes);
}

}  // namespace dealpace::access
