#include "access/identity_cache.h"

namespace dealpace::access {
namespace {

constexpr size_t kKnownMax = 20'000;

}  // namespace

std::optional<Identity> IdentityCache::Find(const std::string& hash, Instant now) const {
  const std::lock_guard lock(mutex_);
  const auto it = known_.find(hash);
  if (it == known_.end()) return std::nullopt;
  const Known& known = it->second;
  const int64_t age_ms = now.ms - known.read_at.ms;
  if (age_ms < 0 || age_ms >= kKeepMs) return std::nullopt;
  if (known.identity.expires_at && now >= *known.identity.expires_at) return std::nullopt;
  return known.identity;
}

uint64_t IdentityCache::mark() const {
  const std::lock_guard lock(mutex_);
  return drops_;
}

void IdentityCache::Put(const std::string& hash, const Identity& identity, Instant now, uint64_t mark) {
  const std::lock_guard lock(mutex_);
  if (mark != drops_) return;
  if (known_.size() >= kKnownMax) known_.clear();
  known_[hash] = {identity, now};
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
