#include "exchange/seen.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/ids.h"
#include "db/db.h"

namespace dealpace::exchange {
namespace {

constexpr size_t kSlotsLeast = 1024;
constexpr size_t kHashesPerWord = 4;  // of the filter, when it is full
constexpr int64_t kPage = 65'536;     // a multiple of what mmap wants

[[noreturn]] void Fail() {
  throw db::DbError(errno == ENOSPC ? db::DbError::Why::kFull : db::DbError::Why::kOther,
                    "cannot keep the rows seen on disk: " + std::string(std::strerror(errno)));
}

// Four bits of one word.
uint64_t FilterBits(const Hash128& hash) {
  return (uint64_t{1} << (hash.low & 63)) | (uint64_t{1} << ((hash.low >> 6) & 63)) |
         (uint64_t{1} << ((hash.low >> 12) & 63)) | (uint64_t{1} << ((hash.low >> 18) & 63));
}
size_t FilterWord(const Hash128& hash, size_t words) { return static_cast<size_t>((hash.low >> 24) % words); }

}  // namespace

Seen::~Seen() {
  for (const Run& run : runs_) munmap(const_cast<Entry*>(run.entries), run.count * sizeof(Entry));
  if (fd_ >= 0) close(fd_);
}

std::optional<int64_t> Seen::Remember(const Hash128& hash, int64_t number) {
  if (!recent_.empty()) {
    if (const Entry* entry = Slot(hash); entry->number != kNone) return entry->number;
  }
  if (const auto spilled = FindSpilled(hash)) return spilled;
  Put(hash, number);
  return std::nullopt;
}

int64_t Seen::Count(const Hash128& hash) {
  if (!recent_.empty()) {
    if (Entry* entry = Slot(hash); entry->number != kNone) return entry->number++;
  }
  const int64_t before = FindSpilled(hash).value_or(0);
  Put(hash, before + 1);
  return before;
}

Seen::Entry* Seen::Slot(const Hash128& hash) {
  const size_t mask = recent_.size() - 1;
  size_t i = static_cast<size_t>(hash.high) & mask;
  while (recent_[i].number != kNone && recent_[i].hash != hash) i = (i + 1) & mask;
  return &recent_[i];
}

void Seen::Put(const Hash128& hash, int64_t number) {
  if (count_ >= in_memory_max_) Spill();
  if ((count_ + 1) * 10 > recent_.size() * 7) Grow();
  *Slot(hash) = {hash, number};
  ++count_;
}

void Seen::Grow() {
  decltype(recent_) old(std::max(kSlotsLeast, recent_.size() * 2));
  old.swap(recent_);
  for (const Entry& entry : old) {
    if (entry.number != kNone) *Slot(entry.hash) = entry;
  }
}

std::optional<int64_t> Seen::FindSpilled(const Hash128& hash) const {
  if (filter_.empty()) return std::nullopt;
  const uint64_t bits = FilterBits(hash);
  if ((filter_[FilterWord(hash, filter_.size())] & bits) != bits) return std::nullopt;
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
    const Entry* const end = run->entries + run->count;
    const Entry* const found =
        std::lower_bound(run->entries, end, hash, [](const Entry& a, const Hash128& b) { return a.hash < b; });
    if (found != end && found->hash == hash) return found->number;
  }
  return std::nullopt;
}

void Seen::Spill() {
  if (fd_ < 0) {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("dealpace-seen-" + std::to_string(NewId()))).string();
    fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd_ < 0) Fail();
    unlink(path.c_str());  // its name is not needed any more; so nothing stays behind, however the program ends
  }
  const auto empty = [](const Entry& entry) { return entry.number == kNone; };
  recent_.erase(std::remove_if(recent_.begin(), recent_.end(), empty), recent_.end());
  std::sort(recent_.begin(), recent_.end(), [](const Entry& a, const Entry& b) { return a.hash < b.hash; });
  const size_t bytes = recent_.size() * sizeof(Entry);
  const auto* data = reinterpret_cast<const char*>(recent_.data());
  for (size_t done = 0; done < bytes;) {
    const ssize_t written = pwrite(fd_, data + done, bytes - done, file_bytes_ + static_cast<int64_t>(done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) Fail();
    done += static_cast<size_t>(written);
  }
  void* const mapped = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd_, file_bytes_);
  if (mapped == MAP_FAILED) Fail();
  runs_.push_back({static_cast<const Entry*>(mapped), recent_.size()});
  spilled_ += recent_.size();
  if (spilled_ > filter_.size() * kHashesPerWord) {
    filter_.assign(std::bit_ceil(spilled_ * 2 / kHashesPerWord + 1), 0);
    for (const Run& run : runs_) AddToFilter(run);
  } else {
    AddToFilter(runs_.back());
  }
  file_bytes_ = (file_bytes_ + static_cast<int64_t>(bytes) + kPage - 1) / kPage * kPage;
  const size_t slots = std::bit_ceil(std::max(kSlotsLeast, recent_.size() * 10 / 7 + 1));
  recent_.assign(slots, Entry{});
  count_ = 0;
}

void Seen::AddToFilter(const Run& run) {
  for (size_t i = 0; i < run.count; ++i) {
    const Hash128& hash = run.entries[i].hash;
    filter_[FilterWord(hash, filter_.size())] |= FilterBits(hash);
  }
}

}  // namespace dealpace::exchange
