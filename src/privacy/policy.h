#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"

// What a dealer may set about personal data, as data: catalog/privacy.toml.
namespace dealpace::privacy {

// Sensitive data, and data that leave the dealer, need a consent of their own, with evidence.
enum class PurposeKind { kOrdinary, kSensitive, kSharing };
[[nodiscard]] std::string_view PurposeKindName(PurposeKind kind);  // "ordinary", "sensitive", "sharing"

// What somebody may agree to.
struct Purpose {
  std::string id;
  Bilingual name;
  PurposeKind kind{};
  std::optional<int> months;     // how long a consent holds; nothing: until it is withdrawn
  std::vector<Bilingual> texts;  // what a person is told; version n is the n-th

  [[nodiscard]] int version() const { return static_cast<int>(texts.size()); }  // that is agreed to today
  [[nodiscard]] bool needs_evidence() const { return kind != PurposeKind::kOrdinary; }
};

// A choice of a list.
struct Choice {
  std::string id;
  Bilingual name;
};

// How long the data of a customer are kept after the last thing that happened.
enum class After { kSold, kLost, kUnsuccessful };
struct Retention {
  std::string id;
  Bilingual name;
  After after{};
  int months = 0;
};

// What a person may ask for, and in how many days it is due.
struct RequestKind {
  std::string id;  // "access", "correction", "erasure"
  Bilingual name;
  int days = 0;
};

// Whom data are given to. With a purpose: who gives them on the grounds of a consent needs one for that purpose.
struct RecipientKind {
  std::string id;
  Bilingual name;
  std::string purpose;
};

// From so many people on a legal entity has a further duty.
struct Threshold {
  int64_t people = 0;
  Bilingual name;
};

class Policy {
 public:
  // The one in the binary.
  static const Policy& Get();
  // Reads the file; what is malformed is left out (a test checks the file in the binary).
  explicit Policy(std::string_view privacy_toml);

  [[nodiscard]] const std::vector<Purpose>& purposes() const { return purposes_; }
  [[nodiscard]] const std::vector<Choice>& channels() const { return channels_; }
  [[nodiscard]] const std::vector<Choice>& ways() const { return ways_; }
  [[nodiscard]] const std::vector<Choice>& blocks() const { return blocks_; }
  [[nodiscard]] const std::vector<Retention>& retentions() const { return retentions_; }
  [[nodiscard]] const std::vector<RequestKind>& requests() const { return requests_; }
  [[nodiscard]] const std::vector<Choice>& refusals() const { return refusals_; }
  [[nodiscard]] const std::vector<Choice>& identities() const { return identities_; }
  [[nodiscard]] const std::vector<Choice>& holds() const { return holds_; }
  [[nodiscard]] const std::vector<RecipientKind>& recipients() const { return recipients_; }
  [[nodiscard]] const std::vector<Choice>& bases() const { return bases_; }
  [[nodiscard]] const std::vector<Threshold>& thresholds() const { return thresholds_; }  // the least first

  // Null when there is none of that id.
  [[nodiscard]] const Purpose* FindPurpose(std::string_view id) const;

 private:
  std::vector<Purpose> purposes_;
  std::vector<Choice> channels_;
  std::vector<Choice> ways_;
  std::vector<Choice> blocks_;
  std::vector<Retention> retentions_;
  std::vector<RequestKind> requests_;
  std::vector<Choice> refusals_;
  std::vector<Choice> identities_;
  std::vector<Choice> holds_;
  std::vector<RecipientKind> recipients_;
  std::vector<Choice> bases_;
  std::vector<Threshold> thresholds_;
};

// The one of that id; null when there is none.
template <typename T>
[[nodiscard]] const T* FindById(const std::vector<T>& all, std::string_view id) {
  for (const T& one : all) {
    if (one.id == id) return &one;
  }
  return nullptr;
}
// Their ids, "a, b, c": for errors that say what there is.
template <typename T>
[[nodiscard]] std::string IdsOf(const std::vector<T>& all) {
  std::string ids;
  for (const T& one : all) ids += (ids.empty() ? "" : ", ") + one.id;
  return ids;
}

// Fails with field_choice ("field", "choices") where there is none of that id.
template <typename T>
[[nodiscard]] Status CheckChoice(std::string_view field, std::string_view value, const std::vector<T>& choices) {
  if (FindById(choices, value) != nullptr) return {};
  return Error("field_choice").With("field", field).With("choices", IdsOf(choices));
}

}  // namespace dealpace::privacy
