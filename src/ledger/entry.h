#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/days.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/result.h"
#include "catalog/dims.h"

namespace dealpace::ledger {

// Ids of the members that an entry names itself, in the order of the member dimensions; 0: not named.
using Members = std::array<int64_t, kMemberDimCount>;

// One business event, as it is given to the ledger.
struct NewEntry {
  int event = -1;  // position in the catalogue
  Day day{};       // local day of the dealer
  Instant at{};
  std::string lead;  // the dealer's own code of the lead; empty: belongs to none
  int attempt = 1;   // which try of a re-opened lead
  StaffId actor{};   // who did it; for `assigned`, the consultant that the lead is given to
  Members members{};
  int64_t quantity = 1000;     // thousandths
  int64_t amount = 0;          // fen, or hundredths of a score or an hour
  std::optional<Hash128> key;  // what makes an imported event the same event next time
};

// An entry as it stands in the ledger. `lead` is borrowed from the reader.
struct Entry {
  int64_t seq = 0;
  int event = -1;
  Day day{};
  Instant at{};
  std::string_view lead;
  int attempt = 1;
  int64_t actor = 0;
  Members members{};
  int64_t quantity = 0;
  int64_t amount = 0;
  Instant recorded_at{};
  int64_t reverses = 0;  // seq of the entry that this one takes back; 0: none
};

struct Head {
  DealerId dealer;
  int64_t head = 0;  // seq of the dealer's last entry
};

// How a dealer's ledger ends: the last entry, and the last one whose key is in order.
struct End {
  int64_t head = 0;
  int64_t keyed = 0;
  [[nodiscard]] bool keys_later() const { return keyed < head; }
};

// Where facts come from: the ledger in a database (ledger/ledger.h), or in memory for tests of the pure engine.
class Source {
 public:
  virtual ~Source() = default;
  // Head of every dealer that has entries, in order of dealer. The same object again means that nothing has moved.
  [[nodiscard]] virtual Result<std::shared_ptr<const std::vector<Head>>> Heads() = 0;
  // Visits the dealer's entries after `after_seq`, in order of seq; only those recorded until `known_at`. Thread-safe.
  [[nodiscard]] virtual Status Tail(DealerId dealer, int64_t after_seq, Instant known_at,
                                    const std::function<void(const Entry&)>& visit) = 0;

  // ---- What is at hand, without asking the store ----
  // Nothing where it would have to be asked.
  [[nodiscard]] virtual std::shared_ptr<const std::vector<Head>> HeadsAtHand() { return nullptr; }
  // Visits the dealer's entries after `after_seq` up to `last_seq`. False, and none is visited, where not all are.
  [[nodiscard]] virtual bool VisitAtHand(DealerId /*dealer*/, int64_t /*after_seq*/, int64_t /*last_seq*/,
                                         const std::function<void(const Entry&)>& /*visit*/) {
    return false;
  }

  // ---- What readers keep of their work ----
  // A blob that follows from a dealer's entries up to `up_to_seq`. Derived: it may be dropped at any time.
  struct Segment {
    int64_t up_to_seq = 0;
    int64_t stamp = 0;  // of all else that it follows from; another one means that it is of no use
    std::string bytes;
    int64_t mark = 0;  // stands for just these bytes
  };
  // Nothing when there is none with this stamp, or when it is damaged. Thread-safe, as is writing.
  [[nodiscard]] virtual Result<std::optional<Segment>> ReadSegment(DealerId /*dealer*/, std::string_view /*part*/,
                                                                   int64_t /*stamp*/) {
    return std::optional<Segment>();
  }
  // What takes the place of all that was kept of a dealer.
  struct Segments {
    int64_t up_to_seq = 0;
    int64_t stamp = 0;
    std::vector<std::pair<std::string, std::string>> parts;  // name and bytes
    std::vector<std::string> unchanged;                      // parts that stay as they are …
    int64_t basis = 0;  // … where what is kept under the first part's name still has this mark
  };
  // Returns the first part's mark. Nothing, and nothing is written, where parts should stay that somebody else may have
  // replaced.
  [[nodiscard]] virtual Result<std::optional<int64_t>> WriteSegments(DealerId /*dealer*/,
                                                                     const Segments& /*segments*/) {
    return std::optional<int64_t>();
  }
};

}  // namespace dealpace::ledger
