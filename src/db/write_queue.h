#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "db/backend.h"
#include "db/checkpointer.h"
#include "db/sqlite_connection.h"

namespace dealpace::db {

// The works that wait for the one writer. Whose turn it is takes those behind it along: they run one behind the other
// in one transaction, and all of them are acknowledged by its commit. Where one fails after it has written, nothing is
// kept, and they run again, each in a part that can be undone by itself. A work that writes very much runs alone. For
// works that nobody waits for, a thread of the queue has the turn.
class WriteQueue {
 public:
  // What is told before and after a transaction that changed records only is committed.
  struct OnRecords {
    std::function<void()> before;
    std::function<void()> after;
  };
  WriteQueue(const Database& database, SqliteConnection& writer, std::string_view path, Checkpointer& checkpointer,
             OnRecords on_records)
      : database_(database),
        writer_(writer),
        path_(path),
        checkpointer_(checkpointer),
        on_records_(std::move(on_records)) {}
  ~WriteQueue() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    later_wake_.notify_one();
    if (later_thread_.joinable()) later_thread_.join();
  }
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  Status Run(const Work& work, bool alone) {
    Turn turn(work, alone);
    std::unique_lock lock(mutex_);
    waiting_.push_back(&turn);
    turn.wake.wait(lock, [&] { return turn.ended || (!writing_ && waiting_.front() == &turn); });
    if (!turn.ended) Lead(lock);
    lock.unlock();
    if (turn.thrown) std::rethrow_exception(turn.thrown);
    return std::move(turn.status);
  }

  void RunLater(Work work, std::function<void(Status)> done) {
    auto turn = std::make_unique<Turn>(std::move(work), std::move(done));
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(turn.release());  // deleted by who leads it
      if (!later_thread_.joinable()) later_thread_ = std::thread([this] { WorkLater(); });
      first = !writing_ && waiting_.size() == 1;
    }
    if (first) later_wake_.notify_one();
  }

 private:
  struct Turn {
    Turn(const Work& its_work, bool is_alone) : work(its_work), alone(is_alone) {}
    Turn(Work its_work, std::function<void(Status)> its_done)
        : own(std::move(its_work)), work(own), done(std::move(its_done)) {}
    void Reset() {
      status = {};
      thrown = nullptr;
    }
    const Work own;
    const Work& work;
    const bool alone = false;
    const std::function<void(Status)> done;  // of a work that nobody waits for
    Status status;
    std::exception_ptr thrown;
    bool ended = false;
    std::condition_variable wake;  // of who waits
  };
  static constexpr size_t kGroupMost = 256;

  // Runs the front of the queue and what it takes along. `lock` holds the mutex, before and after.
  void Lead(std::unique_lock<std::mutex>& lock) {
    writing_ = true;
    std::vector<Turn*> group;
    TakeAlong(group);
    lock.unlock();
    RunGroup(group);
    lock.lock();
    std::vector<std::unique_ptr<Turn>> later;
    for (Turn* turn : group) {
      if (turn->done) {
        later.emplace_back(turn);
      } else {
        turn->ended = true;
        turn->wake.notify_one();  // who waits cannot go on, and the turn not go, while the mutex is held
      }
    }
    lock.unlock();
    for (const auto& turn : later) turn->done(StatusOf(*turn));
    later.clear();
    checkpointer_.Committed(writer_);
    lock.lock();
    writing_ = false;
    if (!waiting_.empty()) (waiting_.front()->done ? later_wake_ : waiting_.front()->wake).notify_one();
  }

  void WorkLater() {
    const WriteScope scope(&database_);
    std::unique_lock lock(mutex_);
    const auto has_turn = [this] { return !writing_ && !waiting_.empty() && waiting_.front()->done; };
    while (true) {
      later_wake_.wait(lock, [&] { return has_turn() || (stopping_ && waiting_.empty()); });
      if (!has_turn()) return;
      Lead(lock);
    }
  }

  [[nodiscard]] Status StatusOf(Turn& turn) const {
    if (!turn.thrown) return std::move(turn.status);
    try {
      std::rethrow_exception(turn.thrown);
    } catch (const std::exception& problem) {
      return Error("storage_failed").With("path", path_).With("detail", std::string_view(problem.what()));
    } catch (...) {
      return Error("storage_failed").With("path", path_).With("detail", "something thrown that is no std::exception");
    }
  }

  // Moves the next works from the queue to the group, the first one in any case. The queue is locked.
  void TakeAlong(std::vector<Turn*>& group) {
    while (!waiting_.empty() && group.size() < kGroupMost) {
      Turn* const next = waiting_.front();
      if (!group.empty() && (next->alone || group.front()->alone)) return;
      group.push_back(next);
      waiting_.pop_front();
    }
  }

  void RunGroup(std::vector<Turn*>& group) {
    if (!RunTogether(group)) RunInParts(group);
  }

  // One behind the other, without parts: most works succeed, or fail before they have written anything. False: one
  // failed later than that, so nothing was kept of any.
  bool RunTogether(std::vector<Turn*>& group) {
    try {
      writer_.Begin(true);
      writer_.GrowLog();
    } catch (const DbError& error) {
      // They have all waited for the lock of another process.
      for (Turn* turn : group) turn->status = ToError(error, path_);
      writer_.Rollback();
      return true;
    }
    std::vector<Turn*> kept;  // done, but not yet on disk
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
      if (next + 1 == group.size()) {
        const std::lock_guard lock(mutex_);
        TakeAlong(group);
      }
    }
    if (!kept.empty() && writer_.wrote_only_records()) {
      on_records_.before();
      Commit(kept);
      on_records_.after();
    } else if (!kept.empty()) {
      Commit(kept);
    }
    writer_.Rollback();
    return true;
  }

  void RunInParts(std::vector<Turn*>& group) {
    for (size_t next = 0; next < group.size();) {
      try {
        writer_.Begin(true);
      } catch (const DbError& error) {
        // They have all waited for the lock of another process.
        for (; next < group.size(); ++next) group[next]->status = ToError(error, path_);
        writer_.Rollback();
        return;
      }
      std::vector<Turn*> kept;  // done, but not yet on disk
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

  void Commit(const std::vector<Turn*>& kept) {
    try {
      writer_.Commit();
    } catch (const DbError& error) {
      for (Turn* turn : kept) turn->status = ToError(error, path_);
    }
  }

  // False when the work failed; its part is then undone.
  bool RunOne(Turn& turn, bool part) {
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
    const bool well = turn.status.ok() && !turn.thrown;
    if (!well && part) writer_.UndoPart();
    return well;
  }

  // A full disk ends the whole transaction: what was done before in it is done again, each by itself.
  void RunAgain(const std::vector<Turn*>& turns) {
    for (Turn* turn : turns) {
      try {
        turn->status = RunTransaction(writer_, turn->work, true, path_);
      } catch (...) {
        turn->thrown = std::current_exception();
      }
    }
  }

  const Database& database_;
  SqliteConnection& writer_;
  const std::string_view path_;
  Checkpointer& checkpointer_;
  const OnRecords on_records_;
  std::mutex mutex_;  // guards what follows
  std::deque<Turn*> waiting_;
  bool writing_ = false;
  bool stopping_ = false;
  std::condition_variable later_wake_;
  std::thread later_thread_;  // starts when it is first needed
};

}  // namespace dealpace::db
