#include "app/verify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "app/wiring.h"
#include "db/testing.h"
#include "ledger/batch.h"
#include "ledger/read.h"
#include "tests/property/questions.h"

// What `dealpace verify` finds, and that two processes over one database see each other's entries at once.
namespace dealpace::test {
namespace {

std::shared_ptr<const catalog::Catalog> TheCatalog() {
  static const auto catalog = app::LoadCatalog().catalog;
  return catalog;
}

std::string TextOf(const Error& error) {
  std::string text = error.code;
  for (const auto& [name, value] : error.args) text += " " + name + "=" + value;
  return text;
}

class VerifyTest : public testing::TestWithParam<db::Kind> {};

TEST_P(VerifyTest, TwoSystemsOverOneDatabaseAnswerAlike) {
  const db::TestDatabase store(GetParam());
  app::System one(store.Another(), TheCatalog());
  app::System other(store.Another(), TheCatalog());
  const History history = MakeHistory(*TheCatalog(), 900, 30);
  const Ids ids = TellOrg(history, one.database());
  Random random(1);
  std::vector<int64_t> seqs;
  constexpr size_t kRounds = 25;
  size_t moved = 0;
  for (size_t round = 0; round < kRounds; ++round) {
    // Each writes in turn; at once both know it.
    app::System& writer = round % 2 == 0 ? one : other;
    const size_t size = history.said.size();
    Tell(history, ids, *TheCatalog(), size * round / kRounds, size * (round + 1) / kRounds, writer.database(), seqs);
    for (; moved < history.moves.size() * (round + 1) / kRounds; ++moved) {
      TellMove(ids, history.moves[moved], writer.database());
    }
    for (int i = 0; i < 3; ++i) {
      const Asked asked = MakeQuestion(*TheCatalog(), history, random);
      const std::string answer = test::TextOf(other.engine().Ask(asked.question));
      ASSERT_EQ(answer, test::TextOf(one.engine().Ask(asked.question))) << asked.Text();
      if (round % 5 != 4) continue;
      app::System fresh(store.Another(), TheCatalog());
      ASSERT_EQ(answer, test::TextOf(fresh.engine().Ask(asked.question))) << asked.Text();
    }
  }
}

// A small sound ledger to damage: dealer d0, some entries of which one is reversed.
class DamageTest : public VerifyTest {
 protected:
  DamageTest() : store_(GetParam()), system_(store_.Another(), TheCatalog()) {
    History history = MakeHistory(*TheCatalog(), 950, 10);
    history.said.resize(200);
    const Ids ids = TellOrg(history, system_.database());
    std::vector<int64_t> seqs;
    Tell(history, ids, *TheCatalog(), 0, history.said.size(), system_.database(), seqs, Lies::kOneByOne);
    dealer_ = ids.dealers[0];
  }

  void Write(const std::function<void(db::Connection&)>& work) {
    const Status status = system_.database().Write<void>([&](db::Connection& connection) -> Status {
      work(connection);
      return {};
    });
    ASSERT_TRUE(status.ok()) << TextOf(status.error());
  }
  int64_t Number(std::string_view sql) {
    int64_t number = 0;
    Write([&](db::Connection& connection) {
      db::Rows rows = connection.Query(sql, dealer_);
      if (rows.Next()) number = rows.Int(0);
    });
    return number;
  }
  // Findings as text.
  std::vector<std::string> Findings() {
    const auto report = app::VerifyAll(system_);
    std::vector<std::string> texts;
    if (!report.ok()) return {TextOf(report.error())};
    for (const Error& finding : report->ledger.findings) texts.push_back(TextOf(finding));
    return texts;
  }
  void ExpectOnly(const std::string& finding) { EXPECT_EQ(Findings(), std::vector<std::string>{finding}); }

  db::TestDatabase store_;
  app::System system_;
  DealerId dealer_;
};

TEST_P(DamageTest, ASoundLedgerHasNoFindings) {
  const auto report = app::VerifyAll(system_);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->ok());
  EXPECT_EQ(Findings(), std::vector<std::string>{});
  EXPECT_EQ(report->ledger.entries, 200);
  EXPECT_EQ(report->ledger.dealers, 3);
  EXPECT_FALSE(report->ledger.cut_off);
}

TEST_P(DamageTest, AMissingEntryIsAGap) {
  const int64_t seq = Number(
      "SELECT MIN(e.seq) FROM ledger_entry e WHERE e.dealer_id = ?1 AND e.reverses IS NULL AND e.seq > 3 "
      "AND NOT EXISTS (SELECT 1 FROM ledger_entry r WHERE r.dealer_id = e.dealer_id AND r.reverses = e.seq)");
  Write([&](db::Connection& c) {
    c.Execute("DELETE FROM ledger_entry WHERE dealer_id = ?1 AND seq = ?2", dealer_, seq);
  });
  ExpectOnly("verify_gap dealer=d0 seq=" + std::to_string(seq) + " count=1");
}

TEST_P(DamageTest, AMissingFirstEntryIsAGap) {
  Write([&](db::Connection& c) {
    c.Execute("DELETE FROM ledger_entry WHERE dealer_id = ?1 AND seq = 1", dealer_);
    c.Execute("DELETE FROM ledger_entry WHERE dealer_id = ?1 AND reverses = 1", dealer_);
  });
  const std::vector<std::string> findings = Findings();
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings.front(), "verify_gap dealer=d0 seq=1 count=1");
}

TEST_P(DamageTest, TheHeadIsTheLastEntry) {
  const int64_t head = Number("SELECT head FROM ledger_head WHERE dealer_id = ?1");
  Write([&](db::Connection& c) { c.Execute("UPDATE ledger_head SET head = head + 5 WHERE dealer_id = ?1", dealer_); });
  ExpectOnly("verify_head dealer=d0 seq=" + std::to_string(head) + " head=" + std::to_string(head + 5));
}

TEST_P(DamageTest, WhoAndWhatIsNamedExists) {
  const int64_t seq = Number("SELECT MAX(seq) FROM ledger_entry WHERE dealer_id = ?1 AND reverses IS NULL");
  Write([&](db::Connection& c) {
    c.Execute("UPDATE ledger_entry SET actor = 77, model = 78, batch_id = 79 WHERE dealer_id = ?1 AND seq = ?2",
              dealer_, seq);
    c.Execute("UPDATE ledger_entry SET actor = 77, model = 78, batch_id = 79 WHERE dealer_id = ?1 AND reverses = ?2",
              dealer_, seq);
  });
  const std::vector<std::string> findings = Findings();
  const std::string at = " dealer=d0 seq=" + std::to_string(seq);
  for (const std::string& expected :
       {"verify_orphan_actor" + at + " actor=77", "verify_orphan_batch" + at + " batch=79",
        "verify_orphan_member" + at + " member=78 dim=model"}) {
    EXPECT_TRUE(std::find(findings.begin(), findings.end(), expected) != findings.end()) << expected;
  }
}

TEST_P(DamageTest, EventsAreOnesThatCanBeRecorded) {
  Write([&](db::Connection& c) {
    c.Execute("UPDATE ledger_entry SET event = 'no_such' WHERE dealer_id = ?1 AND event = 'visitor'", dealer_);
    c.Execute("UPDATE ledger_entry SET event = 'open_opportunity' WHERE dealer_id = ?1 AND event = 'follow_up'",
              dealer_);
  });
  std::vector<std::string> events;
  for (const std::string& finding : Findings()) {
    EXPECT_EQ(finding.substr(0, 21), "verify_unknown_event ");
    events.push_back(finding.substr(finding.rfind('=') + 1));
  }
  std::sort(events.begin(), events.end());
  EXPECT_EQ(events, (std::vector<std::string>{"no_such", "open_opportunity"}));
}

TEST_P(DamageTest, AReversalIsTheOppositeOfAnEarlierEntry) {
  const int64_t seq = Number("SELECT MIN(seq) FROM ledger_entry WHERE dealer_id = ?1 AND reverses IS NOT NULL");
  const int64_t reversed = Number(
      "SELECT reverses FROM ledger_entry WHERE dealer_id = ?1 AND seq = "
      "(SELECT MIN(seq) FROM ledger_entry WHERE dealer_id = ?1 AND reverses IS NOT NULL)");
  ASSERT_GT(reversed, 0);
  const std::string at = " dealer=d0 seq=" + std::to_string(seq);
  const auto change = [&](const std::string& what) {
    Write([&](db::Connection& c) {
      c.Execute("UPDATE ledger_entry SET " + what + " WHERE dealer_id = ?1 AND seq = ?2", dealer_, seq);
    });
  };
  change("amount = amount + 1");
  ExpectOnly("verify_reversal_content" + at + " reverses=" + std::to_string(reversed));
  change("amount = amount - 1");
  EXPECT_EQ(Findings(), std::vector<std::string>{});
  change("reverses = 100000");
  ExpectOnly("verify_reversal_missing" + at + " reverses=100000");
  change("reverses = seq");
  const std::vector<std::string> findings = Findings();
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings.front(), "verify_reversal_missing" + at + " reverses=" + std::to_string(seq));
}

TEST_P(DamageTest, AKeyIsLiveOnce) {
  ledger::NewEntry entry;
  entry.event = TheCatalog()->FindEvent("visitor");
  entry.day = {20'500};
  entry.at = Noon(entry.day);
  entry.key = HashText("row 1");
  int64_t first = 0;
  int64_t second = 0;
  Write([&](db::Connection& c) {
    const ledger::Recorder recorder{"property", {1}, {}};
    first = ledger::Append(c, *TheCatalog(), dealer_, {&entry, 1}, recorder);
    const std::vector<int64_t> seqs{first};
    ASSERT_TRUE(ledger::Reverse(c, dealer_, seqs, "a slip", recorder).ok());
    first = ledger::Append(c, *TheCatalog(), dealer_, {&entry, 1}, recorder);
  });
  EXPECT_EQ(Findings(), std::vector<std::string>{});  // booked anew after being taken back
  Write([&](db::Connection& c) {
    second = ledger::Append(c, *TheCatalog(), dealer_, {&entry, 1}, {"property", {1}, {}});
  });
  ExpectOnly("verify_duplicate_key dealer=d0 seq=" + std::to_string(second) + " other=" + std::to_string(first));
}

TEST_P(DamageTest, KeysThatAreInOrderCanBeFound) {
  std::array<ledger::NewEntry, 3> entries;
  std::vector<const ledger::NewEntry*> all;
  std::vector<Hash128> keys;
  for (ledger::NewEntry& entry : entries) {
    entry.event = TheCatalog()->FindEvent("visitor");
    entry.day = {20'500};
    entry.at = Noon(entry.day);
    keys.push_back(HashText("row " + std::to_string(all.size())));
    entry.key = keys.back();
    all.push_back(&entry);
  }
  const auto found = [&](db::Connection& c) { return ledger::FindKeys(c, *TheCatalog(), dealer_, keys).size(); };
  const ledger::Recorder recorder{"property", {1}, {}};
  int64_t first = 0;
  Write([&](db::Connection& c) {
    first = ledger::Append(c, *TheCatalog(), dealer_, all, recorder, {ledger::Keys::kLater});
    EXPECT_EQ(found(c), 3U) << "found all the same";
    const std::vector<int64_t> seqs{first + 1};
    ASSERT_TRUE(ledger::Reverse(c, dealer_, seqs, "a slip", recorder).ok());
    EXPECT_EQ(found(c), 2U);
    EXPECT_TRUE(ledger::LockEnd(c, dealer_).keys_later());
    EXPECT_EQ(ledger::IndexKeys(c, dealer_, 2), 2);
    EXPECT_EQ(found(c), 2U);
    EXPECT_EQ(ledger::IndexKeys(c, dealer_), 2);  // an entry and the reversal
    EXPECT_EQ(ledger::IndexKeys(c, dealer_), 0);
    EXPECT_FALSE(ledger::LockEnd(c, dealer_).keys_later());
    EXPECT_EQ(found(c), 2U);
    const int64_t again = first + 1;
    EXPECT_GT(*ledger::BookAgain(c, dealer_, {&again, 1}, recorder), first + 3);
    EXPECT_EQ(found(c), 3U);
  });
  EXPECT_EQ(Findings(), std::vector<std::string>{});
  Write([&](db::Connection& c) {
    c.Execute("DELETE FROM ledger_key WHERE dealer_id = ?1 AND seq = ?2", dealer_, first);
    EXPECT_EQ(found(c), 2U);
  });
  ExpectOnly("verify_key_missing dealer=d0 seq=" + std::to_string(first));
}

// So many entries of a dealer as make several blocks, with a key each but for some, and a row before and behind them.
class Together {
 public:
  explicit Together(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      ledger::NewEntry entry;
      entry.event = TheCatalog()->FindEvent(i % 4 == 0 ? "traffic" : "deal");
      entry.day = {20'500 + static_cast<int32_t>(i / 1000)};
      entry.at = {Noon(entry.day).ms + static_cast<int64_t>(i) * (i % 2 == 0 ? 1000 : 7)};
      entry.lead = i % 5 == 0 ? "" : "L" + std::to_string(i);
      entry.attempt = i % 7 == 0 ? 2 : 1;
      entry.quantity = i % 11 == 0 ? -1000 : 1000;
      entry.amount = static_cast<int64_t>(i) * 12'345'678;
      if (i % 3 != 0) entry.key = HashText("together " + std::to_string(i));
      entries.push_back(std::move(entry));
    }
    for (const ledger::NewEntry& entry : entries) all.push_back(&entry);
  }
  std::vector<ledger::NewEntry> entries;
  std::vector<const ledger::NewEntry*> all;
};

TEST_P(DamageTest, EntriesThatLieTogetherAreReadAsThoseOneByOne) {
  const Together together(2 * ledger::kBlockEntriesMax + 100);
  const ledger::Recorder recorder{"property", {1'800'000'000'000}, BatchId(77)};
  int64_t first = 0;
  Write([&](db::Connection& c) {
    first = ledger::Append(c, *TheCatalog(), dealer_, together.all, recorder, {ledger::Keys::kLater, 1});
    ledger::Append(c, *TheCatalog(), dealer_, {&together.entries[1], 1}, {"property", {1}, {}});
  });
  const auto count = static_cast<int64_t>(together.all.size());
  EXPECT_EQ(Number("SELECT COUNT(*) FROM ledger_block WHERE dealer_id = ?1 AND batch_id = 77"), 3);
  Write([&](db::Connection& c) {
    // Ranges that begin and end anywhere, in pages that blocks go over the ends of.
    const auto expect_all = [&](int64_t after, int64_t last, int64_t page) {
      int64_t next = after + 1;
      const auto look = [&](const ledger::Entry& entry) {
        ASSERT_EQ(entry.seq, next++);
        const int64_t i = entry.seq - first;
        if (i < 0 || i >= count) return;
        const ledger::NewEntry& told = together.entries[static_cast<size_t>(i)];
        ASSERT_EQ(entry.event, told.event);
        ASSERT_EQ(entry.day, told.day);
        ASSERT_EQ(entry.at, told.at);
        ASSERT_EQ(entry.lead, told.lead);
        ASSERT_EQ(entry.attempt, told.attempt);
        ASSERT_EQ(entry.members, told.members);
        ASSERT_EQ(entry.quantity, told.quantity);
        ASSERT_EQ(entry.amount, told.amount);
        ASSERT_EQ(entry.recorded_at, recorder.at);
        ASSERT_EQ(entry.reverses, 0);
      };
      ledger::VisitEntries(c, *TheCatalog(), dealer_, after, last, look, page);
      EXPECT_EQ(next, last + 1);
    };
    for (const int64_t page : {ledger::kNumbersAtOnce, int64_t{1'000}, int64_t{4'096}, int64_t{300}}) {
      expect_all(first - 2, first + count, page);
      expect_all(first + 10, first + 20, page);
      expect_all(first + 4'000, first + 8'250, page);
      expect_all(first + 8'192, first + count, page);
      int64_t keys = 0;
      const auto look = [&](int64_t seq, std::string_view key) {
        ++keys;
        ASSERT_EQ(Hash128::FromBytes(key), together.entries[static_cast<size_t>(seq - first)].key);
      };
      ledger::VisitKeys(c, dealer_, first - 1, first + count - 1, look, page);
      EXPECT_EQ(keys, std::count_if(together.all.begin(), together.all.end(),
                                    [](const ledger::NewEntry* entry) { return entry->key.has_value(); }));
    }

    const std::vector<int64_t> wanted{first + count + 5, first, first + 5'000, first + 5'001, first - 1, first + count};
    std::vector<int64_t> seqs;
    for (const ledger::StoredEntry& entry : ledger::ReadEntries(c, dealer_, wanted)) {
      seqs.push_back(entry.seq - first);
      if (entry.seq != first + 5'000) continue;
      EXPECT_EQ(entry.event_id, "traffic");
      EXPECT_EQ(entry.amount, 5'000 * int64_t{12'345'678});
      EXPECT_EQ(entry.recorded_by, "property");
      EXPECT_EQ(entry.batch, 77);
    }
    std::sort(seqs.begin(), seqs.end());
    EXPECT_EQ(seqs, (std::vector<int64_t>{-1, 0, 5'000, 5'001, count}));

    std::vector<int64_t> of_batch;
    for (int64_t after = 0;;) {
      const auto some = ledger::ReadBatch(c, dealer_, BatchId(77), after, 1'000);
      for (const auto& entry : some) of_batch.push_back(entry.seq);
      if (some.empty()) break;
      after = some.back().seq;
    }
    ASSERT_EQ(of_batch.size(), static_cast<size_t>(count));
    EXPECT_EQ(of_batch.front(), first);
    EXPECT_EQ(of_batch.back(), first + count - 1);

    // Rows and many small blocks of one batch, some of each at a time.
    const ledger::Recorder mixed{"property", {1}, BatchId(78)};
    std::vector<int64_t> told;
    for (size_t i = 0; i < 200; ++i) {
      const std::array<const ledger::NewEntry*, 1> one{together.all[i * 3]};  // those without a key
      told.push_back(
          ledger::Append(c, *TheCatalog(), dealer_, one, mixed, {ledger::Keys::kNow, i % 4 == 0 ? SIZE_MAX : 1}));
    }
    std::vector<int64_t> read;
    for (int64_t after = 0;;) {
      const auto some = ledger::ReadBatch(c, dealer_, BatchId(78), after, 1'000);
      for (const auto& entry : some) read.push_back(entry.seq);
      if (some.empty()) break;
      after = some.back().seq;
    }
    EXPECT_EQ(read, told);
  });
}

TEST_P(DamageTest, AnEntryThatLiesTogetherWithOthersIsFoundTakenBackAndBookedAgain) {
  const Together together(60);
  const ledger::Recorder recorder{"property", {1}, {}};
  std::vector<Hash128> keys;
  for (const ledger::NewEntry& entry : together.entries) {
    if (entry.key) keys.push_back(*entry.key);
  }
  const auto found = [&](db::Connection& c) { return ledger::FindKeys(c, *TheCatalog(), dealer_, keys); };
  int64_t first = 0;
  Write([&](db::Connection& c) {
    first = ledger::Append(c, *TheCatalog(), dealer_, together.all, recorder, {ledger::Keys::kNow, 1});
    const auto live = found(c);
    EXPECT_EQ(live.size(), keys.size());
    const ledger::KeyedEntry& one = live.at(*together.entries[7].key);
    EXPECT_EQ(one.seq, first + 7);
    EXPECT_EQ(one.content.amount, together.entries[7].amount);
    EXPECT_EQ(one.content.event, together.entries[7].event);
    const std::vector<int64_t> seqs{first + 7, first + 8};
    ASSERT_TRUE(ledger::Reverse(c, dealer_, seqs, "a slip", recorder).ok());
    EXPECT_EQ(found(c).size(), keys.size() - 2);
    EXPECT_EQ(ledger::Reverse(c, dealer_, seqs, "a slip", recorder).error().code, "already_reversed");
    const std::vector<int64_t> none{first + 1'000};
    EXPECT_EQ(ledger::Reverse(c, dealer_, none, "a slip", recorder).error().code, "entry_not_found");
    EXPECT_EQ(ledger::BookAgain(c, dealer_, none, recorder).error().code, "entry_not_found");
    EXPECT_EQ(*ledger::BookAgain(c, dealer_, {seqs.data(), 1}, recorder), first + 62);
    EXPECT_EQ(found(c).at(*together.entries[7].key).seq, first + 62);
  });
  EXPECT_EQ(Findings(), std::vector<std::string>{});
}

TEST_P(DamageTest, ADamagedBlockIsFound) {
  const Together together(30);
  int64_t first = 0;
  Write([&](db::Connection& c) {
    first = ledger::Append(c, *TheCatalog(), dealer_, together.all, {"property", {1}, {}}, {ledger::Keys::kNow, 1});
  });
  EXPECT_EQ(Findings(), std::vector<std::string>{});
  const int64_t last = first + 29;
  Write([&](db::Connection& c) {
    c.Execute("UPDATE ledger_block SET size = size + 1 WHERE dealer_id = ?1 AND last_seq = ?2", dealer_, last);
  });
  const std::vector<std::string> findings = Findings();
  EXPECT_NE(std::find(findings.begin(), findings.end(), "verify_block_damaged dealer=d0 seq=" + std::to_string(last)),
            findings.end());
  const auto read = system_.database().Read<int>([&](db::Connection& c) -> Result<int> {
    ledger::VisitEntries(c, *TheCatalog(), dealer_, 0, last, [](const ledger::Entry&) {});
    return 0;
  });
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, "database_corrupt");
}

TEST_P(DamageTest, TwoEntriesOfOneNumberAreFound) {
  const Together together(30);
  int64_t first = 0;
  Write([&](db::Connection& c) {
    first = ledger::Append(c, *TheCatalog(), dealer_, together.all, {"property", {1}, {}}, {ledger::Keys::kNow, 1});
    c.Execute(
        "INSERT INTO ledger_entry (dealer_id, seq, event, day, at, attempt, quantity, amount, recorded_at, "
        "recorded_by) "
        "VALUES (?1, ?2, 'traffic', 20500, 1, 1, 1000, 0, 1, 'property')",
        dealer_, first + 3);
  });
  ExpectOnly("verify_number_twice dealer=d0 seq=" + std::to_string(first + 3) + " count=2");
}

TEST_P(DamageTest, TwoBlocksThatShareANumberAreFound) {
  const Together together(30);
  int64_t first = 0;
  Write([&](db::Connection& c) {
    first = ledger::Append(c, *TheCatalog(), dealer_, together.all, {"property", {1}, {}}, {ledger::Keys::kNow, 1});
    const std::span<const ledger::NewEntry* const> none_keyed = std::span(together.all).first(1);
    ledger::WriteBlock(c, *TheCatalog(), dealer_, first + 3, none_keyed, {1}, "property", std::nullopt);
  });
  ExpectOnly("verify_number_twice dealer=d0 seq=" + std::to_string(first + 3) + " count=2");
}

TEST_P(DamageTest, ABlockThatSaysItHasOtherEntriesIsFound) {
  const Together together(30);
  int64_t last = 0;
  Write([&](db::Connection& c) {
    last = 29 + ledger::Append(c, *TheCatalog(), dealer_, together.all, {"property", {1}, {}}, {ledger::Keys::kNow, 1});
  });
  for (const std::string what : {"entries = 20000", "entries = 2", "batch_id = 5", "recorded_by = 'me'"}) {
    Write([&](db::Connection& c) {
      c.Execute("UPDATE ledger_block SET " + what + " WHERE dealer_id = ?1 AND last_seq = ?2", dealer_, last);
    });
    const auto all = system_.database().Read<int>([&](db::Connection& c) -> Result<int> {
      ledger::VisitEntries(
          c, *TheCatalog(), dealer_, 0, last, [](const ledger::Entry&) {}, 16);
      return 0;
    });
    ASSERT_FALSE(all.ok()) << what;
    const auto one = system_.database().Read<int>([&](db::Connection& c) -> Result<int> {
      const int64_t seq = last - 10;
      (void)ledger::ReadEntries(c, dealer_, {&seq, 1});
      return 0;
    });
    EXPECT_FALSE(one.ok()) << what;
  }
}

TEST_P(DamageTest, ABrokenOffImportIsReportedButNoDamage) {
  const auto begun = ledger::BeginBatch(system_.database(), "events", "leads.csv", "hash", {"property", {1}, {}});
  ASSERT_TRUE(begun.ok());
  ExpectOnly("verify_open_batch batch=" + std::to_string(begun->id.value) + " file=leads.csv");
  const auto report = app::VerifyAll(system_);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->ok());
}

TEST_P(DamageTest, FactsThatMissedAChangeAreFound) {
  ASSERT_TRUE(app::VerifyAll(system_)->ok());
  // What nobody should do: an entry changed in place, which the facts cannot notice.
  Write([&](db::Connection& c) {
    c.Execute("UPDATE ledger_entry SET quantity = quantity + 1000 WHERE dealer_id = ?1 AND event = 'traffic'", dealer_);
  });
  const auto report = app::VerifyAll(system_);
  ASSERT_TRUE(report.ok());
  EXPECT_FALSE(report->ok());
  ASSERT_FALSE(report->differences.empty());
  EXPECT_EQ(report->differences[0].code, "verify_facts_differ");
  EXPECT_EQ(report->differences[0].Arg("dealer"), "d0");
  EXPECT_EQ(report->differences[0].Arg("measure"), "traffic_cnt");
  system_.facts().Drop();
  EXPECT_TRUE(app::VerifyAll(system_)->differences.empty());
}

INSTANTIATE_TEST_SUITE_P(On, VerifyTest, testing::ValuesIn(db::TestKinds()), db::KindNames());
INSTANTIATE_TEST_SUITE_P(On, DamageTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::test
