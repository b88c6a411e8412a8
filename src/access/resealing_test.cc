#include "access/resealing.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "access/testing.h"
#include "base/text.h"
#include "db/lease.h"
#include "db/tables.h"

namespace dealpace::access {
namespace {

using enum SealedField;

// Over tables of the product with as few columns filled as they allow.
class ResealerTest : public testing::TestWithParam<db::Kind> {
 protected:
  ResealerTest()
      : database_(GetParam()),
        vault_(*Vault::Open(*database_, *KeyFile::Make(folder_.path() / "keys"), Instant{1})),
        resealer_(*database_, *vault_, Log(), 0) {
    Write([](db::Connection& c) {
      for (const int64_t dealer : {kFirst, kSecond}) {
        c.Execute("INSERT INTO dealer (dealer_id, code, name, time_zone) VALUES (?1, ?2, '', 'Asia/Shanghai')", dealer,
                  "D" + std::to_string(dealer));
        c.Execute("INSERT INTO staff (dealer_id, staff_id, code, name) VALUES (?1, 1, 'S', '')", dealer);
      }
    });
  }

  static constexpr int64_t kFirst = 1;
  static constexpr int64_t kSecond = 2;

  db::AuditLog Log() {
    return [this](db::Connection&, const db::Deed& deed) -> Status {
      deeds_.push_back(deed.act + " " + deed.object);
      return {};
    };
  }
  void Write(const std::function<void(db::Connection&)>& work) {
    ASSERT_EQ(Code(database_->Write<void>([&](db::Connection& connection) -> Status {
                work(connection);
                return {};
              })),
              "");
  }
  static std::string SealIn(db::Connection& c, const Vault& vault, const Vault::Place& place, std::string_view plain) {
    const auto sealed = vault.Seal(c, place, plain);
    EXPECT_EQ(Code(sealed), "");
    return sealed.ok() ? *sealed : "";
  }
  void AddCustomer(int64_t dealer, int64_t id, const std::string& plain) {
    Write([&](db::Connection& c) {
      const std::string sealed = SealIn(c, *vault_, {kCustomerPersonal, id, dealer}, plain);
      c.Execute(
          "INSERT INTO customer (dealer_id, customer_id, kind, personal, active_day, version, created_at, created_by, "
          "changed_at, changed_by) VALUES (?1, ?2, 'person', ?3, 0, 1, 0, '', 0, '')",
          dealer, id, db::Blob{sealed});
    });
  }
  // One of each kind: customer 1, its lead, consent and request at a dealer, and somebody's second factor.
  void AddEverything() {
    AddCustomer(kFirst, 1, "customer");
    Write([&](db::Connection& c) {
      const std::string words = SealIn(c, *vault_, {kLeadWords, 0, kFirst}, "lead");
      c.Execute(
          "INSERT INTO lead (dealer_id, lead, customer_id, attempt, owner_id, status, stage, amount, words, version, "
          "created_at, created_by, changed_at, changed_by) VALUES (1, 'L1', 1, 1, 1, 'open', '', 0, ?1, 1, 0, '', 0, "
          "'')",
          db::Blob{words});
      const std::string evidence = SealIn(c, *vault_, {kConsentEvidence, 3, kFirst}, "consent");
      c.Execute(
          "INSERT INTO consent (dealer_id, consent_id, customer_id, purpose, text_version, way, given_at, recorded_at, "
          "recorded_by, evidence) VALUES (1, 3, 1, '', 1, '', 0, 0, '', ?1)",
          db::Blob{evidence});
      // Without evidence, as most are.
      c.Execute(
          "INSERT INTO consent (dealer_id, consent_id, customer_id, purpose, text_version, way, given_at, recorded_at, "
          "recorded_by) VALUES (1, 4, 1, '', 1, '', 0, 0, '')");
      const std::string request = SealIn(c, *vault_, {kRequestWords, 5, kFirst}, "request");
      c.Execute(
          "INSERT INTO person_request (dealer_id, request_id, customer_id, kind, way, state, received_at, received_by, "
          "due_day, words, version) VALUES (1, 5, 1, '', '', 'received', 0, '', 0, ?1, 1)",
          db::Blob{request});
      c.Execute(
          "INSERT INTO account (account_id, login, name, role, password_hash, must_change_password, created_at, "
          "version) VALUES (6, 'ana', '', 'member', '', 0, 0, 1)");
      const std::string secret = SealIn(c, *vault_, {kSecondFactorSecret, 6}, "secret");
      const std::string head = SealIn(c, *vault_, {kAttachmentHead, 7, kFirst}, "attachment");
      c.Execute(
          "INSERT INTO attachment (dealer_id, attachment_id, owner_kind, owner_id, content_type, size, head, version, "
          "added_at, added_by, changed_at, changed_by) VALUES (1, 7, 'customer', '1', 'text', 1, ?1, 1, 0, '', 0, '')",
          db::Blob{head});
      c.Execute(
          "INSERT INTO customer_import (dealer_id, import_id, state, version, all_rows, seen_rows, added, changed, "
          "leads, same, repeated, refused, taken_back, remaining, created_at, created_by, changed_at) "
          "VALUES (1, 8, 'draft', 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', 0)");
      const std::string note = SealIn(c, *vault_, {kCoachingNote, 10, kFirst}, "coaching");
      c.Execute(
          "INSERT INTO coaching_task (dealer_id, task_id, cause, staff_id, from_day, until_day, figure_num, "
          "figure_den, "
          "goal, findings, state, due_day, version, opened_at, note) "
          "VALUES (1, 10, '', 1, 0, 0, 0, 1, 900, '', 'done', 0, 1, 0, ?1)",
          db::Blob{note});
      const std::string part = SealIn(c, *vault_, {kImportPart, 9, kFirst}, "list");
      c.Execute(
          "INSERT INTO customer_import_part (dealer_id, part_id, import_id, what, content) VALUES (1, 9, 8, 'rows', "
          "?1)",
          db::Blob{part});
      c.Execute("INSERT INTO second_factor (account_id, secret, created_at, last_step) VALUES (6, ?1, 0, -1)",
                db::Blob{secret});
    });
  }
  // What opens: "customer 1 7 name" with the number of the key.
  std::set<std::string> Opened(const Vault& vault) {
    std::set<std::string> all;
    const auto read = database_->Read<bool>([&](db::Connection& c) -> Result<bool> {
      for (const SealedColumn& column : kSealedColumns) {
        const bool of_dealer = column.of == SealedColumn::Of::kDealer;
        const bool text = column.key == SealedColumn::Key::kText;
        db::Rows rows = c.Query("SELECT " + std::string(column.column) + ", " + std::string(column.row) + ", " +
                                (of_dealer ? "dealer_id" : "0") + " FROM " + std::string(column.table));
        while (rows.Next()) {
          if (rows.IsNull(0)) continue;
          const std::string sealed(rows.Bytes(0));
          const auto plain = vault.Unseal({column.field, text ? 0 : rows.Int(1), rows.Int(2)}, sealed);
          if (plain.ok()) all.insert(std::to_string(*Vault::KeyOf(sealed)) + " " + *plain);
        }
      }
      return true;
    });
    EXPECT_EQ(Code(read), "");
    return all;
  }
  SealedState State() {
    return *database_->Read<SealedState>([](db::Connection& c) -> Result<SealedState> { return ReadSealedState(c); });
  }
  Resealer::Outcome Run(const Resealer::Hooks& hooks = {}) {
    const auto outcome = resealer_.Run(hooks);
    EXPECT_EQ(Code(outcome), "");
    return outcome.ok() ? *outcome : Resealer::Outcome();
  }
  void Rotate() { ASSERT_EQ(Code(vault_->Rotate(Instant{2})), ""); }

  std::vector<std::string> deeds_;
  TestFolder folder_;
  db::TestDatabase database_;
  std::unique_ptr<Vault> vault_;
  Resealer resealer_;
};

TEST_P(ResealerTest, EveryColumnOfTheListIsThereAndItsKeyIsTheRows) {
  for (const SealedColumn& column : kSealedColumns) {
    const bool of_dealer = column.of == SealedColumn::Of::kDealer;
    Write([&](db::Connection& c) {
      const std::string key = (of_dealer ? "dealer_id, " : "") + std::string(column.row);
      // Fails where table or columns are missing; and no row may have the key of another.
      (void)c
          .Query("SELECT " + key + ", substr(" + std::string(column.column) + ", 1, 4) FROM " +
                 std::string(column.table))
          .Next();
      if (c.kind() != db::Kind::kSqlite) return;
      std::string primary;
      db::Rows rows = c.Query("PRAGMA table_info(" + std::string(column.table) + ")");
      while (rows.Next()) {
        if (rows.Int(5) > 0) primary += (primary.empty() ? "" : ", ") + std::string(rows.Text(1));
        if (rows.Text(1) == column.column) {
          EXPECT_EQ(rows.Text(2), "BLOB") << column.table;
        }
        if (rows.Text(1) == column.row) {
          EXPECT_EQ(rows.Text(2), column.key == SealedColumn::Key::kText ? "TEXT" : "INTEGER") << column.table;
        }
      }
      EXPECT_EQ(primary, key) << column.table;
    });
  }
}

// A new column of bytes is either on the list of what is sealed, or here with the reason why it is not.
TEST(SealedColumns, NoColumnOfBytesIsForgotten) {
  const std::set<std::string> not_sealed = {
      "data_key.wrapped",        // a data key, wrapped with a master of the key file
      "index_key.wrapped",       // likewise
      "audit_record.hash",       // of the chains
      "audit_head.hash",         // likewise
      "idempotency_key.body",    // an answer, sealed with a key that only its client has, for a day
      "ledger_segment.packed",   // entries of the ledger, which hold no personal data
      "ledger_block.packed",     // likewise
      "ledger_block.keys",       // hashes of an import's keys
      "ledger_entry.entry_key",  // hash of an import's key
      "ledger_key.key_head",     // the beginning of that
      "attachment_chunk.bytes",  // encrypted with the key that is sealed in attachment.head (file_key.h)
  };
  db::TestDatabase database(db::Kind::kSqlite);
  std::set<std::string> known = not_sealed;
  for (const SealedColumn& column : kSealedColumns) {
    known.insert(std::string(column.table) + "." + std::string(column.column));
  }
  std::set<std::string> found;
  const auto read = database->Read<bool>([&](db::Connection& c) -> Result<bool> {
    for (const db::Table& table : db::DeclaredTables()) {
      db::Rows rows = c.Query("PRAGMA table_info(" + table.name + ")");
      while (rows.Next()) {
        if (rows.Text(2) == "BLOB") found.insert(table.name + "." + std::string(rows.Text(1)));
      }
    }
    return true;
  });
  ASSERT_EQ(Code(read), "");
  EXPECT_EQ(found, known);
}

TEST_P(ResealerTest, AllThatIsSealedIsSealedAnewAndThenTheOldKeyGoes) {
  AddEverything();
  EXPECT_FALSE(*resealer_.Due());
  const std::set<std::string> before = {"1 attachment", "1 coaching", "1 consent", "1 customer",
                                        "1 lead",       "1 list",     "1 request", "1 secret"};
  EXPECT_EQ(Opened(*vault_), before);
  // As somebody would have it who took a copy.
  std::string old_key;
  Write([&](db::Connection& c) {
    db::Rows rows = c.Query("SELECT wrapped FROM data_key");
    ASSERT_TRUE(rows.Next());
    old_key = rows.Bytes(0);
  });

  Rotate();
  EXPECT_TRUE(*resealer_.Due());
  SealedState state = State();
  EXPECT_EQ(state.fields(), 8);
  EXPECT_EQ(state.old(), 8);
  EXPECT_EQ(state.keys.at(0).fields, 8);
  const Resealer::Outcome outcome = Run();
  EXPECT_EQ(outcome.sealed, 8);
  EXPECT_EQ(outcome.damaged, 0);
  EXPECT_TRUE(outcome.whole);
  EXPECT_TRUE(outcome.clear);
  EXPECT_EQ(outcome.dropped, 0);
  state = State();
  EXPECT_EQ(state.old(), 0);
  EXPECT_EQ(state.keys.at(1).fields, 8);
  EXPECT_TRUE(state.keys.at(0).clear_since.has_value());
  EXPECT_FALSE(state.keys.at(1).clear_since.has_value());
  const std::set<std::string> after = {"2 attachment", "2 coaching", "2 consent", "2 customer",
                                       "2 lead",       "2 list",     "2 request", "2 secret"};
  EXPECT_EQ(Opened(*vault_), after);

  EXPECT_EQ(Run().dropped, 1);
  EXPECT_EQ(deeds_, std::vector<std::string>{"data_key.drop data_key:1"});
  EXPECT_FALSE(*resealer_.Due());
  EXPECT_EQ(Opened(*vault_), after);
  // With the old key alone nothing opens.
  Write([&](db::Connection& c) {
    c.Execute("DELETE FROM data_key");
    c.Execute("INSERT INTO data_key (key_number, wrapped, created_at) VALUES (1, ?1, 1)", db::Blob{old_key});
  });
  const auto thief = Vault::Open(*database_, *KeyFile::Read(folder_.path() / "keys"));
  ASSERT_EQ(Code(thief), "");
  EXPECT_EQ(Opened(**thief), std::set<std::string>());
}

TEST_P(ResealerTest, ManyRowsOfTwoDealersAreDoneInSteps) {
  constexpr int kRows = 1'203;
  Write([&](db::Connection& c) {
    for (int i = 1; i <= kRows; ++i) {
      const int64_t dealer = i % 3 == 0 ? kSecond : kFirst;
      const std::string sealed = SealIn(c, *vault_, {kCustomerPersonal, i, dealer}, "n" + std::to_string(i));
      c.Execute(
          "INSERT INTO customer (dealer_id, customer_id, kind, personal, active_day, version, created_at, created_by, "
          "changed_at, changed_by) VALUES (?1, ?2, 'person', ?3, 0, 1, 0, '', 0, '')",
          dealer, i, db::Blob{sealed});
    }
  });
  Rotate();
  // Told to stop after the first step, and begun again.
  int steps = 0;
  Resealer::Hooks hooks;
  hooks.go_on = [&] { return steps < 1; };
  hooks.rest = [&](std::chrono::milliseconds, int64_t fields) {
    ++steps;
    EXPECT_EQ(fields, 500);
  };
  const Resealer::Outcome first = Run(hooks);
  EXPECT_EQ(first.sealed, 500);
  EXPECT_FALSE(first.whole);
  EXPECT_FALSE(first.clear);
  EXPECT_EQ(State().old(), kRows - 500);
  const Resealer::Outcome rest = Run();
  EXPECT_EQ(rest.sealed, kRows - 500);
  EXPECT_TRUE(rest.clear);
  EXPECT_EQ(Opened(*vault_).size(), static_cast<size_t>(kRows));
  EXPECT_EQ(State().old(), 0);
}

TEST_P(ResealerTest, WhatSomebodyChangesMeanwhileStaysAsHeLeftIt) {
  AddCustomer(kFirst, 1, "before");
  Rotate();
  Resealer::Hooks hooks;
  int transactions = 0;
  // The first one looks for keys to drop; in the second, after the row was read and before it is written, somebody else
  // is faster.
  hooks.guard = [&](db::Connection& c) -> Status {
    if (++transactions != 2) return {};
    const std::string sealed = SealIn(c, *vault_, {kCustomerPersonal, 1, kFirst}, "after");
    c.Execute("UPDATE customer SET personal = ?1 WHERE dealer_id = 1 AND customer_id = 1", db::Blob{sealed});
    return {};
  };
  EXPECT_TRUE(Run(hooks).clear);
  EXPECT_GE(transactions, 2);
  EXPECT_EQ(Opened(*vault_), std::set<std::string>{"2 after"});
}

TEST_P(ResealerTest, AnotherWhoHasTakenOverStopsIt) {
  AddCustomer(kFirst, 1, "name");
  Rotate();
  db::Lease mine(*database_, "resealing", "a", std::chrono::milliseconds(60'000));
  db::Lease other(*database_, "resealing", "b", std::chrono::milliseconds(60'000));
  ASSERT_TRUE(*other.Hold());
  Resealer::Hooks hooks;
  hooks.guard = [&](db::Connection& c) { return mine.Guard(c); };
  EXPECT_EQ(Code(resealer_.Run(hooks)), "lease_lost");
  EXPECT_EQ(State().old(), 1);
}

TEST_P(ResealerTest, AKeyGoesOnlyAfterItsTimeOfGrace) {
  AddCustomer(kFirst, 1, "name");
  Resealer slow(*database_, *vault_, Log());
  Rotate();
  EXPECT_TRUE(slow.Run({})->clear);
  EXPECT_FALSE(*slow.Due());
  EXPECT_EQ(slow.Run({})->dropped, 0);
  const Instant since = *State().keys.at(0).clear_since;
  Write([&](db::Connection& c) {
    c.Execute("UPDATE data_key SET clear_since = ?1 WHERE key_number = 1", since.ms - kKeyGraceMs);
  });
  EXPECT_TRUE(*slow.Due());
  EXPECT_EQ(slow.Run({})->dropped, 1);
}

TEST_P(ResealerTest, WhatAnOlderProgramSealedWithTheOldKeyIsFoundBeforeItGoes) {
  AddCustomer(kFirst, 1, "one");
  std::string old;
  Write([&](db::Connection& c) { old = SealIn(c, *vault_, {kCustomerPersonal, 1, kFirst}, "late"); });
  Rotate();
  EXPECT_TRUE(Run().clear);
  // A server that does not look for the newest key writes after all was clear.
  Write([&](db::Connection& c) {
    c.Execute("UPDATE customer SET personal = ?1 WHERE dealer_id = 1 AND customer_id = 1", db::Blob{old});
  });
  const Resealer::Outcome outcome = Run();
  EXPECT_EQ(outcome.dropped, 0);
  EXPECT_EQ(outcome.sealed, 1);
  EXPECT_TRUE(outcome.clear);
  EXPECT_EQ(Opened(*vault_), std::set<std::string>{"2 late"});
  EXPECT_EQ(Run().dropped, 1);
}

TEST_P(ResealerTest, WhoBeganToSealBeforeTheRotationIsWaitedFor) {
  AddCustomer(kFirst, 1, "early");
  std::atomic<bool> begun{false};
  std::atomic<bool> dropping{false};
  std::jthread slow([&] {
    Write([&](db::Connection& c) {
      const std::string late = SealIn(c, *vault_, {kCustomerPersonal, 2, kFirst}, "late");
      begun = true;
      // With SQLite nothing else is written meanwhile.
      const bool postgres = c.kind() == db::Kind::kPostgres;
      while (postgres && !dropping) std::this_thread::yield();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      c.Execute(
          "INSERT INTO customer (dealer_id, customer_id, kind, personal, active_day, version, created_at, created_by, "
          "changed_at, changed_by) VALUES (1, 2, 'person', ?1, 0, 1, 0, '', 0, '')",
          db::Blob{late});
    });
  });
  while (!begun) std::this_thread::yield();
  Rotate();
  EXPECT_TRUE(Run().clear) << "what is not committed is not seen";
  dropping = true;
  const Resealer::Outcome outcome = Run();
  slow.join();
  if (GetParam() == db::Kind::kPostgres) {
    EXPECT_EQ(outcome.dropped, 0) << "the key was waited for, and its field found";
    EXPECT_EQ(Run().dropped, 1);
  } else {
    EXPECT_EQ(outcome.dropped, 1);
  }
  EXPECT_EQ(State().keys.size(), 1U);
  EXPECT_EQ(Opened(*vault_), (std::set<std::string>{"2 early", "2 late"}));
}

TEST_P(ResealerTest, WhatDoesNotOpenKeepsItsKey) {
  AddCustomer(kFirst, 1, "one");
  AddCustomer(kFirst, 2, "two");
  Write([&](db::Connection& c) {
    std::string moved;
    {
      db::Rows rows = c.Query("SELECT personal FROM customer WHERE dealer_id = 1 AND customer_id = 1");
      ASSERT_TRUE(rows.Next());
      moved = rows.Bytes(0);
    }
    c.Execute("UPDATE customer SET personal = ?1 WHERE dealer_id = 1 AND customer_id = 2", db::Blob{moved});
  });
  Rotate();
  const Resealer::Outcome outcome = Run();
  EXPECT_EQ(outcome.sealed, 1);
  EXPECT_EQ(outcome.damaged, 1);
  EXPECT_TRUE(outcome.whole);
  EXPECT_FALSE(outcome.clear);
  EXPECT_EQ(Run().dropped, 0);
  EXPECT_EQ(State().keys.size(), 2U);
  EXPECT_EQ(State().old(), 1);
}

TEST_P(ResealerTest, SeveralRotationsEndInOneKey) {
  AddEverything();
  Rotate();
  AddCustomer(kSecond, 9, "later");
  Rotate();
  EXPECT_EQ(State().keys.size(), 3U);
  EXPECT_EQ(Run().sealed, 9);
  EXPECT_EQ(Run().dropped, 2);
  EXPECT_EQ(deeds_, (std::vector<std::string>{"data_key.drop data_key:1", "data_key.drop data_key:2"}));
  EXPECT_EQ(State().keys.size(), 1U);
  EXPECT_EQ(State().keys.at(0).number, 3U);
  EXPECT_EQ(Opened(*vault_).size(), 9U);
}

INSTANTIATE_TEST_SUITE_P(On, ResealerTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::access
