#include "analysis/views.h"

#include <optional>

#include "base/json.h"
#include "base/text.h"

namespace dealpace::analysis {
namespace {

constexpr size_t kNameMax = 120;
constexpr size_t kStateBytesMax = 16 << 10;

constexpr std::string_view kSelect =
    "SELECT v.view_id, v.account_id, a.name, v.page, v.name, v.state, v.shared, v.is_default, v.changed_at, v.version "
    "FROM saved_view v JOIN account a ON a.account_id = v.account_id ";

View Read(const db::Rows& rows) {
  View view;
  view.id = rows.Int(0);
  view.owner = AccountId(rows.Int(1));
  view.owner_name = rows.Text(2);
  view.page = rows.Text(3);
  view.name = rows.Text(4);
  view.state = rows.Text(5);
  view.shared = rows.Int(6) != 0;
  view.is_default = rows.Int(7) != 0;
  view.changed_at = {rows.Int(8)};
  view.version = rows.Int(9);
  return view;
}

Result<View> Find(db::Connection& connection, int64_t id) {
  db::Rows rows = connection.Query(std::string(kSelect) + "WHERE v.view_id = ?1", id);
  if (!rows.Next()) return Error("not_found");
  return Read(rows);
}

// The view, when the asker may change it as he has read it.
Result<View> FindOwn(db::Connection& connection, AccountId asker, int64_t id, int64_t version) {
  ASSIGN_OR_RETURN(View view, Find(connection, id));
  if (view.owner != asker) {
    return view.shared ? Error("view_not_yours").With("owner", view.owner_name) : Error("not_found");
  }
  if (view.version != version) return Error("view_changed").With("version", view.version);
  return view;
}

// A page has one default for each person.
void DropOtherDefaults(db::Connection& connection, AccountId owner, const std::string& page, int64_t id) {
  connection.Execute(
      "UPDATE saved_view SET is_default = 0, version = version + 1 "
      "WHERE account_id = ?1 AND page = ?2 AND is_default = 1 AND view_id <> ?3",
      owner, page, id);
}

}  // namespace

Result<ViewInput> ReadViewInput(http::JsonBody body) {
  ViewInput input;
  ASSIGN_OR_RETURN(const std::string name, body.Text("name"));
  input.name = std::string(Trim(name));
  if (input.name.empty()) return Error("view_name_missing");
  size_t characters = 0;
  for (std::string_view rest = input.name; !rest.empty(); ++characters) (void)NextCodePoint(rest);
  if (characters > kNameMax) return Error("field_too_long").With("field", "name").With("max", kNameMax);
  ASSIGN_OR_RETURN(input.page, body.Text("page"));
  constexpr std::string_view kPages[] = {"dashboard", "explore", "customers", "leads"};
  if (std::find(std::begin(kPages), std::end(kPages), input.page) == std::end(kPages)) {
    return Error("field_choice").With("field", "page").With("choices", "dashboard, explore, customers, leads");
  }
  ASSIGN_OR_RETURN(const auto state, body.Object("state"));
  if (!state) return Error("field_missing").With("field", "state");
  input.state = boost::json::serialize(state->object());
  if (input.state.size() > kStateBytesMax) {
    return Error("field_too_long").With("field", "state").With("max", kStateBytesMax);
  }
  if (input.state.find("\\u0000") != std::string::npos) return Error("field_has_nul").With("field", "state");
  ASSIGN_OR_RETURN(input.shared, body.Bool("shared", false));
  ASSIGN_OR_RETURN(input.is_default, body.Bool("is_default", false));
  RETURN_IF_ERROR(body.Done());
  return input;
}

std::string ViewJson(const View& view, AccountId asker) {
  JsonWriter json;
  json.BeginObject().Field("id", std::to_string(view.id)).Field("name", view.name).Field("page", view.page);
  json.Key("state").Raw(view.state);
  json.Field("shared", view.shared);
  // Whose default it is, is nobody else's business.
  json.Field("is_default", view.is_default && view.owner == asker);
  json.Field("own", view.owner == asker).Field("owner", view.owner_name).Field("version", view.version);
  json.Field("changed_at", FormatInstant(view.changed_at)).EndObject();
  return json.text();
}

Result<std::vector<View>> ListViews(db::Database& database, AccountId asker) {
  return database.Read<std::vector<View>>([&](db::Connection& connection) -> Result<std::vector<View>> {
    std::vector<View> views;
    db::Rows rows = connection.Query(std::string(kSelect) +
                                         "WHERE v.account_id = ?1 OR v.shared = 1 "
                                         "ORDER BY CASE WHEN v.account_id = ?1 THEN 0 ELSE 1 END, v.name, v.view_id",
                                     asker);
    while (rows.Next()) views.push_back(Read(rows));
    return views;
  });
}

Result<View> AddView(db::Database& database, AccountId owner, const ViewInput& input, Instant now) {
  const int64_t id = NewId();
  return database.Write<View>([&](db::Connection& connection) -> Result<View> {
    {
      db::Rows rows = connection.Query("SELECT COUNT(*) FROM saved_view WHERE account_id = ?1", owner);
      if (rows.Next() && rows.Int(0) >= kViewsMax) return Error("views_too_many").With("max", kViewsMax);
    }
    connection.Execute(
        "INSERT INTO saved_view (view_id, account_id, page, name, state, shared, is_default, changed_at, version) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1)",
        id, owner, input.page, input.name, input.state, input.shared ? 1 : 0, input.is_default ? 1 : 0, now.ms);
    if (input.is_default) DropOtherDefaults(connection, owner, input.page, id);
    return Find(connection, id);
  });
}

Result<View> ChangeView(db::Database& database, AccountId asker, int64_t id, int64_t version, const ViewInput& input,
                        Instant now) {
  return database.Write<View>([&](db::Connection& connection) -> Result<View> {
    ASSIGN_OR_RETURN(const View before, FindOwn(connection, asker, id, version));
    const int64_t changed = connection.Execute(
        "UPDATE saved_view SET page = ?3, name = ?4, state = ?5, shared = ?6, is_default = ?7, changed_at = ?8, "
        "version = version + 1 WHERE view_id = ?1 AND version = ?2",
        id, version, input.page, input.name, input.state, input.shared ? 1 : 0, input.is_default ? 1 : 0, now.ms);
    if (changed == 0) return Error("view_changed").With("version", before.version + 1);  // since it was read above
    if (input.is_default) DropOtherDefaults(connection, asker, input.page, id);
    return Find(connection, id);
  });
}

Status RemoveView(db::Database& database, AccountId asker, int64_t id, int64_t version) {
  return database.Write<void>([&](db::Connection& connection) -> Status {
    ASSIGN_OR_RETURN(const View before, FindOwn(connection, asker, id, version));
    if (connection.Execute("DELETE FROM saved_view WHERE view_id = ?1 AND version = ?2", id, version) == 0) {
      return Error("view_changed").With("version", before.version + 1);
    }
    return {};
  });
}

}  // namespace dealpace::analysis
