#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "app/verify.h"
#include "app/wiring.h"
#include "db/migrate.h"
#include "db/tables.h"
#include "db/testing.h"
#include "kpi/answer.h"
#include "leads/attachment_homes.h"
#include "leads/store.h"
#include "ledger/ledger.h"
#include "org/org.h"
#include "privacy/retention.h"

namespace dealpace::testing {
namespace {

constexpr int64_t kDayMs = 86'400'000;
const Instant kNow{int64_t{ParseDay("2026-11-25")->value} * kDayMs + 3 * 3'600'000};
const Instant kThen{kNow.ms - 1000 * kDayMs};  // when everything happened

// What must be nowhere once a person has been anonymised.
const std::vector<std::string> kWords = {"诸葛孔明",   "13812345678", "+8613812345678", "沪A12312", "LSVAA4182E2123456",
                                         "南阳卧龙岗", "草庐太小",    "隆中对",         "form-4711"};

std::string Hex(const std::string& text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : text) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

class PrivacyTest : public ::testing::TestWithParam<db::Kind> {
 protected:
  PrivacyTest() : store_(GetParam()) {
    auto system = app::System::Open(store_.url());
    EXPECT_TRUE(system.ok());
    system_ = *std::move(system);
    EXPECT_TRUE(db::Migrate(system_->database()).ok());
    folder_ = (std::filesystem::temp_directory_path() / ("dealpace-privacy-" + std::to_string(NewId()))).string();
    std::filesystem::create_directories(folder_);
    EXPECT_TRUE(system_->OpenVault(folder_ + "/keys").ok());
    customers_ = std::make_unique<leads::Store>(system_->database(), *system_->vault(), system_->shared_catalog());
    privacy_ = std::make_unique<privacy::Store>(system_->database(), *system_->vault(), *customers_);
    const Status made = system_->database().Write<void>([this](db::Connection& c) -> Status {
      ASSIGN_OR_RETURN(dealer_, org::AddDealer(c, "D1", ""));
      ASSIGN_OR_RETURN(ana_, org::AddStaff(c, dealer_, "ana", ""));
      ASSIGN_OR_RETURN(ben_, org::AddStaff(c, dealer_, "ben", ""));
      return {};
    });
    EXPECT_TRUE(made.ok());
  }
  ~PrivacyTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  [[nodiscard]] leads::Asker All() const { return {dealer_, leads::Visible::All(), "boss"}; }

  leads::Added Add(const std::string& name, const std::string& phone, StaffId owner) {
    leads::NewCustomer input;
    input.record = {{"name", name}, {"phone", phone}};
    if (name == "诸葛孔明") {
      input.record.insert({{"plate", "沪A12312"}, {"vin", "LSVAA4182E2123456"}});
      input.record.insert({{"address", "南阳卧龙岗"}, {"interests", "隆中对"}});
    }
    input.owner = owner;
    input.despite_duplicates = true;
    input.lead.emplace();
    input.lead->source = "walk_by";
    input.lead->model = "GTX";
    input.lead->need = name == "诸葛孔明" ? "草庐太小，放不下书" : "孩子上学接送，旧车空间太小";
    const auto added = customers_->Add(All(), input, kThen);
    EXPECT_TRUE(added.ok()) << added.error().code;
    return added.ok() ? *added : leads::Added();
  }
  // Books what happens to a lead, as whoever knows it does.
  void Happens(const std::string& lead, StaffId staff, const std::vector<std::string>& events, int days_later) {
    const Status booked = system_->database().Write<void>([&](db::Connection& c) -> Status {
      std::vector<ledger::NewEntry> entries;
      for (const std::string& event : events) {
        ledger::NewEntry entry;
        entry.event = system_->catalog().FindEvent(event);
        EXPECT_GE(entry.event, 0) << event;
        entry.at = {kThen.ms + days_later * kDayMs};
        entry.day = Day{static_cast<int32_t>(entry.at.ms / kDayMs)};
        entry.lead = lead;
        entry.actor = staff;
        entry.amount = event == "deal" ? 18'000'000 : 0;
        entries.push_back(entry);
      }
      (void)ledger::Append(c, system_->catalog(), dealer_, entries, {"boss", kThen, {}});
      return {};
    });
    EXPECT_TRUE(booked.ok()) << booked.error().code;
  }
  void Move(const std::string& lead, leads::LeadStatus status, int days_later) {
    const Status moved = system_->database().Write<void>([&](db::Connection& c) {
      return customers_->MoveLead(c, All(), lead, {status, "", status == leads::LeadStatus::kLost ? "price" : ""},
                                  Instant{kThen.ms + days_later * kDayMs});
    });
    EXPECT_TRUE(moved.ok()) << moved.error().code;
  }

  // Every KPI of the catalogue, in all and by consultant, source and month, with sums; from the ledger anew.
  std::string Figures() {
    auto fresh = app::System::Open(store_.url());
    std::string all;
    for (const std::vector<std::string>& by :
         std::vector<std::vector<std::string>>{{}, {"staff"}, {"source"}, {"month"}}) {
      for (const catalog::Kpi& kpi : (*fresh)->catalog().kpis()) {
        kpi::Question question;
        question.columns = {{kpi.id, kpi.parameter.empty() ? kpi.id : kpi.id + "(deal_cnt)"}};
        question.period = Period{*ParseDay("2024-01-01"), *ParseDay("2026-11-30")};
        question.today = *ParseDay("2026-11-25");
        question.by = by;
        const auto answer = (*fresh)->engine().Ask(question);
        if (!answer.ok()) {
          all += kpi.id + " " + answer.error().code + "\n";
          continue;
        }
        const auto write = [&](const std::string& label, const kpi::CellAnswer& cell) {
          all += kpi.id + " " + label + " " + (cell.value ? std::to_string(*cell.value) : "-") + "\n";
        };
        write("total", answer->total.cells[0]);
        for (const kpi::RowAnswer& row : answer->rows) {
          write(std::string(row.keys.empty() ? "" : row.keys[0].value_or("-")), row.cells[0]);
        }
      }
    }
    return all;
  }

  // Every cell of every table, as text; bytes as hexadecimal digits.
  std::map<std::string, std::string> Cells() {
    std::map<std::string, std::string> cells;
    const auto read = system_->database().Read<bool>([&](db::Connection& c) -> Result<bool> {
      const bool sqlite = c.kind() == db::Kind::kSqlite;
      for (const db::Table& table : db::DeclaredTables()) {
        std::vector<std::string> columns;
        {
          db::Rows rows = sqlite ? c.Query("PRAGMA table_info(" + table.name + ")")
                                 : c.Query("SELECT column_name FROM information_schema.columns WHERE table_name = '" +
                                           table.name + "' AND table_schema = current_schema()");
          while (rows.Next()) columns.emplace_back(rows.Text(sqlite ? 1 : 0));
        }
        EXPECT_FALSE(columns.empty()) << table.name;
        for (const std::string& column : columns) {
          const std::string cell = sqlite ? "CASE typeof(" + column + ") WHEN 'blob' THEN hex(" + column +
                                                ") ELSE CAST(" + column + " AS TEXT) END"
                                          : "CAST(" + column + " AS TEXT)";
          db::Rows rows = c.Query("SELECT " + cell + " FROM " + table.name);
          while (rows.Next()) cells[table.name + "." + column] += std::string(rows.Text(0)) + "\n";
        }
      }
      return true;
    });
    EXPECT_TRUE(read.ok()) << read.error().code << (read.error().args.empty() ? "" : read.error().args[0].second);
    return cells;
  }
  // What can be opened with the keys: everything that is sealed in the store.
  std::string Opened() {
    std::string all;
    const auto read = system_->database().Read<bool>([&](db::Connection& c) -> Result<bool> {
      const access::Vault& vault = *system_->vault();
      {
        db::Rows rows = c.Query("SELECT dealer_id, customer_id, personal FROM customer");
        while (rows.Next()) {
          ASSIGN_OR_RETURN(
              const std::string text,
              vault.Unseal({access::SealedField::kCustomerPersonal, rows.Int(1), rows.Int(0)}, rows.Bytes(2)));
          all += text + "\n";
        }
      }
      {
        db::Rows rows = c.Query("SELECT dealer_id, words FROM lead");
        while (rows.Next()) {
          ASSIGN_OR_RETURN(const std::string text,
                           vault.Unseal({access::SealedField::kLeadWords, 0, rows.Int(0)}, rows.Bytes(1)));
          all += text + "\n";
        }
      }
      db::Rows rows = c.Query("SELECT dealer_id, consent_id, evidence FROM consent WHERE evidence IS NOT NULL");
      while (rows.Next()) {
        ASSIGN_OR_RETURN(
            const std::string text,
            vault.Unseal({access::SealedField::kConsentEvidence, rows.Int(1), rows.Int(0)}, rows.Bytes(2)));
        all += text + "\n";
      }
      return true;
    });
    EXPECT_TRUE(read.ok()) << read.error().code;
    return all;
  }

  db::TestStore store_;
  std::unique_ptr<app::System> system_;
  std::unique_ptr<leads::Store> customers_;
  std::unique_ptr<privacy::Store> privacy_;
  std::string folder_;
  DealerId dealer_;
  StaffId ana_;
  StaffId ben_;
};

TEST_P(PrivacyTest, M35_DataGoAndNoFigureChanges) {
  const leads::Added lost = Add("诸葛孔明", "13812345678", ana_);
  Happens(lost.lead, ana_, {"test_drive"}, 2);
  Happens(lost.lead, ana_, {"lost"}, 5);
  Move(lost.lead, leads::LeadStatus::kLost, 5);
  const leads::Added twin = Add("诸葛孔明", "13812345678", ben_);
  Happens(twin.lead, ben_, {"test_drive"}, 3);
  Move(twin.lead, leads::LeadStatus::kLost, 9);
  const int64_t version = customers_->Get(All(), lost.customer, leads::Reveal::kMasked, kThen)->version;
  ASSERT_TRUE(customers_->Merge(All(), lost.customer, version, twin.customer, kThen).ok());
  const leads::Added sold = Add("李四", "13900000001", ben_);
  Happens(sold.lead, ben_, {"test_drive"}, 1);
  Happens(sold.lead, ben_, {"deal"}, 3);
  Move(sold.lead, leads::LeadStatus::kWon, 3);
  const privacy::ConsentInput consent{"finance", 1, "paper", kThen, "form-4711 诸葛孔明"};
  const db::Witness witness(system_->audit_log(), AccountId(1));
  ASSERT_TRUE(privacy_->Give(All(), witness, lost.customer, 0, consent, kNow).ok());

  const auto letter = attachments::Store::Pack(dealer_, "诸葛孔明.txt", "隆中对", "13812345678 南阳卧龙岗");
  ASSERT_TRUE(letter.ok());
  const attachments::Store files(*system_->vault());
  const Status attached = system_->database().Write<void>([&](db::Connection& c) -> Status {
    const attachments::Owner twins{leads::kCustomerHome, std::to_string(twin.customer.value)};
    return files.Add(c, twins, *letter, "boss", kThen);
  });
  ASSERT_TRUE(attached.ok()) << attached.error().code;

  const std::string opened = Opened();
  for (const std::string& word : kWords) {
    const bool written_so = !word.starts_with('+');
    EXPECT_EQ(opened.find(word) != std::string::npos, written_so) << word;
  }
  const std::string before = Figures();
  EXPECT_NE(before.find("\ndeals_count total 1"), std::string::npos) << "there is something to change";

  privacy::Keeper keeper(system_->database(), *privacy_, system_->audit_log([] { return kNow; }));
  const auto run = keeper.RunAll(kNow);
  ASSERT_TRUE(run.ok()) << run.error().code;
  EXPECT_EQ(run->files, 1);
  EXPECT_EQ(run->customers, 1) << "he and who was merged into him count once; who is being sold a car stays";

  EXPECT_EQ(Figures(), before);
  const auto bytes =
      system_->database().Read<std::string>([&](db::Connection& c) { return files.Read(c, dealer_, letter->id()); });
  EXPECT_TRUE(!bytes.ok() && bytes.error().code == "not_found");
  const std::string left = Opened();
  const std::map<std::string, std::string> cells = Cells();
  ASSERT_GT(cells.size(), 100U);
  for (const std::string& word : kWords) {
    EXPECT_EQ(left.find(word), std::string::npos) << word;
    for (const auto& [column, values] : cells) {
      std::string lower = values;
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      EXPECT_EQ(values.find(word), std::string::npos) << word << " in " << column;
      EXPECT_EQ(lower.find(Hex(word)), std::string::npos) << word << " in " << column;
    }
  }
  // Nothing of them can be found by.
  const std::string id = std::to_string(lost.customer.value);
  EXPECT_EQ(cells.at("customer_token.customer_id").find(id), std::string::npos);
  EXPECT_EQ(cells.at("customer_token.customer_id").find(std::to_string(twin.customer.value)), std::string::npos);
  // What the figures stand on is whole, and what was done stands in the log.
  EXPECT_NE(cells.at("audit_record.act").find("data.anonymise"), std::string::npos);
  const auto checked = access::CheckAudit(system_->database(), *system_->audit_hasher());
  ASSERT_TRUE(checked.ok());
  for (const access::CheckedChain& chain : *checked) EXPECT_EQ(chain.verdict.finding, access::ChainFinding::kIntact);
}

INSTANTIATE_TEST_SUITE_P(On, PrivacyTest, ::testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::testing
