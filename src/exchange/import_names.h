#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "catalog/catalog.h"
#include "db/db.h"
#include "exchange/import_scope.h"
#include "org/org.h"

// The names that the rows of a file give, as ids.
namespace dealpace::exchange {

// What a file's cells say besides themselves, counted by field and cell.
struct CellNote {
  enum class Kind {
    kTranslated,  // counts as a code of another name
    kUnknown,     // no member is called so; `other`: the closest one
    kCreated,     // is made, because the import may
  };
  Kind kind{};
  std::string field;
  std::string cell;
  std::string other;
  int64_t rows = 0;
};

// Looks names up and, where missing ones may be made, notes them as wanted: Make makes them all, and the rows are then
// looked at once more. Used by one thread.
class Names {
 public:
  // `create_missing`: names that are not known are wanted, not refused. `time_zone` is that of dealers to be made.
  // `scope`: dealers beyond it are as if they were not there; who has not all of the network makes staff and teams of
  // his dealers, but neither dealers nor members, which are everybody's.
  Names(const catalog::Catalog& catalog, bool create_missing, std::string time_zone, ImportScope scope = {})
      : catalog_(catalog),
        create_missing_(create_missing),
        time_zone_(std::move(time_zone)),
        scope_(std::move(scope)) {}

  Status Load(db::Database& database);

  // Null and zero ids: wanted, known after Make. `text` empty: the only dealer there is, else row_missing_dealer. Fail
  // with row_unknown_dealer, row_unknown_staff, row_unknown_member, row_unknown_reason, each with "name" and, where one
  // is near, a "suggestion" (then with "_suggest" at the end of the code, reasons apart); of who has not all of the
  // network with row_dealer_not_yours (never with a suggestion), row_member_not_there. `note`: position among the notes
  // of what there is to say of the cell, else left as it is.
  Result<const org::Dealer*> DealerOf(std::string text, const std::string& region, int& note);
  Result<StaffId> StaffOf(DealerId dealer, const std::string& text, const std::string& team, int& note);
  Result<int64_t> MemberOf(Dim dim, std::string text, const catalog::Event& event, int& note);

  [[nodiscard]] bool wanting() const { return !wanted_.empty(); }
  void ForgetWanted() { wanted_.clear(); }
  // Makes what is wanted in a transaction of its own: names without entries do no harm if the chunk fails. `dry`: known
  // to this object only.
  Status Make(db::Database& database, bool dry);
  // Members made so far, by dimension.
  [[nodiscard]] const std::map<std::string, int64_t>& created() const { return created_; }
  [[nodiscard]] int64_t made() const { return static_cast<int64_t>(made_count_); }

  [[nodiscard]] std::vector<CellNote>& notes() { return notes_; }
  // From now on the texts of what is looked up are kept, for TextOf.
  void KeepTexts() { keep_texts_ = true; }
  [[nodiscard]] bool keeps_texts() const { return keep_texts_; }
  [[nodiscard]] std::string TextOf(Dim dim, int64_t id) const;

 private:
  struct Wanted {
    Dim dim{};
    int64_t dealer = 0;  // of staff
    std::string text;
    std::string group;  // a dealer's region, a person's team
    auto operator<=>(const Wanted&) const = default;
  };
  Result<int64_t> Create(db::Connection& connection, const Wanted& wanted) const;
  void Learned(const Wanted& wanted, int64_t id);
  int Note(CellNote::Kind kind, std::string_view field, const std::string& cell, const std::string& other,
           int64_t within = 0);
  // Of `known`, the one closest to a name that no one has; noted.
  std::string ClosestTo(std::string_view field, const std::string& text, const std::vector<std::string>& known,
                        int& note, int64_t within = 0);

  const catalog::Catalog& catalog_;
  bool create_missing_;
  std::string time_zone_;
  ImportScope scope_;
  std::optional<org::Directory> directory_;
  std::string lone_dealer_;
  std::set<Wanted> wanted_;
  std::map<std::string, int64_t> created_;
  std::vector<CellNote> notes_;
  std::map<std::tuple<std::string, int64_t, std::string>, int> note_index_;  // field, dealer of staff, cell
  std::set<std::pair<std::string, std::string>> made_;                       // field, cell
  int64_t made_count_ = 0;
  bool keep_texts_ = false;
  std::map<std::pair<Dim, int64_t>, std::string> texts_;
};

}  // namespace dealpace::exchange
