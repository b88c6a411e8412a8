#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/vault.h"
#include "attachments/content.h"
#include "base/days.h"
#include "db/db.h"

// Files that belong to something of a dealer, encrypted. Whose they are, and who may see that, is the caller's matter.
namespace dealpace::attachments {

using AttachmentId = Id<struct AttachmentTag>;

inline constexpr int64_t kBytesMax = int64_t{20} << 20;  // of a file
inline constexpr int kPerOwnerMax = 100;                 // files, those taken away not counted
inline constexpr int kPerOwnerInAllMax = 200;            // with those that can be had back
inline constexpr size_t kDescriptionMax = 500;           // characters
// How long what was taken away can be had back at least; then it can be until Sweep has removed it.
inline constexpr int64_t kUndoMs = int64_t{7} * 24 * 3600 * 1000;

// What a file belongs to: "customer" and his number, "lead" and its code.
struct Owner {
  std::string kind;
  std::string id;
  auto operator<=>(const Owner&) const = default;
};

struct Attachment {
  AttachmentId id;
  Owner owner;
  std::string name;
  std::string description;
  const ContentType* type = nullptr;  // null: of a release that knew more
  int64_t size = 0;                   // bytes
  // What is stored of it cannot be opened: nobody knows its name, and there are no bytes to be had. It can be taken
  // away.
  bool damaged = false;
  int64_t version = 0;
  Instant added_at{};
  std::string added_by;
  Instant changed_at{};
  std::string changed_by;
  std::optional<Instant> removed_at;
  std::string removed_by;
};

// A file that has been looked at and encrypted, ready to be stored.
class Packed;

// Thread-safe. Ids are looked for at one dealer; what is not there, or gone for good, is not_found.
class Store {
 public:
  explicit Store(const access::Vault& vault) : vault_(vault) {}

  // Encrypts; needs no transaction. Fails with file_empty, attachment_too_large, and as ContentTypeOf, CleanName and
  // CleanDescription do.
  [[nodiscard]] static Result<Packed> Pack(DealerId dealer, std::string_view name, std::string_view description,
                                           std::string_view bytes);
  // Without control characters but for ends of lines. Fails with field_too_long, field_control_character.
  [[nodiscard]] static Result<std::string> CleanDescription(std::string_view description);

  // Each within the caller's transaction, which also writes down the deed.

  // Fails with attachments_too_many, attachments_too_many_removed.
  [[nodiscard]] Status Add(db::Connection& connection, const Owner& owner, const Packed& packed, std::string_view by,
                           Instant now) const;
  // The newest first, with those that are damaged. `removed`: instead those that were taken away and can be had back.
  [[nodiscard]] Result<std::vector<Attachment>> List(db::Connection& connection, DealerId dealer,
                                                     const std::vector<Owner>& owners, bool removed) const;
  // Also one that was taken away and can be had back. Fails with attachment_damaged.
  [[nodiscard]] Result<Attachment> Find(db::Connection& connection, DealerId dealer, AttachmentId id) const;
  // Whether an owner has any, also one that was taken away and can be had back.
  [[nodiscard]] static bool HasAny(db::Connection& connection, DealerId dealer, const Owner& owner);
  // Whose it is, without opening anything.
  [[nodiscard]] static Result<Owner> OwnerOf(db::Connection& connection, DealerId dealer, AttachmentId id);
  // The bytes of one that was not taken away. Fails with attachment_damaged when they are not what was stored.
  [[nodiscard]] Result<std::string> Read(db::Connection& connection, DealerId dealer, AttachmentId id) const;
  // What is absent stays. Returns the names of the fields that were changed. Fails with edit_conflict,
  // attachment_damaged, and as Pack does for words.
  [[nodiscard]] Result<std::vector<std::string>> Change(db::Connection& connection, DealerId dealer, AttachmentId id,
                                                        int64_t version, const std::optional<std::string>& name,
                                                        const std::optional<std::string>& description,
                                                        std::string_view by, Instant now) const;
  static Status Remove(db::Connection& connection, DealerId dealer, AttachmentId id, std::string_view by, Instant now);
  // As long as it is there. Fails with attachments_too_many.
  static Status Restore(db::Connection& connection, DealerId dealer, AttachmentId id, std::string_view by, Instant now);

  // All of an owner's are gone for good, those taken away as well: their keys are, with this transaction. The bytes,
  // which nobody can read any more, are removed by Sweep.
  static void Erase(db::Connection& connection, DealerId dealer, const Owner& owner);

 private:
  struct Head;
  struct Row;
  [[nodiscard]] Result<Row> FindRow(db::Connection& connection, DealerId dealer, AttachmentId id) const;
  [[nodiscard]] Result<Head> Open(DealerId dealer, AttachmentId id, std::string_view sealed) const;
  [[nodiscard]] Result<std::string> SealHead(db::Connection& connection, DealerId dealer, AttachmentId id,
                                             const Head& head) const;

  const access::Vault& vault_;
};

class Packed {
 public:
  [[nodiscard]] AttachmentId id() const { return id_; }

 private:
  friend class Store;
  DealerId dealer_;
  AttachmentId id_;
  std::string name_;
  std::string description_;
  const ContentType* type_ = nullptr;
  int64_t size_ = 0;
  std::string key_;
  std::string hash_;
  std::vector<std::string> chunks_;

 public:
  Packed() = default;
  Packed(Packed&&) = default;
  Packed& operator=(Packed&&) = default;
  Packed(const Packed&) = delete;
  Packed& operator=(const Packed&) = delete;
  ~Packed();
};

// Whether what somebody has taken away of this owner must stay all the same: by a legal hold, say. Asked in the
// transaction that would remove it, and must keep the answer true until that has ended.
using MustStay = std::function<Result<bool>(db::Connection&, DealerId, const Owner&)>;

// Removes what was erased, and what was taken away too long ago to be had back and need not stay, of one dealer or of
// all: a few megabytes in each transaction. `guard` is called in each of these and fails it when somebody else has
// taken over; `go_on` is asked between them. May be stopped and begun again at any time. Returns how many files are
// gone.
[[nodiscard]] Result<int64_t> Sweep(db::Database& database, std::optional<DealerId> dealer, Instant now,
                                    const MustStay& must_stay = {},
                                    const std::function<Status(db::Connection&)>& guard = {},
                                    const std::function<bool()>& go_on = {});

}  // namespace dealpace::attachments
