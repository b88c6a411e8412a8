#include "access/identity_cache.h"

namespace dealpace::access {
namespace {

constexpr size_t kKnownMax = 20'000;

}  // namespace

std::optional<Identity> IdentityCache::Find(const std::string& hash, Instant now, std::optional<int64_t> mark,
                                            bool unattended) const {
  const std::lock_guard lock(mutex_);
  const auto it = known_.find(hash);
  if (it == known_.end()) return std::nullopt;
  const Known& known = it->second;
  const Identity& identity = known.identity;
  const int64_t age_ms = now.ms - known.read_at.ms;
  const bool current = mark ? known.mark == mark : age_ms < kKeepMs;
  if (!current || age_ms < 0) return std::nullopt;
  if (identity.expires_at && now >= *identity.expires_at) return std::nullopt;
  if (identity.idle_until && now >= *identity.idle_until) return std::nullopt;
  if (now >= identity.rights_until) return std::nullopt;
  if (!unattended && now >= identity.note_at) return std::nullopt;
  return identity;
}

uint64_t IdentityCache::drops() const {
  const std::lock_guard lock(mutex_);
  return drops_;
}

void IdentityCache::Put(const std::string& hash, const Identity& identity, Instant now, std::optional<int64_t> mark,
                        uint64_t drops) {
  const std::lock_guard lock(mutex_);
  if (drops != drops_) return;
  if (known_.size() >= kKnownMax) known_.clear();
  known_[hash] = {identity, now, mark};
}

void IdentityCache::Drop(std::string_view hash) {
  const std::lock_guard lock(mutex_);
  ++drops_;
  known_.erase(std::string(hash));
}

void IdentityCache::Drop(AccountId account) {
  const std::lock_guard lock(mutex_);
  ++drops_;
  std::erase_if(known_, [&](const auto& entry) { return entry.second.identity.caller.account == account; });
}

void IdentityCache::Clear() {
  const std::lock_guard lock(mutex_);
  ++drops_;
  known_.clear();
}

}  // namespace dealpace::access
