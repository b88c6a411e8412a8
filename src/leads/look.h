#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/zones.h"
#include "leads/store.h"
#include "org/org.h"

// What the sources of the store share.
namespace dealpace::leads {

// One asker's look into one transaction. Asker and connection outlive it.
class Store::Look {
 public:
  // Fails with not_found for a dealer that is not there.
  static Result<Look> Begin(db::Connection& connection, const Asker& asker, Instant now) {
    ASSIGN_OR_RETURN(const Zone zone, org::ZoneOf(connection, asker.dealer));
    return Look(connection, asker, now, zone.DayOf(now));
  }

  // A member of staff whom the asker may give customers to.
  [[nodiscard]] Status CheckOwner(StaffId owner) const {
    const bool known =
        connection.Query("SELECT 1 FROM staff WHERE dealer_id = ?1 AND staff_id = ?2", dealer, owner).Next();
    return known && sight.Sees(owner) ? Status() : Error("owner_unknown");
  }

  db::Connection& connection;
  const DealerId dealer;
  const std::string& by;
  const db::Witness& witness;
  const Instant now;
  const Day today;
  const Sight sight;
  mutable std::optional<access::IndexKeys> index_keys;  // by Store::KeysOf

 private:
  Look(db::Connection& c, const Asker& asker, Instant at, Day day)
      : connection(c),
        dealer(asker.dealer),
        by(asker.by),
        witness(asker.witness),
        now(at),
        today(day),
        sight(c, asker.dealer, asker.visible, day) {}
};

// A customer as he is stored, opened.
struct Store::Row {
  CustomerId id;
  Kind kind{};
  StaffId owner;
  Record record;
  CustomerId merged_into;
  Day active{};
  int64_t version = 0;
  Instant created_at{};
  std::string created_by;
  Instant changed_at{};
  std::string changed_by;
  NoContact no_contact{};
  std::optional<Instant> anonymised_at;
  std::string anonymised_why;
};

// Of customer c: his own mark, and the strictest of those merged into him ('all' before 'some').
inline constexpr std::string_view kNoContactColumns =
    "c.no_contact, (SELECT MIN(m.no_contact) FROM customer m WHERE m.dealer_id = c.dealer_id "
    "AND m.merged_into = c.customer_id)";
// What these two columns say, from `column` on.
[[nodiscard]] NoContact ReadNoContact(const db::Rows& rows, int column);

// Where a page goes on: the value it is sorted by, and the row.
struct Cursor {
  int64_t value = 0;
  std::string row;
};
// Nothing for an empty text. Fails with bad_cursor.
[[nodiscard]] Result<std::optional<Cursor>> ReadCursor(std::string_view text);
[[nodiscard]] std::string CursorText(int64_t value, std::string_view row);

// Free text: several lines, no other control characters, no numbers of cards. Nothing stays as it is. Fails with
// field_too_long, number_forbidden, and what catalog::LineOfText fails with.
[[nodiscard]] Status TakeWords(std::string_view field, const std::optional<std::string>& text, std::string& into);

// The columns of a Lead, of lead l and its customer c.
extern const std::string kLeadColumns;

}  // namespace dealpace::leads
