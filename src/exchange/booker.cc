#include "exchange/booker.h"

#include <algorithm>
#include <future>

#include "ledger/key_memory.h"

namespace dealpace::exchange {
namespace {

constexpr int64_t kKeysAtOnce = 250'000;  // put in order in one transaction
constexpr size_t kManyStated = 40'000;    // from so many statements on the keys are left for later

bool SameContent(const ledger::NewEntry& a, const ledger::NewEntry& b) {
  return a.event == b.event && a.day == b.day && a.at == b.at && a.lead == b.lead && a.attempt == b.attempt &&
         a.actor == b.actor && a.members == b.members && a.quantity == b.quantity && a.amount == b.amount;
}

}  // namespace

void Booked::Add(const Booked& other) {
  added += other.added;
  changed += other.changed;
  unchanged += other.unchanged;
  removed += other.removed;
}

Booker::ByDealer Booker::Sort(const Chunk& chunk) {
  ByDealer by_dealer;
  for (const Statement& statement : chunk.statements) {
    by_dealer[statement.dealer.value].statements.push_back(&statement);
  }
  OfDealer* last = nullptr;  // those of one row follow each other
  DealerId of;
  for (const Denial& denial : chunk.denials) {
    if (last == nullptr || denial.dealer != of) last = &by_dealer[(of = denial.dealer).value];
    last->denials.push_back(&denial);
  }
  return by_dealer;
}

Booker::Plan Booker::Compare(db::Connection& connection, DealerId dealer, const OfDealer& said, const ledger::End* end,
                             const Chunk& chunk, Booked& total) const {
  Plan plan;
  std::unordered_map<Hash128, ledger::KeyedEntry> known;
  if (end != nullptr) {
    std::vector<Hash128> keys;
    keys.reserve(said.statements.size() + said.denials.size());
    for (const Statement* statement : said.statements) {
      if (statement->keyed) keys.push_back(statement->key);
    }
    for (const Denial* denial : said.denials) keys.push_back(denial->key);
    std::sort(keys.begin(), keys.end());  // as they lie in the ledger
    known = ledger::FindKeys(connection, catalog_, dealer, keys, *end, memory_.get());
  }
  plan.append.reserve(said.statements.size());
  for (const Statement* statement : said.statements) {
    Outcome& outcome = total.outcomes[static_cast<size_t>(statement - chunk.statements.data())];
    const auto it = known.empty() || !statement->keyed ? known.end() : known.find(statement->key);
    if (it == known.end()) {
      if (!statement->entry) continue;
      outcome = Outcome::kAdded;
      ++total.added;
    } else if (statement->entry && SameContent(*statement->entry, it->second.content)) {
      outcome = Outcome::kUnchanged;
      ++total.unchanged;
      continue;
    } else {
      outcome = statement->entry ? Outcome::kChanged : Outcome::kRemoved;
      ++(statement->entry ? total.changed : total.removed);
      plan.reverse.push_back(it->second.seq);
    }
    if (statement->entry) plan.append.push_back(&*statement->entry);
  }
  if (known.empty()) return plan;
  for (const Denial* denial : said.denials) {
    const auto it = known.find(denial->key);
    if (it == known.end()) continue;
    total.taken_back.push_back(static_cast<size_t>(denial - chunk.denials.data()));
    ++total.removed;
    plan.reverse.push_back(it->second.seq);
  }
  return plan;
}

Result<std::optional<int64_t>> Booker::BookDealer(db::Connection& connection, DealerId dealer, const OfDealer& said,
                                                  const Chunk& chunk, Booked& total) const {
  const bool lookup = !said.denials.empty() || std::any_of(said.statements.begin(), said.statements.end(),
                                                           [](const Statement* s) { return s->keyed; });
  bool untouched = false;
  ledger::End end = ledger::LockEnd(connection, dealer);
  if (lookup) {
    const auto fresh = fresh_heads_.find(dealer.value);
    untouched = fresh != fresh_heads_.end() ? fresh->second == end.head : end.head == 0;
  }
  const bool order = memory_ != nullptr ? memory_->AreDue(dealer, end) : lookup && !untouched;
  if (order && end.keys_later()) {
    ledger::IndexKeys(connection, dealer);
    end.keyed = end.head;
  }
  const Plan plan = Compare(connection, dealer, said, lookup && !untouched ? &end : nullptr, chunk, total);
  RETURN_IF_ERROR(ledger::Reverse(connection, dealer, plan.reverse, why_, recorder_));
  if (!plan.append.empty()) {
    // Entries without a key move on what is in order, where nothing is left behind.
    const bool later =
        memory_ != nullptr ? lookup : untouched && keys_ == ledger::Keys::kLater && stated_ >= kManyStated;
    ledger::Append(connection, catalog_, dealer, plan.append, recorder_,
                   {later ? ledger::Keys::kLater : ledger::Keys::kNow, ledger::kTogetherFrom,
                    plan.reverse.empty() ? std::optional(end) : std::nullopt});
  }
  if (!untouched) return std::optional<int64_t>();
  return std::optional(end.head + static_cast<int64_t>(plan.append.size()));
}

Result<Booked> Booker::BookIn(db::Connection& connection, const ByDealer& by_dealer, const Chunk& chunk, int64_t rows,
                              const Also& also, std::unordered_map<int64_t, int64_t>& heads) const {
  Booked total;
  total.outcomes.resize(chunk.statements.size(), Outcome::kNothing);
  heads.clear();
  for (const auto& [id, said] : by_dealer) {
    ASSIGN_OR_RETURN(const std::optional<int64_t> head, BookDealer(connection, DealerId(id), said, chunk, total));
    if (head) heads[id] = *head;
  }
  if (recorder_.batch.set()) {
    ledger::CountBatch(connection, recorder_.batch, rows, total.added, total.changed, total.removed);
  }
  if (also) RETURN_IF_ERROR(also(connection, total));
  return total;
}

Result<Booked> Booker::Book(std::vector<Statement>& statements, std::span<const Denial> denials, int64_t rows,
                            const Also& also) {
  for (Statement& statement : statements) {
    if (statement.entry && statement.keyed) statement.entry->key = statement.key;
  }
  const Chunk chunk{statements, denials};
  const ByDealer by_dealer = Sort(chunk);
  recorder_.at = Now();
  std::unordered_map<int64_t, int64_t> heads;
  const auto work = [&](db::Connection& connection) { return BookIn(connection, by_dealer, chunk, rows, also, heads); };
  // What comes in one by one shares a sync with others, a chunk of a file does not.
  ASSIGN_OR_RETURN(Booked booked,
                   recorder_.batch.set() ? database_.WriteBulk<Booked>(work) : database_.Write<Booked>(work));
  for (const auto& [id, head] : heads) fresh_heads_[id] = head;
  stated_ += statements.size();
  return booked;
}

void Booker::BookLater(db::Database& database, const catalog::Catalog& catalog, const ledger::Recorder& recorder,
                       std::string_view why, std::shared_ptr<ledger::KeyMemory> memory, Statement statement, Also also,
                       std::function<void(Result<Booked>)> done, bool here) {
  struct Job {
    Booker booker;
    std::vector<Statement> statements;
    Also also;
    Booked booked;
  };
  if (statement.entry && statement.keyed) statement.entry->key = statement.key;
  auto job = std::make_shared<Job>(Job{.booker = Booker(database, catalog, recorder, why),
                                       .statements = {std::move(statement)},
                                       .also = std::move(also),
                                       .booked = {}});
  job->booker.recorder_.at = Now();
  job->booker.Remember(std::move(memory));
  const auto work = [job](db::Connection& connection) -> Status {
    const Chunk chunk{job->statements, {}};
    std::unordered_map<int64_t, int64_t> heads;
    ASSIGN_OR_RETURN(job->booked, job->booker.BookIn(connection, Sort(chunk), chunk, 0, job->also, heads));
    return {};
  };
  const auto told = [job, done = std::move(done)](const Status& status) {
    done(status.ok() ? Result<Booked>(std::move(job->booked)) : Result<Booked>(status.error()));
  };
  database.WriteLater(work, told, here);
}

Status Booker::FinishKeys() {
  if (keys_ == ledger::Keys::kNow || stated_ < kManyStated) return {};
  std::vector<DealerId> dealers;
  for (const auto& [id, head] : fresh_heads_) dealers.emplace_back(id);
  std::sort(dealers.begin(), dealers.end());
  // The next keys are read and sorted while the ones before are added.
  using Some = std::vector<ledger::LaterKeys>;
  size_t dealer = 0;
  int64_t after = 0;  // entry of that dealer
  const auto read_on = [&]() -> Result<Some> {
    return database_.Read<Some>([&](db::Connection& connection) -> Result<Some> {
      Some some;
      for (int64_t left = kKeysAtOnce; dealer < dealers.size() && left > 0;) {
        some.push_back(ledger::ReadLaterKeys(connection, dealers[dealer], after, left));
        const ledger::LaterKeys& later = some.back();
        if (later.last < later.first) {
          some.pop_back();
          ++dealer;
          after = 0;
        } else {
          left -= later.last - later.first + 1;
          after = later.last;
        }
      }
      return some;
    });
  };
  std::future<Result<Some>> next = std::async(std::launch::async, read_on);
  while (true) {
    ASSIGN_OR_RETURN(const Some some, next.get());
    if (some.empty()) return {};
    next = std::async(std::launch::async, read_on);
    Status added = database_.WriteBulk<void>([&](db::Connection& connection) -> Status {
      for (const ledger::LaterKeys& later : some) {
        ledger::Lock(connection, later.dealer);
        ledger::AddLaterKeys(connection, later);
      }
      return {};
    });
    if (!added.ok()) return added;
  }
}

Result<Booked> Booker::Try(const std::vector<Statement>& statements, std::span<const Denial> denials) {
  const Chunk chunk{statements, denials};
  const ByDealer by_dealer = Sort(chunk);
  return database_.Read<Booked>([&](db::Connection& connection) -> Result<Booked> {
    Booked total;
    total.outcomes.resize(statements.size(), Outcome::kNothing);
    for (const auto& [id, said] : by_dealer) {
      const ledger::End end = ledger::EndOf(connection, DealerId(id));
      (void)Compare(connection, DealerId(id), said, &end, chunk, total);
    }
    return total;
  });
}

}  // namespace dealpace::exchange
