#include "attachments/store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "access/resealing.h"
#include "access/testing.h"
#include "attachments/testing.h"
#include "db/testing.h"

namespace dealpace::attachments {
namespace {

using access::Code;

const Instant kNow{1'795'000'000'000};
constexpr DealerId kDealer{1};
constexpr DealerId kOther{2};
const Owner kWang{"customer", "17"};
const Owner kLead{"lead", "L1"};

class AttachmentsTest : public testing::TestWithParam<db::Kind> {
 protected:
  AttachmentsTest()
      : database_(GetParam()),
        vault_(*access::Vault::Open(*database_, *access::KeyFile::Make(folder_.path() / "keys"), Instant{1})),
        store_(*vault_) {
    EXPECT_EQ(Do([](db::Connection& c) -> Status {
                for (const DealerId dealer : {kDealer, kOther}) {
                  c.Execute(
                      "INSERT INTO dealer (dealer_id, code, name, time_zone) VALUES (?1, ?2, '', 'Asia/Shanghai')",
                      dealer, "D" + std::to_string(dealer.value));
                }
                return {};
              }),
              "");
  }

  template <typename T>
  Result<T> Write(const std::function<Result<T>(db::Connection&)>& work) {
    return database_->Write<T>(work);
  }
  std::string Do(const std::function<Status(db::Connection&)>& work) { return Code(database_->Write<void>(work)); }

  AttachmentId Add(const Owner& owner, const std::string& name, const std::string& bytes, Instant now = kNow) {
    const auto packed = Store::Pack(kDealer, name, "", bytes);
    EXPECT_EQ(Code(packed), "");
    if (!packed.ok()) return {};
    EXPECT_EQ(Do([&](db::Connection& c) { return store_.Add(c, owner, *packed, "ana", now); }), "");
    return packed->id();
  }
  std::string Read(AttachmentId id, DealerId dealer = kDealer) {
    const auto bytes = database_->Read<std::string>([&](db::Connection& c) { return store_.Read(c, dealer, id); });
    return bytes.ok() ? *bytes : bytes.error().code;
  }
  std::vector<Attachment> List(const std::vector<Owner>& owners, bool removed = false) {
    const auto all = database_->Read<std::vector<Attachment>>(
        [&](db::Connection& c) { return store_.List(c, kDealer, owners, removed); });
    EXPECT_EQ(Code(all), "");
    return all.ok() ? *all : std::vector<Attachment>();
  }
  int64_t Count(const std::string& table) {
    return *database_->Read<int64_t>([&](db::Connection& c) -> Result<int64_t> {
      db::Rows rows = c.Query("SELECT COUNT(*) FROM " + table);
      rows.Next();
      return rows.Int(0);
    });
  }

  access::TestFolder folder_;
  db::TestDatabase database_;
  std::unique_ptr<access::Vault> vault_;
  Store store_;
};

TEST_P(AttachmentsTest, ComeBackAsTheyWereGiven) {
  std::string large = TestJpeg(std::string(3 * (128 << 10) + 77, '\x5A'));
  for (size_t i = 4; i < large.size(); i += 997) large[i] = static_cast<char>(i);
  const AttachmentId photo = Add(kWang, "驾驶证.jpg", large);
  const AttachmentId letter = Add(kLead, "letter.txt", "谢谢", Instant{kNow.ms + 1});
  EXPECT_EQ(Read(photo), large);
  EXPECT_EQ(Read(letter), "谢谢");
  EXPECT_EQ(Read(photo, kOther), "not_found");
  EXPECT_EQ(Count("attachment_chunk"), 5);

  const auto all = List({kWang, kLead});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name, "letter.txt") << "the newest first";
  EXPECT_EQ(all[1].name, "驾驶证.jpg");
  EXPECT_EQ(all[1].type->media, "image/jpeg");
  EXPECT_EQ(all[1].size, static_cast<int64_t>(large.size()));
  EXPECT_EQ(all[1].owner, kWang);
  EXPECT_EQ(all[1].added_by, "ana");
  EXPECT_EQ(List({kLead}).size(), 1U);
  EXPECT_TRUE(List({{"customer", "18"}}).empty());
}

TEST_P(AttachmentsTest, AreRefusedBeforeAnythingIsStored) {
  EXPECT_EQ(Code(Store::Pack(kDealer, "a.txt", "", "")), "attachment_empty");
  EXPECT_EQ(Code(Store::Pack(kDealer, "a.jpg", "", TestJpeg(std::string(kBytesMax, 'a')))), "attachment_too_large");
  EXPECT_EQ(Code(Store::Pack(kDealer, "a.jpg", "", "<html>")), "attachment_unsafe");
  EXPECT_EQ(Code(Store::Pack(kDealer, "", "", TestJpeg())), "field_missing");
  EXPECT_EQ(Code(Store::Pack(kDealer, "a.jpg", "\x01", TestJpeg())), "field_control_character");
  EXPECT_EQ(Code(Store::Pack(kDealer, "a.jpg", std::string(501, 'a'), TestJpeg())), "field_too_long");
  for (int i = 0; i < kPerOwnerMax; ++i) Add(kWang, "a.txt", "a");
  const auto packed = Store::Pack(kDealer, "a.txt", "", "a");
  EXPECT_EQ(Do([&](db::Connection& c) { return store_.Add(c, kWang, *packed, "ana", kNow); }), "attachments_too_many");
  EXPECT_EQ(Count("attachment"), kPerOwnerMax);
}

TEST_P(AttachmentsTest, TakingAwayMakesNoEndlessRoom) {
  for (int i = 0; i < kPerOwnerInAllMax; ++i) {
    const AttachmentId id = Add(kWang, "a.txt", "a");
    EXPECT_EQ(Do([&](db::Connection& c) { return Store::Remove(c, kDealer, id, "ana", kNow); }), "");
  }
  const auto packed = Store::Pack(kDealer, "a.txt", "", "a");
  EXPECT_EQ(Do([&](db::Connection& c) { return store_.Add(c, kWang, *packed, "ana", kNow); }),
            "attachments_too_many_removed");
}

// M33, as somebody sees it who has the file and not the keys.
TEST_P(AttachmentsTest, NothingOfThemCanBeReadInTheDatabase) {
  if (GetParam() != db::Kind::kSqlite) GTEST_SKIP() << "looks into the file";
  const std::string secret = "诸葛孔明 13812345678 南阳卧龙岗";
  const AttachmentId id = Add(kWang, "诸葛孔明-kontrakt.txt", secret + std::string(400'000, ' ') + secret);
  EXPECT_EQ(Do([&](db::Connection& c) -> Status {
              RETURN_IF_ERROR(store_.Change(c, kDealer, id, 1, std::nullopt, "卧龙岗 urschrift", "ana", kNow));
              return {};
            }),
            "");
  std::string all;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(database_.url()).parent_path())) {
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    all += text.str();
  }
  EXPECT_GT(all.size(), 400'000U);
  EXPECT_NE(all.find("customer"), std::string::npos) << "whose they are stands in the clear: an id";
  for (const char* word : {"诸葛孔明", "13812345678", "卧龙岗", "kontrakt", "urschrift"}) {
    EXPECT_EQ(all.find(word), std::string::npos) << word;
  }
  EXPECT_EQ(all.find(std::string(64, ' ')), std::string::npos);
}

TEST_P(AttachmentsTest, DamageIsToldAndNotServed) {
  const std::string bytes = TestJpeg(std::string(300'000, 'x'));
  const auto spoil = [&](const std::function<void(db::Connection&, AttachmentId, AttachmentId)>& how) {
    const AttachmentId id = Add(kWang, "a.jpg", bytes);
    const AttachmentId other = Add(kWang, "b.jpg", bytes);
    EXPECT_EQ(Do([&](db::Connection& c) -> Status {
                how(c, id, other);
                return {};
              }),
              "");
    EXPECT_EQ(Read(other), bytes);
    return Read(id);
  };
  const std::string where = " WHERE dealer_id = 1 AND attachment_id = ?1";
  EXPECT_EQ(spoil([&](db::Connection& c, AttachmentId id, AttachmentId) {
              c.Execute("UPDATE attachment_chunk SET bytes = ?2" + where + " AND position = 1", id,
                        db::Blob{std::string(131'112, 'y')});
            }),
            "attachment_damaged");
  // Its end is missing.
  EXPECT_EQ(spoil([&](db::Connection& c, AttachmentId id, AttachmentId) {
              c.Execute("DELETE FROM attachment_chunk" + where + " AND position = 2", id);
            }),
            "attachment_damaged");
  // A piece of another file, and two pieces changed for one another.
  EXPECT_EQ(spoil([&](db::Connection& c, AttachmentId id, AttachmentId other) {
              c.Execute(
                  "UPDATE attachment_chunk SET bytes = (SELECT o.bytes FROM attachment_chunk o WHERE o.dealer_id = 1 "
                  "AND o.attachment_id = ?2 AND o.position = 0)" +
                      where + " AND position = 0",
                  id, other);
            }),
            "attachment_damaged");
  EXPECT_EQ(spoil([&](db::Connection& c, AttachmentId id, AttachmentId) {
              c.Execute("UPDATE attachment_chunk SET position = 9" + where + " AND position = 0", id);
              c.Execute("UPDATE attachment_chunk SET position = 0" + where + " AND position = 1", id);
              c.Execute("UPDATE attachment_chunk SET position = 1" + where + " AND position = 9", id);
            }),
            "attachment_damaged");
  EXPECT_EQ(spoil([&](db::Connection& c, AttachmentId id, AttachmentId) {
              c.Execute("UPDATE attachment SET size = size - 1" + where, id);
            }),
            "attachment_damaged");
  // The head of another file.
  EXPECT_EQ(spoil([&](db::Connection& c, AttachmentId id, AttachmentId other) {
              c.Execute(
                  "UPDATE attachment SET head = (SELECT o.head FROM attachment o WHERE o.dealer_id = 1 "
                  "AND o.attachment_id = ?2)" +
                      where,
                  id, other);
            }),
            "attachment_damaged");
}

TEST_P(AttachmentsTest, OneThatIsDamagedHidesNoOther) {
  const AttachmentId well = Add(kWang, "well.jpg", TestJpeg());
  const AttachmentId head = Add(kWang, "head.jpg", TestJpeg());
  const AttachmentId type = Add(kWang, "type.jpg", TestJpeg());
  EXPECT_EQ(Do([&](db::Connection& c) -> Status {
              c.Execute("UPDATE attachment SET head = ?2 WHERE dealer_id = 1 AND attachment_id = ?1", head,
                        db::Blob{std::string(200, 'x')});
              c.Execute("UPDATE attachment SET content_type = 'tape' WHERE dealer_id = 1 AND attachment_id = ?1", type);
              return {};
            }),
            "");
  std::string all;
  for (const Attachment& each : List({kWang})) all += each.name + (each.damaged ? "!" : "") + " ";
  EXPECT_EQ(all, "type.jpg! ! well.jpg ");
  for (const AttachmentId id : {head, type}) {
    EXPECT_EQ(Read(id), "attachment_damaged");
    EXPECT_EQ(Code(Write<std::vector<std::string>>(
                  [&](db::Connection& c) { return store_.Change(c, kDealer, id, 1, "x", std::nullopt, "ana", kNow); })),
              "attachment_damaged");
    EXPECT_EQ(Do([&](db::Connection& c) { return Store::Remove(c, kDealer, id, "ana", kNow); }), "");
  }
  EXPECT_EQ(List({kWang}).size(), 1U);
  EXPECT_EQ(List({kWang}, true).size(), 2U);
  EXPECT_EQ(Do([&](db::Connection& c) { return Store::Restore(c, kDealer, head, "ana", kNow); }), "");
  EXPECT_TRUE(List({kWang}).front().damaged);
  EXPECT_EQ(Read(well), TestJpeg());
}

TEST_P(AttachmentsTest, AreRenamedByWhoKnowsTheVersion) {
  const AttachmentId id = Add(kWang, "IMG_0001.jpg", TestJpeg());
  using Fields = std::vector<std::string>;
  const auto change = [&](int64_t version, std::optional<std::string> name, std::optional<std::string> words) {
    const auto done = Write<Fields>([&](db::Connection& c) {
      return store_.Change(c, kDealer, id, version, name, words, "ben", Instant{kNow.ms + 5});
    });
    return done.ok() ? *done : Fields{done.error().code};
  };
  EXPECT_EQ(change(1, "驾驶证", std::nullopt), Fields({"name"}));
  EXPECT_EQ(change(1, "x", std::nullopt), Fields({"edit_conflict"}));
  EXPECT_EQ(change(2, std::nullopt, "正面\r\n原件已看"), Fields({"description"}));
  const Attachment now = List({kWang}).at(0);
  EXPECT_EQ(now.name, "驾驶证.jpg");
  EXPECT_EQ(now.description, "正面\n原件已看");
  EXPECT_EQ(now.version, 3);
  EXPECT_EQ(now.changed_by, "ben");
  EXPECT_EQ(Read(id), TestJpeg());
}

TEST_P(AttachmentsTest, WhatIsTakenAwayCanBeHadBackForSevenDays) {
  const AttachmentId id = Add(kWang, "a.jpg", TestJpeg());
  EXPECT_EQ(Do([&](db::Connection& c) { return Store::Remove(c, kDealer, id, "ana", kNow); }), "");
  EXPECT_EQ(Do([&](db::Connection& c) { return Store::Remove(c, kDealer, id, "ana", kNow); }), "not_found");
  EXPECT_EQ(Read(id), "not_found");
  EXPECT_TRUE(List({kWang}).empty());
  ASSERT_EQ(List({kWang}, true).size(), 1U);
  EXPECT_EQ(List({kWang}, true).front().removed_by, "ana");
  EXPECT_EQ(*Sweep(*database_, std::nullopt, Instant{kNow.ms + kUndoMs}), 0) << "an hour of slack";
  EXPECT_EQ(
      Do([&](db::Connection& c) { return Store::Restore(c, kDealer, id, "ana", Instant{kNow.ms + kUndoMs - 1}); }), "");
  EXPECT_EQ(Read(id), TestJpeg());

  EXPECT_EQ(Do([&](db::Connection& c) { return Store::Remove(c, kDealer, id, "ana", kNow); }), "");
  const Instant late{kNow.ms + kUndoMs};
  EXPECT_EQ(List({kWang}, true).size(), 1U) << "what is still there is told, and can be had back";
  EXPECT_EQ(*Sweep(*database_, kOther, Instant{late.ms + 3'600'000}), 0);
  EXPECT_EQ(*Sweep(*database_, std::nullopt, Instant{late.ms + 3'600'000}), 1);
  EXPECT_EQ(Count("attachment"), 0);
  EXPECT_EQ(Count("attachment_chunk"), 0);
  EXPECT_EQ(Do([&](db::Connection& c) { return Store::Restore(c, kDealer, id, "ana", late); }), "not_found");
}

TEST_P(AttachmentsTest, WhatMustStayIsNotRemovedForGoodAndCanBeHadBack) {
  const AttachmentId kept = Add(kWang, "a.jpg", TestJpeg());
  const AttachmentId goes = Add(kLead, "b.jpg", TestJpeg());
  for (const AttachmentId id : {kept, goes}) {
    EXPECT_EQ(Do([&](db::Connection& c) { return Store::Remove(c, kDealer, id, "ana", kNow); }), "");
  }
  const Instant late{kNow.ms + 30 * kUndoMs};
  const MustStay of_wang = [](db::Connection&, DealerId, const Owner& owner) -> Result<bool> { return owner == kWang; };
  EXPECT_EQ(*Sweep(*database_, std::nullopt, late, of_wang), 1);
  EXPECT_EQ(*Sweep(*database_, std::nullopt, late, of_wang), 0);
  ASSERT_EQ(List({kWang, kLead}, true).size(), 1U);
  EXPECT_EQ(List({kWang}, true).front().id, kept);
  EXPECT_EQ(Do([&](db::Connection& c) { return Store::Restore(c, kDealer, kept, "ana", late); }), "");
  EXPECT_EQ(Read(kept), TestJpeg());
  // Who cannot be asked keeps everything.
  EXPECT_EQ(Do([&](db::Connection& c) { return Store::Remove(c, kDealer, kept, "ana", kNow); }), "");
  EXPECT_EQ(Code(Sweep(*database_, kDealer, late, [](auto&, auto, auto&) -> Result<bool> { return Error("x"); })), "x");
  EXPECT_EQ(List({kWang}, true).size(), 1U);
  // What was erased is nobody's to keep.
  EXPECT_EQ(Do([&](db::Connection& c) -> Status {
              Store::Erase(c, kDealer, kWang);
              return {};
            }),
            "");
  EXPECT_EQ(*Sweep(*database_, kDealer, late, of_wang), 1);
  EXPECT_EQ(Count("attachment_chunk"), 0);
}

TEST_P(AttachmentsTest, WhatIsErasedIsGoneAtOnceAndItsBytesAFewAtATime) {
  const AttachmentId large = Add(kWang, "a.jpg", TestJpeg(std::string(70 * (128 << 10), 'a')));
  const AttachmentId taken = Add(kWang, "b.jpg", TestJpeg());
  const AttachmentId stays = Add(kLead, "c.jpg", TestJpeg());
  EXPECT_EQ(Do([&](db::Connection& c) { return Store::Remove(c, kDealer, taken, "ana", kNow); }), "");
  EXPECT_EQ(Do([&](db::Connection& c) -> Status {
              Store::Erase(c, kDealer, kWang);
              return {};
            }),
            "");
  EXPECT_EQ(Read(large), "not_found");
  EXPECT_TRUE(List({kWang}).empty());
  EXPECT_TRUE(List({kWang}, true).empty());
  EXPECT_EQ(Do([&](db::Connection& c) { return Store::Restore(c, kDealer, taken, "ana", kNow); }), "not_found");
  EXPECT_EQ(Count("attachment WHERE head IS NOT NULL"), 1);

  // Stopped after the second step, then gone on with.
  int asked = 0;
  const auto part = Sweep(*database_, kDealer, kNow, {}, {}, [&] { return ++asked <= 2; });
  const int64_t left = Count("attachment_chunk");
  EXPECT_LT(left, 72);
  EXPECT_GT(left, 1);
  int steps = 0;
  const auto rest = Sweep(*database_, kDealer, kNow, {}, [&](db::Connection&) -> Status {
    ++steps;
    return {};
  });
  EXPECT_EQ(*part + *rest, 2);
  EXPECT_GE(steps, 2);
  EXPECT_EQ(Count("attachment_chunk"), 1);
  EXPECT_EQ(Read(stays), TestJpeg());
  EXPECT_EQ(Code(Sweep(*database_, kDealer, kNow, {}, [](db::Connection&) -> Status { return Error("lease_lost"); })),
            "");
}

// 0037, 0040: with the key that was, nothing can be opened any more; and no byte of a file was touched for it.
TEST_P(AttachmentsTest, ANewDataKeySealsTheHeadsAnewAndLeavesTheBytes) {
  const AttachmentId id = Add(kWang, "a.jpg", TestJpeg(std::string(300'000, 'a')));
  const auto chunks = [&] {
    return *database_->Read<std::string>([&](db::Connection& c) -> Result<std::string> {
      std::string all;
      db::Rows rows = c.Query("SELECT bytes FROM attachment_chunk ORDER BY position");
      while (rows.Next()) all += rows.Bytes(0);
      return all;
    });
  };
  const std::string before = chunks();
  ASSERT_EQ(Code(vault_->Rotate(Instant{2})), "");
  access::Resealer resealer(*database_, *vault_, {}, 0);
  const auto sealed = resealer.Run({});
  ASSERT_EQ(Code(sealed), "");
  EXPECT_EQ(sealed->sealed, 1);
  EXPECT_TRUE(sealed->clear);
  EXPECT_EQ(resealer.Run({})->dropped, 1);
  EXPECT_EQ(chunks(), before);
  EXPECT_EQ(Read(id), TestJpeg(std::string(300'000, 'a')));
  EXPECT_EQ(List({kWang}).at(0).version, 1);
}

INSTANTIATE_TEST_SUITE_P(On, AttachmentsTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::attachments
