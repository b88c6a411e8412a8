#include "ledger/block.h"

#include <gtest/gtest.h>

#include <random>

#include "base/hash.h"
#include "catalog/embedded.h"

namespace dealpace::ledger {
namespace {

const catalog::Catalog& Ours() {
  static const catalog::Loaded kLoaded = catalog::Load(catalog::EmbeddedFiles());
  return *kLoaded.catalog;
}

// Entries as a file of a shop has them; `odd`: with whatever fits into the numbers.
std::vector<NewEntry> SomeEntries(size_t count, uint64_t seed, bool odd) {
  std::mt19937_64 random(seed);
  std::vector<NewEntry> entries(count);
  int64_t at = 1'760'000'000'000;
  for (NewEntry& entry : entries) {
    at += static_cast<int64_t>(random() % 600) * 1000;
    entry.event = static_cast<int>(random() % Ours().events().size());
    entry.at = {odd ? static_cast<int64_t>(random()) : at};
    entry.day = {odd ? static_cast<int32_t>(random()) : static_cast<int32_t>(at / 86'400'000)};
    entry.attempt = odd ? static_cast<int>(random() % 1000) : 1;
    entry.actor = StaffId(913'678'186'276'069'001 + static_cast<int64_t>(random() % 20));
    for (int64_t& member : entry.members) {
      if (random() % 2 == 0) member = odd ? static_cast<int64_t>(random()) : static_cast<int64_t>(random() % 9);
    }
    entry.quantity = odd ? static_cast<int64_t>(random()) : 1000;
    entry.amount = odd ? static_cast<int64_t>(random()) : static_cast<int64_t>(random() % 40) * 1'000'000;
    if (random() % 10 != 0) entry.lead = "L" + std::string(random() % (odd ? 200 : 8), 'x');
    if (!odd || random() % 3 != 0) entry.key = HashText(std::to_string(random()));
  }
  return entries;
}

PackedBlock Pack(const std::vector<NewEntry>& entries) {
  std::vector<const NewEntry*> all;
  for (const NewEntry& entry : entries) all.push_back(&entry);
  return PackBlock(all, Ours());
}

void ExpectEqual(const Block& block, const std::vector<NewEntry>& entries) {
  ASSERT_EQ(block.size(), entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const NewEntry& told = entries[i];
    Entry entry;
    block.Read(i, entry);
    ASSERT_EQ(block.events()[block.event(i)], Ours().events()[static_cast<size_t>(told.event)].id);
    ASSERT_EQ(entry.day, told.day);
    ASSERT_EQ(entry.at, told.at);
    ASSERT_EQ(entry.lead, told.lead);
    ASSERT_EQ(entry.attempt, told.attempt);
    ASSERT_EQ(entry.actor, told.actor.value);
    ASSERT_EQ(entry.members, told.members);
    ASSERT_EQ(entry.quantity, told.quantity);
    ASSERT_EQ(entry.amount, told.amount);
    ASSERT_EQ(block.key(i), told.key);
  }
}

TEST(BlockTest, GivesBackWhatWasPutIn) {
  for (const bool odd : {false, true}) {
    for (const size_t count : {size_t{1}, size_t{2}, size_t{100}, kBlockEntriesMax}) {
      const std::vector<NewEntry> entries = SomeEntries(count, count, odd);
      PackedBlock packed = Pack(entries);
      std::optional<Block> block = Block::Unpack(packed.content, packed.keys, count);
      ASSERT_TRUE(block) << count;
      const Block moved = *std::move(block);
      ExpectEqual(moved, entries);
    }
  }
}

TEST(BlockTest, TakesAFewBytesForAnOrdinaryEntry) {
  const PackedBlock packed = Pack(SomeEntries(1000, 1, false));
  EXPECT_LT(packed.content.size(), 1000U * 30);
  EXPECT_EQ(packed.keys.size(), 1000U * 16);
}

TEST(BlockTest, EqualEntriesMakeEqualBytes) {
  const std::vector<NewEntry> entries = SomeEntries(100, 5, true);
  EXPECT_EQ(Pack(entries).content, Pack(entries).content);
}

TEST(BlockTest, OtherBytesAreRefusedOrReadWithinTheirEnds) {
  const std::vector<NewEntry> entries = SomeEntries(40, 3, true);
  const PackedBlock packed = Pack(entries);
  EXPECT_FALSE(Block::Unpack(packed.content, packed.keys, 39));
  EXPECT_FALSE(Block::Unpack(packed.content, packed.keys, 41));
  EXPECT_FALSE(Block::Unpack(packed.content, packed.keys.substr(16), 40));
  EXPECT_FALSE(Block::Unpack(packed.content + "x", packed.keys, 40));
  EXPECT_FALSE(Block::Unpack("", "", 0));
  EXPECT_FALSE(Block::Unpack(packed.content, packed.keys, kBlockEntriesMax + 1));
  for (size_t length = 0; length < packed.content.size(); ++length) {
    ASSERT_FALSE(Block::Unpack(packed.content.substr(0, length), packed.keys, 40)) << length;
  }
  std::mt19937 random(11);
  size_t read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string content = packed.content;
    content[random() % content.size()] = static_cast<char>(random());
    const std::optional<Block> block = Block::Unpack(content, packed.keys, 40);
    if (!block) continue;
    for (size_t e = 0; e < block->size(); ++e) {
      Entry entry;
      block->Read(e, entry);
      read += entry.lead.size() + block->events()[block->event(e)].size() + (block->key(e) ? 1 : 0);
    }
  }
  EXPECT_GT(read, 0U);
}

}  // namespace
}  // namespace dealpace::ledger
