#include "ledger/key_keeper.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "ledger/ledger.h"

namespace dealpace::ledger {
namespace {

using Clock = std::chrono::steady_clock;
// So few are read back in no time; so many are an import's, which puts them in order itself.
constexpr int64_t kFew = 64;
constexpr int64_t kAnImports = 20'000;

}  // namespace

KeyKeeper::KeyKeeper(db::Database& database, std::shared_ptr<KeyMemory> memory, std::chrono::milliseconds quiet)
    : database_(database), memory_(std::move(memory)), quiet_(quiet), thread_([this] { Run(); }) {}

KeyKeeper::~KeyKeeper() {
  memory_->Stop();
  thread_.join();
}

void KeyKeeper::Run() {
  // Whoever is waited for comes first. On Linux this is about the thread alone.
  constexpr int kNice = 10;
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
  auto look = Clock::now() + quiet_;
  while (!memory_->stopped()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(look - Clock::now());
    if (const auto dealer = memory_->WaitForWanted(std::max(left, std::chrono::milliseconds(0)))) {
      const auto begin = Clock::now();
      (void)memory_->Learn(database_, *dealer);  // where that fails its keys are looked for, as before
      Rest(Clock::now() - begin);
    }
    if (Clock::now() < look) continue;
    OrderQuiet();
    look = Clock::now() + quiet_;
  }
}

void KeyKeeper::Rest(Clock::duration worked) const {
  memory_->WaitForStop(std::chrono::ceil<std::chrono::milliseconds>(worked));
}

void KeyKeeper::OrderQuiet() {
  using Heads = std::unordered_map<int64_t, int64_t>;
  Result<Heads> heads = database_.Read<Heads>([](db::Connection& connection) -> Result<Heads> {
    Heads found;
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
