#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/days.h"
#include "base/ids.h"
#include "db/db.h"
#include "http/json_body.h"

// Saved views of the dashboard, the explore page, customers and the leads board: a name for the page's state. Everybody
// sees his own and those that others share; only the owner changes one.
namespace dealpace::analysis {

struct ViewInput {
  std::string name;
  std::string page;   // "dashboard", "explore", "customers", "leads"
  std::string state;  // a JSON object, as text
  bool shared = false;
  bool is_default = false;  // of the owner, for the page: there is one at most
};
// Reads a ViewInput of the contract. Fails as JsonBody does, and with view_name_missing, field_choice, field_too_long
// (a name of more than 120 characters, a state of more than 16 kB).
[[nodiscard]] Result<ViewInput> ReadViewInput(http::JsonBody body);

struct View : ViewInput {
  int64_t id = 0;
  AccountId owner;
  std::string owner_name;
  Instant changed_at{};
  int64_t version = 0;
};
[[nodiscard]] std::string ViewJson(const View& view, AccountId asker);

inline constexpr int64_t kViewsMax = 200;  // of one account

// Own views first, each kind by name.
[[nodiscard]] Result<std::vector<View>> ListViews(db::Database& database, AccountId asker);
// Fails with views_too_many.
[[nodiscard]] Result<View> AddView(db::Database& database, AccountId owner, const ViewInput& input, Instant now);
// Fail with not_found (none that the asker sees), view_not_yours ("owner"), view_changed ("version": the present one).
[[nodiscard]] Result<View> ChangeView(db::Database& database, AccountId asker, int64_t id, int64_t version,
                                      const ViewInput& input, Instant now);
[[nodiscard]] Status RemoveView(db::Database& database, AccountId asker, int64_t id, int64_t version);

}  // namespace dealpace::analysis
