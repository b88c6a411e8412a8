#include "access/audit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/json.hpp>
#include <thread>

#include "access/canonical_json.h"
#include "access/testing.h"

namespace dealpace::access {
namespace {

Key Counting() {
  Key key{};
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<unsigned char>(i);
  return key;
}
ChainHash Hash(std::string_view hex) {
  ChainHash hash{};
  EXPECT_TRUE(ParseHex(hex, hash)) << hex;
  return hash;
}
std::string Canonical(std::string_view text) {
  const auto canonical = CanonicalJson(boost::json::parse(text));
  return canonical.ok() ? *canonical : canonical.error().code;
}

const std::string kCreated = R"({"act":"lead.create","actor":7,"obj":"lead:101","seq":1,"ts":"2026-03-01T01:02:03Z"})";
const std::string kAssigned = R"({"act":"lead.assign","actor":7,"obj":"lead:101","seq":2,"ts":"2026-03-01T01:05:00Z"})";
constexpr const char* kFirst = "d2f6b97a1c3693e9a1482ef2bfbe946058496819e879326af96ee9db13ef799e";
constexpr const char* kSecond = "60d4bce4b248f708848b1541c5f3cb06d759cfd622fbd4809dbbe8b4bdb437b7";

// U+1F600 is D83D DE00 in UTF-16, so it stands before U+FB33, though its code point is greater.
constexpr const char* kManyPlanes = R"({"seq":1,"\ufb33":1,"😀":2,"é":3,"z":4})";

// ---- Canonical JSON ----

TEST(CanonicalJsons, HaveOneFormForEqualValues) {
  EXPECT_EQ(Canonical(R"({ "ts":"2026-03-01T01:02:03Z", "seq":1, "obj":"lead:101", "actor":7, "act":"lead.create" })"),
            kCreated);
  EXPECT_EQ(Canonical(R"({"seq":1,"note":"张\"三\\\n\t\u0001/","d":{"b":null,"a":[true,false,-3,9007199254740991]}})"),
            R"({"d":{"a":[true,false,-3,9007199254740991],"b":null},"note":"张\"三\\\n\t\u0001/","seq":1})");
  EXPECT_EQ(Canonical(R"("\b\f\r\u001f\u007f")"), "\"\\b\\f\\r\\u001f\x7f\"");
  EXPECT_EQ(Canonical("{}"), "{}");
  EXPECT_EQ(Canonical("[]"), "[]");
}

TEST(CanonicalJsons, SortKeysByUtf16Units) {
  EXPECT_EQ(Canonical(kManyPlanes), "{\"seq\":1,\"z\":4,\"é\":3,\"😀\":2,\"\uFB33\":1}");
}

TEST(CanonicalJsons, HoldWholeNumbersOnly) {
  EXPECT_EQ(Canonical(R"({"seq":1,"x":1.5})"), "number_not_integer");
  EXPECT_EQ(Canonical("[9007199254740992,-9007199254740992]"), "[9007199254740992,-9007199254740992]");
  EXPECT_EQ(Canonical("9007199254740993"), "number_not_integer");
  EXPECT_EQ(Canonical("18446744073709551615"), "number_not_integer");
}

// ---- The chain ----

TEST(AuditChain, HashesAreThoseOfOtherPrograms) {
  const ChainHasher hasher(Counting());
  const ChainHash first = hasher({}, kCreated);
  EXPECT_EQ(HexOf(first), kFirst);
  EXPECT_EQ(HexOf(hasher(first, kAssigned)), kSecond);
  EXPECT_EQ(
      HexOf(hasher(
          {},
          Canonical(R"({"seq":1,"note":"张\"三\\\n\t\u0001/","d":{"b":null,"a":[true,false,-3,9007199254740991]}})"))),
      "b3da9af4a955642cfc2c7dea331afc6e44540c72998696bedfcd9da5d2e1f088");
  EXPECT_EQ(HexOf(hasher({}, Canonical(kManyPlanes))),
            "cb116f865bd80932e21fe3aa0875fc69f936e861f4f4c6abdf37b378bb0bda31");
}

struct Stored {
  int64_t seq;
  std::string record;
  std::string hash;
};
// "altered 1"
std::string Check(const std::vector<Stored>& stored, std::vector<ChainAnchor> anchors = {}) {
  const ChainHasher hasher(Counting());
  ChainCheck check(hasher, std::move(anchors));
  for (const Stored& one : stored) {
    if (!check.Take(one.seq, one.record, Hash(one.hash))) break;
  }
  const ChainVerdict verdict = check.End();
  return std::string(FindingName(verdict.finding)) + " " + std::to_string(verdict.seq);
}

TEST(AuditChain, ACheckTellsWhatIsWrongAndWhereItBegins) {
  const Stored one{1, kCreated, kFirst};
  const Stored two{2, kAssigned, kSecond};
  EXPECT_EQ(Check({}), "intact 0");
  EXPECT_EQ(Check({one, two}), "intact 0");
  std::string another = kCreated;
  another.replace(another.find("\"actor\":7"), 9, "\"actor\":8");
  EXPECT_EQ(Check({{1, another, kFirst}, two}), "altered 1");
  EXPECT_EQ(Check({one, {2, kAssigned, kFirst}}), "altered 2");
  EXPECT_EQ(Check({two}), "altered 1") << "the first record was removed";
  EXPECT_EQ(Check({one, {3, kAssigned, kSecond}}), "altered 2") << "another number";
  EXPECT_EQ(Check({one}, {{2, Hash(kSecond)}}), "missing_tail 2");
  EXPECT_EQ(Check({}, {{2, Hash(kSecond)}}), "missing_tail 1");
  EXPECT_EQ(Check({one, two}, {{1, Hash(kFirst), true}}), "extra_tail 2");
  EXPECT_EQ(Check({one, two}, {{1, Hash(kFirst)}}), "intact 0") << "the live log goes on";
}

TEST(AuditChain, AChainWrittenAnewIsKnownByItsAnchor) {
  std::string another = kCreated;
  another.replace(another.find("\"actor\":7"), 9, "\"actor\":9");
  const std::vector<Stored> anew = {{1, another, "595544bddd97318668566c003ac78169f999189748d232e508dad20e641cd7fc"},
                                    {2, kAssigned, "82148f87976f804a06e76eaff9013274231762a47efe18a673595bdc6fecd5bc"}};
  EXPECT_EQ(Check(anew), "intact 0");
  EXPECT_EQ(Check(anew, {{2, Hash(kSecond)}}), "anchor_mismatch 2");
  // What is found first counts, whichever anchor tells it.
  EXPECT_EQ(Check(anew, {{1, Hash(kFirst)}, {3, Hash(kSecond)}}), "missing_tail 3");
}

TEST(AuditChain, HeadsAreReadAgainAsAnchors) {
  const std::vector<ChainHead> heads = {{DealerId(), 2, Hash(kSecond), Instant{1'790'000'000'000}},
                                        {DealerId(912832262529419407), 1, Hash(kFirst), Instant{0}}};
  const auto anchors = ParseAnchors(HeadsText(heads) + "\n");
  ASSERT_EQ(Code(anchors), "");
  ASSERT_EQ(anchors->size(), 2U);
  EXPECT_EQ(anchors->at(DealerId()).seq, 2);
  EXPECT_EQ(anchors->at(DealerId(912832262529419407)).hash, Hash(kFirst));
  for (const char* bad : {"x", "[]", "{}", R"({"dealer":"0","seq":0,"hash":"00"})", R"({"dealer":7,"seq":1})"}) {
    EXPECT_EQ(Code(ParseAnchors(bad)), "audit_anchor_bad") << bad;
  }
  EXPECT_EQ(Code(ParseAnchors(HeadsText(heads) + HeadsText(heads))), "audit_anchor_bad");
}

// ---- The log in the store ----

class AuditTest : public testing::TestWithParam<db::Kind> {
 protected:
  AuditTest() : database_(GetParam()) {}

  Status Append(const db::Deed& deed, db::Database& database) {
    return database.Write<void>([&](db::Connection& connection) {
      return AppendAudit(connection, hasher_, deed, Instant{1'790'000'000'000 + 1000 * ++second_});
    });
  }
  Status Append(const db::Deed& deed) { return Append(deed, *database_); }
  void Execute(const std::string& sql) {
    EXPECT_EQ(Code(database_->Write<void>([&](db::Connection& connection) -> Status {
                connection.ExecuteScript(sql);
                return {};
              })),
              "");
  }
  // "0 intact 0, 7 altered 1"
  std::string CheckAll(const std::map<DealerId, ChainAnchor>& anchors = {}) {
    const auto chains = CheckAudit(*database_, hasher_, anchors);
    EXPECT_EQ(Code(chains), "");
    std::string text;
    for (const CheckedChain& chain : *chains) {
      if (!text.empty()) text += ", ";
      text += std::to_string(chain.dealer.value) + " " + std::string(FindingName(chain.verdict.finding)) + " " +
              std::to_string(chain.verdict.seq);
    }
    return text;
  }
  std::map<DealerId, ChainAnchor> Heads() {
    const auto heads = database_->Read<std::vector<ChainHead>>(
        [](db::Connection& connection) -> Result<std::vector<ChainHead>> { return ReadHeads(connection); });
    return *ParseAnchors(HeadsText(*heads));
  }
  std::vector<AuditRecord> List(const AuditFilter& filter = {}, const std::optional<AuditPlace>& after = {},
                                int64_t limit = 100) {
    const auto records =
        database_->Read<std::vector<AuditRecord>>([&](db::Connection& connection) -> Result<std::vector<AuditRecord>> {
          return ListAudit(connection, filter, after, limit);
        });
    EXPECT_EQ(Code(records), "");
    return *records;
  }
  std::string Acts(const std::vector<AuditRecord>& records) {
    std::string text;
    for (const AuditRecord& record : records) text += (text.empty() ? "" : " ") + record.act;
    return text;
  }
  void Three() {
    ASSERT_EQ(Code(Append({AccountId(17), "account.change", "account:18", {}, {{"role", "admin"}}})), "");
    ASSERT_EQ(Code(Append({AccountId(17), "org.change", "team:3", DealerId(7)})), "");
    ASSERT_EQ(Code(Append({AccountId(18), "session.start", "account:18"})), "");
  }

  db::TestDatabase database_;
  const ChainHasher hasher_{Counting()};
  std::atomic<int64_t> second_ = 0;
};

TEST_P(AuditTest, ARecordSaysWhoDidWhatToWhomAndWhen) {
  Three();
  EXPECT_EQ(CheckAll(), "0 intact 0, 7 intact 0");
  const auto texts =
      database_->Read<std::vector<std::string>>([](db::Connection& connection) -> Result<std::vector<std::string>> {
        std::vector<std::string> found;
        db::Rows rows = connection.Query("SELECT record FROM audit_record ORDER BY dealer_id, seq");
        while (rows.Next()) found.emplace_back(rows.Text(0));
        return found;
      });
  EXPECT_EQ(
      *texts,
      (std::vector<std::string>{
          R"({"act":"account.change","actor":"17","detail":{"role":"admin"},"obj":"account:18","seq":1,"ts":"2026-09-21T14:13:21.000Z"})",
          R"({"act":"session.start","actor":"18","obj":"account:18","seq":2,"ts":"2026-09-21T14:13:23.000Z"})",
          R"({"act":"org.change","actor":"17","dealer":"7","obj":"team:3","seq":1,"ts":"2026-09-21T14:13:22.000Z"})"}));
}

TEST_P(AuditTest, NothingIsRecordedOfWhatWasNotDone) {
  Three();
  EXPECT_EQ(
      Code(database_->Write<void>([&](db::Connection& connection) -> Status {
        RETURN_IF_ERROR(AppendAudit(connection, hasher_, {AccountId(17), "account.add", "account:19"}, Instant{9}));
        return Error("not_found");
      })),
      "not_found");
  EXPECT_EQ(List().size(), 3U);
  EXPECT_EQ(CheckAll(), "0 intact 0, 7 intact 0");
}

TEST_P(AuditTest, WhoeverChangesTheTableIsFound) {
  Three();
  const auto anchors = Heads();
  Execute("UPDATE audit_record SET record = replace(record, 'admin', 'member') WHERE dealer_id = 0 AND seq = 1");
  EXPECT_EQ(CheckAll(), "0 altered 1, 7 intact 0");
  Execute("UPDATE audit_record SET record = replace(record, 'member', 'admin') WHERE dealer_id = 0 AND seq = 1");
  EXPECT_EQ(CheckAll(), "0 intact 0, 7 intact 0");
  // The columns by which it is found must say what it says.
  for (const char* column : {"actor = 3", "at = 3", "act = 'x'", "object = 'x'"}) {
    Execute("CREATE TABLE kept AS SELECT * FROM audit_record");
    Execute(std::string("UPDATE audit_record SET ") + column + " WHERE dealer_id = 0 AND seq = 2");
    EXPECT_EQ(CheckAll(), "0 altered 2, 7 intact 0") << column;
    Execute("DELETE FROM audit_record; INSERT INTO audit_record SELECT * FROM kept; DROP TABLE kept");
  }
  // The last record removed, then with the head set back, too: only the anchor knows.
  Execute("DELETE FROM audit_record WHERE dealer_id = 0 AND seq = 2");
  EXPECT_EQ(CheckAll(), "0 missing_tail 2, 7 intact 0");
  Execute(
      "UPDATE audit_head SET seq = 1, hash = (SELECT hash FROM audit_record r WHERE r.dealer_id = 0 AND r.seq = 1) "
      "WHERE dealer_id = 0");
  EXPECT_EQ(CheckAll(), "0 intact 0, 7 intact 0");
  EXPECT_EQ(CheckAll(anchors), "0 missing_tail 2, 7 intact 0");
  // A whole chain removed.
  Execute("DELETE FROM audit_head WHERE dealer_id = 7");
  EXPECT_EQ(CheckAll(), "0 intact 0, 7 extra_tail 1");
  Execute("DELETE FROM audit_record WHERE dealer_id = 7");
  EXPECT_EQ(CheckAll(), "0 intact 0");
  EXPECT_EQ(CheckAll(anchors), "0 missing_tail 2, 7 missing_tail 1");
}

TEST_P(AuditTest, ARewrittenLogIsIntactOnlyWithoutItsAnchor) {
  Three();
  const auto anchors = Heads();
  Execute("DELETE FROM audit_record; DELETE FROM audit_head");
  second_ = 100;
  Three();
  EXPECT_EQ(CheckAll(), "0 intact 0, 7 intact 0");
  EXPECT_EQ(CheckAll(anchors), "0 anchor_mismatch 2, 7 anchor_mismatch 1");
}

TEST_P(AuditTest, ManyWritersMakeOneChain) {
  constexpr int kEach = 25;
  const auto another = database_.Another();
  {
    std::vector<std::jthread> writers;
    for (int w = 0; w < 4; ++w) {
      writers.emplace_back([&, w] {
        for (int i = 0; i < kEach; ++i) {
          EXPECT_EQ(
              Code(Append({AccountId(w + 1), "org.change", "team:3", DealerId(7)}, w % 2 ? *another : *database_)), "");
        }
      });
    }
  }
  EXPECT_EQ(CheckAll(), "7 intact 0");
  EXPECT_EQ(Heads().at(DealerId(7)).seq, 4 * kEach);
}

// A limit of looks an hour: counted and noted as one, from whichever server they come.
TEST_P(AuditTest, OfManyAtOnceNoMoreAreNotedThanMayBe) {
  constexpr int64_t kMost = 5;
  const auto account = database_->Write<Account>([](db::Connection& c) -> Result<Account> {
    return AddAccount(c, {*NormalizeLogin("ana"), "", Role::kMember, {"hash", false, std::nullopt}}, Instant{1});
  });
  ASSERT_EQ(Code(account), "");
  const auto another = database_.Another();
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> lookers;
    for (int i = 0; i < 16; ++i) {
      lookers.emplace_back([&, i] {
        const Status done = (i % 2 == 0 ? *database_ : *another).Write<void>([&](db::Connection& c) -> Status {
          if (CountDeedsAlone(c, account->id, "data.reveal", Instant{0}) >= kMost) return Error("reveal_too_many");
          std::this_thread::sleep_for(std::chrono::milliseconds(5));  // others are between the two meanwhile
          // At several dealers, so that their chains do not put them in a row.
          return AppendAudit(c, hasher_, {account->id, "data.reveal", "customer:1", DealerId(i % 4 + 1)}, Instant{9});
        });
        if (Code(done) == "reveal_too_many") ++refused;
      });
    }
  }
  EXPECT_EQ(List({.act = "data.reveal"}).size(), static_cast<size_t>(kMost));
  EXPECT_EQ(refused, 16 - kMost);
}

TEST_P(AuditTest, ALogLongerThanAPageIsCheckedToItsEnd) {
  EXPECT_EQ(Code(database_->Write<void>([&](db::Connection& connection) -> Status {
              for (int i = 0; i < 10'001; ++i) {
                RETURN_IF_ERROR(AppendAudit(connection, hasher_, {AccountId(1), "org.change", "team:3"}, Instant{i}));
              }
              return {};
            })),
            "");
  const auto chains = CheckAudit(*database_, hasher_);
  ASSERT_EQ(Code(chains), "");
  EXPECT_EQ(chains->front().verdict.checked, 10'001);
  Execute("UPDATE audit_record SET record = replace(record, 'team:3', 'team:4') WHERE dealer_id = 0 AND seq = 10001");
  EXPECT_EQ(CheckAll(), "0 altered 10001");
}

TEST_P(AuditTest, ListsAreFilteredAndPaged) {
  Three();
  EXPECT_EQ(Acts(List()), "session.start org.change account.change");
  EXPECT_EQ(Acts(List({.actor = AccountId(17)})), "org.change account.change");
  EXPECT_EQ(Acts(List({.act = "session.start"})), "session.start");
  EXPECT_EQ(Acts(List({.object = "account:18"})), "session.start account.change");
  EXPECT_EQ(Acts(List({.dealer = DealerId(7)})), "org.change");
  EXPECT_EQ(Acts(List({.dealer = DealerId()})), "session.start account.change");
  EXPECT_EQ(Acts(List({.from = Instant{1'790'000'002'000}})), "session.start org.change");
  EXPECT_EQ(Acts(List({.to = Instant{1'790'000'002'000}})), "account.change");
  EXPECT_EQ(Acts(List({.actor = AccountId(17), .act = "session.start"})), "");
  EXPECT_EQ(List().back().detail, R"({"role":"admin"})");

  // Pages, also where many records stand at the same instant.
  for (int i = 0; i < 5; ++i) {
    second_ = 9;
    ASSERT_EQ(Code(Append({AccountId(1), "a" + std::to_string(i), "x", DealerId(i % 2)})), "");
  }
  std::string all;
  std::optional<AuditPlace> after;
  while (true) {
    const auto page = List({}, after, 3);
    if (page.empty()) break;
    all += Acts(page) + "|";
    after = *ParsePlace(FormatPlace({page.back().at, page.back().dealer, page.back().seq}));
  }
  EXPECT_EQ(all, "a3 a1 a4|a2 a0 session.start|org.change account.change|");
  EXPECT_EQ(Code(ParsePlace("1-2")), "bad_cursor");
  EXPECT_EQ(Code(ParsePlace("1-2-x")), "bad_cursor");
}

INSTANTIATE_TEST_SUITE_P(On, AuditTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::access
