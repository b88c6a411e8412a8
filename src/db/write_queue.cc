#include "db/write_queue.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace dealpace::db {
namespace {

constexpr size_t kGroupMost = 256;
// Who brings a work leads it after so many that came alone, each done within that time: a thread of the network has
// other connections, too.
constexpr int kQuiet = 4;
constexpr auto kSoon = std::chrono::microseconds(1000);

}  // namespace

WriteQueue::WriteQueue(const Database& database, SqliteConnection& writer, std::string_view path,
                       Checkpointer& checkpointer, Observer& observer)
    : database_(database),
      writer_(writer),
      path_(path),
      checkpointer_(checkpointer),
      observer_(observer),
      log_file_(writer.log_path()),
      log_([this] { return log_file_.Sync(); }) {}

WriteQueue::~WriteQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  later_wake_.notify_all();
  for (std::thread& thread : later_threads_) thread.join();
  // What the disk has perhaps forgotten must not be copied.
  if (!log_.state().ok()) writer_.LeaveLog();
}

Status WriteQueue::Run(const Work& work, bool alone) {
  Turn turn(work, alone);
  Lock lock(mutex_);
  waiting_.push_back(&turn);
  turn.wake.wait(lock, [&] { return turn.ended || (!writing_ && waiting_.front() == &turn); });
  if (!turn.ended) Lead(lock);
  lock.unlock();
  if (turn.thrown) std::rethrow_exception(turn.thrown);
  return std::move(turn.status);
}

void WriteQueue::RunLater(Work work, std::function<void(Status)> done, bool here) {
  auto turn = std::make_unique<Turn>(std::move(work), std::move(done));
  Lock lock(mutex_);
  const bool first = !writing_ && waiting_.empty();
  std::optional<WriteScope> scope;
  if (here && first && IsQuiet()) scope.emplace(&database_);
  waiting_.push_back(turn.release());  // deleted by who leads it
  if (scope && LeadAtOnce(lock)) return;
  scope.reset();
  while (later_threads_.size() < 2) later_threads_.emplace_back([this] { WorkLater(); });
  lock.unlock();
  if (first) later_wake_.notify_one();
}

bool WriteQueue::IsQuiet() const { return quiet_ >= kQuiet && !checkpointer_.writer_has_to_copy() && !log_.syncing(); }

bool WriteQueue::LeadAtOnce(Lock& lock) {
  writing_ = true;
  lock.unlock();
  const bool begun = writer_.TryBegin();
  lock.lock();
  writing_ = false;
  if (begun) {
    Lead(lock, true);
  } else {
    quiet_ = 0;
  }
  return begun;
}

void WriteQueue::WorkLater() {
  const WriteScope scope(&database_);
  Lock lock(mutex_);
  const auto has_turn = [this] { return !writing_ && !waiting_.empty() && waiting_.front()->done; };
  while (true) {
    later_wake_.wait(lock, [&] { return has_turn() || (stopping_ && waiting_.empty()); });
    if (!has_turn()) {
      later_wake_.notify_all();  // the other one may have seen works that were then taken along
      return;
    }
    Lead(lock);
  }
}

void WriteQueue::Lead(Lock& lock, bool begun) {
  writing_ = true;
  Group group;
  if (begun) {
    group.push_back(waiting_.front());
    waiting_.pop_front();
  } else {
    TakeAlong(group);
  }
  lock.unlock();
  const auto began = std::chrono::steady_clock::now();
  if (!begun) checkpointer_.BeforeWork(writer_);
  RunGroup(group, begun);
  checkpointer_.AfterCommit(writer_);
  // A work that found everything as it should be is acknowledged no sooner than what it found.
  const int64_t commit = log_.committed();
  // The rows of events may be read before they are on disk; what decides about anything else may not.
  const bool ahead = std::all_of(group.begin(), group.end(), [](const Turn* turn) { return turn->done != nullptr; });
  Status on_disk;
  if (!ahead) on_disk = log_.Await(commit);
  lock.lock();
  const bool alone = group.size() == 1 && waiting_.empty();
  PassOn();
  if (ahead) {
    lock.unlock();
    on_disk = log_.Await(commit);
    lock.lock();
  }
  if (!on_disk.ok()) checkpointer_.GiveUp();
  const bool soon = std::chrono::steady_clock::now() - began < kSoon;
  quiet_ = alone && soon && waiting_.empty() ? std::min(quiet_ + 1, kQuiet) : 0;
  std::vector<std::unique_ptr<Turn>> later;
  for (Turn* turn : group) {
    if (turn->well() && !on_disk.ok()) turn->status = on_disk;
    if (turn->done) {
      later.emplace_back(turn);
    } else {
      turn->ended = true;
      turn->wake.notify_one();  // who waits cannot go on, and the turn not go, while the mutex is held
    }
  }
  if (later.empty()) return;
  lock.unlock();
  for (const auto& turn : later) turn->done(StatusOf(*turn));
  later.clear();
  lock.lock();
}

void WriteQueue::PassOn() {
  writing_ = false;
  if (!waiting_.empty()) (waiting_.front()->done ? later_wake_ : waiting_.front()->wake).notify_one();
}

void WriteQueue::TakeAlong(Group& group) {
  while (!waiting_.empty() && group.size() < kGroupMost) {
    Turn* const next = waiting_.front();
    if (!group.empty() && (next->alone || group.front()->alone)) return;
    group.push_back(next);
    waiting_.pop_front();
  }
}

Status WriteQueue::StatusOf(Turn& turn) const {
  if (!turn.thrown) return std::move(turn.status);
  try {
    std::rethrow_exception(turn.thrown);
  } catch (const std::exception& problem) {
    return Error("storage_failed").With("path", path_).With("detail", std::string_view(problem.what()));
  } catch (...) {
    return Error("storage_failed").With("path", path_).With("detail", "something thrown that is no std::exception");
  }
}

void WriteQueue::RunGroup(Group& group, bool begun) {
  if (const Status disk = log_.state(); !disk.ok()) {
    for (Turn* turn : group) turn->status = disk;
    if (begun) writer_.Rollback();
  } else if (!RunTogether(group, begun)) {
    RunInParts(group);
  }
}

bool WriteQueue::Begin(Group& group, size_t from, bool begun) {
  try {
    if (!begun) writer_.Begin(true);
    log_file_.Open();
    writer_.GrowLog();
    return true;
  } catch (const DbError& error) {
    // They have all waited for the lock of another process.
    for (; from < group.size(); ++from) group[from]->status = ToError(error, path_);
    writer_.Rollback();
    return false;
  }
}

bool WriteQueue::RunTogether(Group& group, bool begun) {
  if (!Begin(group, 0, begun)) return true;
  Group kept;  // done, but not yet committed
  for (size_t next = 0; next < group.size(); ++next) {
    const int64_t before = writer_.changes();
    if (RunOne(*group[next], false)) {
      kept.push_back(group[next]);
    } else if (writer_.in_transaction() && writer_.changes() == before) {
      writer_.ForgetFailure();
    } else {
      writer_.Rollback();
      if (group.size() == 1) return true;
      for (size_t i = 0; i <= next; ++i) group[i]->Reset();
      return false;
    }
    // While the disk is busy with the commit before, more may come along; then it should not wait.
    if (!begun && next + 1 == group.size() && log_.syncing()) {
      const std::lock_guard lock(mutex_);
      TakeAlong(group);
    }
  }
  if (!kept.empty()) Commit(kept);
  writer_.Rollback();
  return true;
}

void WriteQueue::RunInParts(Group& group) {
  for (size_t next = 0; next < group.size();) {
    if (!Begin(group, next, false)) return;
    Group kept;  // done, but not yet committed
    while (next < group.size()) {
      Turn& turn = *group[next++];
      // The first one needs no part of its own: when it fails, the whole transaction is undone.
      const bool part = !kept.empty();
      if (RunOne(turn, part)) {
        kept.push_back(&turn);
      } else if (!part || !writer_.in_transaction()) {
        break;
      }
      if (next == group.size()) {
        const std::lock_guard lock(mutex_);
        TakeAlong(group);
      }
    }
    const bool lost = !writer_.in_transaction();
    if (!kept.empty() && !lost) Commit(kept);
    writer_.Rollback();
    if (lost) RunAgain(kept);
  }
}

void WriteQueue::Commit(const Group& kept) {
  const bool records_only = writer_.wrote_only_records();
  observer_.BeforeCommit(records_only);
  try {
    writer_.Commit();
    log_.Committed();
    observer_.AfterCommit(true, records_only, writer_.notes());
  } catch (const DbError& error) {
    observer_.AfterCommit(false, records_only, {});
    for (Turn* turn : kept) turn->status = ToError(error, path_);
  }
}

bool WriteQueue::RunOne(Turn& turn, bool part) {
  try {
    if (part) writer_.BeginPart();
    turn.status = turn.work(writer_);
    if (turn.status.ok() && writer_.failure()) throw DbError(*writer_.failure());
    if (turn.status.ok()) writer_.KeepPart(part);
  } catch (const DbError& error) {
    turn.status = ToError(error, path_);
  } catch (...) {
    turn.thrown = std::current_exception();
  }
  if (!turn.well() && part) writer_.UndoPart();
  return turn.well();
}

void WriteQueue::RunAgain(const Group& turns) {
  for (Turn* turn : turns) {
    try {
      turn->status = RunTransaction(writer_, turn->work, true, path_);
      log_.Committed();
    } catch (...) {
      turn->thrown = std::current_exception();
    }
  }
}

}  // namespace dealpace::db
