#include "ledger/key_keeper.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "ledger/ledger.h"

namespace dealpace::ledger {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int64_t kFew = 64;  // that are read back in no time
// So many at a dealer are an import's, and so are all while one is under way, unless it broke off long ago.
constexpr int64_t kAnImports = 20'000;
constexpr int64_t kDayMs = 24LL * 3600 * 1000;

// Runs `work` until it is through; what fails is done some other time, or by whoever needs it.
template <typename Work>
void Trying(const Work& work) {
  try {
    work();
  } catch (const std::exception&) {  // no memory, say
  }
}

}  // namespace

KeyKeeper::KeyKeeper(db::Database& database, std::shared_ptr<KeyMemory> memory, std::chrono::milliseconds quiet)
    : database_(database), memory_(std::move(memory)), quiet_(quiet), learner_([this] { Learn(); }), orderer_([this] {
        PutInOrder();
      }) {}

KeyKeeper::~KeyKeeper() {
  memory_->Stop();
  learner_.join();
  orderer_.join();
}

void KeyKeeper::Learn() {
  // Whoever is waited for comes first. On Linux this is about the thread alone.
  constexpr int kNice = 10;
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
  while (!memory_->stopped()) {
    const auto dealer = memory_->WaitForWanted(std::chrono::minutes(1));
    if (!dealer) continue;
    const auto begin = Clock::now();
    Trying([&] { (void)memory_->Learn(database_, *dealer); });
    Rest(Clock::now() - begin);
  }
}

void KeyKeeper::PutInOrder() {
  while (!memory_->stopped()) {
    memory_->WaitForStop(quiet_);
    if (!memory_->stopped()) Trying([&] { OrderQuiet(); });
  }
}

void KeyKeeper::Rest(Clock::duration worked) const {
  memory_->WaitForStop(std::chrono::ceil<std::chrono::milliseconds>(worked));
}

void KeyKeeper::OrderQuiet() {
  using Heads = std::unordered_map<int64_t, int64_t>;
  Result<Heads> heads = database_.Read<Heads>([](db::Connection& connection) -> Result<Heads> {
    Heads found;
    db::Rows imports = connection.Query("SELECT 1 FROM import_batch WHERE state = 'open' AND started_at > ?1 LIMIT 1",
                                        Now().ms - kDayMs);
    if (imports.Next()) return found;
    db::Rows rows = connection.Query(
        "SELECT dealer_id, head FROM ledger_head WHERE head - keyed >= ?1 AND head - keyed < ?2", kFew, kAnImports);
    while (rows.Next()) found[rows.Int(0)] = rows.Int(1);
    return found;
  });
  if (!heads.ok()) return;
  std::swap(heads_, *heads);
  for (const auto& [dealer, head] : heads_) {
    const auto before = heads->find(dealer);
    if (before == heads->end() || before->second != head) continue;
    if (memory_->stopped()) return;
    const auto begin = Clock::now();
    (void)database_.Write<void>([of = DealerId(dealer)](db::Connection& connection) -> Status {
      Lock(connection, of);
      IndexKeys(connection, of);
      return {};
    });
    Rest(Clock::now() - begin);
  }
}

}  // namespace dealpace::ledger
