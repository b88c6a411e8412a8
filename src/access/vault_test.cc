#include "access/vault.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "access/testing.h"

namespace dealpace::access {
namespace {

Key Counting() {
  Key key{};
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<unsigned char>(i);
  return key;
}
std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    hex += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    hex += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

TEST(BlindIndexes, AreThoseOfOtherPrograms) {
  const Key key = Counting();
  EXPECT_EQ(Hex(BlindIndex(key, "phone.full", "+8613812345678", 16)), "7d58e439d460d07d9134d12a1def2463");
  EXPECT_EQ(Hex(BlindIndex(key, "phone.last4", "5678", 2)), "f62f");
  EXPECT_EQ(Hex(BlindIndex(key, "id.full", "+8613812345678", 16)), "a6015919162f05239794fc226ed20039");
  EXPECT_EQ(Hex(BlindIndex(key, "phone.full", "", 16)), "0c7d8f8d0eb2ccaef50420d3b83544be");
  EXPECT_EQ(Hex(BlindIndex(key, "addr.full", "上海市浦东新区", 16)), "66cd6984f1c03e1410e5bdf75db61161");
  Key other{};
  other.fill(0xFF);
  EXPECT_EQ(Hex(BlindIndex(other, "phone.full", "+8613812345678", 16)), "24e4f62fca3342f98f0b79c9ee9e4980");
  EXPECT_EQ(BlindIndex(key, "phone.full", "1", 32).size(), 32U);
}

class VaultTest : public testing::TestWithParam<db::Kind> {
 protected:
  static constexpr Vault::Place kPlace{SealedField::kCustomerPersonal, 42, 7};

  VaultTest() : database_(GetParam()), keys_(*KeyFile::Make(folder_.path() / "dealpace.keys")) {}
  [[nodiscard]] std::unique_ptr<Vault> Open() {
    auto vault = Vault::Open(*database_, keys_, Instant{1});
    EXPECT_EQ(Code(vault), "");
    return *std::move(vault);
  }
  std::string Seal(const Vault& vault, std::string_view plain) {
    const auto sealed = database_->Write<std::string>(
        [&](db::Connection& connection) { return vault.Seal(connection, kPlace, plain); });
    EXPECT_EQ(Code(sealed), "");
    return sealed.ok() ? *sealed : "";
  }
  void Execute(const std::string& sql) {
    EXPECT_EQ(Code(database_->Write<void>([&](db::Connection& connection) -> Status {
                connection.Execute(sql);
                return {};
              })),
              "");
  }
  static std::string Text(const Result<std::string>& text) { return text.ok() ? *text : text.error().code; }

  TestFolder folder_;
  db::TestDatabase database_;
  KeyFile keys_;
};

TEST_P(VaultTest, WhatIsSealedIsOpenedAgainByEveryServer) {
  const auto vault = Open();
  const std::string sealed = Seal(*vault, "+8613812345678");
  EXPECT_EQ(sealed.size(), 4U + 24 + 14 + 16);
  EXPECT_EQ(sealed.find("1381234"), std::string::npos);
  EXPECT_NE(Seal(*vault, "+8613812345678"), sealed) << "each nonce is fresh";
  EXPECT_EQ(Text(vault->Unseal(kPlace, sealed)), "+8613812345678");
  EXPECT_EQ(Text(Open()->Unseal(kPlace, sealed)), "+8613812345678");
  EXPECT_EQ(Text(vault->Unseal(kPlace, Seal(*vault, ""))), "");
  EXPECT_EQ(Text(vault->Unseal(kPlace, Seal(*vault, std::string_view("a\0b", 3)))), std::string("a\0b", 3));
}

TEST_P(VaultTest, NoFieldOpensInAnotherPlace) {
  const auto vault = Open();
  const std::string sealed = Seal(*vault, "secret");
  using enum SealedField;
  for (const Vault::Place& other :
       {Vault::Place{kCustomerPersonal, 43, 7}, Vault::Place{kRequestWords, 42, 7}, Vault::Place{kLeadWords, 42, 7},
        Vault::Place{kCustomerPersonal, 42, 8}, Vault::Place{kCustomerPersonal, 42}}) {
    EXPECT_EQ(Text(vault->Unseal(other, sealed)), "sealed_damaged");
  }
}

TEST_P(VaultTest, NoAlteredFieldOpens) {
  const auto vault = Open();
  const std::string sealed = Seal(*vault, "secret");
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_EQ(Text(vault->Unseal(kPlace, altered)), "sealed_damaged") << i;
  }
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_EQ(Text(vault->Unseal(kPlace, sealed.substr(0, size))), "sealed_damaged") << size;
  }
  EXPECT_EQ(Text(vault->Unseal(kPlace, sealed + '\0')), "sealed_damaged");
}

TEST_P(VaultTest, AfterARotationEveryServerSealsWithTheNewKeyAtOnce) {
  const auto vault = Open();
  const auto elsewhere = Open();
  const std::string old = Seal(*vault, "secret");
  EXPECT_EQ(Vault::KeyOf(old), 1U);
  EXPECT_EQ(*vault->Rotate(Instant{2}), 2U);
  const std::string fresh = Seal(*vault, "secret");
  EXPECT_EQ(Vault::KeyOf(fresh), 2U);
  EXPECT_EQ(Text(vault->Unseal(kPlace, old)), "secret");
  // A server that has not looked since.
  EXPECT_EQ(Vault::KeyOf(Seal(*elsewhere, "another")), 2U);
  EXPECT_EQ(Text(elsewhere->Unseal(kPlace, fresh)), "secret");
  EXPECT_EQ(Text(elsewhere->Unseal(kPlace, old)), "secret");

  Execute("DELETE FROM data_key WHERE key_number = 1");
  ASSERT_EQ(Code(vault->Refresh()), "");
  EXPECT_EQ(Text(vault->Unseal(kPlace, old)), "sealed_damaged");
  EXPECT_EQ(Text(vault->Unseal(kPlace, fresh)), "secret");
  EXPECT_EQ(Text(Open()->Unseal(kPlace, fresh)), "secret");
}

TEST_P(VaultTest, ARotationIsWrittenDownWithIt) {
  const auto vault = Open();
  std::vector<std::string> deeds;
  const db::Witness witness(
      [&](db::Connection&, const db::Deed& deed) -> Status {
        deeds.push_back(deed.act + " " + deed.object);
        return {};
      },
      AccountId());
  ASSERT_EQ(Code(vault->Rotate(Instant{2}, witness)), "");
  EXPECT_EQ(deeds, std::vector<std::string>{"data_key.rotate data_key:2"});
  const db::Witness refusing([](db::Connection&, const db::Deed&) -> Status { return Error("storage_full"); },
                             AccountId());
  EXPECT_EQ(Code(vault->Rotate(Instant{3}, refusing)), "storage_full");
  EXPECT_EQ(Vault::KeyOf(Seal(*Open(), "secret")), 2U) << "no record, no key";
}

TEST_P(VaultTest, AKeyStaysWhileATransactionSealsWithIt) {
  const auto vault = Open();
  ASSERT_EQ(Code(vault->Rotate(Instant{2})), "");
  const auto other = database_.Another();
  std::atomic<bool> dropped{false};
  std::jthread dropping;
  const Status sealing = database_->Write<void>([&](db::Connection& connection) -> Status {
    // As one that began before there was a newer key. With SQLite one transaction writes at a time anyway.
    const std::string hold = GetParam() == db::Kind::kPostgres ? " FOR KEY SHARE" : "";
    EXPECT_TRUE(connection.Query("SELECT key_number FROM data_key WHERE key_number = 1" + hold).Next());
    dropping = std::jthread([&] {
      EXPECT_EQ(Code(other->Write<void>([](db::Connection& c) -> Status {
                  c.Execute("DELETE FROM data_key WHERE key_number = 1");
                  return {};
                })),
                "");
      dropped = true;
    });
    for (int i = 0; i < 100 && !dropped; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_FALSE(dropped);
    return {};
  });
  EXPECT_EQ(Code(sealing), "");
  dropping.join();
  EXPECT_TRUE(dropped);
}

TEST_P(VaultTest, AnotherMasterWrapsAllDataKeys) {
  const auto vault = Open();
  const std::string sealed = Seal(*vault, "secret");
  ASSERT_EQ(Code(vault->Rotate(Instant{2})), "");
  ASSERT_EQ(Code(keys_.AddMaster()), "");
  EXPECT_EQ(*vault->WrapAnew(), 2) << "a master that is new in the file is read from there";
  EXPECT_EQ(*vault->WrapAnew(), 0);
  ASSERT_EQ(Code(keys_.DropOldMasters()), "");
  EXPECT_EQ(Text(Open()->Unseal(kPlace, sealed)), "secret");
  EXPECT_EQ(Code(vault->Rotate(Instant{3})), "");
  EXPECT_EQ(Vault::KeyOf(Seal(*Open(), "secret")), 3U);
}

TEST_P(VaultTest, AServerThatRunsFindsANewMasterInItsFile) {
  const auto vault = Open();
  const std::string sealed = Seal(*vault, "secret");
  ASSERT_EQ(Code(keys_.AddMaster()), "");
  EXPECT_EQ(*Open()->WrapAnew(), 1);
  ASSERT_EQ(Code(keys_.DropOldMasters()), "");
  EXPECT_EQ(Code(vault->Refresh()), "");
  EXPECT_EQ(Text(vault->Unseal(kPlace, sealed)), "secret");
}

TEST_P(VaultTest, AnotherKeyFileIsRefused) {
  const auto vault = Open();
  const auto other = KeyFile::Make(folder_.path() / "other.keys");
  ASSERT_EQ(Code(other), "");
  EXPECT_EQ(Code(Vault::Open(*database_, *other)), "key_file_wrong");
  ASSERT_EQ(Code(keys_.AddMaster()), "");
  ASSERT_EQ(Code(keys_.DropOldMasters()), "") << "too early";
  EXPECT_EQ(Code(Vault::Open(*database_, keys_)), "key_file_wrong");
  // And so is a data key that was put under another number.
  Execute("UPDATE data_key SET key_number = 2");
  EXPECT_EQ(Code(vault->Refresh()), "key_file_wrong");
}

TEST_P(VaultTest, OfServersThatStartTogetherAllHaveTheSameKey) {
  std::vector<std::string> sealed(4);
  {
    std::vector<std::jthread> servers;
    for (std::string& one : sealed) {
      servers.emplace_back([&one, this] { one = Seal(*Open(), "secret"); });
    }
  }
  const auto vault = Open();
  for (const std::string& one : sealed) EXPECT_EQ(Text(vault->Unseal(kPlace, one)), "secret");
}

TEST_P(VaultTest, IndexesHaveAKeyForEachScope) {
  const auto vault = Open();
  EXPECT_EQ(vault->Index("phone.full", "+8613812345678"), Open()->Index("phone.full", "+8613812345678"));
  EXPECT_EQ(vault->Index("phone.full", "1").size(), 16U);
  EXPECT_EQ(vault->Index("phone.full", "1", 2), vault->Index("phone.full", "1").substr(0, 2));
  EXPECT_NE(vault->Index("phone.full", "1"), vault->Index("phone.full", "2"));
  EXPECT_EQ(vault->Index("id.full", "1"), BlindIndex(keys_.index("id.full"), "id.full", "1", 16));
}

INSTANTIATE_TEST_SUITE_P(On, VaultTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::access
