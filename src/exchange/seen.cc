#include "exchange/seen.h"

#include <array>
#include <filesystem>

namespace dealpace::exchange {

Seen::~Seen() {
  spilled_.reset();
  if (path_.empty()) return;
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix, ignored);
}

std::optional<int64_t> Seen::Remember(const Hash128& hash, int64_t number) {
  if (const auto it = recent_.find(hash); it != recent_.end()) return it->second;
  if (const auto spilled = FindSpilled(hash)) return spilled;
  Put(hash, number);
  return std::nullopt;
}

int64_t Seen::Count(const Hash128& hash) {
  if (const auto it = recent_.find(hash); it != recent_.end()) return it->second++;
  const int64_t before = FindSpilled(hash).value_or(0);
  Put(hash, before + 1);
  return before;
}

void Seen::Put(const Hash128& hash, int64_t number) {
  if (recent_.size() >= in_memory_max_) Spill();
  recent_[hash] = number;
}

std::optional<int64_t> Seen::FindSpilled(const Hash128& hash) {
  if (!spilled_) return std::nullopt;
  const auto found = spilled_->Read<std::optional<int64_t>>([&](db::Connection& connection)
                                                                -> Result<std::optional<int64_t>> {
    const auto bytes = hash.Bytes();
    db::Rows rows = connection.Query("SELECT number FROM seen WHERE hash = ?1", db::Blob{{bytes.data(), bytes.size()}});
    return rows.Next() ? std::optional(rows.Int(0)) : std::nullopt;
  });
  return found.ok() ? *found : std::nullopt;
}

void Seen::Spill() {
  const auto fail = [](const Error& error) {
    throw db::DbError(db::DbError::Why::kFull,
                      "cannot keep the rows seen on disk: " + std::string(error.Arg("detail")));
  };
  if (!spilled_) {
    path_ = (std::filesystem::temp_directory_path() / ("dealpace-seen-" + std::to_string(NewId()) + ".db")).string();
    auto opened = db::Database::Open(path_);
    if (!opened.ok()) fail(opened.error());
    spilled_ = *std::move(opened);
    const Status made = spilled_->Write<void>([](db::Connection& connection) -> Status {
      connection.ExecuteScript("CREATE TABLE seen (hash BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID");
      return {};
    });
    if (!made.ok()) fail(made.error());
  }
  const Status written = spilled_->Write<void>([this](db::Connection& connection) -> Status {
    for (const auto& [hash, number] : recent_) {
      const auto bytes = hash.Bytes();
      connection.Execute(
          "INSERT INTO seen (hash, number) VALUES (?1, ?2) ON CONFLICT (hash) DO UPDATE SET number = excluded.number",
          db::Blob{{bytes.data(), bytes.size()}}, number);
    }
    return {};
  });
  if (!written.ok()) fail(written.error());
  recent_.clear();
}

}  // namespace dealpace::exchange
