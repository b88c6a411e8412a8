#include <string>
#include <string_view>

#include "facts/bytes.h"
#include "facts/dealer_facts.h"

// What a dealer's facts keep between two starts.
namespace dealpace::facts {
namespace {

// Another number for another layout: older bytes are then not taken.
constexpr uint32_t kSumsLayout = 0x53550004;
constexpr uint32_t kRowsLayout = 0x524f0002;

}  // namespace

std::string DealerFacts::SaveSums() const {
  ByteWriter out;
  out.Put(kSumsLayout);
  out.Put(head_);
  out.Put(days_seen_.first);
  out.Put(days_seen_.second);
  out.Put(cohorts_seen_.first);
  out.Put(cohorts_seen_.second);
  for (const Dictionary& dictionary : dictionaries_) out.PutAll(dictionary.ids);
  std::vector<bool> has(events_.size());
  for (size_t e = 0; e < events_.size(); ++e) has[e] = events_[e] != nullptr;
  out.PutAll(has);
  cuboids_.Save(out);
  return std::move(out).Take();
}

bool DealerFacts::LoadSums(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Get<uint32_t>() != kSumsLayout) return false;
  head_ = in.Get<int64_t>();
  days_seen_.first = in.Get<int32_t>();
  days_seen_.second = in.Get<int32_t>();
  cohorts_seen_.first = in.Get<int32_t>();
  cohorts_seen_.second = in.Get<int32_t>();
  for (Dictionary& dictionary : dictionaries_) {
    in.GetAll(dictionary.ids);
    dictionary.codes.clear();
    for (size_t code = 0; code < dictionary.ids.size(); ++code) {
      dictionary.codes.emplace(dictionary.ids[code], static_cast<int32_t>(code));
    }
  }
  std::vector<bool> has;
  in.GetAll(has);
  if (has.size() != events_.size()) return false;
  for (size_t e = 0; e < has.size(); ++e) {
    if (has[e]) events_[e] = std::make_unique<EventRows>();
  }
  cuboids_.Load(in);
  has_rows_ = false;
  settled_ = true;
  steady_region_ = SteadyRegion();
  return in.ok() && in.AtEnd();
}

std::string DealerFacts::SaveRows(uint64_t sums) const {
  ByteWriter out;
  out.Put(kRowsLayout);
  out.Put(sums);
  for (const Column* column : {&raw_skipped_, &raw_event_, &raw_day_, &raw_ms_, &raw_thread_, &raw_back_, &raw_attempt_,
                               &raw_actor_, &raw_quantity_, &raw_amount_}) {
    column->Save(out);
  }
  for (const Column& column : raw_members_) column.Save(out);
  out.PutAll(raw_reversed_);
  out.PutAll(threads_.last_raw);
  out.PutAll(threads_.hashes);
  for (const auto& rows : events_) {
    if (!rows) continue;
    for (const Column* column :
         {&rows->day, &rows->cohort, &rows->thread, &rows->flags, &rows->seq, &rows->quantity, &rows->amount}) {
      column->Save(out);
    }
    for (const Column& column : rows->dims) column.Save(out);
    out.Put<uint64_t>(rows->sorted);
    out.Put<uint64_t>(rows->dead);
  }
  return std::move(out).Take();
}

bool DealerFacts::LoadRows(std::string_view bytes, uint64_t sums) {
  ByteReader in(bytes);
  if (in.Get<uint32_t>() != kRowsLayout || in.Get<uint64_t>() != sums) return false;
  for (Column* column : {&raw_skipped_, &raw_event_, &raw_day_, &raw_ms_, &raw_thread_, &raw_back_, &raw_attempt_,
                         &raw_actor_, &raw_quantity_, &raw_amount_}) {
    column->Load(in);
  }
  for (Column& column : raw_members_) column.Load(in);
  in.GetAll(raw_reversed_);
  in.GetAll(threads_.last_raw);
  in.GetAll(threads_.hashes);
  threads_.Index();
  is_touched_.assign(threads_.last_raw.size(), false);
  for (const auto& rows : events_) {
    if (!rows) continue;
    for (Column* column :
         {&rows->day, &rows->cohort, &rows->thread, &rows->flags, &rows->seq, &rows->quantity, &rows->amount}) {
      column->Load(in);
    }
    for (Column& column : rows->dims) column.Load(in);
    rows->sorted = in.Get<uint64_t>();
    rows->dead = in.Get<uint64_t>();
  }
  has_rows_ = in.ok() && in.AtEnd();
  return has_rows_;
}

void DealerFacts::DropRows() {
  for (Column* column : {&raw_skipped_, &raw_event_, &raw_day_, &raw_ms_, &raw_thread_, &raw_back_, &raw_attempt_,
                         &raw_actor_, &raw_quantity_, &raw_amount_}) {
    *column = Column();
  }
  for (Column& column : raw_members_) column = Column();
  raw_reversed_ = {};
  threads_ = {};
  is_touched_ = {};
  for (const auto& rows : events_) {
    if (rows) *rows = EventRows();
  }
  has_rows_ = false;
}

bool DealerFacts::NeedsRows(const Plan& plan) const {
  if (has_rows_) return false;
  for (const Plan::Part& part : plan.parts()) {
    if (!events_[RowsIndex(part.event)]) continue;
    const Cuboids::Cuboid* cuboid = Served(plan, part);
    if (cuboid == nullptr) return true;
    if (cuboid->time() == Cuboids::Cuboid::Time::kMonth &&
        !plan.Split(NoneBefore(plan), NoneAfter(plan))->rest.empty()) {
      return true;
    }
  }
  return false;
}

}  // namespace dealpace::facts
