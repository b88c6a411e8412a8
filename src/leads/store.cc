#include "leads/store.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <set>

#include "access/masking.h"
#include "base/text.h"
#include "leads/attachment_homes.h"
#include "leads/look.h"
#include "leads/names.h"

namespace dealpace::leads {
namespace {

namespace json = boost::json;

constexpr int kCandidatesMax = 2'000;  // looked at for one search

// The columns of a Found, of customer c.
const std::string kFoundColumns = "c.customer_id, c.kind, c.owner_id, c.personal, c.created_at, c.changed_at, " +
                                  std::string(kNoContactColumns) + " ";

std::string_view ValueOf(const Record& record, std::string_view field) {
  const auto it = record.find(field);
  return it == record.end() ? std::string_view() : std::string_view(it->second);
}

std::string LastFour(const std::string& phone) { return phone.size() < 4 ? "" : phone.substr(phone.size() - 4); }

// The phones of a record, normalised.
std::vector<std::string> PhonesOf(const Record& record) {
  std::vector<std::string> phones;
  for (const char* field : {"phone", "phone2"}) {
    std::string phone = access::NormalPhone(ValueOf(record, field));
    if (!phone.empty()) phones.push_back(std::move(phone));
  }
  return phones;
}

// A plate without its province: what people remember.
std::string WithoutProvince(const std::string& plate) {
  std::string_view rest = plate;
  return !rest.empty() && NextCodePoint(rest) >= 0x80 ? std::string(rest) : std::string();
}

std::string VinEnd(const std::string& vin) { return vin.size() < 6 ? "" : vin.substr(vin.size() - 6); }

json::array Ids(const std::vector<CustomerId>& ids) {
  json::array array;
  for (const CustomerId id : ids) array.push_back(id.value);
  return array;
}

// Names of the fields in which two records differ.
std::vector<std::string> FieldsOf(const Record& before, const Record& after) {
  std::vector<std::string> fields;
  for (const Field& field : Fields()) {
    if (ValueOf(before, field.id) != ValueOf(after, field.id)) fields.emplace_back(field.id);
  }
  return fields;
}

access::Vault::Place PlaceOf(DealerId dealer, CustomerId customer) {
  return {access::SealedField::kCustomerPersonal, customer.value, dealer.value};
}

}  // namespace

Result<std::optional<Cursor>> ReadCursor(std::string_view text) {
  if (text.empty()) return std::optional<Cursor>();
  const Error bad = Error("bad_cursor").With("text", text.substr(0, 100));
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos || !IsUtf8(text)) return bad;
  Cursor cursor{0, std::string(text.substr(dot + 1))};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + dot, cursor.value);
  if (problem != std::errc() || end != text.data() + dot || cursor.row.empty()) return bad;
  return std::optional(std::move(cursor));
}

std::string_view NoContactName(NoContact no_contact) {
  switch (no_contact) {
    case NoContact::kSome: return "some";
    case NoContact::kAll: return "all";
    case NoContact::kNo: break;
  }
  return "";
}

NoContact ReadNoContact(const db::Rows& rows, int column) {
  NoContact strictest = NoContact::kNo;
  for (const int at : {column, column + 1}) {
    if (rows.Text(at) == "all") strictest = NoContact::kAll;
    if (rows.Text(at) == "some") strictest = std::max(strictest, NoContact::kSome);
  }
  return strictest;
}

std::string CursorText(int64_t value, std::string_view row) { return std::to_string(value) + "." + std::string(row); }

// ---- What is sealed, and how it is found ----

Result<std::string> Store::Seal(db::Connection& connection, DealerId dealer, CustomerId id,
                                const Record& record) const {
  json::object object;
  for (const auto& [field, value] : record) object[field] = value;
  return vault_.Seal(connection, PlaceOf(dealer, id), json::serialize(object));
}

Result<Record> Store::Unseal(DealerId dealer, CustomerId id, std::string_view sealed) const {
  ASSIGN_OR_RETURN(const std::string text, vault_.Unseal(PlaceOf(dealer, id), sealed));
  boost::system::error_code problem;
  const json::value value = json::parse(text, problem);
  if (problem || !value.is_object()) return Error("sealed_damaged");
  Record record;
  for (const auto& [field, member] : value.get_object()) {
    if (member.is_string()) record.emplace(field, std::string(member.get_string()));
  }
  return record;
}

// Four digits of a phone have only so many values: two bytes, as many as tell them apart. Whatever is found by them is
// looked at. Of the others eight bytes.
int64_t Store::Token(const access::IndexKeys& keys, size_t at, DealerId dealer, std::string_view what,
                     std::string_view value) {
  const size_t size = what == "phone4" ? 2 : 8;
  const std::string scope = "customer." + std::string(what) + "." + std::to_string(dealer.value);
  uint64_t token = 0;
  for (const char byte : keys.Index(at, scope, value, size)) token = token << 8 | static_cast<unsigned char>(byte);
  return static_cast<int64_t>(token & INT64_MAX);
}

int64_t Store::RowKey(DealerId dealer, std::string_view said) const {
  uint64_t key = 0;
  for (const char byte : vault_.Index("customer.import_row." + std::to_string(dealer.value), said, 8)) {
    key = key << 8 | static_cast<unsigned char>(byte);
  }
  return static_cast<int64_t>(key & INT64_MAX);
}

std::vector<int64_t> Store::TokensOf(const access::IndexKeys& keys, DealerId dealer, std::string_view what,
                                     std::string_view value) {
  std::vector<int64_t> tokens;
  for (size_t at = 0; at < keys.size(); ++at) tokens.push_back(Token(keys, at, dealer, what, value));
  return tokens;
}

std::vector<int64_t> Store::Tokens(const access::IndexKeys& keys, size_t at, DealerId dealer, const Record& record) {
  std::vector<int64_t> tokens;
  const auto add = [&](std::string_view what, const std::string& value) {
    if (!value.empty()) tokens.push_back(Token(keys, at, dealer, what, value));
  };
  for (const std::string& phone : PhonesOf(record)) {
    add("phone", phone);
    add("phone4", LastFour(phone));
  }
  const std::string plate(ValueOf(record, "plate"));
  add("plate", plate);
  add("plate", WithoutProvince(plate));
  const std::string vin(ValueOf(record, "vin"));
  add("vin", vin);
  add("vin", VinEnd(vin));
  for (const char* field : {"name", "contact"}) {
    for (const std::string& word : NameWords(ValueOf(record, field))) add("name", word);
  }
  std::sort(tokens.begin(), tokens.end());
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
  return tokens;
}

void Store::AddToken(db::Connection& connection, DealerId dealer, int64_t token, CustomerId id, int64_t key) {
  connection.ExecuteLater(
      "INSERT INTO customer_token (dealer_id, token, customer_id, key_number) VALUES (?1, ?2, ?3, ?4) "
      "ON CONFLICT (dealer_id, token, customer_id) DO UPDATE SET key_number = excluded.key_number "
      "WHERE customer_token.key_number < excluded.key_number",
      dealer, token, id, key);
}

void Store::ChangeTokens(db::Connection& connection, const access::IndexKeys& keys, DealerId dealer, CustomerId id,
                         const Record& before, const Record& after) {
  // While there are two keys somebody fills in what is missing under the new one: he or this, one after the other.
  if (keys.size() > 1) {
    connection.Execute("UPDATE customer SET version = version WHERE dealer_id = ?1 AND customer_id = ?2", dealer, id);
  }
  std::set<int64_t> old;
  std::map<int64_t, int64_t> fresh;  // with the newest key that it is of
  for (size_t at = 0; at < keys.size(); ++at) {
    for (const int64_t token : Tokens(keys, at, dealer, before)) old.insert(token);
    for (const int64_t token : Tokens(keys, at, dealer, after)) fresh.emplace(token, keys.number(at));
  }
  for (const int64_t token : old) {
    if (fresh.contains(token)) continue;
    connection.ExecuteLater("DELETE FROM customer_token WHERE dealer_id = ?1 AND token = ?2 AND customer_id = ?3",
                            dealer, token, id);
  }
  for (const auto& [token, key] : fresh) {
    // One that was there by the old key may be by the new one now: of four digits there are few.
    if (keys.size() > 1 || !old.contains(token)) AddToken(connection, dealer, token, id, key);
  }
}

// ---- Reading ----

Result<Store::Row> Store::FindRow(const Look& look, CustomerId id) const {
  Row row;
  {
    db::Rows rows = look.connection.Query(
        "SELECT c.kind, c.owner_id, c.personal, c.merged_into, c.active_day, c.version, c.created_at, c.created_by, "
        "c.changed_at, c.changed_by, c.anonymised_at, c.anonymised_why, " +
            std::string(kNoContactColumns) + " FROM customer c WHERE c.dealer_id = ?1 AND c.customer_id = ?2",
        look.dealer, id);
    if (!rows.Next()) return Error("not_found");
    row.id = id;
    row.kind = ParseKind(rows.Text(0)).value_or(Kind::kPerson);
    row.owner = StaffId(rows.Int(1));
    row.merged_into = CustomerId(rows.Int(3));
    if (!row.merged_into.set()) {
      // Before it is opened: who may not see it must not learn either that it is damaged.
      if (!look.sight.Sees(row.owner)) return Error("not_found");
      ASSIGN_OR_RETURN(row.record, Unseal(look.dealer, id, rows.Bytes(2)));
    }
    row.active = Day{static_cast<int32_t>(rows.Int(4))};
    row.version = rows.Int(5);
    row.created_at = {rows.Int(6)};
    row.created_by = rows.Text(7);
    row.changed_at = {rows.Int(8)};
    row.changed_by = rows.Text(9);
    if (const auto at = rows.OptionalInt(10)) row.anonymised_at = Instant{*at};
    row.anonymised_why = rows.Text(11);
    row.no_contact = ReadNoContact(rows, 12);
  }
  return row.merged_into.set() ? FindRow(look, row.merged_into) : Result<Row>(std::move(row));
}

Result<Customer> Store::Get(const Asker& asker, CustomerId id, Reveal reveal, Instant now) {
  return database_.Read<Customer>([&](db::Connection& connection) -> Result<Customer> {
    ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
    ASSIGN_OR_RETURN(Row row, FindRow(look, id));
    Customer customer;
    customer.id = row.id;
    customer.kind = row.kind;
    customer.owner = row.owner;
    customer.version = row.version;
    customer.created_at = row.created_at;
    customer.created_by = row.created_by;
    customer.changed_at = row.changed_at;
    customer.changed_by = row.changed_by;
    customer.no_contact = row.no_contact;
    customer.anonymised_at = row.anonymised_at;
    customer.anonymised_why = row.anonymised_why;
    CustomerPast past;
    past.captured = CheckCapture(row.record).ok();
    past.active = row.active;
    PurchaseKnown known;
    {
      // All of them count for what the customer is; those of colleagues are not shown.
      db::Rows rows = connection.Query("SELECT " + kLeadColumns +
                                           "FROM lead l JOIN customer c ON c.dealer_id = l.dealer_id "
                                           "AND c.customer_id = l.customer_id WHERE l.dealer_id = ?1 "
                                           "AND l.customer_id = ?2 ORDER BY l.created_at DESC, l.lead DESC",
                                       look.dealer, row.id);
      while (rows.Next()) {
        ASSIGN_OR_RETURN(Lead lead, ReadLead(look, rows, reveal));
        if (lead.deal_day) {
          ++past.deals;
          past.first_deal = past.first_deal ? std::min(*past.first_deal, *lead.deal_day) : *lead.deal_day;
        }
        known.model = known.model || !lead.model.empty();
        known.budget = known.budget || lead.budget != Budget{};
        known.timing = known.timing || lead.expected.has_value();
        if (look.sight.Sees(lead.owner)) customer.leads.push_back(std::move(lead));
      }
    }
    customer.groups = CompletenessOf(row.kind, row.record, known);
    customer.status = StatusOf(past);
    customer.lifecycle = LifecycleOf(past, look.today);
    const Day changed{static_cast<int32_t>(row.changed_at.ms / 86'400'000)};
    customer.refresh_due = !row.anonymised_at && RefreshDue(changed, look.today, policy_);
    customer.record = reveal == Reveal::kWhole ? std::move(row.record) : Masked(row.record);
    db::Rows rows = connection.Query(
        "SELECT customer_id FROM customer WHERE dealer_id = ?1 AND merged_into = ?2 ORDER BY customer_id", look.dealer,
        row.id);
    while (rows.Next()) customer.merged.emplace_back(rows.Int(0));
    return customer;
  });
}

Result<Found> Store::ReadFound(DealerId dealer, const db::Rows& rows, Reveal reveal) const {
  Found found;
  found.id = CustomerId(rows.Int(0));
  found.kind = ParseKind(rows.Text(1)).value_or(Kind::kPerson);
  found.owner = StaffId(rows.Int(2));
  ASSIGN_OR_RETURN(Record record, Unseal(dealer, found.id, rows.Bytes(3)));
  for (const char* field : {"name", "phone", "plate"}) {
    if (const auto it = record.find(field); it != record.end()) found.record.insert(*it);
  }
  if (reveal == Reveal::kMasked) found.record = Masked(found.record);
  found.created_at = {rows.Int(4)};
  found.changed_at = {rows.Int(5)};
  found.no_contact = ReadNoContact(rows, 6);
  return found;
}

Result<CustomerPage> Store::List(const Asker& asker, const CustomerFilter& filter, CustomerSort sort,
                                 std::string_view cursor, size_t limit, Reveal reveal, Instant now) {
  ASSIGN_OR_RETURN(const auto after, ReadCursor(cursor));
  int64_t after_id = 0;
  if (after) {
    const auto [end, problem] = std::from_chars(after->row.data(), after->row.data() + after->row.size(), after_id);
    if (problem != std::errc() || end != after->row.data() + after->row.size()) {
      return Error("bad_cursor").With("text", cursor.substr(0, 100));
    }
  }
  return database_.Read<CustomerPage>([&](db::Connection& connection) -> Result<CustomerPage> {
    ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
    Where where(look.dealer);
    look.sight.Narrow(where, "c.owner_id");
    if (filter.kind) where.And("c.kind = ?", {KindName(*filter.kind)});
    if (filter.owner.set()) where.And("c.owner_id = ?", {filter.owner});
    if (filter.changed_before) where.And("c.changed_at < ?", {filter.changed_before->ms});
    CustomerPage page;
    if (!after) {
      db::Rows rows = connection.QueryValues(
          "SELECT COUNT(*) FROM customer c WHERE c.dealer_id = ?1 AND c.merged_into IS NULL "
          "AND c.anonymised_at IS NULL" +
              where.text(),
          where.values());
      rows.Next();
      page.count = rows.Int(0);
    }
    const bool by_change = sort == CustomerSort::kChanged;
    if (after && by_change) where.And("(c.changed_at, c.customer_id) < (?, ?)", {after->value, after_id});
    if (after && !by_change) where.And("c.customer_id < ?", {after_id});
    const std::string last = where.Add(limit + 1);
    db::Rows rows = connection.QueryValues(
        "SELECT " + kFoundColumns +
            "FROM customer c WHERE c.dealer_id = ?1 AND c.merged_into IS NULL AND c.anonymised_at IS NULL" +
            where.text() +
            (by_change ? " ORDER BY c.changed_at DESC, c.customer_id DESC" : " ORDER BY c.customer_id DESC") +
            " LIMIT " + last,
        where.values());
    while (rows.Next()) {
      if (page.customers.size() == limit) {
        const Found& end = page.customers.back();
        page.next = CursorText(by_change ? end.changed_at.ms : 0, std::to_string(end.id.value));
        break;
      }
      ASSIGN_OR_RETURN(Found found, ReadFound(look.dealer, rows, reveal));
      page.customers.push_back(std::move(found));
    }
    return page;
  });
}

// ---- Searching ----

Result<std::vector<Found>> Store::Search(const Asker& asker, std::string_view typed, size_t limit, Reveal reveal,
                                         Instant now) {
  struct LookUp {
    std::string_view matched;
    std::string_view what;  // the index
    std::string value;
    std::function<bool(const Record&)> fits;  // nothing: the token says enough
  };
  std::vector<LookUp> look_ups;
  const std::string plain = Plain(typed);
  const bool digits = !plain.empty() && plain.find_first_not_of("0123456789") == std::string::npos;
  if (digits && plain.size() == 4) {
    look_ups.push_back({"phone", "phone4", plain, [&](const Record& record) {
                          const auto phones = PhonesOf(record);
                          return std::any_of(phones.begin(), phones.end(),
                                             [&](const std::string& phone) { return LastFour(phone) == plain; });
                        }});
  }
  if (const std::string phone = access::NormalPhone(typed); !phone.empty()) {
    look_ups.push_back({"phone", "phone", phone, nullptr});
  }
  const std::string plate = access::NormalPlate(typed);
  if (plate.size() >= 5 && plate.size() <= 20 && plain.find_first_of("0123456789") != std::string::npos) {
    look_ups.push_back({"plate", "plate", plate, nullptr});
    look_ups.push_back({"vin", "vin", plate, nullptr});
  }
  if (!digits) {
    std::function<bool(const Record&)> fits;
    if (NeedsFit(typed)) {
      fits = [&](const Record& record) {
        return NameFits(ValueOf(record, "name"), typed) || NameFits(ValueOf(record, "contact"), typed);
      };
    }
    for (const std::string& word : TypedWords(typed)) {
      look_ups.push_back({"name", "name", word, fits});
    }
  }
  if (look_ups.empty()) return std::vector<Found>();
  return database_.Read<std::vector<Found>>([&](db::Connection& connection) -> Result<std::vector<Found>> {
    ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
    ASSIGN_OR_RETURN(const access::IndexKeys keys, vault_.HoldIndexKeys(connection));
    std::vector<Found> all;
    std::set<CustomerId> known;
    for (const LookUp& look_up : look_ups) {
      if (all.size() >= limit) break;
      Where where(look.dealer);
      std::string tokens;
      for (const int64_t token : TokensOf(keys, look.dealer, look_up.what, look_up.value)) {
        tokens += (tokens.empty() ? "" : ", ") + where.Add(token);
      }
      look.sight.Narrow(where, "c.owner_id");
      // While there are two keys a customer is found twice.
      const auto times = static_cast<int64_t>(keys.size());
      const std::string most = where.Add(times * (look_up.fits ? kCandidatesMax : static_cast<int64_t>(limit * 2)));
      // A token may be of a customer who has been merged: then he is shown whom that one goes under.
      db::Rows rows = connection.QueryValues(
          "SELECT " + kFoundColumns +
              ", b.customer_id, b.personal FROM customer_token t JOIN customer b ON b.dealer_id = t.dealer_id "
              "AND b.customer_id = t.customer_id JOIN customer c ON c.dealer_id = b.dealer_id "
              "AND c.customer_id = COALESCE(b.merged_into, b.customer_id) WHERE t.dealer_id = ?1 AND t.token IN (" +
              tokens + ")" + where.text() + " ORDER BY t.customer_id DESC LIMIT " + most,
          where.values());
      while (all.size() < limit && rows.Next()) {
        if (known.contains(CustomerId(rows.Int(0)))) continue;
        if (look_up.fits) {
          ASSIGN_OR_RETURN(const Record record, Unseal(look.dealer, CustomerId(rows.Int(8)), rows.Bytes(9)));
          if (!look_up.fits(record)) continue;
        }
        ASSIGN_OR_RETURN(Found found, ReadFound(look.dealer, rows, reveal));
        found.matched = look_up.matched;
        known.insert(found.id);
        all.push_back(std::move(found));
      }
    }
    return all;
  });
}

Result<const access::IndexKeys*> Store::KeysOf(const Look& look) const {
  if (!look.index_keys) {
    ASSIGN_OR_RETURN(look.index_keys, vault_.HoldIndexKeys(look.connection));
  }
  return &*look.index_keys;
}

Result<Duplicates> Store::FindDuplicatesIn(const Look& look, const Record& record) const {
  ASSIGN_OR_RETURN(const access::IndexKeys* keys, KeysOf(look));
  std::vector<std::pair<std::string_view, int64_t>> tokens;
  const auto look_for = [&](std::string_view field, std::string_view value) {
    for (const int64_t token : TokensOf(*keys, look.dealer, field, value)) tokens.emplace_back(field, token);
  };
  for (const std::string& phone : PhonesOf(record)) look_for("phone", phone);
  for (const std::string_view field : {"plate", "vin"}) {
    const std::string_view value = ValueOf(record, field);
    if (!value.empty()) look_for(field, value);
  }
  Duplicates duplicates;
  std::set<CustomerId> known;
  for (const auto& [field, token] : tokens) {
    db::Rows rows = look.connection.Query("SELECT " + kFoundColumns +
                                              "FROM customer_token t JOIN customer b ON b.dealer_id = t.dealer_id "
                                              "AND b.customer_id = t.customer_id JOIN customer c "
                                              "ON c.dealer_id = b.dealer_id "
                                              "AND c.customer_id = COALESCE(b.merged_into, b.customer_id) "
                                              "WHERE t.dealer_id = ?1 AND t.token = ?2 ORDER BY c.customer_id LIMIT 20",
                                          look.dealer, token);
    while (rows.Next()) {
      if (!look.sight.Sees(StaffId(rows.Int(2)))) {
        duplicates.with_colleague = true;
        continue;
      }
      if (!known.insert(CustomerId(rows.Int(0))).second) continue;
      ASSIGN_OR_RETURN(Found found, ReadFound(look.dealer, rows, Reveal::kMasked));
      found.matched = field;
      duplicates.seen.push_back(std::move(found));
    }
  }
  return duplicates;
}

Result<Duplicates> Store::FindDuplicates(const Asker& asker, Kind kind, const Record& record, Instant now) {
  ASSIGN_OR_RETURN(const Record clean, CleanRecord(kind, record, policy_));
  return database_.Read<Duplicates>([&](db::Connection& connection) -> Result<Duplicates> {
    ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
    return FindDuplicatesIn(look, clean);
  });
}

// ---- Writing ----

Result<Added> Store::Add(const Asker& asker, const NewCustomer& input, Instant now, const Along& along) {
  return database_.Write<Added>([&](db::Connection& connection) -> Result<Added> {
    ASSIGN_OR_RETURN(Added added, AddIn(connection, asker, input, now));
    if (along) RETURN_IF_ERROR(along(connection, added.customer));
    return added;
  });
}

Result<Added> Store::AddIn(db::Connection& connection, const Asker& asker, const NewCustomer& input, Instant now) {
  ASSIGN_OR_RETURN(const Record record, CleanRecord(input.kind, input.record, policy_));
  RETURN_IF_ERROR(CheckCapture(record));
  ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
  RETURN_IF_ERROR(look.CheckOwner(input.owner));
  if (!input.despite_duplicates) {
    // So that of two who enter the same customer at once the later one is told.
    ledger::Lock(connection, look.dealer);
    ASSIGN_OR_RETURN(const Duplicates duplicates, FindDuplicatesIn(look, record));
    if (!duplicates.seen.empty()) {
      const Found& first = duplicates.seen.front();
      return Error("customer_exists").With("customer", first.id.value).With("matched", first.matched);
    }
    if (duplicates.with_colleague) return Error("customer_with_colleague");
  }
  return InsertIn(look, input, record);
}

Result<Added> Store::InsertIn(const Look& look, const NewCustomer& input, const Record& record) const {
  db::Connection& connection = look.connection;
  Added added;
  added.customer = CustomerId(NewId());
  ASSIGN_OR_RETURN(const std::string sealed, Seal(connection, look.dealer, added.customer, record));
  ASSIGN_OR_RETURN(const access::IndexKeys* keys, KeysOf(look));
  connection.Execute(
      "INSERT INTO customer (dealer_id, customer_id, kind, owner_id, personal, active_day, version, created_at, "
      "created_by, changed_at, changed_by, index_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8, ?7, ?8, ?9)",
      look.dealer, added.customer, KindName(input.kind), input.owner, db::Blob{sealed}, look.today.value, look.now.ms,
      look.by, keys->newest());
  ChangeTokens(connection, *keys, look.dealer, added.customer, {}, record);
  if (input.lead) {
    ASSIGN_OR_RETURN(added.lead, AddLeadIn(look, added.customer, input.owner, *input.lead, input.since));
  }
  RETURN_IF_ERROR(BookFields(look, added.customer));
  RETURN_IF_ERROR(look.witness.Note(connection, "customer.add", db::ObjectOf("customer", added.customer.value),
                                    look.dealer, {{"fields", FieldsOf({}, record)}}));
  if (input.lead) RETURN_IF_ERROR(NoteLead(look, "lead.add", added.lead, added.customer));
  return added;
}

Status Store::Change(const Asker& asker, CustomerId id, int64_t version, const Record& fields, Instant now) {
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    // First of all, so that of two changes at once one waits here and then finds the version moved.
    const int64_t moved = connection.Execute(
        "UPDATE customer SET version = version + 1, changed_at = ?4, changed_by = ?5 "
        "WHERE dealer_id = ?1 AND customer_id = ?2 AND version = ?3 AND merged_into IS NULL",
        asker.dealer, id, version, now.ms, asker.by);
    ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
    ASSIGN_OR_RETURN(const Row row, FindRow(look, id));
    if (row.id != id) return Error("not_found");
    if (row.anonymised_at) return Error("customer_anonymised");
    if (moved == 0) return Error("edit_conflict").With("by", row.changed_by).With("version", row.version);
    Record changed = row.record;
    ASSIGN_OR_RETURN(const Record clean, CleanRecord(row.kind, fields, policy_));
    for (const auto& [field, value] : fields) changed.erase(field);
    for (const auto& [field, value] : clean) changed[field] = value;
    RETURN_IF_ERROR(CheckCapture(changed));
    ASSIGN_OR_RETURN(const std::string sealed, Seal(connection, look.dealer, id, changed));
    connection.Execute("UPDATE customer SET personal = ?3 WHERE dealer_id = ?1 AND customer_id = ?2", look.dealer, id,
                       db::Blob{sealed});
    ASSIGN_OR_RETURN(const access::IndexKeys* keys, KeysOf(look));
    ChangeTokens(connection, *keys, look.dealer, id, row.record, changed);
    RETURN_IF_ERROR(BookFields(look, id));
    return look.witness.Note(connection, "customer.change", db::ObjectOf("customer", id.value), look.dealer,
                             {{"fields", FieldsOf(row.record, changed)}});
  });
}

// ---- Merging ----

Status Store::Merge(const Asker& asker, CustomerId kept, int64_t version, CustomerId other, Instant now) {
  if (kept == other) return Error("merge_same");
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
    ledger::Lock(connection, look.dealer);
    ASSIGN_OR_RETURN(const Row keeps, FindRow(look, kept));
    ASSIGN_OR_RETURN(const Row goes, FindRow(look, other));
    if (keeps.id == goes.id) return Error("merge_same");
    // Who names a merged customer would not know what he moves.
    if (keeps.id != kept || goes.id != other) return Error("not_found");
    if (keeps.anonymised_at || goes.anonymised_at) return Error("customer_anonymised");
    if (keeps.version != version) {
      return Error("edit_conflict").With("by", keeps.changed_by).With("version", keeps.version);
    }
    json::array leads;
    json::array named;
    std::vector<CustomerId> merged;
    {
      db::Rows rows =
          connection.Query("SELECT lead FROM lead WHERE dealer_id = ?1 AND customer_id = ?2", look.dealer, other);
      while (rows.Next()) leads.emplace_back(rows.Text(0));
    }
    {
      db::Rows rows =
          connection.Query("SELECT lead FROM lead WHERE dealer_id = ?1 AND referrer_id = ?2", look.dealer, other);
      while (rows.Next()) named.emplace_back(rows.Text(0));
    }
    {
      db::Rows rows = connection.Query("SELECT customer_id FROM customer WHERE dealer_id = ?1 AND merged_into = ?2",
                                       look.dealer, other);
      while (rows.Next()) merged.emplace_back(rows.Int(0));
    }
    connection.Execute(
        "UPDATE lead SET customer_id = ?3, version = version + 1 WHERE dealer_id = ?1 AND customer_id = ?2",
        look.dealer, other, kept);
    connection.Execute(
        "UPDATE lead SET referrer_id = ?3, version = version + 1 WHERE dealer_id = ?1 AND referrer_id = ?2",
        look.dealer, other, kept);
    connection.Execute(
        "UPDATE customer SET merged_into = ?3 WHERE dealer_id = ?1 AND (customer_id = ?2 OR merged_into = ?2)",
        look.dealer, other, kept);
    connection.Execute(
        "UPDATE customer SET version = version + 1, changed_at = ?4, changed_by = ?5 "
        "WHERE dealer_id = ?1 AND customer_id IN (?2, ?3)",
        look.dealer, kept, other, now.ms, look.by);
    const std::string moved =
        json::serialize(json::object{{"leads", leads}, {"named", named}, {"merged", Ids(merged)}});
    connection.Execute(
        "INSERT INTO customer_merge (dealer_id, merge_id, kept_id, merged_id, moved, merged_at, merged_by) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        look.dealer, NewId(), kept, other, moved, now.ms, look.by);
    return look.witness.Note(connection, "customer.merge", db::ObjectOf("customer", kept.value), look.dealer,
                             {{"customer", std::to_string(other.value)}});
  });
}

Status Store::Unmerge(const Asker& asker, CustomerId kept, int64_t version, CustomerId other, Instant now) {
  return database_.Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
    ledger::Lock(connection, look.dealer);
    ASSIGN_OR_RETURN(const Row keeps, FindRow(look, kept));
    if (keeps.id != kept) return Error("not_found");
    if (keeps.anonymised_at) return Error("customer_anonymised");
    if (keeps.version != version) {
      return Error("edit_conflict").With("by", keeps.changed_by).With("version", keeps.version);
    }
    int64_t merge = 0;
    std::string moved;
    {
      // Only the last merging of `other` counts, and only when it is into this one: that one may have gone on into
      // another, which must be taken back first.
      db::Rows rows = connection.Query(
          "SELECT merge_id, moved FROM customer_merge WHERE dealer_id = ?1 AND kept_id = ?2 AND merged_id = ?3 "
          "AND undone_at IS NULL ORDER BY merge_id DESC LIMIT 1",
          look.dealer, kept, other);
      if (!rows.Next()) return Error("merge_unknown");
      merge = rows.Int(0);
      moved = rows.Text(1);
    }
    const json::value parts = json::parse(moved);
    for (const json::value& lead : parts.at("leads").as_array()) {
      connection.Execute("UPDATE lead SET customer_id = ?3, version = version + 1 WHERE dealer_id = ?1 AND lead = ?2",
                         look.dealer, std::string_view(lead.as_string()), other);
    }
    for (const json::value& lead : parts.at("named").as_array()) {
      connection.Execute(
          "UPDATE lead SET referrer_id = ?3, version = version + 1 WHERE dealer_id = ?1 AND lead = ?2 "
          "AND referrer_id = ?4",
          look.dealer, std::string_view(lead.as_string()), other, kept);
    }
    for (const json::value& id : parts.at("merged").as_array()) {
      connection.Execute(
          "UPDATE customer SET merged_into = ?3 WHERE dealer_id = ?1 AND customer_id = ?2 "
          "AND merged_into = ?4",
          look.dealer, id.to_number<int64_t>(), other, kept);
    }
    connection.Execute("UPDATE customer SET merged_into = NULL WHERE dealer_id = ?1 AND customer_id = ?2", look.dealer,
                       other);
    connection.Execute(
        "UPDATE customer SET version = version + 1, changed_at = ?4, changed_by = ?5 "
        "WHERE dealer_id = ?1 AND customer_id IN (?2, ?3)",
        look.dealer, kept, other, now.ms, look.by);
    connection.Execute(
        "UPDATE customer_merge SET undone_at = ?3, undone_by = ?4 WHERE dealer_id = ?1 AND merge_id = ?2", look.dealer,
        merge, now.ms, look.by);
    return look.witness.Note(connection, "customer.unmerge", db::ObjectOf("customer", kept.value), look.dealer,
                             {{"customer", std::to_string(other.value)}});
  });
}

// ---- Handing over ----

Result<int64_t> Store::HandOver(const Asker& asker, StaffId from, StaffId to,
                                const std::optional<std::vector<CustomerId>>& only, Instant now) {
  return database_.Write<int64_t>([&](db::Connection& connection) -> Result<int64_t> {
    ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
    ledger::Lock(connection, look.dealer);
    RETURN_IF_ERROR(look.CheckOwner(from));
    RETURN_IF_ERROR(look.CheckOwner(to));
    if (from == to) return int64_t{0};
    std::vector<ledger::NewEntry> entries;
    const auto take_leads = [&](db::Rows rows) {
      while (rows.Next()) {
        Lead lead;
        lead.code = rows.Text(0);
        lead.attempt = static_cast<int>(rows.Int(1));
        lead.owner = to;
        entries.push_back(Entry(look, "assigned", lead));
      }
    };
    int64_t count = 0;
    std::vector<CustomerId> moved;
    if (only) {
      for (const CustomerId id : *only) {
        ASSIGN_OR_RETURN(const Row row, FindRow(look, id));
        if (row.id != id || row.owner != from) return Error("not_found");
        take_leads(connection.Query(
            "SELECT lead, attempt FROM lead WHERE dealer_id = ?1 AND customer_id = ?2 AND owner_id = ?3 "
            "AND status IN ('open', 'suspended', 'won') ORDER BY lead",
            look.dealer, id, from));
        moved.push_back(id);
        count += connection.Execute(
            "UPDATE customer SET owner_id = ?3, version = version + 1, changed_at = ?4, changed_by = ?5 "
            "WHERE dealer_id = ?1 AND customer_id = ?2",
            look.dealer, id, to, now.ms, look.by);
        connection.ExecuteLater(
            "UPDATE lead SET owner_id = ?4, version = version + 1, changed_at = ?5, changed_by = ?6 "
            "WHERE dealer_id = ?1 AND customer_id = ?2 AND owner_id = ?3 AND status IN ('open', 'suspended', 'won')",
            look.dealer, id, from, to, now.ms, look.by);
      }
    } else {
      {
        db::Rows rows = connection.Query(
            "SELECT customer_id FROM customer WHERE dealer_id = ?1 AND owner_id = ?2 AND merged_into IS NULL "
            "ORDER BY customer_id",
            look.dealer, from);
        while (rows.Next()) moved.emplace_back(rows.Int(0));
      }
      take_leads(
          connection.Query("SELECT lead, attempt FROM lead WHERE dealer_id = ?1 AND owner_id = ?2 "
                           "AND status IN ('open', 'suspended', 'won') ORDER BY lead",
                           look.dealer, from));
      count = connection.Execute(
          "UPDATE customer SET owner_id = ?3, version = version + 1, changed_at = ?4, changed_by = ?5 "
          "WHERE dealer_id = ?1 AND owner_id = ?2 AND merged_into IS NULL",
          look.dealer, from, to, now.ms, look.by);
      // Merged ones as well, lest one comes back to somebody who has left.
      connection.Execute(
          "UPDATE customer SET owner_id = ?3 WHERE dealer_id = ?1 AND owner_id = ?2 AND merged_into IS NOT NULL",
          look.dealer, from, to);
      connection.Execute(
          "UPDATE lead SET owner_id = ?3, version = version + 1, changed_at = ?4, changed_by = ?5 "
          "WHERE dealer_id = ?1 AND owner_id = ?2 AND status IN ('open', 'suspended', 'won')",
          look.dealer, from, to, now.ms, look.by);
    }
    if (!entries.empty()) ledger::Append(connection, *catalog_, look.dealer, entries, {look.by, now, {}});
    for (const CustomerId id : moved) {
      RETURN_IF_ERROR(look.witness.Note(connection, "customer.hand_over", db::ObjectOf("customer", id.value),
                                        look.dealer,
                                        {{"from", std::to_string(from.value)}, {"to", std::to_string(to.value)}}));
    }
    return count;
  });
}

// ---- Personal data ----

Result<Seen> Store::See(db::Connection& connection, const Asker& asker, CustomerId id, Instant now) const {
  ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
  ASSIGN_OR_RETURN(Row row, FindRow(look, id));
  Seen seen{row.id, row.kind, row.owner, std::move(row.record), {}, row.anonymised_at, row.anonymised_why, look.today};
  db::Rows rows = connection.Query(
      "SELECT customer_id FROM customer WHERE dealer_id = ?1 AND merged_into = ?2 ORDER BY customer_id", look.dealer,
      seen.id);
  while (rows.Next()) seen.merged.emplace_back(rows.Int(0));
  return seen;
}

Result<std::vector<std::string>> Store::LeadsOf(db::Connection& connection, const Asker& asker, CustomerId id,
                                                Instant now) const {
  ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
  std::vector<std::string> leads;
  db::Rows rows = connection.Query(
      "SELECT lead, owner_id FROM lead WHERE dealer_id = ?1 AND customer_id = ?2 ORDER BY lead", look.dealer, id);
  while (rows.Next()) {
    if (look.sight.Sees(StaffId(rows.Int(1)))) leads.emplace_back(rows.Text(0));
  }
  return leads;
}

Result<CustomerId> Store::CustomerOfLead(db::Connection& connection, const Asker& asker, std::string_view code,
                                         Instant now) const {
  ASSIGN_OR_RETURN(const Look look, Look::Begin(connection, asker, now));
  db::Rows rows =
      connection.Query("SELECT customer_id, owner_id FROM lead WHERE dealer_id = ?1 AND lead = ?2", look.dealer, code);
  if (!rows.Next() || !look.sight.Sees(StaffId(rows.Int(1)))) return Error("not_found");
  return CustomerId(rows.Int(0));
}

Result<Record> Store::ReadRecord(db::Connection& connection, DealerId dealer, CustomerId id) const {
  db::Rows rows =
      connection.Query("SELECT personal FROM customer WHERE dealer_id = ?1 AND customer_id = ?2", dealer, id);
  if (!rows.Next()) return Error("not_found");
  return Unseal(dealer, id, rows.Bytes(0));
}

void Store::MarkNoContact(db::Connection& connection, DealerId dealer, CustomerId id, NoContact no_contact) {
  const std::string_view name = NoContactName(no_contact);
  connection.Execute("UPDATE customer SET no_contact = ?3 WHERE dealer_id = ?1 AND customer_id = ?2", dealer, id,
                     name.empty() ? std::nullopt : std::optional(name));
}

Status Store::Anonymise(db::Connection& connection, DealerId dealer, const std::vector<CustomerId>& ids,
                        std::string_view why, Instant now) const {
  ASSIGN_OR_RETURN(const access::IndexKeys keys, vault_.HoldIndexKeys(connection));
  for (const CustomerId id : ids) {
    std::string sealed;
    {
      db::Rows rows =
          connection.Query("SELECT personal FROM customer WHERE dealer_id = ?1 AND customer_id = ?2", dealer, id);
      if (!rows.Next()) return Error("not_found");
      sealed = rows.Bytes(0);
    }
    if (const auto record = Unseal(dealer, id, sealed); record.ok()) {
      ChangeTokens(connection, keys, dealer, id, *record, {});
    } else {
      // What was found by cannot be told any more: looked for among all tokens.
      connection.Execute("DELETE FROM customer_token WHERE dealer_id = ?1 AND customer_id = ?2", dealer, id);
    }
    // A list that names him again must not be known by what it said of him.
    connection.Execute("UPDATE customer_import_row SET row_key = NULL WHERE dealer_id = ?1 AND customer_id = ?2",
                       dealer, id);
    ASSIGN_OR_RETURN(const std::string empty, Seal(connection, dealer, id, {}));
    connection.Execute(
        "UPDATE customer SET personal = ?3, anonymised_at = ?4, anonymised_why = ?5, version = version + 1 "
        "WHERE dealer_id = ?1 AND customer_id = ?2",
        dealer, id, db::Blob{empty}, now.ms, why);
    attachments::Store::Erase(connection, dealer, {kCustomerHome, std::to_string(id.value)});
    std::vector<std::string> leads;
    {
      db::Rows rows = connection.Query("SELECT lead FROM lead WHERE dealer_id = ?1 AND customer_id = ?2", dealer, id);
      while (rows.Next()) leads.emplace_back(rows.Text(0));
    }
    for (const std::string& code : leads) {
      attachments::Store::Erase(connection, dealer, {kLeadHome, code});
      Lead lead;
      lead.code = code;
      ASSIGN_OR_RETURN(const std::string words, SealWords(connection, dealer, lead));
      connection.Execute(
          "UPDATE lead SET words = ?3, status = CASE WHEN status = 'open' THEN 'suspended' ELSE status END, "
          "version = version + 1 WHERE dealer_id = ?1 AND lead = ?2",
          dealer, code, db::Blob{words});
    }
  }
  return {};
}

}  // namespace dealpace::leads
