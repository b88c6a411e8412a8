#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/zones.h"
#include "db/db.h"
#include "http/json_body.h"
#include "kpi/answer.h"

// Questions as they come over HTTP: JSON into kpi::Question, every slip with the name of its field.
namespace dealpace::analysis {

// Where a person looks: the network, or one member of one of its levels.
struct Scope {
  std::optional<Dim> dim;  // none: the whole network
  int64_t id = 0;
  [[nodiscard]] bool Is(Dim level) const { return dim == level; }
};
// "network", "region:7", "dealer:7", "team:7", "staff:7"; empty: the network. Fails with bad_scope.
[[nodiscard]] Result<Scope> ParseScope(std::string_view text);
[[nodiscard]] std::string ScopeText(const Scope& scope);

// "none", "target", "previous", "year-ago". Fails with field_choice.
[[nodiscard]] Result<kpi::Versus> ParseVersus(std::string_view text);

struct AskedQuestion {
  kpi::Question question;
  Scope scope;
  bool ids = false;  // rows carry the ids of their members
};

// Reads a Question of the contract. Errors besides those of JsonBody: bad_period, bad_within, bad_instant, bad_scope,
// unknown_dimension, field_choice ("field", "choices"), column_empty, columns_too_many, column_twice ("name"),
// dimension_twice ("name"), and those of kpi::ParseRowOrder and kpi::CheckRowOrder.
[[nodiscard]] Result<AskedQuestion> ReadQuestion(http::JsonBody body, Day today, std::shared_ptr<const RowScope> rows);

// What a printed table is asked for. `by`: a dimension; where the asker names none, the level below the scope.
struct TableQuestion {
  kpi::Question question;  // without columns and slices
  Scope scope;
  Dim by{};
};
[[nodiscard]] Result<TableQuestion> ReadTableQuestion(http::JsonBody body, Day today,
                                                      std::shared_ptr<const RowScope> rows);

// The zone of the network's first dealer; the default one where there is none. Its day is the network's today.
[[nodiscard]] Result<Zone> BusinessZone(db::Database& database);

}  // namespace dealpace::analysis
