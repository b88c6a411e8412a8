#include "exchange/import_names.h"

#include "base/text.h"
#include "exchange/closest_name.h"

namespace dealpace::exchange {
namespace {

constexpr std::string_view kLoneDealer = "HQ";
constexpr size_t kNotesMax = 2'000;  // of a file with more odd cells than that, the first so many are told

RegionId RegionFor(db::Connection& connection, const std::string& code) {
  db::Rows rows = connection.Query("SELECT region_id FROM region WHERE code = ?1", code);
  return rows.Next() ? RegionId(rows.Int(0)) : RegionId();
}

}  // namespace

Status Names::Load(db::Database& database) {
  ASSIGN_OR_RETURN(org::Directory directory,
                   database.Read<org::Directory>([](db::Connection& connection) -> Result<org::Directory> {
                     return org::Directory(connection);
                   }));
  directory_.emplace(std::move(directory));
  ASSIGN_OR_RETURN(
      std::vector<org::Dealer> dealers,
      database.Read<std::vector<org::Dealer>>([](db::Connection& connection) { return org::ListDealers(connection); }));
  if (!scope_.network) {
    std::erase_if(dealers, [this](const org::Dealer& dealer) { return !scope_.Has(dealer.id); });
    directory_->KeepDealers(scope_.dealers);
  }
  // A file that names no dealer belongs to the only one there is.
  if (dealers.size() == 1) lone_dealer_ = dealers[0].code;
  if (dealers.empty() && create_missing_ && scope_.network) lone_dealer_ = kLoneDealer;
  return {};
}

std::string Names::TextOf(Dim dim, int64_t id) const {
  const auto it = texts_.find({dim, id});
  return it == texts_.end() ? std::string() : it->second;
}

Result<const org::Dealer*> Names::DealerOf(std::string text, const std::string& region, int& note) {
  const bool named = !text.empty();
  if (!named) text = lone_dealer_;
  if (text.empty()) return Error("row_missing_dealer");
  if (const org::Dealer* dealer = directory_->FindDealer(text)) {
    if (keep_texts_) texts_[{Dim::kDealer, dealer->id.value}] = dealer->code;
    if (named && made_.contains({"dealer", text})) note = Note(CellNote::Kind::kCreated, "dealer", text, {});
    return dealer;
  }
  if (!scope_.network) {
    // Whether there is such a dealer elsewhere is not told: those elsewhere are not known here. Nor is one suggested:
    // codes of dealers are much alike, and rows of others must not become one's own by a click.
    note = Note(CellNote::Kind::kUnknown, "dealer", text, {});
    return Error("row_dealer_not_yours").With("name", text);
  }
  if (!create_missing_) {
    const std::string closest = ClosestTo("dealer", text, directory_->DealerNames(), note);
    return Error(closest.empty() ? "row_unknown_dealer" : "row_unknown_dealer_suggest")
        .With("name", text)
        .With("suggestion", closest);
  }
  wanted_.insert({Dim::kDealer, 0, text, region});
  return nullptr;  // known in the next round
}

Result<StaffId> Names::StaffOf(DealerId dealer, const std::string& text, const std::string& team, int& note) {
  if (text.empty()) return StaffId();
  const StaffId staff = directory_->FindStaff(dealer, text);
  if (staff.set()) {
    if (keep_texts_) texts_[{Dim::kStaff, staff.value}] = text;
    if (made_.contains({"staff", text})) note = Note(CellNote::Kind::kCreated, "staff", text, {});
    return staff;
  }
  if (!create_missing_) {
    // Who is closest depends on the dealer.
    const std::string closest = ClosestTo("staff", text, directory_->StaffNames(dealer), note, dealer.value);
    return Error(closest.empty() ? "row_unknown_staff" : "row_unknown_staff_suggest")
        .With("name", text)
        .With("suggestion", closest);
  }
  wanted_.insert({Dim::kStaff, dealer.value, text, team});
  return StaffId();
}

Result<int64_t> Names::MemberOf(Dim dim, std::string text, const catalog::Event& event, int& note) {
  if (text.empty()) return int64_t{0};
  bool known = false;
  const std::string cell = text;
  if (dim == Dim::kReason) {
    if (const catalog::Code* code = catalog_.FindReason(event.id, text)) {
      text = code->code;
      known = true;
    } else if (!event.reasons.empty() && !create_missing_) {
      std::vector<std::string> names;
      std::map<std::string, std::string> code_of;
      for (const std::string& reason : event.reasons) {
        const catalog::Code* named = catalog_.FindReason(event.id, reason);
        if (named == nullptr) continue;
        for (const std::string& name : {named->code, named->name.zh, named->name.en}) {
          names.push_back(name);
          code_of[name] = named->code;
        }
      }
      const std::string closest = ClosestName(text, names);
      note = Note(CellNote::Kind::kUnknown, DimName(dim), text, closest.empty() ? closest : code_of[closest]);
      return Error("row_unknown_reason")
          .With("name", text)
          .With("event", event.id)
          .With("known", Join(event.reasons, ", "))
          .With("suggestion", closest);
    }
  } else if (const catalog::Code* code = catalog_.FindCode(dim, text)) {
    text = code->code;
    known = true;
  }
  if (known && text != cell) note = Note(CellNote::Kind::kTranslated, DimName(dim), cell, text);
  const int64_t id = directory_->FindMember(dim, text);
  if (id != 0) {
    if (keep_texts_) texts_[{dim, id}] = text;
    if (!known && made_.contains({std::string(DimName(dim)), text})) {
      note = Note(CellNote::Kind::kCreated, DimName(dim), text, {});
    }
    return id;
  }
  if (!known && create_missing_ && !scope_.network) {
    const std::string closest = ClosestTo(DimName(dim), text, directory_->MemberCodes(dim), note);
    return Error("row_member_not_there").With("dimension", DimName(dim)).With("name", text).With("suggestion", closest);
  }
  if (!known && !create_missing_) {
    const std::string closest = ClosestTo(DimName(dim), text, directory_->MemberCodes(dim), note);
    return Error(closest.empty() ? "row_unknown_member" : "row_unknown_member_suggest")
        .With("dimension", DimName(dim))
        .With("name", text)
        .With("suggestion", closest);
  }
  wanted_.insert({dim, 0, text, {}});
  return int64_t{0};
}

std::string Names::ClosestTo(std::string_view field, const std::string& text, const std::vector<std::string>& known,
                             int& note, int64_t within) {
  // The same slip stands in many rows: looked for once.
  const auto it = note_index_.find({std::string(field), within, text});
  if (it != note_index_.end()) {
    note = it->second;
    return notes_[static_cast<size_t>(it->second)].other;
  }
  std::string closest = ClosestName(text, known);
  note = Note(CellNote::Kind::kUnknown, field, text, closest, within);
  return closest;
}

int Names::Note(CellNote::Kind kind, std::string_view field, const std::string& cell, const std::string& other,
                int64_t within) {
  const auto it = note_index_.find({std::string(field), within, cell});
  if (it != note_index_.end()) return it->second;
  if (notes_.size() >= kNotesMax) return -1;
  const auto position = static_cast<int>(notes_.size());
  note_index_[{std::string(field), within, cell}] = position;
  notes_.push_back({kind, std::string(field), cell, other, 0});
  return position;
}

Status Names::Make(db::Database& database, bool dry) {
  if (dry) {
    for (const Wanted& wanted : wanted_) Learned(wanted, NewId());
    return {};
  }
  ASSIGN_OR_RETURN(
      const std::vector<int64_t> ids,
      database.Write<std::vector<int64_t>>([&](db::Connection& connection) -> Result<std::vector<int64_t>> {
        std::vector<int64_t> made;
        for (const Wanted& wanted : wanted_) {
          ASSIGN_OR_RETURN(const int64_t id, Create(connection, wanted));
          made.push_back(id);
        }
        return made;
      }));
  size_t i = 0;
  for (const Wanted& wanted : wanted_) Learned(wanted, ids[i++]);
  return {};
}

// Makes the member, or finds the one that somebody else made meanwhile.
Result<int64_t> Names::Create(db::Connection& connection, const Wanted& wanted) const {
  if (wanted.dim == Dim::kDealer) {
    db::Rows rows = connection.Query("SELECT dealer_id FROM dealer WHERE code = ?1", wanted.text);
    if (rows.Next()) return rows.Int(0);
    ASSIGN_OR_RETURN(const DealerId dealer, org::AddDealer(connection, wanted.text, {},
                                                           time_zone_.empty() ? org::kDefaultTimeZone : time_zone_));
    if (!wanted.group.empty()) {
      RegionId region = RegionFor(connection, wanted.group);
      if (!region.set()) {
        ASSIGN_OR_RETURN(region, org::AddRegion(connection, wanted.group, {}));
      }
      org::MoveDealer(connection, dealer, kFirstDay, region);
    }
    return dealer.value;
  }
  if (wanted.dim == Dim::kStaff) {
    const DealerId dealer(wanted.dealer);
    db::Rows rows =
        connection.Query("SELECT staff_id FROM staff WHERE dealer_id = ?1 AND code = ?2", dealer, wanted.text);
    if (rows.Next()) return rows.Int(0);
    ASSIGN_OR_RETURN(const StaffId staff, org::AddStaff(connection, dealer, wanted.text, {}));
    if (!wanted.group.empty()) {
      TeamId team;
      db::Rows teams =
          connection.Query("SELECT team_id FROM team WHERE dealer_id = ?1 AND code = ?2", dealer, wanted.group);
      if (teams.Next()) {
        team = TeamId(teams.Int(0));
      } else {
        ASSIGN_OR_RETURN(team, org::AddTeam(connection, dealer, wanted.group, {}));
      }
      org::MoveStaff(connection, dealer, staff, kFirstDay, team);
    }
    return staff.value;
  }
  return org::AddMember(connection, wanted.dim, wanted.text);
}

void Names::Learned(const Wanted& wanted, int64_t id) {
  if (wanted.dim == Dim::kDealer) {
    directory_->Learn(
        {DealerId(id), wanted.text, wanted.text, time_zone_.empty() ? std::string(org::kDefaultTimeZone) : time_zone_});
  } else if (wanted.dim == Dim::kStaff) {
    directory_->LearnStaff(DealerId(wanted.dealer), StaffId(id), wanted.text);
  } else {
    directory_->LearnMember(wanted.dim, id, wanted.text);
  }
  const std::string dim(DimName(wanted.dim));
  ++created_[dim];
  ++made_count_;
  made_.insert({dim, wanted.text});
}

}  // namespace dealpace::exchange
