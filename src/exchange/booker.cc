#include "exchange/booker.h"

#include <algorithm>

namespace dealpace::exchange {
namespace {

bool SameContent(const ledger::NewEntry& a, const ledger::NewEntry& b) {
  return a.event == b.event && a.day == b.day && a.at == b.at && a.lead == b.lead && a.attempt == b.attempt &&
         a.actor == b.actor && a.members == b.members && a.quantity == b.quantity && a.amount == b.amount;
}

}  // namespace

Booker::Plan Booker::Compare(db::Connection& connection, DealerId dealer,
                             const std::vector<const Statement*>& statements, bool lookup, const Statement* first,
                             Booked& total) const {
  Plan plan;
  std::unordered_map<Hash128, ledger::KeyedEntry> known;
  if (lookup) {
    std::vector<Hash128> keys;
    keys.reserve(statements.size());
    for (const Statement* statement : statements) keys.push_back(statement->key);
    known = ledger::FindKeys(connection, catalog_, dealer, keys);
  }
  for (const Statement* statement : statements) {
    Outcome& outcome = total.outcomes[static_cast<size_t>(statement - first)];
    const auto it = known.find(statement->key);
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
    if (statement->entry) {
      plan.append.push_back(*statement->entry);
      plan.append.back().key = statement->key;
    }
  }
  return plan;
}

void Booked::Add(const Booked& other) {
  added += other.added;
  changed += other.changed;
  unchanged += other.unchanged;
  removed += other.removed;
}

Result<Booked> Booker::Book(const std::vector<Statement>& statements, int64_t rows, const Also& also) {
  ByDealer by_dealer;
  for (const Statement& statement : statements) by_dealer[statement.dealer.value].push_back(&statement);
  recorder_.at = Now();
  std::unordered_map<int64_t, int64_t> heads;
  ASSIGN_OR_RETURN(const Booked booked, database_.Write<Booked>([&](db::Connection& connection) -> Result<Booked> {
    Booked total;
    total.outcomes.resize(statements.size(), Outcome::kNothing);
    heads.clear();
    for (const auto& [id, of_dealer] : by_dealer) {
      const DealerId dealer(id);
      const int64_t head = ledger::Lock(connection, dealer);
      const auto fresh = fresh_heads_.find(id);
      const bool untouched = fresh != fresh_heads_.end() ? fresh->second == head : head == 0 && !resumed_;
      const Plan plan = Compare(connection, dealer, of_dealer, !untouched, statements.data(), total);
      RETURN_IF_ERROR(ledger::Reverse(connection, dealer, plan.reverse, why_, recorder_));
      if (!plan.append.empty()) ledger::Append(connection, catalog_, dealer, plan.append, recorder_);
      if (untouched) heads[id] = head + static_cast<int64_t>(plan.append.size());
    }
    ledger::CountBatch(connection, recorder_.batch, rows, total.added, total.changed, total.removed);
    if (also) RETURN_IF_ERROR(also(connection, total));
    return total;
  }));
  for (const auto& [id, head] : heads) fresh_heads_[id] = head;
  return booked;
}

Result<Booked> Booker::Try(const std::vector<Statement>& statements) {
  ByDealer by_dealer;
  for (const Statement& statement : statements) by_dealer[statement.dealer.value].push_back(&statement);
  return database_.Read<Booked>([&](db::Connection& connection) -> Result<Booked> {
    Booked total;
    total.outcomes.resize(statements.size(), Outcome::kNothing);
    for (const auto& [id, of_dealer] : by_dealer) {
      (void)Compare(connection, DealerId(id), of_dealer, true, statements.data(), total);
    }
    return total;
  });
}

}  // namespace dealpace::exchange
