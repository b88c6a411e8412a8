#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/row_scope.h"

namespace dealpace::exchange {

// For which dealers somebody imports: for all of the network, or for some, each as a whole. An import keeps that of
// whoever has uploaded its file: rows of other dealers are refused, as if those were not there.
struct ImportScope {
  bool network = true;
  std::vector<DealerId> dealers;  // ascending; none with `network`

  // The dealers of which all is seen; who sees a part of one imports nothing for it.
  [[nodiscard]] static ImportScope Of(const RowScope& rows);
  // As Text has written it.
  [[nodiscard]] static ImportScope Parse(std::string_view text);
  [[nodiscard]] std::string Text() const;  // "" for the network, else "12 17"

  [[nodiscard]] bool Has(DealerId dealer) const;
  // Whether all that belongs to the other one belongs to this.
  [[nodiscard]] bool Covers(const ImportScope& other) const;
  [[nodiscard]] bool nothing() const { return !network && dealers.empty(); }
  // The same for questions.
  [[nodiscard]] RowScope rows() const;
  bool operator==(const ImportScope&) const = default;
};

}  // namespace dealpace::exchange
