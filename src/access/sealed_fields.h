#pragma once

#include <array>
#include <cstddef>
#include <string_view>

// The one list of the columns that hold sealed fields. Only what stands here can be sealed (Vault::Place), and what is
// sealed anew with another data key, counted, and looked at before a key is dropped is what stands here. So a column
// that is sealed and not looked after does not compile.
namespace dealpace::access {

enum class SealedField {
  kCustomerPersonal,
  kLeadWords,
  kConsentEvidence,
  kRequestWords,
  kImportPart,
  kSecondFactorSecret,
  kAttachmentHead,  // with the key of the file (file_key.h)
  kCoachingNote,
};

// Where the fields lie. Table and column are bound into what is sealed: neither can be renamed.
struct SealedColumn {
  SealedField field{};
  std::string_view table;
  std::string_view column;
  // What tells the rows apart: with dealer_id, where they are a dealer's, the primary key.
  std::string_view row;
  enum class Of { kDealer, kNetwork } of = Of::kDealer;
  // A key that is a text is not part of the place (its row is 0): it stands inside what is sealed.
  enum class Key { kNumber, kText } key = Key::kNumber;
};

inline constexpr std::array kSealedColumns = {
    SealedColumn{SealedField::kCustomerPersonal, "customer", "personal", "customer_id"},
    SealedColumn{SealedField::kLeadWords, "lead", "words", "lead", SealedColumn::Of::kDealer, SealedColumn::Key::kText},
    SealedColumn{SealedField::kConsentEvidence, "consent", "evidence", "consent_id"},
    SealedColumn{SealedField::kRequestWords, "person_request", "words", "request_id"},
    SealedColumn{SealedField::kImportPart, "customer_import_part", "content", "part_id"},
    SealedColumn{SealedField::kSecondFactorSecret, "second_factor", "secret", "account_id", SealedColumn::Of::kNetwork},
    SealedColumn{SealedField::kAttachmentHead, "attachment", "head", "attachment_id"},
    SealedColumn{SealedField::kCoachingNote, "coaching_task", "note", "task_id"},
};
// In the order of the fields.
static_assert([] {
  for (size_t i = 0; i < kSealedColumns.size(); ++i) {
    if (static_cast<size_t>(kSealedColumns[i].field) != i) return false;
  }
  return kSealedColumns.size() == static_cast<size_t>(SealedField::kCoachingNote) + 1;
}());

[[nodiscard]] constexpr const SealedColumn& ColumnOf(SealedField field) {
  return kSealedColumns[static_cast<size_t>(field)];
}

}  // namespace dealpace::access
