#include "ledger/block.h"

#include <algorithm>
#include <numeric>

// The layout: its number, the names of the events, one column for each number of an entry, the instants, the leads, and
// which entries have a key. Numbers are written seven bits a byte, the least first; signed ones with the sign lowest.
namespace dealpace::ledger {
namespace {

constexpr uint64_t kLayout = 1;
enum class Keyed : uint64_t { kNone, kAll, kSome };
constexpr size_t kKeyBytes = 16;

// event, day, attempt, actor, members, quantity, amount
constexpr size_t kColumns = 4 + kMemberDimCount + 2;

uint64_t Folded(int64_t value) { return (static_cast<uint64_t>(value) << 1U) ^ static_cast<uint64_t>(value >> 63); }
int64_t Unfolded(uint64_t value) { return static_cast<int64_t>(value >> 1U) ^ -static_cast<int64_t>(value & 1U); }
// Differences may go over the ends of 64 bits and come back.
int64_t Minus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
int64_t Plus(int64_t a, int64_t b) { return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)); }

class Packer {
 public:
  void Number(uint64_t value) {
    for (; value >= 0x80; value >>= 7U) text_ += static_cast<char>(value | 0x80U);
    text_ += static_cast<char>(value);
  }
  void Text(std::string_view text) {
    Number(text.size());
    text_ += text;
  }
  void Bytes(std::string_view bytes) { text_ += bytes; }

  template <typename ValueOf>
  void Column(size_t count, const ValueOf& value_of) {
    values_.clear();
    for (size_t i = 0; i < count; ++i) {
      const int64_t value = value_of(i);
      if (values_.empty() || values_.back() != value) values_.push_back(value);
    }
    std::sort(values_.begin(), values_.end());
    values_.erase(std::unique(values_.begin(), values_.end()), values_.end());
    Number(values_.size());
    int64_t before = 0;
    for (const int64_t value : values_) {
      Number(Folded(Minus(value, before)));
      before = value;
    }
    if (values_.size() == 1) return;
    const bool wide = values_.size() > 256;
    for (size_t i = 0; i < count; ++i) {
      const auto code =
          static_cast<size_t>(std::lower_bound(values_.begin(), values_.end(), value_of(i)) - values_.begin());
      text_ += static_cast<char>(code & 0xFFU);
      if (wide) text_ += static_cast<char>(code >> 8U);
    }
  }

  [[nodiscard]] std::string Take() && { return std::move(text_); }

 private:
  std::string text_;
  std::vector<int64_t> values_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : bytes_(bytes) {}
  uint64_t Number() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) break;
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }
  // At most `most`, or it is no block.
  size_t Count(size_t most) {
    const uint64_t value = Number();
    if (value <= most) return static_cast<size_t>(value);
    ok_ = false;
    return 0;
  }
  std::string_view Bytes(size_t count) {
    if (count > bytes_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  [[nodiscard]] size_t left() const { return bytes_.size(); }
  [[nodiscard]] bool ok() const { return ok_; }
  void Fail() { ok_ = false; }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace

PackedBlock PackBlock(std::span<const NewEntry* const> entries, const catalog::Catalog& catalog) {
  const size_t count = entries.size();
  Packer packer;
  packer.Number(kLayout);
  std::vector<int> events;
  for (const NewEntry* entry : entries) {
    if (std::find(events.begin(), events.end(), entry->event) == events.end()) events.push_back(entry->event);
  }
  std::sort(events.begin(), events.end());
  packer.Number(events.size());
  for (const int event : events) packer.Text(catalog.events()[static_cast<size_t>(event)].id);

  packer.Column(count, [&](size_t i) {
    return std::lower_bound(events.begin(), events.end(), entries[i]->event) - events.begin();
  });
  packer.Column(count, [&](size_t i) { return entries[i]->day.value; });
  packer.Column(count, [&](size_t i) { return entries[i]->attempt; });
  packer.Column(count, [&](size_t i) { return entries[i]->actor.value; });
  for (size_t m = 0; m < kMemberDimCount; ++m) packer.Column(count, [&](size_t i) { return entries[i]->members[m]; });
  packer.Column(count, [&](size_t i) { return entries[i]->quantity; });
  packer.Column(count, [&](size_t i) { return entries[i]->amount; });

  // Instants are mostly whole seconds, one a little after the other.
  const auto step_to = [&](size_t i) { return Minus(entries[i]->at.ms, i == 0 ? 0 : entries[i - 1]->at.ms); };
  uint64_t unit = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto step = static_cast<uint64_t>(step_to(i));
    unit = std::gcd(unit, step_to(i) < 0 ? 0 - step : step);
  }
  if (unit == 0 || unit > INT32_MAX) unit = 1;
  packer.Number(unit);
  for (size_t i = 0; i < count; ++i) packer.Number(Folded(step_to(i) / static_cast<int64_t>(unit)));

  for (const NewEntry* entry : entries) packer.Number(entry->lead.size());
  for (const NewEntry* entry : entries) packer.Bytes(entry->lead);

  PackedBlock packed;
  const auto keyed = static_cast<size_t>(
      std::count_if(entries.begin(), entries.end(), [](const NewEntry* entry) { return entry->key.has_value(); }));
  packed.keys.reserve(keyed * kKeyBytes);
  for (const NewEntry* entry : entries) {
    if (!entry->key) continue;
    const std::array<char, kKeyBytes> bytes = entry->key->Bytes();
    packed.keys.append(bytes.data(), bytes.size());
  }
  const Keyed have = keyed == 0 ? Keyed::kNone : keyed == count ? Keyed::kAll : Keyed::kSome;
  packer.Number(static_cast<uint64_t>(have));
  if (have == Keyed::kSome) {
    for (const NewEntry* entry : entries) packer.Number(entry->key ? 1 : 0);
  }
  packed.content = std::move(packer).Take();
  return packed;
}

std::optional<Block> Block::Unpack(std::string content, std::string keys, size_t entries) {
  if (entries == 0 || entries > kBlockEntriesMax) return std::nullopt;
  Block block;
  block.content_.assign(content.begin(), content.end());
  block.keys_ = std::move(keys);
  Unpacker bytes({block.content_.data(), block.content_.size()});
  if (bytes.Number() != kLayout) return std::nullopt;
  const size_t events = bytes.Count(entries);
  for (size_t e = 0; e < events && bytes.ok(); ++e) block.events_.emplace_back(bytes.Bytes(bytes.Count(bytes.left())));

  block.columns_.resize(kColumns);
  for (Column& column : block.columns_) {
    const size_t distinct = bytes.Count(entries);
    if (distinct == 0) bytes.Fail();
    int64_t value = 0;
    for (size_t v = 0; v < distinct && bytes.ok(); ++v) {
      value = Plus(value, Unfolded(bytes.Number()));
      column.values.push_back(value);
    }
    if (distinct > 1) column.codes = bytes.Bytes(entries * (distinct > 256 ? 2 : 1));
    if (!bytes.ok()) return std::nullopt;
    const size_t width = distinct > 256 ? 2 : 1;
    for (size_t i = 0; i < column.codes.size(); i += width) {
      size_t code = static_cast<unsigned char>(column.codes[i]);
      if (width == 2) code |= static_cast<size_t>(static_cast<unsigned char>(column.codes[i + 1])) << 8U;
      if (code >= distinct) return std::nullopt;
    }
  }
  for (const int64_t event : block.columns_[0].values) {
    if (event < 0 || static_cast<size_t>(event) >= events) return std::nullopt;
  }

  const auto unit = static_cast<int64_t>(bytes.Count(INT32_MAX));
  int64_t at = 0;
  block.at_.reserve(entries);
  for (size_t i = 0; i < entries && bytes.ok(); ++i) {
    const auto step = static_cast<uint64_t>(Unfolded(bytes.Number())) * static_cast<uint64_t>(unit);
    block.at_.push_back(at = Plus(at, static_cast<int64_t>(step)));
  }
  std::vector<size_t> lengths;
  lengths.reserve(entries);
  for (size_t i = 0; i < entries && bytes.ok(); ++i) lengths.push_back(bytes.Count(bytes.left()));
  block.leads_.reserve(entries);
  for (size_t i = 0; i < lengths.size() && bytes.ok(); ++i) block.leads_.push_back(bytes.Bytes(lengths[i]));

  const size_t keyed = block.keys_.size() / kKeyBytes;
  const auto have = static_cast<Keyed>(bytes.Count(static_cast<size_t>(Keyed::kSome)));
  size_t expected = have == Keyed::kAll ? entries : 0;
  if (have == Keyed::kSome) {
    block.key_of_.assign(entries, 0);
    for (size_t i = 0; i < entries && bytes.ok(); ++i) {
      if (bytes.Count(1) == 1) block.key_of_[i] = static_cast<uint32_t>(++expected);
    }
  }
  if (!bytes.ok() || bytes.left() != 0 || keyed != expected || block.keys_.size() % kKeyBytes != 0) return std::nullopt;
  return block;
}

void Block::Read(size_t i, Entry& entry) const {
  entry.day = {static_cast<int32_t>(columns_[1].At(i))};
  entry.attempt = static_cast<int>(columns_[2].At(i));
  entry.actor = columns_[3].At(i);
  for (size_t m = 0; m < kMemberDimCount; ++m) entry.members[m] = columns_[4 + m].At(i);
  entry.quantity = columns_[kColumns - 2].At(i);
  entry.amount = columns_[kColumns - 1].At(i);
  entry.at = {at_[i]};
  entry.lead = leads_[i];
}

std::optional<Hash128> Block::key(size_t i) const {
  size_t place = i;
  if (!key_of_.empty()) {
    if (key_of_[i] == 0) return std::nullopt;
    place = key_of_[i] - 1;
  } else if (keys_.empty()) {
    return std::nullopt;
  }
  return Hash128::FromBytes(std::string_view(keys_).substr(place * kKeyBytes, kKeyBytes));
}

}  // namespace dealpace::ledger
