#include "attachments/store.h"

#include <algorithm>
#include <boost/json.hpp>

#include "access/file_key.h"
#include "access/secrets.h"
#include "base/text.h"
#include "catalog/text_rules.h"

namespace dealpace::attachments {
namespace {

namespace json = boost::json;

constexpr size_t kChunk = 128 << 10;     // bytes of a piece
constexpr int64_t kChunksAtOnce = 32;    // removed in one transaction
constexpr int64_t kSlackMs = 3'600'000;  // between the clocks of servers: nothing goes before its time is over
constexpr int64_t kLookedAt = 500;       // files in one reading

const std::string kColumns =
    "attachment_id, owner_kind, owner_id, content_type, size, head, version, added_at, added_by, changed_at, "
    "changed_by, removed_at, removed_by ";

access::Vault::Place PlaceOf(DealerId dealer, AttachmentId id) {
  return {access::SealedField::kAttachmentHead, id.value, dealer.value};
}

// Of which file a piece is, and which one.
std::string About(DealerId dealer, AttachmentId id, size_t position) {
  return std::to_string(dealer.value) + "|attachment_chunk|bytes|" + std::to_string(id.value) + "|" +
         std::to_string(position);
}

std::string Hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

std::string Unhex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  return bytes;
}

std::string TextOf(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains(field);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Status CheckRoom(db::Connection& connection, DealerId dealer, const Owner& owner) {
  db::Rows rows = connection.Query(
      "SELECT COUNT(*) FROM attachment WHERE dealer_id = ?1 AND owner_kind = ?2 AND owner_id = ?3 "
      "AND removed_at IS NULL",
      dealer, owner.kind, owner.id);
  rows.Next();
  return rows.Int(0) < kPerOwnerMax ? Status() : Error("attachments_too_many").With("max", kPerOwnerMax);
}

}  // namespace

Packed::~Packed() { access::Wipe(key_); }

struct Store::Head {
  std::string name;
  std::string description;
  std::string key;  // hexadecimal
  std::string hash;
};

struct Store::Row {
  Attachment attachment;
  Head head;
};

Result<Store::Head> Store::Open(DealerId dealer, AttachmentId id, std::string_view sealed) const {
  ASSIGN_OR_RETURN(const std::string text, vault_.Unseal(PlaceOf(dealer, id), sealed));
  boost::system::error_code problem;
  const json::value value = json::parse(text, problem);
  if (problem || !value.is_object()) return Error("sealed_damaged");
  const json::object& object = value.get_object();
  return Head{TextOf(object, "name"), TextOf(object, "description"), TextOf(object, "key"), TextOf(object, "hash")};
}

Result<std::string> Store::SealHead(db::Connection& connection, DealerId dealer, AttachmentId id,
                                    const Head& head) const {
  return vault_.Seal(
      connection, PlaceOf(dealer, id),
      json::serialize(json::object{
          {"name", head.name}, {"description", head.description}, {"key", head.key}, {"hash", head.hash}}));
}

// ---- Adding ----

Result<std::string> Store::CleanDescription(std::string_view description) {
  if (!IsUtf8(description)) return Error("text_not_utf8");
  std::vector<std::string> lines;
  for (const std::string& line : Split(ReplaceAll(Trim(description), "\r\n", "\n"), '\n')) {
    ASSIGN_OR_RETURN(std::string clean, catalog::LineOfText("description", line, kDescriptionMax));
    lines.push_back(std::move(clean));
  }
  std::string text = Join(lines, "\n");
  size_t characters = 0;
  for (std::string_view rest = text; !rest.empty(); ++characters) (void)NextCodePoint(rest);
  if (characters > kDescriptionMax) {
    return Error("field_too_long").With("field", "description").With("max", kDescriptionMax);
  }
  return text;
}

Result<Packed> Store::Pack(DealerId dealer, std::string_view name, std::string_view description,
                           std::string_view bytes) {
  if (bytes.empty()) return Error("attachment_empty");
  if (static_cast<int64_t>(bytes.size()) > kBytesMax) return Error("attachment_too_large").With("max", kBytesMax >> 20);
  Packed packed;
  ASSIGN_OR_RETURN(packed.type_, ContentTypeOf(bytes));
  ASSIGN_OR_RETURN(packed.name_, CleanName(name, *packed.type_));
  ASSIGN_OR_RETURN(packed.description_, CleanDescription(description));
  packed.dealer_ = dealer;
  packed.id_ = AttachmentId(NewId());
  packed.size_ = static_cast<int64_t>(bytes.size());
  packed.hash_ = access::HashSecret(bytes);
  const access::FileKey key = access::FileKey::Make();
  packed.key_ = Hex(key.bytes());
  for (size_t at = 0; at < bytes.size(); at += kChunk) {
    packed.chunks_.push_back(key.Seal(About(dealer, packed.id_, packed.chunks_.size()), bytes.substr(at, kChunk)));
  }
  return packed;
}

Status Store::Add(db::Connection& connection, const Owner& owner, const Packed& packed, std::string_view by,
                  Instant now) const {
  RETURN_IF_ERROR(CheckRoom(connection, packed.dealer_, owner));
  // Nor may somebody fill the store by adding and taking away.
  db::Rows all = connection.Query(
      "SELECT COUNT(*) FROM attachment WHERE dealer_id = ?1 AND owner_kind = ?2 AND owner_id = ?3 AND head IS NOT NULL",
      packed.dealer_, owner.kind, owner.id);
  all.Next();
  if (all.Int(0) >= kPerOwnerInAllMax) return Error("attachments_too_many_removed").With("max", kPerOwnerInAllMax);
  ASSIGN_OR_RETURN(const std::string head, SealHead(connection, packed.dealer_, packed.id_,
                                                    {packed.name_, packed.description_, packed.key_, packed.hash_}));
  connection.Execute(
      "INSERT INTO attachment (dealer_id, attachment_id, owner_kind, owner_id, content_type, size, head, version, "
      "added_at, added_by, changed_at, changed_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8, ?9, ?8, ?9)",
      packed.dealer_, packed.id_, owner.kind, owner.id, packed.type_->id, packed.size_, db::Blob{head}, now.ms, by);
  for (size_t i = 0; i < packed.chunks_.size(); ++i) {
    connection.ExecuteLater(
        "INSERT INTO attachment_chunk (dealer_id, attachment_id, position, bytes) VALUES (?1, ?2, ?3, ?4)",
        packed.dealer_, packed.id_, i, db::Blob{packed.chunks_[i]});
  }
  return {};
}

// ---- Reading ----

namespace {

// All but what is sealed.
Attachment ReadPlain(const db::Rows& rows) {
  Attachment attachment;
  attachment.id = AttachmentId(rows.Int(0));
  attachment.owner = {std::string(rows.Text(1)), std::string(rows.Text(2))};
  attachment.type = FindContentType(rows.Text(3));
  attachment.size = rows.Int(4);
  attachment.version = rows.Int(6);
  attachment.added_at = {rows.Int(7)};
  attachment.added_by = rows.Text(8);
  attachment.changed_at = {rows.Int(9)};
  attachment.changed_by = rows.Text(10);
  if (const auto at = rows.OptionalInt(11)) attachment.removed_at = Instant{*at};
  attachment.removed_by = rows.Text(12);
  return attachment;
}

}  // namespace

Result<Store::Row> Store::FindRow(db::Connection& connection, DealerId dealer, AttachmentId id) const {
  db::Rows rows = connection.Query(
      "SELECT " + kColumns + "FROM attachment WHERE dealer_id = ?1 AND attachment_id = ?2 AND head IS NOT NULL", dealer,
      id);
  if (!rows.Next()) return Error("not_found");
  Row row;
  row.attachment = ReadPlain(rows);
  const Error damaged = Error("attachment_damaged").With("attachment", id.value);
  if (row.attachment.type == nullptr) return damaged;
  auto head = Open(dealer, id, rows.Bytes(5));
  if (!head.ok()) return damaged;
  row.head = *std::move(head);
  row.attachment.name = row.head.name;
  row.attachment.description = row.head.description;
  return row;
}

Result<Owner> Store::OwnerOf(db::Connection& connection, DealerId dealer, AttachmentId id) {
  db::Rows rows = connection.Query(
      "SELECT owner_kind, owner_id FROM attachment WHERE dealer_id = ?1 AND attachment_id = ?2 AND head IS NOT NULL",
      dealer, id);
  if (!rows.Next()) return Error("not_found");
  return Owner{std::string(rows.Text(0)), std::string(rows.Text(1))};
}

Result<Attachment> Store::Find(db::Connection& connection, DealerId dealer, AttachmentId id) const {
  ASSIGN_OR_RETURN(Row row, FindRow(connection, dealer, id));
  access::Wipe(row.head.key);
  return row.attachment;
}

Result<std::vector<Attachment>> Store::List(db::Connection& connection, DealerId dealer,
                                            const std::vector<Owner>& owners, bool removed) const {
  std::vector<Attachment> all;
  for (const Owner& owner : owners) {
    db::Rows rows = connection.Query(
        "SELECT " + kColumns +
            "FROM attachment WHERE dealer_id = ?1 AND owner_kind = ?2 AND owner_id = ?3 AND head IS NOT NULL",
        dealer, owner.kind, owner.id);
    while (rows.Next()) {
      Attachment attachment = ReadPlain(rows);
      if (attachment.removed_at.has_value() != removed) continue;
      auto head = Open(dealer, attachment.id, rows.Bytes(5));
      attachment.damaged = !head.ok() || attachment.type == nullptr;
      if (head.ok()) {
        access::Wipe(head->key);
        attachment.name = std::move(head->name);
        attachment.description = std::move(head->description);
      }
      all.push_back(std::move(attachment));
    }
  }
  std::sort(all.begin(), all.end(), [](const Attachment& a, const Attachment& b) {
    return std::pair(a.added_at, a.id) > std::pair(b.added_at, b.id);
  });
  return all;
}

Result<std::string> Store::Read(db::Connection& connection, DealerId dealer, AttachmentId id) const {
  ASSIGN_OR_RETURN(Row row, FindRow(connection, dealer, id));
  if (row.attachment.removed_at) return Error("not_found");
  const Error damaged = Error("attachment_damaged").With("attachment", id.value);
  const auto key = access::FileKey::From(Unhex(row.head.key));
  access::Wipe(row.head.key);
  if (!key) return damaged;
  std::string bytes;
  bytes.reserve(static_cast<size_t>(std::clamp<int64_t>(row.attachment.size, 0, kBytesMax)));
  db::Rows rows = connection.Query(
      "SELECT position, bytes FROM attachment_chunk WHERE dealer_id = ?1 AND attachment_id = ?2 ORDER BY position",
      dealer, id);
  for (size_t position = 0; rows.Next(); ++position) {
    if (rows.Int(0) != static_cast<int64_t>(position)) return damaged;
    if (!key->Unseal(About(dealer, id, position), rows.Bytes(1), bytes).ok()) return damaged;
  }
  // A missing end would not be told by its pieces.
  if (static_cast<int64_t>(bytes.size()) != row.attachment.size || access::HashSecret(bytes) != row.head.hash) {
    return damaged;
  }
  return bytes;
}

// ---- Changing ----

Result<std::vector<std::string>> Store::Change(db::Connection& connection, DealerId dealer, AttachmentId id,
                                               int64_t version, const std::optional<std::string>& name,
                                               const std::optional<std::string>& description, std::string_view by,
                                               Instant now) const {
  // First of all, so that of two changes at once one waits here and then finds the version moved.
  const int64_t moved = connection.Execute(
      "UPDATE attachment SET version = version + 1, changed_at = ?4, changed_by = ?5 "
      "WHERE dealer_id = ?1 AND attachment_id = ?2 AND version = ?3 AND removed_at IS NULL",
      dealer, id, version, now.ms, by);
  ASSIGN_OR_RETURN(const Row row, FindRow(connection, dealer, id));
  if (row.attachment.removed_at) return Error("not_found");
  if (moved == 0) {
    return Error("edit_conflict").With("by", row.attachment.changed_by).With("version", row.attachment.version);
  }
  Head head = row.head;
  if (name) {
    ASSIGN_OR_RETURN(head.name, CleanName(*name, *row.attachment.type));
  }
  if (description) {
    ASSIGN_OR_RETURN(head.description, CleanDescription(*description));
  }
  std::vector<std::string> fields;
  if (head.name != row.head.name) fields.emplace_back("name");
  if (head.description != row.head.description) fields.emplace_back("description");
  ASSIGN_OR_RETURN(const std::string sealed, SealHead(connection, dealer, id, head));
  access::Wipe(head.key);
  connection.Execute("UPDATE attachment SET head = ?3 WHERE dealer_id = ?1 AND attachment_id = ?2", dealer, id,
                     db::Blob{sealed});
  return fields;
}

Status Store::Remove(db::Connection& connection, DealerId dealer, AttachmentId id, std::string_view by, Instant now) {
  const int64_t moved = connection.Execute(
      "UPDATE attachment SET removed_at = ?3, removed_by = ?4, version = version + 1 "
      "WHERE dealer_id = ?1 AND attachment_id = ?2 AND removed_at IS NULL",
      dealer, id, now.ms, by);
  return moved == 1 ? Status() : Error("not_found");
}

Status Store::Restore(db::Connection& connection, DealerId dealer, AttachmentId id, std::string_view by, Instant now) {
  ASSIGN_OR_RETURN(const Owner owner, OwnerOf(connection, dealer, id));
  RETURN_IF_ERROR(CheckRoom(connection, dealer, owner));
  const int64_t moved = connection.Execute(
      "UPDATE attachment SET removed_at = NULL, removed_by = NULL, version = version + 1, changed_at = ?3, "
      "changed_by = ?4 WHERE dealer_id = ?1 AND attachment_id = ?2 AND removed_at IS NOT NULL AND head IS NOT NULL",
      dealer, id, now.ms, by);
  return moved == 1 ? Status() : Error("not_found");
}

// ---- Gone for good ----

bool Store::HasAny(db::Connection& connection, DealerId dealer, const Owner& owner) {
  return connection
      .Query(
          "SELECT 1 FROM attachment WHERE dealer_id = ?1 AND owner_kind = ?2 AND owner_id = ?3 AND head IS NOT NULL "
          "LIMIT 1",
          dealer, owner.kind, owner.id)
      .Next();
}

void Store::Erase(db::Connection& connection, DealerId dealer, const Owner& owner) {
  connection.Execute(
      "UPDATE attachment SET head = NULL, removed_at = 0, version = version + 1 "
      "WHERE dealer_id = ?1 AND owner_kind = ?2 AND owner_id = ?3",
      dealer, owner.kind, owner.id);
}

namespace {

enum class Step { kStays, kPart, kWhole };

// A step of removing one file.
Result<Step> RemoveSome(db::Connection& connection, DealerId dealer, AttachmentId id, int64_t until,
                        const MustStay& must_stay) {
  Owner owner;
  bool erased = false;
  {
    db::Rows rows = connection.Query(
        "SELECT owner_kind, owner_id, head FROM attachment "
        "WHERE dealer_id = ?1 AND attachment_id = ?2 AND removed_at <= ?3",
        dealer, id, until);
    if (!rows.Next()) return Step::kStays;  // somebody has had it back, or another server was faster
    owner = {std::string(rows.Text(0)), std::string(rows.Text(1))};
    erased = rows.IsNull(2);
  }
  if (!erased && must_stay) {
    ASSIGN_OR_RETURN(const bool stays, must_stay(connection, dealer, owner));
    if (stays) return Step::kStays;
  }
  // From here on nobody can have it back, or what is left of it would be damaged.
  const int64_t taken = connection.Execute(
      "UPDATE attachment SET head = NULL, removed_at = 0 "
      "WHERE dealer_id = ?1 AND attachment_id = ?2 AND removed_at <= ?3",
      dealer, id, until);
  if (taken == 0) return Step::kStays;
  int64_t last = -1;
  {
    db::Rows rows = connection.Query(
        "SELECT MAX(position) FROM attachment_chunk WHERE dealer_id = ?1 AND attachment_id = ?2", dealer, id);
    if (rows.Next() && !rows.IsNull(0)) last = rows.Int(0);
  }
  connection.Execute("DELETE FROM attachment_chunk WHERE dealer_id = ?1 AND attachment_id = ?2 AND position > ?3",
                     dealer, id, last - kChunksAtOnce);
  if (last >= kChunksAtOnce) return Step::kPart;
  connection.Execute("DELETE FROM attachment WHERE dealer_id = ?1 AND attachment_id = ?2", dealer, id);
  return Step::kWhole;
}

}  // namespace

Result<int64_t> Sweep(db::Database& database, std::optional<DealerId> dealer, Instant now, const MustStay& must_stay,
                      const std::function<Status(db::Connection&)>& guard, const std::function<bool()>& go_on) {
  using Dealers = std::vector<DealerId>;
  ASSIGN_OR_RETURN(const Dealers dealers, database.Read<Dealers>([&](db::Connection& connection) -> Result<Dealers> {
    if (dealer) return Dealers{*dealer};
    Dealers all;
    db::Rows rows = connection.Query("SELECT dealer_id FROM dealer ORDER BY dealer_id");
    while (rows.Next()) all.emplace_back(rows.Int(0));
    return all;
  }));
  const int64_t until = now.ms - kUndoMs - kSlackMs;
  int64_t gone = 0;
  for (const DealerId at : dealers) {
    AttachmentId after;
    while (true) {
      using Files = std::vector<AttachmentId>;
      ASSIGN_OR_RETURN(const Files files, database.Read<Files>([&](db::Connection& connection) -> Result<Files> {
        Files due;
        db::Rows rows = connection.Query(
            "SELECT attachment_id FROM attachment WHERE dealer_id = ?1 AND removed_at <= ?2 AND attachment_id > ?3 "
            "ORDER BY attachment_id LIMIT ?4",
            at, until, after, kLookedAt);
        while (rows.Next()) due.emplace_back(rows.Int(0));
        return due;
      }));
      if (files.empty()) break;
      for (const AttachmentId file : files) {
        Step step = Step::kPart;
        while (step == Step::kPart) {
          if (go_on && !go_on()) return gone;
          ASSIGN_OR_RETURN(step, database.Write<Step>([&](db::Connection& connection) -> Result<Step> {
            if (guard) RETURN_IF_ERROR(guard(connection));
            return RemoveSome(connection, at, file, until, must_stay);
          }));
        }
        if (step == Step::kWhole) ++gone;
      }
      after = files.back();
    }
  }
  return gone;
}

}  // namespace dealpace::attachments
