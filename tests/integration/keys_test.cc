#include <gtest/gtest.h>

#include <set>

#include "access/resealing.h"
#include "app/wiring.h"
#include "db/testing.h"
#include "leads/reindexing.h"
#include "leads/store.h"
#include "org/org.h"
#include "tests/integration/cli.h"
#include "tests/integration/servers.h"

namespace dealpace::testing {
namespace {

// `dealpace keys`, with a server and without.
class KeysTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    Must("init");
    Must("keys status");  // before anything is sealed
    Open();
    const Status made = system_->database().Write<void>([this](db::Connection& c) -> Status {
      ASSIGN_OR_RETURN(dealer_, org::AddDealer(c, "D1", ""));
      ASSIGN_OR_RETURN(ana_, org::AddStaff(c, dealer_, "ana", ""));
      return {};
    });
    ASSERT_TRUE(made.ok());
    leads::Store store(system_->database(), *system_->vault(), system_->shared_catalog());
    for (int i = 0; i < kCustomers; ++i) {
      leads::NewCustomer input;
      input.record = {{"name", "诸葛孔明"}, {"phone", "138" + std::to_string(10'000'000 + i)}};
      input.owner = ana_;
      input.lead.emplace();
      const auto added = store.Add({dealer_, leads::Visible::All(), "boss"}, input, Now());
      ASSERT_TRUE(added.ok()) << added.error().code;
      customers_.push_back(added->customer);
    }
  }
  void Open() {
    auto system = app::System::Open(Path("data/dealpace.db").string());
    ASSERT_TRUE(system.ok());
    system_ = *std::move(system);
    ASSERT_TRUE(system_->OpenVault(Path("data/dealpace.keys").string()).ok());
  }
  // What is sealed, as it lies there.
  std::set<std::string> Sealed() {
    return *system_->database().Read<std::set<std::string>>([](db::Connection& c) -> Result<std::set<std::string>> {
      std::set<std::string> all;
      for (const access::SealedColumn& column : access::kSealedColumns) {
        db::Rows rows = c.Query("SELECT " + std::string(column.column) + " FROM " + std::string(column.table));
        while (rows.Next()) {
          if (!rows.IsNull(0)) all.insert(std::string(rows.Bytes(0)));
        }
      }
      return all;
    });
  }
  void Execute(const std::string& sql) {
    ASSERT_TRUE(system_->database()
                    .Write<void>([&](db::Connection& c) -> Status {
                      c.Execute(sql);
                      return {};
                    })
                    .ok());
  }
  std::string Acts() {
    std::string acts;
    const boost::json::value listed = Json("audit list");
    for (const auto& record : listed.at("records").as_array()) {
      const std::string act(record.at("act").as_string());
      if (act.find("_key.") != std::string::npos)
        acts = act + " " + std::string(record.at("object").as_string()) + "\n" + acts;
    }
    return acts;
  }

  static constexpr int kCustomers = 30;
  std::unique_ptr<app::System> system_;
  DealerId dealer_;
  StaffId ana_;
  std::vector<leads::CustomerId> customers_;
};

TEST_F(KeysTest, ARotationWithoutAServer) {
  const std::set<std::string> before = Sealed();
  EXPECT_EQ(before.size(), 2U * kCustomers);
  auto status = Json("keys status");
  EXPECT_EQ(status.at("fields").as_int64(), 2 * kCustomers);
  EXPECT_EQ(status.at("old").as_int64(), 0);
  EXPECT_EQ(status.at("columns").as_array().size(), access::kSealedColumns.size());

  const auto rotated = Json("keys rotate");
  EXPECT_EQ(rotated.at("key").as_int64(), 2);
  EXPECT_EQ(rotated.at("left").as_int64(), 2 * kCustomers);
  EXPECT_EQ(Must("keys status --format csv").out.find("number,made_at,master,fields,clear_since,goes_at\r\n1,"), 0U);
  EXPECT_NE(Must("keys status").out.find("Sealed with the newest key: 0 % (0 of 60 fields)."), std::string::npos);

  const auto resealed = Json("keys reseal");
  EXPECT_EQ(resealed.at("sealed").as_int64(), 2 * kCustomers);
  EXPECT_EQ(resealed.at("left").as_int64(), 0);
  EXPECT_EQ(resealed.at("dropped").as_int64(), 0);
  EXPECT_EQ(Json("keys reseal").at("sealed").as_int64(), 0);
  status = Json("keys status");
  EXPECT_EQ(status.at("old").as_int64(), 0);
  EXPECT_TRUE(status.at("keys").at(0).as_object().contains("goes_at"));
  for (const std::string& sealed : Sealed()) EXPECT_FALSE(before.contains(sealed));

  // After the time of grace the old key goes.
  Execute("UPDATE data_key SET clear_since = clear_since - " + std::to_string(access::kKeyGraceMs) +
          " WHERE key_number = 1");
  EXPECT_EQ(Json("keys reseal").at("dropped").as_int64(), 1);
  EXPECT_EQ(Json("keys status").at("keys").as_array().size(), 1U);
  EXPECT_EQ(Acts(), "data_key.rotate data_key:2\ndata_key.drop data_key:1\n");
  Must("audit verify");

  // Another program reads all of it, and nothing of what was there before lies in the file.
  system_.reset();
  Open();
  leads::Store store(system_->database(), *system_->vault(), system_->shared_catalog());
  for (const leads::CustomerId id : customers_) {
    const auto customer = store.Get({dealer_, leads::Visible::All(), "boss"}, id, leads::Reveal::kWhole, Now());
    ASSERT_TRUE(customer.ok()) << customer.error().code;
    EXPECT_EQ(customer->record.at("name"), "诸葛孔明");
  }
  system_.reset();
  const std::string file = ReadFile(Path("data/dealpace.db"));
  ASSERT_GT(file.size(), 4096U);
  for (const std::string& old : before) EXPECT_EQ(file.find(old), std::string::npos);
}

TEST_F(KeysTest, RotatingAndWaitingIsOneStep) {
  const Ran ran = Must("keys rotate --wait");
  EXPECT_EQ(ran.out.find("Data key 2 is made.\n60 fields sealed anew, 0 are left with older keys.\n"), 0U) << ran.out;
}

TEST_F(KeysTest, ANewIndexKeyAndTheOldOneGoes) {
  EXPECT_EQ(Json("keys status").at("index_keys").as_array().size(), 1U);
  EXPECT_EQ(Json("keys rotate-index").at("key").as_int64(), 1);
  auto status = Json("keys status");
  EXPECT_EQ(status.at("index_keys").as_array().size(), 2U);
  EXPECT_EQ(status.at("not_indexed").as_int64(), kCustomers);
  EXPECT_NE(
      Must("keys status").out.find("Index key 1: 0 of 30 customers are found by it, the others by the one before."),
      std::string::npos);
  const auto reindexed = Json("keys reindex");
  EXPECT_EQ(reindexed.at("customers").as_int64(), kCustomers);
  EXPECT_EQ(reindexed.at("left").as_int64(), 0);
  EXPECT_EQ(reindexed.at("dropped").as_int64(), 1);
  status = Json("keys status");
  EXPECT_EQ(status.at("index_keys").as_array().size(), 1U);
  EXPECT_EQ(status.at("not_indexed").as_int64(), 0);
  EXPECT_EQ(Must("keys rotate-index --wait").out,
            "Index key 2 is made.\n30 customers indexed anew, 0 are left with the older key.\n");
  EXPECT_EQ(Acts(),
            "index_key.rotate index_key:1\nindex_key.drop index_key:0\n"
            "index_key.rotate index_key:2\nindex_key.drop index_key:1\n");
  // A new master wraps it, too; before that the old one is needed.
  Must("keys master-add");
  EXPECT_EQ(Run("keys master-drop").exit, 1);
  EXPECT_EQ(Json("keys master-use").at("wrapped").as_int64(), 2);
  Must("keys master-drop");
  system_.reset();
  Open();
  leads::Store store(system_->database(), *system_->vault(), system_->shared_catalog());
  const auto found =
      store.Search({dealer_, leads::Visible::All(), "boss"}, "诸葛孔明", 50, leads::Reveal::kMasked, Now());
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->size(), static_cast<size_t>(kCustomers));
}

TEST_F(KeysTest, AServerIndexesAnewByItself) {
  const int port = FreePort();
  Process server({Binary(), "--lang", "en", "--data", Path("data").string(), "serve", "--port", std::to_string(port)},
                 Path("server.txt"));
  ASSERT_TRUE(Await(std::chrono::seconds(30), [&] { return Ask(port, "GET", "/readyz").status == 200; }));
  Must("keys rotate-index");
  EXPECT_TRUE(Await(std::chrono::seconds(60), [&] {
    const auto status = Json("keys status");
    return status.at("not_indexed").as_int64() == 0 && status.at("index_keys").as_array().size() == 1U;
  }));
  server.Kill(SIGTERM);
  EXPECT_EQ(Acts(), "index_key.rotate index_key:1\nindex_key.drop index_key:0\n");
}

// Killed in the middle, with the power as it were: everybody is found meanwhile, and the next one goes on.
TEST_F(KeysTest, IndexingAnewMayBeKilledAnywhere) {
  constexpr int kMany = 3000;
  leads::Store store(system_->database(), *system_->vault(), system_->shared_catalog());
  const leads::Asker boss{dealer_, leads::Visible::All(), "boss"};
  const auto phone = [](int number) { return std::to_string(13'900'000'000 + number); };
  const Status made = system_->database().Write<void>([&](db::Connection& c) -> Status {
    for (int i = 0; i < kMany; ++i) {
      leads::NewCustomer input;
      input.record = {{"name", "孔明"}, {"phone", phone(i)}};
      input.owner = ana_;
      RETURN_IF_ERROR(store.AddIn(c, boss, input, Now()));
    }
    return {};
  });
  ASSERT_TRUE(made.ok()) << made.error().code;
  const auto left = [&] {
    const auto state = system_->database().Read<leads::IndexState>(
        [](db::Connection& c) -> Result<leads::IndexState> { return leads::ReadIndexState(c); });
    return state.ok() ? state->left : -1;
  };
  const auto all_are_found = [&](const std::string& when) {
    for (int i = 0; i < kMany; i += 37) {
      const auto found = store.Search(boss, phone(i), 5, leads::Reveal::kMasked, Now());
      EXPECT_TRUE(found.ok() && found->size() == 1) << when << " " << i;
    }
  };
  Must("keys rotate-index");
  int kills = 0;
  while (left() > 0 && kills < 4) {
    const int64_t before = left();
    Process reindex({Binary(), "--data", Path("data").string(), "keys", "reindex"}, Path("reindex.txt"));
    ASSERT_TRUE(Await(std::chrono::seconds(60), [&] { return left() < before; }));
    reindex.Kill();
    ++kills;
    all_are_found("after a kill");
    Execute("UPDATE lease SET held_until = 0 WHERE name = 'reindexing'");  // as if its time were over
  }
  EXPECT_GT(kills, 0);
  EXPECT_EQ(Json("keys reindex").at("left").as_int64(), 0);
  all_are_found("at the end");
  const auto status = Json("keys status");
  EXPECT_EQ(status.at("index_keys").as_array().size(), 1U);
  EXPECT_FALSE(status.at("sweeping").as_bool());
  EXPECT_EQ(status.at("customers").as_int64(), kMany + kCustomers);
}

TEST_F(KeysTest, AFieldThatDoesNotOpenIsSaid) {
  Execute("UPDATE customer SET personal = (SELECT max(o.personal) FROM customer o) WHERE dealer_id = " +
          std::to_string(dealer_.value) + " AND customer_id IN (" + std::to_string(customers_[0].value) + ", " +
          std::to_string(customers_[1].value) + ")");
  const Ran ran = Run("keys rotate --wait");
  EXPECT_EQ(ran.exit, 1);
  EXPECT_NE(ran.out.find("are left with older keys"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("do not open"), std::string::npos) << ran.out;
  EXPECT_EQ(Json("keys status").at("keys").as_array().size(), 2U);
}

TEST_F(KeysTest, AServerSealsAnewByItself) {
  const int port = FreePort();
  Process server({Binary(), "--lang", "en", "--data", Path("data").string(), "serve", "--port", std::to_string(port)},
                 Path("server.txt"));
  ASSERT_TRUE(Await(std::chrono::seconds(30), [&] { return Ask(port, "GET", "/readyz").status == 200; }));
  Must("keys rotate");
  EXPECT_TRUE(Await(std::chrono::seconds(60), [&] { return Json("keys status").at("old").as_int64() == 0; }));
  EXPECT_EQ(Json("keys reseal").at("left").as_int64(), 0);
  Execute("UPDATE data_key SET clear_since = clear_since - " + std::to_string(access::kKeyGraceMs) +
          " WHERE key_number = 1");
  EXPECT_TRUE(Await(std::chrono::seconds(60), [&] { return Json("keys status").at("keys").as_array().size() == 1U; }));
  server.Kill(SIGTERM);
  EXPECT_EQ(Acts(), "data_key.rotate data_key:2\ndata_key.drop data_key:1\n");
}

TEST_F(KeysTest, AServerMakesANewKeyWhenTheLastOneIsOld) {
  Execute("UPDATE data_key SET created_at = created_at - 31 * 86400000");
  const int port = FreePort();
  Process server({Binary(), "--lang", "en", "--data", Path("data").string(), "serve", "--port", std::to_string(port),
                  "--rotate-keys", "30"},
                 Path("server.txt"));
  ASSERT_TRUE(Await(std::chrono::seconds(30), [&] { return Ask(port, "GET", "/readyz").status == 200; }));
  EXPECT_TRUE(Await(std::chrono::seconds(60), [&] {
    const auto status = Json("keys status");
    return status.at("keys").as_array().size() == 2U && status.at("old").as_int64() == 0;
  }));
  server.Kill(SIGTERM);
  EXPECT_EQ(Acts(), "data_key.rotate data_key:2\n") << "once";
}

TEST_F(KeysTest, TheMasterKeyIsRotatedStepByStep) {
  const std::string keys = Path("data/dealpace.keys").string();
  const std::string first = ReadFile(keys);
  EXPECT_EQ(Json("keys master-add").at("master").as_int64(), 2);
  EXPECT_NE(ReadFile(keys).find("\nmaster 2 "), std::string::npos);
  EXPECT_EQ(Json("keys status").at("keys").at(0).at("master").as_int64(), 1);
  const Ran early = Run("keys master-drop --format json");
  EXPECT_EQ(early.exit, 1);
  EXPECT_NE(early.err.find("master_in_use"), std::string::npos) << early.err;
  EXPECT_NE(ReadFile(keys).find("\nmaster 1 "), std::string::npos);

  EXPECT_EQ(Json("keys master-use").at("wrapped").as_int64(), 1);
  EXPECT_EQ(Json("keys master-use").at("wrapped").as_int64(), 0);
  EXPECT_EQ(Json("keys status").at("keys").at(0).at("master").as_int64(), 2);
  EXPECT_EQ(Json("keys master-drop").at("master").as_int64(), 2);
  EXPECT_EQ(ReadFile(keys).find("\nmaster 1 "), std::string::npos);
  EXPECT_EQ(Acts(), "master_key.add master_key:2\ndata_key.wrap master_key:2\nmaster_key.drop master_key:2\n");
  Must("keys rotate --wait");

  // The file as it was opens nothing any more.
  Write("data/dealpace.keys", first);
  const Ran ran = Run("keys rotate --format json");
  EXPECT_EQ(ran.exit, 1);
  EXPECT_NE(ran.err.find("key_file_wrong"), std::string::npos) << ran.err;
}

TEST_F(KeysTest, BadUsageIsToldSo) {
  EXPECT_EQ(Run("keys").exit, 2);
  EXPECT_EQ(Run("keys turn").exit, 2);
  EXPECT_EQ(Run("keys status --wait").exit, 2);
  EXPECT_EQ(Run("keys --help").exit, 0);
  EXPECT_NE(Must("keys rotate --help").out.find("--wait"), std::string::npos);
}

}  // namespace
}  // namespace dealpace::testing
