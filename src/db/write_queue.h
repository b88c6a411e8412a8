#pragma once

#include <any>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "db/backend.h"
#include "db/checkpointer.h"
#include "db/log_sync.h"
#include "db/sqlite_connection.h"

namespace dealpace::db {

// The works that wait for the one writer. Whose turn it is takes those behind it along: they run one behind the other
// in one transaction, and all of them are acknowledged once its commit is on disk. Where one fails after it has
// written, nothing is kept, and they run again, each in a part that can be undone by itself. A work that writes very
// much runs alone.
//
// Works that nobody waits for are led by two threads of the queue: while one puts its commit on disk, the other runs
// what has come meanwhile. One that comes alone, while little is written, is led by whoever brings it, where it may
// be done there: on a fast disk that takes less time than waking a thread twice.
class WriteQueue {
 public:
  // Who is told before and after a transaction is committed; `records_only`: it has changed no master.
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void BeforeCommit(bool records_only) = 0;
    // `committed`: else it has failed.
    virtual void AfterCommit(bool committed, bool records_only, std::span<const std::any> notes) = 0;
  };
  WriteQueue(const Database& database, SqliteConnection& writer, std::string_view path, Checkpointer& checkpointer,
             Observer& observer);
  ~WriteQueue();
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  Status Run(const Work& work, bool alone);
  void RunLater(Work work, std::function<void(Status)> done, bool here);

 private:
  struct Turn {
    Turn(const Work& its_work, bool is_alone) : work(its_work), alone(is_alone) {}
    Turn(Work its_work, std::function<void(Status)> its_done)
        : own(std::move(its_work)), work(own), done(std::move(its_done)) {}
    [[nodiscard]] bool well() const { return status.ok() && !thrown; }
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
  using Group = std::vector<Turn*>;
  using Lock = std::unique_lock<std::mutex>;

  // Runs the front of the queue and what it takes along; of a transaction that has `begun` that one alone. `lock` holds
  // the mutex, before and after.
  void Lead(Lock& lock, bool begun = false);
  // Whoever brings the only work runs it himself. False, and nothing is done, where that would mean waiting.
  bool LeadAtOnce(Lock& lock);
  void WorkLater();
  // Whether who brings a work may lead it. The queue is locked.
  [[nodiscard]] bool IsQuiet() const;
  // The next one may write. The queue is locked.
  void PassOn();
  // Moves the next works from the queue to the group, the first one in any case. The queue is locked.
  void TakeAlong(Group& group);
  [[nodiscard]] Status StatusOf(Turn& turn) const;

  void RunGroup(Group& group, bool begun);
  // One behind the other, without parts: most works succeed, or fail before they have written anything. False: one
  // failed later than that, so nothing was kept of any.
  bool RunTogether(Group& group, bool begun);
  void RunInParts(Group& group);
  // A transaction for those from `from` on. False: it could not be had, which they have been told.
  bool Begin(Group& group, size_t from, bool begun);
  void Commit(const Group& kept);
  // False when the work failed; its part is then undone.
  bool RunOne(Turn& turn, bool part);
  // A full disk ends the whole transaction: what was done before in it is done again, each by itself.
  void RunAgain(const Group& turns);

  const Database& database_;
  SqliteConnection& writer_;
  const std::string_view path_;
  Checkpointer& checkpointer_;
  Observer& observer_;
  LogFile log_file_;
  LogSync log_;

  std::mutex mutex_;  // guards what follows
  std::deque<Turn*> waiting_;
  bool writing_ = false;
  bool stopping_ = false;
  int quiet_ = 0;  // so many works came alone and were soon done, without a break
  std::condition_variable later_wake_;
  std::vector<std::thread> later_threads_;  // start when they are first needed
};

}  // namespace dealpace::db
