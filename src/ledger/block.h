#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "ledger/entry.h"

namespace dealpace::ledger {

// At most so many entries stand in a block, so that to read one of them costs little. Stored blocks rely on it: it may
// grow, never shrink.
inline constexpr size_t kBlockEntriesMax = 4096;

// The content of entries that follow each other as bytes: column by column, each distinct value once. Pure; equal
// entries make equal bytes on every machine.
struct PackedBlock {
  std::string content;
  std::string keys;  // 16 bytes for each entry that has one, in their order
};
[[nodiscard]] PackedBlock PackBlock(std::span<const NewEntry* const> entries, const catalog::Catalog& catalog);

// A block that has been read. Movable; what it lends lives as long as it does and is not moved.
class Block {
 public:
  // Nothing where the bytes are not those of a block with so many entries.
  static std::optional<Block> Unpack(std::string content, std::string keys, size_t entries);
  Block(Block&&) = default;
  Block& operator=(Block&&) = default;

  [[nodiscard]] size_t size() const { return at_.size(); }
  // The events that occur, by their names in the catalogue, and which of them an entry has.
  [[nodiscard]] const std::vector<std::string>& events() const { return events_; }
  [[nodiscard]] size_t event(size_t i) const { return static_cast<size_t>(columns_[0].At(i)); }
  // Into `entry`, all but seq, event, recorded_at and reverses; the lead is lent.
  void Read(size_t i, Entry& entry) const;
  [[nodiscard]] std::optional<Hash128> key(size_t i) const;

 private:
  // Numbers, each distinct one once.
  struct Column {
    std::vector<int64_t> values;
    std::string_view codes;  // one or two bytes each, into the content; none where there is one value
    [[nodiscard]] int64_t At(size_t i) const {
      if (codes.empty()) return values[0];
      const auto* bytes = reinterpret_cast<const unsigned char*>(codes.data());
      if (values.size() <= 256) return values[bytes[i]];
      return values[bytes[2 * i] | static_cast<size_t>(bytes[2 * i + 1]) << 8U];
    }
  };
  Block() = default;

  std::vector<char> content_;  // stays where it is when the block is moved
  std::string keys_;
  std::vector<std::string> events_;
  std::vector<Column> columns_;
  std::vector<int64_t> at_;
  std::vector<std::string_view> leads_;
  std::vector<uint32_t> key_of_;  // by entry, from 1; empty where all or none have one
};

}  // namespace dealpace::ledger
