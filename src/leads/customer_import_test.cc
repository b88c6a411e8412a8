#include "leads/customer_import.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/json.hpp>
#include <chrono>
#include <future>
#include <thread>

#include "access/testing.h"
#include "attachments/store.h"
#include "attachments/testing.h"
#include "base/text.h"
#include "catalog/embedded.h"
#include "db/testing.h"
#include "leads/attachment_homes.h"
#include "leads/spot_checks.h"
#include "org/org.h"

namespace dealpace::leads {
namespace {

using access::Code;

const Day kToday = *ParseDay("2026-11-25");
const Instant kNow{int64_t{kToday.value} * 86'400'000 + 3 * 3'600'000};
const Instant kLater{kNow.ms + 60'000};

class CustomerImportTest : public testing::TestWithParam<db::Kind> {
 protected:
  CustomerImportTest()
      : database_(GetParam()),
        vault_(*access::Vault::Open(*database_, *access::KeyFile::Make(folder_.path() / "keys"))),
        catalog_(catalog::Load(catalog::EmbeddedFiles()).catalog),
        store_(*database_, *vault_, catalog_),
        imports_(store_) {
    const auto made = database_->Write<void>([&](db::Connection& c) -> Status {
      dealer_ = *org::AddDealer(c, "D1", "一店");
      ana_ = *org::AddStaff(c, dealer_, "ana", "王安");
      ben_ = *org::AddStaff(c, dealer_, "ben", "李本");
      return {};
    });
    EXPECT_EQ(Code(made), "");
  }

  Asker All() const { return {dealer_, Visible::All(), "boss", db::Witness(Log(), {})}; }
  Asker As(StaffId staff) const { return {dealer_, {false, {staff}, {}}, "somebody", db::Witness(Log(), {})}; }
  db::AuditLog Log() const {
    return [this](db::Connection&, const db::Deed& deed) -> Status {
      deeds_.push_back(deed.act);
      for (const auto& [name, detail] : deed.details) {
        if (const auto* text = std::get_if<std::string>(&detail)) said_ += *text + " ";
        if (const auto* texts = std::get_if<std::vector<std::string>>(&detail)) said_ += Join(*texts, " ") + " ";
      }
      return {};
    };
  }

  static ImportRow Row(int64_t number, const std::string& name, const std::string& phone,
                       const std::string& owner = "ana") {
    ImportRow row;
    row.number = number;
    row.record = {{"name", name}, {"phone", phone}};
    row.owner = owner;
    return row;
  }
  // Nothing of a customer, his lead, or the ledger.
  std::string Everything() {
    return Dump(
               "SELECT CAST(customer_id AS TEXT), CAST(version AS TEXT), CAST(owner_id AS TEXT) FROM customer WHERE "
               "dealer_id = ?1 ORDER BY customer_id",
               3) +
           "/" + Dump("SELECT lead, status, CAST(version AS TEXT) FROM lead WHERE dealer_id = ?1 ORDER BY lead", 3) +
           "/" + Dump("SELECT CAST(COUNT(*) AS TEXT) FROM customer_token WHERE dealer_id = ?1", 1);
  }
  // Net counts of an event.
  std::string Booked(const std::string& event) {
    return *database_->Read<std::string>([&](db::Connection& c) -> Result<std::string> {
      db::Rows rows = c.Query(
          "SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) FROM ledger_entry WHERE dealer_id = ?1 AND event = ?2",
          dealer_, event);
      rows.Next();
      return std::to_string(rows.Int(0) / 1000);
    });
  }
  std::string Dump(const std::string& sql, int columns) {
    return *database_->Read<std::string>([&](db::Connection& c) -> Result<std::string> {
      std::string text;
      db::Rows rows = c.Query(sql, dealer_);
      while (rows.Next()) {
        for (int i = 0; i < columns; ++i) text += std::string(rows.Text(i)) + "|";
      }
      return text;
    });
  }

  int64_t Begin(const Asker& asker, const std::vector<ImportRow>& rows) {
    const auto id =
        imports_.Begin(asker, "head", std::vector<std::string>{"one", "two"}, static_cast<int64_t>(rows.size()), kNow);
    EXPECT_EQ(Code(id), "");
    EXPECT_EQ(Code(imports_.Start(asker, *id, 1, kNow)), "");
    return *id;
  }
  Import Run(const Asker& asker, std::vector<ImportRow> rows, const ImportChoices& choices = {}) {
    MarkRepeats(rows);
    const int64_t id = Begin(asker, rows);
    CustomerImports::Work work;
    work.rows = rows;
    work.choices = choices;
    work.keep = [](const ImportRow& row, const Error& error) { return std::to_string(row.number) + " " + error.code; };
    const auto done = imports_.Run(asker, id, work, kNow);
    EXPECT_EQ(Code(done), "");
    return done.ok() ? *done : Import();
  }
  // "add same refused:phone_bad"
  std::string Check(const Asker& asker, std::vector<ImportRow> rows, const ImportChoices& choices = {}) {
    MarkRepeats(rows);
    const auto plans = imports_.Check(asker, rows, choices, kNow);
    EXPECT_EQ(Code(plans), "");
    std::string text;
    for (const RowPlan& plan : *plans) {
      text += (text.empty() ? "" : " ") + std::string(ImportWhatName(plan.what));
      if (plan.problem) text += ":" + plan.problem->code;
      for (const std::string& field : plan.fields) text += "+" + field;
      if (plan.lead) text += "+lead";
    }
    return text;
  }
  Import Undo(const Asker& asker, int64_t id, Instant now = kLater) {
    const auto undone = imports_.Undo(asker, id, {}, {}, now);
    EXPECT_EQ(Code(undone), "");
    return undone.ok() ? *undone : Import();
  }
  std::string Remains(int64_t id) {
    std::string text;
    const auto remaining = imports_.RemainingOf(All(), id, 100);
    for (const Remaining& each : *remaining) {
      text += std::to_string(each.row) + ":" + each.why + " ";
    }
    return text;
  }
  CustomerId Find(const std::string& phone) {
    const auto found = store_.Search(All(), phone, 5, Reveal::kMasked, kNow);
    return found.ok() && !found->empty() ? found->front().id : CustomerId();
  }
  CustomerId Add(StaffId owner, const std::string& name, const std::string& phone) {
    NewCustomer input;
    input.record = {{"name", name}, {"phone", phone}};
    input.owner = owner;
    const auto added = store_.Add(All(), input, kNow);
    EXPECT_EQ(Code(added), "");
    return added->customer;
  }

  access::TestFolder folder_;
  db::TestDatabase database_;
  std::unique_ptr<access::Vault> vault_;
  std::shared_ptr<const catalog::Catalog> catalog_;
  Store store_;
  CustomerImports imports_;
  DealerId dealer_;
  StaffId ana_, ben_;
  mutable std::vector<std::string> deeds_;
  mutable std::string said_;
};

TEST_P(CustomerImportTest, RowsBecomeCustomersWithLeads) {
  ImportRow dated = Row(2, "张三", "13800000001");
  dated.since = kToday - 40;
  dated.lead.model = "Q5";
  const Import done = Run(All(), {dated, Row(3, "李四", "13800000002", "李本"), Row(4, "王五", "13800000003", "")},
                          {ben_, "", true, true});
  EXPECT_EQ(done.state, ImportState::kDone);
  EXPECT_EQ(done.added, 3);
  EXPECT_EQ(done.leads, 3);
  const auto customer = store_.Get(All(), Find("13800000001"), Reveal::kWhole, kNow);
  ASSERT_EQ(Code(customer), "");
  EXPECT_EQ(customer->record.at("name"), "张三");
  EXPECT_EQ(customer->owner, ana_);
  EXPECT_EQ(customer->leads.at(0).model, "Q5");
  EXPECT_EQ(store_.Get(All(), Find("13800000002"), Reveal::kWhole, kNow)->owner, ben_) << "by name";
  EXPECT_EQ(store_.Get(All(), Find("13800000003"), Reveal::kWhole, kNow)->owner, ben_) << "of all that name nobody";
  EXPECT_EQ(Booked("captured"), "3");
  // The day of the first entry is when it was captured, so that an old list does not fill today's figures.
  EXPECT_EQ(
      Dump(
          "SELECT CAST(day AS TEXT) FROM ledger_entry WHERE dealer_id = ?1 AND event = 'captured' ORDER BY day LIMIT 1",
          1),
      std::to_string((kToday - 40).value) + "|");
  EXPECT_EQ(std::count(deeds_.begin(), deeds_.end(), "customer.add"), 3);
  EXPECT_EQ(std::count(deeds_.begin(), deeds_.end(), "customer.import"), 1);
  EXPECT_EQ(said_.find("1380000"), std::string::npos) << said_;
  EXPECT_EQ(said_.find("张"), std::string::npos) << said_;
}

TEST_P(CustomerImportTest, WhatIsKeptOfTheFileIsSealedAndGoes) {
  Run(All(), {Row(2, "张三", "13800000001"), Row(3, "李四", "1")});
  EXPECT_EQ(Dump("SELECT what FROM customer_import_part WHERE dealer_id = ?1 ORDER BY what", 1), "head|refused|");
  const auto head = *database_->Read<std::string>([&](db::Connection& c) -> Result<std::string> {
    db::Rows rows = c.Query("SELECT content FROM customer_import_part WHERE dealer_id = ?1 AND what = 'head'", dealer_);
    rows.Next();
    return std::string(rows.Bytes(0));
  });
  EXPECT_EQ(head.find("head"), std::string::npos);
  const Instant week{kNow.ms + kImportKeptMs + 1};
  EXPECT_EQ(Code(imports_.Prune(week)), "");
  EXPECT_EQ(Dump("SELECT what FROM customer_import_part WHERE dealer_id = ?1", 1), "");
  EXPECT_FALSE(imports_.List(All())->at(0).kept);
  // A draft goes whole.
  ASSERT_EQ(Code(imports_.Begin(All(), "h", std::vector<std::string>{"x"}, 1, kNow)), "");
  EXPECT_EQ(imports_.List(All())->size(), 2u);
  EXPECT_EQ(Code(imports_.Prune({kNow.ms + kDraftKeptMs + 1})), "");
  EXPECT_EQ(imports_.List(All())->size(), 1u);
}

TEST_P(CustomerImportTest, TheSameListAgainChangesNothing) {
  std::vector<ImportRow> rows = {Row(2, "张三", "13800000001"), Row(3, "李四", "13800000002"),
                                 Row(4, "李四", "13800000002"), Row(5, "", "13800000004")};
  rows[0].record["address"] = "A road";
  Run(All(), rows);
  const std::string before = Everything();
  const std::string filled = Booked("field_filled");
  const Import again = Run(All(), rows);
  EXPECT_EQ(again.added + again.changed + again.leads, 0);
  EXPECT_EQ(again.same, 2);
  EXPECT_EQ(again.repeated, 1);
  EXPECT_EQ(again.refused, 1);
  EXPECT_EQ(Everything(), before);
  EXPECT_EQ(Booked("field_filled"), filled);
  // Not either once the customer has another number, or his lead is lost: the row is known.
  const CustomerId id = Find("13800000001");
  ASSERT_EQ(Code(store_.Change(All(), id, 1, {{"phone", "13900000009"}}, kNow)), "");
  EXPECT_EQ(Check(All(), rows), "same same repeated:import_repeated refused:capture_incomplete");
}

TEST_P(CustomerImportTest, WhatIsEmptyIsFilledInAndNothingElse) {
  const CustomerId id = Add(ana_, "王小明", "138 0000 0001");
  ImportRow row = Row(2, "王先生", "+86 13800000001", "ben");
  row.record["address"] = "一号路";
  row.lead.model = "Q5";
  row.about_purchase = true;
  EXPECT_EQ(Check(All(), {row}), "change+address+lead");
  EXPECT_EQ(Check(All(), {row}, {{}, "", true, false}), "change+lead");
  EXPECT_EQ(Check(All(), {row}, {{}, "", false, false}), "same");
  EXPECT_EQ(Run(All(), {row}).changed, 1);
  const auto customer = store_.Get(All(), id, Reveal::kWhole, kNow);
  EXPECT_EQ(customer->record.at("name"), "王小明");
  EXPECT_EQ(customer->record.at("phone"), "138 0000 0001");
  EXPECT_EQ(customer->record.at("address"), "一号路");
  EXPECT_EQ(customer->owner, ana_) << "he stays with whom he is";
  EXPECT_EQ(customer->leads.at(0).owner, ana_);
  // With a lead in hand no second one is made.
  row.lead.model = "Q7";
  EXPECT_EQ(Check(All(), {row}), "same");
  // Another name is somebody else.
  EXPECT_EQ(Check(All(), {Row(2, "赵云", "13800000001")}), "refused:import_name_differs");
}

TEST_P(CustomerImportTest, RowsAreRefusedAsAnEntryWouldBe) {
  Add(ben_, "博客", "13800000009");
  ImportRow ahead = Row(2, "张三", "13800000001");
  ahead.since = kToday + 1;
  ImportRow position = Row(2, "某公司", "13800000001");
  position.kind = Kind::kCompany;
  position.record["position"] = "负责人";
  ImportRow card = Row(2, "张三", "13800000001");
  card.record["address"] = "11010519491231002X";
  ImportRow referral = Row(2, "张三", "13800000001");
  referral.lead.source = "referral";
  ImportRow read = Row(2, "张三", "13800000001");
  read.problems.emplace_back("import_cell_error");
  const std::vector<std::pair<ImportRow, std::string>> cases = {
      {Row(2, "张三", "12"), "phone_bad"},
      {Row(2, "", "13800000001"), "capture_incomplete"},
      {Row(2, "张三", "13800000001", ""), "import_owner_missing"},
      {Row(2, "张三", "13800000001", "cai"), "import_owner_unknown"},
      {ahead, "import_day_ahead"},
      {position, "position_vague"},
      {card, "number_forbidden"},
      {referral, "referrer_missing"},
      {read, "import_cell_error"},
  };
  for (const auto& [row, code] : cases) EXPECT_EQ(Check(All(), {row}), "refused:" + code);
  referral.referrer = "138 0000 0009";
  EXPECT_EQ(Check(All(), {referral}), "add+lead");
}

TEST_P(CustomerImportTest, NobodyLearnsOrChangesWhatHeDoesNotSee) {
  Add(ben_, "博客", "13800000009");
  ImportRow row = Row(2, "博客", "13800000009");
  row.record["address"] = "A";
  EXPECT_EQ(Check(As(ana_), {row}), "refused:customer_with_colleague");
  EXPECT_EQ(Check(As(ana_), {Row(2, "张三", "13800000001", "ben")}), "refused:import_owner_unknown");
  EXPECT_EQ(Check(As(ana_), {Row(2, "张三", "13800000001", "李本")}), "refused:import_owner_unknown");
  EXPECT_EQ(Check(As(ana_), {Row(2, "张三", "13800000001", "")}, {ben_, "", true, true}), "refused:owner_unknown");
  EXPECT_EQ(Check(As(ana_), {Row(2, "张三", "13800000001")}), "add+lead");
  // Nor of another's import.
  const int64_t id = Run(All(), {Row(2, "张三", "13800000001")}).id;
  EXPECT_EQ(Code(imports_.Find(As(ana_), id)), "not_found");
  EXPECT_EQ(Code(imports_.Undo(As(ana_), id, {}, {}, kNow)), "not_found");
  EXPECT_EQ(imports_.List(As(ana_))->size(), 0u);
}

TEST_P(CustomerImportTest, AnImportGoesOnWhereItWasLeft) {
  std::vector<ImportRow> rows;
  for (int i = 0; i < 450; ++i) rows.push_back(Row(i + 2, "张三", std::to_string(13'800'000'000 + i)));
  const int64_t id = Begin(All(), rows);
  CustomerImports::Work work;
  work.rows = rows;
  work.go_on = [] { return false; };
  auto import = imports_.Run(All(), id, work, kNow);
  ASSERT_EQ(Code(import), "");
  EXPECT_EQ(import->state, ImportState::kImporting);
  EXPECT_EQ(import->seen, 200);
  EXPECT_EQ(import->added, 200);
  // Of two at once each batch is done by one.
  work.go_on = {};
  std::atomic<int> failed = 0;
  const auto run = [&] { failed += imports_.Run(All(), id, work, kNow).ok() ? 0 : 1; };
  std::thread other(run);
  run();
  other.join();
  EXPECT_EQ(failed, 0);
  import = imports_.Find(All(), id);
  EXPECT_EQ(import->state, ImportState::kDone);
  EXPECT_EQ(import->added, 450);
  EXPECT_EQ(Booked("captured"), "450");
  EXPECT_EQ(Undo(All(), id).taken_back, 450);
  EXPECT_EQ(Booked("captured"), "0");
  EXPECT_FALSE(Find("13800000000").set());
}

TEST_P(CustomerImportTest, UndoLeavesNoTraceButInTheLedgerAndTheLog) {
  const CustomerId known = Add(ana_, "王小明", "13800000001");
  const std::string tokens = Dump("SELECT CAST(COUNT(*) AS TEXT) FROM customer_token WHERE dealer_id = ?1", 1);
  const std::string filled = Booked("field_filled");
  const std::string required = Booked("field_required");
  ImportRow row = Row(2, "王小明", "13800000001");
  row.record["plate"] = "沪A12345";
  row.lead.model = "Q5";
  row.about_purchase = true;
  const Import done = Run(All(), {row, Row(3, "李四", "13800000002")});
  EXPECT_EQ(done.added, 1);
  EXPECT_EQ(done.changed, 1);
  EXPECT_EQ(Booked("captured"), "2");
  const Import undone = Undo(All(), done.id);
  EXPECT_EQ(undone.state, ImportState::kUndone);
  EXPECT_EQ(undone.taken_back, 2);
  EXPECT_EQ(undone.remaining, 0);
  EXPECT_FALSE(Find("13800000002").set());
  EXPECT_FALSE(Find("沪A12345").set());
  EXPECT_FALSE(store_.Get(All(), known, Reveal::kWhole, kNow)->record.contains("plate"));
  EXPECT_EQ(store_.Get(All(), known, Reveal::kWhole, kNow)->leads.size(), 0u);
  EXPECT_EQ(Dump("SELECT CAST(COUNT(*) AS TEXT) FROM customer_token WHERE dealer_id = ?1", 1), tokens);
  EXPECT_EQ(Booked("captured"), "0");
  EXPECT_EQ(Booked("assigned"), "0");
  EXPECT_EQ(Booked("field_filled"), filled);
  EXPECT_EQ(Booked("field_required"), required);
  // What was taken back can be imported again.
  EXPECT_EQ(Check(All(), {row, Row(3, "李四", "13800000002")}), "change+plate+lead add+lead");
  EXPECT_EQ(Undo(All(), done.id).taken_back, 2) << "again: nothing more";
}

// The count of his fields goes from the lead, source and model that it was booked for, and from no other.
TEST_P(CustomerImportTest, UndoReversesWhatWasBookedWhereItWasBooked) {
  NewCustomer input;
  input.record = {{"name", "王小明"}, {"phone", "13800000001"}};
  input.owner = ana_;
  input.lead.emplace();
  input.lead->source = "walk_by";
  input.lead->model = "A3";
  const auto known = store_.Add(All(), input, kNow);
  ASSERT_EQ(Code(known), "");
  LeadMove lose;
  lose.status = LeadStatus::kLost;
  lose.lost_reason = "price";
  ASSERT_EQ(Code(database_->Write<void>(
                [&](db::Connection& c) { return store_.MoveLead(c, All(), known->lead, lose, kNow); })),
            "");
  // One more, of a time when fields were not booked yet.
  const CustomerId early = Add(ben_, "李四", "13800000002");
  ASSERT_EQ(Code(database_->Write<void>([&](db::Connection& c) -> Status {
              c.Execute("UPDATE customer SET fields_booked = NULL WHERE dealer_id = ?1 AND customer_id = ?2", dealer_,
                        early);
              return {};
            })),
            "");
  const auto books = [&] {
    return Dump(
        "SELECT event, COALESCE(lead, '-'), CAST(COALESCE(source, 0) AS TEXT), CAST(COALESCE(model, 0) AS TEXT), "
        "CAST(SUM(quantity) AS TEXT) FROM ledger_entry WHERE dealer_id = ?1 GROUP BY event, lead, source, model "
        "HAVING SUM(quantity) <> 0 ORDER BY 1, 2, 3, 4",
        5);
  };
  const auto counts = [&] {
    return Dump(
        "SELECT COALESCE(CAST(fields_booked AS TEXT), '-') FROM customer WHERE dealer_id = ?1 ORDER BY customer_id", 1);
  };
  const std::string before = books();
  const std::string counts_before = counts();
  std::vector<ImportRow> rows = {Row(2, "王小明", "13800000001"), Row(3, "李四", "13800000002")};
  for (ImportRow& row : rows) {
    row.record["address"] = "一号路";
    row.lead.model = "Q5";
    row.lead.source = "outbound";
    row.about_purchase = true;
  }
  const Import done = Run(All(), rows);
  ASSERT_EQ(done.changed, 2);
  ASSERT_EQ(done.leads, 2);
  EXPECT_NE(books(), before);
  EXPECT_EQ(Undo(All(), done.id).taken_back, 2);
  EXPECT_EQ(books(), before);
  EXPECT_EQ(counts(), counts_before);
  // What somebody has filled in meanwhile, of one who got a lead only, stays counted.
  ImportRow lead_only = Row(2, "王小明", "13800000001");
  lead_only.lead.model = "Q5";
  lead_only.lead.source = "outbound";
  lead_only.about_purchase = true;
  const Import again = Run(All(), {lead_only});
  ASSERT_EQ(again.leads, 1);
  const int64_t version = store_.Get(All(), known->customer, Reveal::kMasked, kNow)->version;
  ASSERT_EQ(Code(store_.Change(All(), known->customer, version, {{"address", "二号路"}}, kLater)), "");
  EXPECT_EQ(Undo(All(), again.id).taken_back, 0);
  EXPECT_EQ(Remains(again.id), "2:entries ") << "his address counts for that lead";
}

TEST_P(CustomerImportTest, WhatSomebodyHasTouchedRemains) {
  std::vector<ImportRow> rows;
  for (int i = 0; i < 8; ++i) rows.push_back(Row(i + 2, "张三", std::to_string(13'800'000'001 + i)));
  const Import done = Run(All(), rows);
  const auto customer = [&](int i) {
    return *store_.Get(All(), Find(std::to_string(13'800'000'001 + i)), Reveal::kMasked, kNow);
  };
  ASSERT_EQ(Code(store_.Change(All(), customer(0).id, 1, {{"address", "A"}}, kLater)), "");
  LeadInput need;
  need.remark = "x";
  ASSERT_EQ(Code(store_.ChangeLead(All(), customer(1).leads.at(0).code, 1, need, kLater)), "");
  ASSERT_EQ(Code(store_.AddLead(All(), customer(2).id, ana_, {}, kLater)), "");
  ASSERT_EQ(Code(store_.Merge(All(), Add(ana_, "甲", "13900000001"), 1, customer(3).id, kLater)), "");
  const std::string lead = customer(4).leads.at(0).code;
  const auto booked = database_->Write<void>([&](db::Connection& c) -> Status {
    ledger::NewEntry entry;
    entry.event = catalog_->FindEvent("test_drive");
    entry.day = kToday;
    entry.at = kLater;
    entry.lead = lead;
    ledger::Append(c, *catalog_, dealer_, std::array{entry}, {"x", kLater, {}});
    return {};
  });
  ASSERT_EQ(Code(booked), "");
  const auto attach = [&](const attachments::Owner& owner) {
    const auto packed = attachments::Store::Pack(dealer_, "a.jpg", "", attachments::TestJpeg());
    return Code(database_->Write<void>(
        [&](db::Connection& c) { return attachments::Store(*vault_).Add(c, owner, *packed, "x", kLater); }));
  };
  ASSERT_EQ(attach({kCustomerHome, std::to_string(customer(6).id.value)}), "");
  ASSERT_EQ(attach({kLeadHome, customer(7).leads.at(0).code}), "");
  const Import undone = Undo(All(), done.id);
  EXPECT_EQ(undone.taken_back, 1);
  EXPECT_EQ(undone.remaining, 7);
  EXPECT_EQ(Remains(done.id), "2:changed 3:lead 4:lead 5:merged 6:entries 8:attachments 9:attachments ");
  EXPECT_FALSE(Find("13800000006").set());
  EXPECT_EQ(Check(All(), {rows[0]}), "same") << "what remains is known as before";
}

// A field that was called about is somebody's finding.
TEST_P(CustomerImportTest, WhatASpotCheckHasJudgedRemains) {
  const CustomerId judged = Add(ana_, "王小明", "13800000001");
  const CustomerId before = Add(ana_, "李四", "13800000002");
  SpotChecks checks(store_, [](uint32_t) { return 0; });
  const Checker boss{All(), {}, db::Witness(Log(), {})};
  const Day month = *ParseDay("2026-11-01");
  ASSERT_EQ(*checks.Draw(boss, month, kNow), 2);
  const auto record = [&](CustomerId id, const std::string& field, Instant at) {
    const auto drawn = checks.Month(All(), month, kNow);
    for (const SpotCheck& check : drawn->checks) {
      if (check.customer != id) continue;
      EXPECT_EQ(Code(checks.Record(boss, check.id, check.version, {{field, Verdict::kTrue}}, at)), "");
    }
  };
  record(before, "phone", {kNow.ms - 1000});
  std::vector<ImportRow> rows = {Row(2, "王小明", "13800000001"), Row(3, "李四", "13800000002")};
  for (ImportRow& row : rows) row.record["address"] = "一号路";
  const Import done = Run(All(), rows);
  ASSERT_EQ(done.changed, 2);
  record(judged, "address", kLater);
  const Import undone = Undo(All(), done.id, {kLater.ms + 1});
  EXPECT_EQ(undone.taken_back, 1);
  EXPECT_EQ(Remains(done.id), "2:check ");
  EXPECT_TRUE(store_.Get(All(), judged, Reveal::kWhole, kNow)->record.contains("address"));
  EXPECT_FALSE(store_.Get(All(), before, Reveal::kWhole, kNow)->record.contains("address")) << "judged before the list";
}

// Somebody changes a customer while a list is taken in, or taken back: on PostgreSQL his transaction is under way when
// that of the list has read the customer and has not yet written.
class ConcurrentEditTest : public CustomerImportTest {
 protected:
  // Changes the customer in a transaction that ends only when somebody waits for it, while `list` runs.
  void EditDuring(CustomerId id, const Record& record, const std::function<void()>& list) {
    std::promise<void> under_way;
    std::thread editor([&] {
      bool told = false;
      const Status done = database_->Write<void>([&](db::Connection& c) -> Status {
        boost::json::object object;
        for (const auto& [field, value] : record) object[field] = value;
        ASSIGN_OR_RETURN(const std::string sealed,
                         vault_->Seal(c, {access::SealedField::kCustomerPersonal, id.value, dealer_.value},
                                      boost::json::serialize(object)));
        c.Execute("UPDATE customer SET personal = ?3, version = version + 1 WHERE dealer_id = ?1 AND customer_id = ?2",
                  dealer_, id, db::Blob{sealed});
        if (!told) under_way.set_value();
        told = true;
        for (int i = 0; i < 2'000; ++i) {
          db::Rows rows = c.Query(
              "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' LIMIT 1");
          if (rows.Next()) return {};
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
          (void)c.Query("SELECT pg_stat_clear_snapshot()").Next();
        }
        return Error("nobody_waited");
      });
      EXPECT_EQ(Code(done), "");
    });
    under_way.get_future().wait();
    list();
    editor.join();
  }
  std::string Whole(CustomerId id, const std::string& field) {
    const auto customer = store_.Get(All(), id, Reveal::kWhole, kNow);
    EXPECT_EQ(Code(customer), "");
    const auto it = customer->record.find(field);
    return it == customer->record.end() ? "" : it->second;
  }
};

TEST_P(ConcurrentEditTest, WhatSomebodyFillsInJustThenIsNotWrittenOver) {
  if (GetParam() == db::Kind::kSqlite) GTEST_SKIP() << "one writer at a time";
  const CustomerId id = Add(ana_, "王小明", "13800000001");
  ImportRow row = Row(2, "王小明", "13800000001");
  row.record["address"] = "一号路";
  row.record["plate"] = "沪A12345";
  Import done;
  EditDuring(id, {{"name", "王小明"}, {"phone", "13800000001"}, {"address", "他的路"}},
             [&] { done = Run(All(), {row}); });
  EXPECT_EQ(done.changed, 1);
  EXPECT_EQ(Whole(id, "address"), "他的路");
  EXPECT_EQ(Whole(id, "plate"), "沪A12345");
  // What the list takes back is its own.
  EXPECT_EQ(Undo(All(), done.id).taken_back, 1);
  EXPECT_EQ(Whole(id, "address"), "他的路");
  EXPECT_EQ(Whole(id, "plate"), "");
}

TEST_P(ConcurrentEditTest, WhoIsChangedJustThenIsNotTakenBack) {
  if (GetParam() == db::Kind::kSqlite) GTEST_SKIP() << "one writer at a time";
  const Import done = Run(All(), {Row(2, "王小明", "13800000001")});
  const CustomerId id = Find("13800000001");
  Import undone;
  EditDuring(id, {{"name", "王小明"}, {"phone", "13800000001"}, {"address", "他的路"}},
             [&] { undone = Undo(All(), done.id); });
  EXPECT_EQ(undone.remaining, 1);
  EXPECT_EQ(Remains(done.id), "2:changed ");
  EXPECT_EQ(Whole(id, "address"), "他的路");
}

INSTANTIATE_TEST_SUITE_P(On, ConcurrentEditTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

TEST_P(CustomerImportTest, UndoHasItsTime) {
  const Import done = Run(All(), {Row(2, "张三", "13800000001")});
  EXPECT_EQ(Code(imports_.Undo(All(), done.id, {}, {}, {kNow.ms + kImportKeptMs + 1})), "import_undo_too_late");
  EXPECT_EQ(Code(imports_.Undo(
                All(), done.id, [](auto&, auto&, auto) { return Result<bool>(false); }, {}, kLater)),
            "");
  EXPECT_EQ(Remains(done.id), "2:privacy ");
  EXPECT_EQ(Code(imports_.End(All(), done.id, kLater)), "import_state");
  EXPECT_EQ(Code(imports_.Start(All(), done.id, 1, kLater)), "import_state");
}

TEST_P(CustomerImportTest, WhoWasAnonymisedIsNotKnownByHisRow) {
  Run(All(), {Row(2, "张三", "13800000001")});
  const CustomerId id = Find("13800000001");
  ASSERT_EQ(Code(database_->Write<void>(
                [&](db::Connection& c) { return store_.Anonymise(c, dealer_, {id}, "request", kLater); })),
            "");
  EXPECT_EQ(Dump("SELECT CAST(COUNT(row_key) AS TEXT) FROM customer_import_row WHERE dealer_id = ?1", 1), "0|");
}

INSTANTIATE_TEST_SUITE_P(On, CustomerImportTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::leads
