#include "analysis/changes.h"

#include <utility>

#include "base/json.h"

namespace dealpace::analysis {

// What one page hears. On the thread of its connection, but for the wake.
class ChangeWatch::Listener final : public http::EventStream {
 public:
  Listener(ChangeWatch& watch, std::optional<State> since) : watch_(watch), sent_(since), resumed_(since.has_value()) {}
  ~Listener() override {
    const std::lock_guard lock(watch_.mutex_);
    watch_.wakes_.erase(this);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] bool WakeBy(std::function<void()> wake) override {
    const std::lock_guard lock(watch_.mutex_);
    watch_.wakes_[this] = std::move(wake);
    watch_.changed_.notify_all();
    return true;
  }

  [[nodiscard]] std::optional<std::string> Poll() override {
    std::optional<State> state;
    {
      const std::lock_guard lock(watch_.mutex_);
      state = watch_.state_;
    }
    const bool first = !std::exchange(begun_, true);
    if (!state || (!first && state == sent_)) return std::string();
    const bool changed = first ? resumed_ && state != sent_ : true;
    const State before = sent_.value_or(*state);
    sent_ = state;
    JsonWriter json;
    json.BeginObject().Field("state", state->Text());
    if (changed) {
      const bool all = before.release != state->release;
      json.Field("ledger", all || before.ledger != state->ledger);
      json.Field("organisation", all || before.organisation != state->organisation);
      json.Field("definitions", all || before.definitions != state->definitions);
      json.Field("today", all || before.today != state->today);
    }
    json.EndObject();
    return http::ServerSentEvent(changed ? "changed" : "now", json.text());
  }

 private:
  ChangeWatch& watch_;
  std::optional<State> sent_;
  const bool resumed_;
  bool begun_ = false;
};

ChangeWatch::ChangeWatch(Freshness& freshness, ChangeWatchOptions options) : freshness_(freshness), options_(options) {}

ChangeWatch::~ChangeWatch() { Stop(); }

void ChangeWatch::Start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
}

void ChangeWatch::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<std::shared_ptr<http::EventStream>> ChangeWatch::Listen(std::string_view since) {
  RETURN_IF_ERROR(LookAgain());
  return std::shared_ptr<http::EventStream>(std::make_shared<Listener>(*this, State::Parse(since)));
}

Status ChangeWatch::LookAgain() {
  ASSIGN_OR_RETURN(const State state, freshness_.Look());
  const std::lock_guard lock(mutex_);
  if (state_ == state) return {};
  state_ = state;
  for (const auto& [listener, wake] : wakes_) wake();
  return {};
}

void ChangeWatch::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait(lock, [this] { return stopping_ || !wakes_.empty(); });
    if (stopping_) return;
    lock.unlock();
    (void)LookAgain();  // a store that does not answer is asked again
    lock.lock();
    changed_.wait_for(lock, options_.interval, [this] { return stopping_; });
  }
}

void AddChangeRoutes(http::Router& router, ChangeWatch& watch) {
  router.Get("/api/v1/changes", {http::Gate::kSignedIn, http::Rows::kNone},
             [&watch](const http::Request& request) -> Result<http::Response> {
               ASSIGN_OR_RETURN(auto stream, watch.Listen(request.Query("since").value_or("")));
               return http::Response::Events(std::move(stream));
             });
}

}  // namespace dealpace::analysis
