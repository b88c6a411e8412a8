#include "exchange/import_scope.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace dealpace::exchange {

ImportScope ImportScope::Of(const RowScope& rows) {
  ImportScope scope{rows.network, {}};
  for (const RowScope::Part& part : rows.parts) {
    if (part.whole) scope.dealers.push_back(part.dealer);
  }
  return scope;
}

ImportScope ImportScope::Parse(std::string_view text) {
  ImportScope scope{text.empty(), {}};
  for (const std::string& part : Split(std::string(text), ' ')) {
    int64_t id = 0;
    std::from_chars(part.data(), part.data() + part.size(), id);
    if (id > 0) scope.dealers.emplace_back(id);
  }
  return scope;
}

std::string ImportScope::Text() const {
  if (network) return {};
  std::string text;
  for (const DealerId dealer : dealers) text += (text.empty() ? "" : " ") + std::to_string(dealer.value);
  return text.empty() ? "0" : text;  // for none: never that of the network
}

bool ImportScope::Has(DealerId dealer) const {
  return network || std::binary_search(dealers.begin(), dealers.end(), dealer);
}

bool ImportScope::Covers(const ImportScope& other) const {
  if (network) return true;
  return !other.network && std::includes(dealers.begin(), dealers.end(), other.dealers.begin(), other.dealers.end());
}

RowScope ImportScope::rows() const {
  RowScope rows;
  rows.network = network;
  for (const DealerId dealer : dealers) rows.parts.push_back({dealer, true, {}, {}});
  return rows;
}

}  // namespace dealpace::exchange
