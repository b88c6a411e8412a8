#include <string>
#include <string_view>

#include "facts/bytes.h"
#include "facts/dealer_facts.h"

// What a dealer's facts keep between two starts, but for the shelves' rows (shelf.cc).
namespace dealpace::facts {
namespace {

// Another number for another layout: older bytes are then not taken.
constexpr uint32_t kSumsLayout = 0x53550005;

}  // namespace

std::string DealerFacts::SaveSums(const std::vector<uint64_t>& marks) const {
  ByteWriter out;
  out.Put(kSumsLayout);
  out.Put(head_);
  out.Put(days_seen_.first);
  out.Put(days_seen_.second);
  out.Put(cohorts_seen_.first);
  out.Put(cohorts_seen_.second);
  for (const Dictionary& dictionary : dictionaries_) out.PutAll(dictionary.ids);
  out.PutAll(has_event_);
  cuboids_.Save(out);
  out.Put<uint64_t>(shelves_.size());
  for (size_t i = 0; i < shelves_.size(); ++i) shelves_[i]->SaveKnown(out, marks[i]);
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
  const size_t events = has_event_.size();
  in.GetAll(has_event_);
  if (has_event_.size() != events) return false;
  cuboids_.Load(in);
  const auto shelves = in.Get<uint64_t>();
  for (uint64_t i = 0; i < shelves && in.ok(); ++i) shelves_.push_back(Shelf::LoadKnown(in, events));
  away_ = shelves_.size();
  steady_region_ = SteadyRegion();
  return in.ok() && in.AtEnd();
}

bool DealerFacts::LoadShelf(size_t shelf, std::string_view bytes) {
  --away_;
  return shelves_[shelf]->Load(bytes);
}

void DealerFacts::DropShelf(size_t shelf) {
  shelves_[shelf]->Drop();
  ++away_;
}

}  // namespace dealpace::facts
