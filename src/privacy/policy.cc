#include "privacy/policy.h"

#include <algorithm>

#include "base/toml.h"
#include "catalog/embedded.h"

namespace dealpace::privacy {
namespace {

Bilingual BothOf(const toml::node* node) {
  if (node == nullptr || !node->is_table()) return {};
  const toml::table& table = *node->as_table();
  return {table["en"].value_or(std::string()), table["zh"].value_or(std::string())};
}

std::optional<int> Whole(const toml::table& table, std::string_view key) {
  const auto number = table[key].value<int64_t>();
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

// Every entry of [[name]] with an id and a name in both languages.
template <typename Take>
void ForEach(const toml::table& root, std::string_view name, const Take& take) {
  const toml::array* entries = root[name].as_array();
  if (entries == nullptr) return;
  for (const toml::node& entry : *entries) {
    if (!entry.is_table()) continue;
    const toml::table& table = *entry.as_table();
    const Bilingual title = BothOf(table.get("name"));
    if (title.en.empty() || title.zh.empty()) continue;
    take(table, table["id"].value_or(std::string()), title);
  }
}

void ReadChoices(const toml::table& root, std::string_view name, std::vector<Choice>& into) {
  ForEach(root, name, [&](const toml::table&, const std::string& id, const Bilingual& title) {
    if (!id.empty()) into.push_back({id, title});
  });
}

}  // namespace

std::string_view PurposeKindName(PurposeKind kind) {
  switch (kind) {
    case PurposeKind::kSensitive: return "sensitive";
    case PurposeKind::kSharing: return "sharing";
    case PurposeKind::kOrdinary: break;
  }
  return "ordinary";
}

const Policy& Policy::Get() {
  static const Policy kPolicy = [] {
    std::string_view text;
    for (const EmbeddedFile& file : catalog::EmbeddedFiles()) {
      if (file.name == "privacy.toml") text = file.content;
    }
    return Policy(text);
  }();
  return kPolicy;
}

Policy::Policy(std::string_view privacy_toml) {
  const toml::parse_result parsed = toml::parse(privacy_toml);
  if (!parsed) return;
  const toml::table& root = parsed.table();
  ForEach(root, "purpose", [this](const toml::table& table, const std::string& id, const Bilingual& name) {
    Purpose purpose{id, name, {}, Whole(table, "months"), {}};
    const std::string kind = table["kind"].value_or(std::string());
    if (kind == "sensitive") purpose.kind = PurposeKind::kSensitive;
    if (kind == "sharing") purpose.kind = PurposeKind::kSharing;
    if (const toml::array* texts = table["text"].as_array()) {
      for (const toml::node& text : *texts) purpose.texts.push_back(BothOf(&text));
    }
    if (!id.empty() && !purpose.texts.empty()) purposes_.push_back(std::move(purpose));
  });
  ReadChoices(root, "channel", channels_);
  ReadChoices(root, "way", ways_);
  ReadChoices(root, "block", blocks_);
  ReadChoices(root, "refusal", refusals_);
  ReadChoices(root, "identity", identities_);
  ReadChoices(root, "hold", holds_);
  ReadChoices(root, "basis", bases_);
  ForEach(root, "retention", [this](const toml::table& table, const std::string& id, const Bilingual& name) {
    const std::string after = table["after"].value_or(std::string());
    const int months = Whole(table, "months").value_or(0);
    if (id.empty() || months <= 0) return;
    if (after == "sold") retentions_.push_back({id, name, After::kSold, months});
    if (after == "lost") retentions_.push_back({id, name, After::kLost, months});
    if (after == "unsuccessful") retentions_.push_back({id, name, After::kUnsuccessful, months});
  });
  ForEach(root, "request", [this](const toml::table& table, const std::string& id, const Bilingual& name) {
    requests_.push_back({id, name, Whole(table, "days").value_or(30)});
  });
  ForEach(root, "recipient", [this](const toml::table& table, const std::string& id, const Bilingual& name) {
    recipients_.push_back({id, name, table["purpose"].value_or(std::string())});
  });
  ForEach(root, "threshold", [this](const toml::table& table, const std::string&, const Bilingual& name) {
    thresholds_.push_back({table["people"].value_or(int64_t{0}), name});
  });
  std::stable_sort(thresholds_.begin(), thresholds_.end(),
                   [](const Threshold& a, const Threshold& b) { return a.people < b.people; });
}

const Purpose* Policy::FindPurpose(std::string_view id) const { return FindById(purposes_, id); }

}  // namespace dealpace::privacy
