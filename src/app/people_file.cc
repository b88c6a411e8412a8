#include "app/people_file.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "access/secrets.h"
#include "base/csv_writer.h"
#include "base/json.h"
#include "catalog/messages.h"
#include "exchange/closest_name.h"
#include "exchange/dates.h"
#include "exchange/header_words.h"
#include "org/org.h"

namespace dealpace::app {
namespace {

using access::PersonRow;
using exchange::Cell;

constexpr int kHeaderWithin = 20;
constexpr size_t kRowsMax = 5'000;
constexpr size_t kTextMax = 512;

// By what headers a field goes (exchange::NormalHeader). What stands first in the file is taken where two fit.
const std::vector<std::pair<std::string_view, std::vector<std::string_view>>>& Headers() {
  static const std::vector<std::pair<std::string_view, std::vector<std::string_view>>> kHeaders = {
      {"login",
       {"login", "loginname", "account", "user", "username", "登录名", "账号", "账户", "帐号", "用户名", "登录账号"}},
      {"name", {"name", "fullname", "displayname", "姓名", "名字", "显示名"}},
      {"role", {"role", "accountrole", "角色", "账号角色", "账户角色"}},
      {"post", {"post", "position", "job", "jobtitle", "岗位", "职位", "职务", "岗位代码"}},
      {"dealer", {"dealer", "dealercode", "store", "shop", "经销商", "经销商代码", "经销商编码", "门店", "店"}},
      {"team", {"team", "teamcode", "小组", "团队", "组"}},
      {"staff",
       {"staff", "staffcode", "staffno", "person", "consultant", "人员", "人员编码", "员工", "员工号", "工号", "顾问"}},
      {"region", {"region", "区域", "大区"}},
      {"from",
       {"from", "fromdate", "firstday", "start", "startdate", "since", "开始日", "开始日期", "起始日期", "生效日期",
        "任职日期", "上岗日期"}},
  };
  return kHeaders;
}

std::string FieldOf(const std::string& header) {
  const std::string normal = exchange::NormalHeader(header);
  for (const auto& [field, words] : Headers()) {
    if (std::find(words.begin(), words.end(), normal) != words.end()) return std::string(field);
  }
  return {};
}

std::string TextOf(const Cell& cell) { return std::string(Trim(UnguardText(Trim(cell.text)).substr(0, kTextMax))); }

// Reads the cells of one row.
class RowReader {
 public:
  RowReader(const catalog::Catalog& catalog, const org::Directory& directory, Day today, std::string from_header)
      : catalog_(catalog), directory_(directory), today_(today), from_header_(std::move(from_header)) {}

  PersonRow Read(int64_t number, const std::map<std::string, const Cell*>& cells) const {
    PersonRow row;
    row.number = number;
    const auto text = [&](const char* field) {
      const auto it = cells.find(field);
      return it == cells.end() ? std::string() : TextOf(*it->second);
    };
    row.login = text("login");
    row.name = text("name");
    if (row.login.empty()) row.problems.push_back(Error("people_no_login"));
    if (const std::string role = text("role"); !role.empty()) ReadRole(role, row);

    const std::string post = text("post");
    if (post.empty()) {
      const bool place =
          !text("dealer").empty() || !text("team").empty() || !text("staff").empty() || !text("region").empty();
      if (place) row.problems.push_back(Error("people_post_missing"));
      return row;
    }
    row.post.emplace();
    row.post->from = today_;
    ReadPost(post, row);
    if (const auto it = cells.find("from"); it != cells.end()) ReadFrom(*it->second, row);
    ReadPlace(text("dealer"), text("team"), text("staff"), text("region"), row);
    return row;
  }

 private:
  static void ReadRole(const std::string& text, PersonRow& row) {
    const std::string word = ToLower(text);
    if (word == "admin" || word == "administrator" || word == "管理员") {
      row.role = access::Role::kAdmin;
    } else if (word == "member" || word == "成员" || word == "普通成员") {
      row.role = access::Role::kMember;
    } else {
      row.problems.push_back(Error("people_role_bad").With("role", text));
    }
  }

  void ReadPost(const std::string& text, PersonRow& row) const {
    const std::string word = ToLower(text);
    std::vector<std::string> known;
    for (const catalog::Role& role : catalog_.roles()) {
      const Bilingual name = catalog_.NameOf(role);
      if (ToLower(role.id) == word || ToLower(name.en) == word || name.zh == text) {
        row.post->role = role.id;
        return;
      }
      known.push_back(role.id);
    }
    row.problems.push_back(Error("post_role_unknown").With("role", text).With("known", Join(known, ", ")));
  }

  void ReadFrom(const Cell& cell, PersonRow& row) const {
    if (cell.kind == Cell::Kind::kDate) {
      row.post->from = cell.day;
      return;
    }
    const std::string text = TextOf(cell);
    if (text.empty()) return;
    if (const auto date = exchange::ParseDate(text, exchange::UsualDateFormats())) {
      row.post->from = date->day;
    } else {
      row.problems.push_back(Error("field_day_bad").With("field", from_header_).With("value", text));
    }
  }

  void ReadPlace(const std::string& dealer, const std::string& team, const std::string& staff,
                 const std::string& region, PersonRow& row) const {
    access::PostPlace& place = row.post->place;
    const auto unknown = [&](std::string_view what, std::string_view what_zh, const std::string& name,
                             const std::string& of, const std::vector<std::string>& candidates) {
      row.problems.push_back(Error("people_place_unknown")
                                 .With("what", what)
                                 .With("what_zh", what_zh)
                                 .With("name", name)
                                 .With("dealer", of)
                                 .With("suggestion", exchange::ClosestName(name, candidates)));
    };
    if (!region.empty()) {
      place.region = directory_.FindRegion(region);
      if (!place.region.set()) unknown("region", "区域", region, "", {});
    }
    if (!dealer.empty()) {
      const org::Dealer* found = directory_.FindDealer(dealer);
      if (found == nullptr) return unknown("dealer", "经销商", dealer, "", directory_.DealerNames());
      place.dealer = found->id;
    }
    if (!team.empty()) {
      place.team = directory_.FindTeam(place.dealer, team);
      if (!place.team.set()) unknown("team", "小组", team, dealer, {});
    }
    if (!staff.empty()) {
      place.staff = directory_.FindStaff(place.dealer, staff);
      if (!place.staff.set()) unknown("person", "人员", staff, dealer, directory_.StaffNames(place.dealer));
    }
  }

  const catalog::Catalog& catalog_;
  const org::Directory& directory_;
  Day today_;
  std::string from_header_;  // as the file calls it
};

}  // namespace

Result<PeopleFile> ReadPeople(System& system, const std::string& path, std::string_view name, Day today,
                              std::string_view sheet) {
  const auto called = [&](Error error) {
    for (auto& [key, value] : error.args) {
      if (key == "file") value = name;
    }
    return error;
  };
  auto opened = exchange::TableReader::Open(path, sheet);
  if (!opened.ok()) return called(opened.error());
  exchange::TableReader& reader = **opened;
  PeopleFile file;
  file.facts = reader.facts();
  std::vector<exchange::Row> body;
  exchange::Row row;
  std::map<std::string, size_t> at;  // field to column
  for (int seen = 0; at.empty();) {
    const auto more = reader.Next(row);
    if (!more.ok()) return called(more.error());
    if (!*more || ++seen > kHeaderWithin) return Error("people_no_login_column").With("file", name);
    std::map<std::string, size_t> found;
    std::vector<PeopleFile::Column> columns;
    for (size_t i = 0; i < row.cells.size(); ++i) {
      const std::string header = TextOf(row.cells[i]);
      std::string field = FieldOf(header);
      if (!field.empty() && !found.emplace(field, i).second) field.clear();
      if (!header.empty()) columns.push_back({header, field});
    }
    if (!found.contains("login")) continue;
    at = std::move(found);
    file.columns = std::move(columns);
    file.header_row = row.number;
  }
  for (;;) {
    const auto more = reader.Next(row);
    if (!more.ok()) return called(more.error());
    if (!*more) break;
    const bool empty =
        std::all_of(row.cells.begin(), row.cells.end(), [](const Cell& cell) { return Trim(cell.text).empty(); });
    if (empty) continue;
    if (body.size() >= kRowsMax) return Error("people_too_many").With("file", name).With("max", kRowsMax);
    body.push_back(row);
  }
  if (body.empty()) return Error("people_no_rows").With("file", name);
  RETURN_IF_ERROR(system.database().Read<void>([&](db::Connection& connection) -> Status {
    const org::Directory directory(connection);
    const auto from = std::find_if(file.columns.begin(), file.columns.end(),
                                   [](const PeopleFile::Column& column) { return column.field == "from"; });
    const RowReader read(system.catalog(), directory, today, from == file.columns.end() ? "" : from->header);
    for (const exchange::Row& each : body) {
      std::map<std::string, const Cell*> cells;
      for (const auto& [field, column] : at) {
        if (column < each.cells.size()) cells.emplace(field, &each.cells[column]);
      }
      file.rows.push_back(read.Read(each.number, cells));
    }
    return {};
  }));
  return file;
}

std::string PeopleJson(const PeopleFile& file, const access::PeopleDone& done, Language language) {
  const auto& messages = catalog::Messages::Get();
  JsonWriter json;
  json.BeginObject().Field("done", done.done);
  json.Key("file").BeginObject().Field("format", file.facts.format).Field("encoding", file.facts.encoding);
  json.Field("sheet", file.facts.sheet).Field("header_row", file.header_row).EndObject();
  json.Key("columns").BeginArray();
  for (const PeopleFile::Column& column : file.columns) {
    json.BeginObject().Field("header", column.header).Key("field");
    column.field.empty() ? json.Null() : json.String(column.field);
    json.EndObject();
  }
  json.EndArray();
  int64_t added = 0;
  int64_t renamed = 0;
  int64_t posted = 0;
  int64_t same = 0;
  for (const access::PersonDone& row : done.rows) {
    added += row.added ? 1 : 0;
    renamed += row.renamed ? 1 : 0;
    posted += row.posted ? 1 : 0;
    same += !row.added && !row.renamed && !row.posted && row.problems.empty() ? 1 : 0;
  }
  json.Key("counts").BeginObject().Field("rows", static_cast<int64_t>(done.rows.size())).Field("added", added);
  json.Field("renamed", renamed).Field("posted", posted).Field("same", same).Field("refused", done.refused).EndObject();
  json.Key("rows").BeginArray();
  for (size_t i = 0; i < done.rows.size(); ++i) {
    const access::PersonDone& row = done.rows[i];
    json.BeginObject().Field("row", row.number).Field("login", row.login).Field("name", row.name);
    json.Field("added", row.added).Field("renamed", row.renamed).Field("posted", row.posted).Key("post");
    file.rows[i].post && !file.rows[i].post->role.empty() ? json.String(file.rows[i].post->role) : json.Null();
    json.Key("problems").BeginArray();
    for (const Error& problem : row.problems) {
      json.BeginObject().Field("code", problem.code);
      json.Field("message", messages.RenderMessage(problem, language));
      json.Field("todo", messages.RenderTodo(problem, language)).EndObject();
    }
    json.EndArray().EndObject();
  }
  json.EndArray().Key("passwords").BeginArray();
  for (const access::OneTime& fresh : done.fresh) {
    json.BeginObject().Field("login", fresh.account.login).Field("name", fresh.account.name);
    json.Field("password", fresh.password).EndObject();
  }
  json.EndArray().EndObject();
  return std::string(json.text());
}

std::string PasswordsCsv(const std::vector<access::OneTime>& fresh) {
  std::string csv = "\xEF\xBB\xBF" + CsvLine({"login", "name", "password"});
  for (const access::OneTime& one : fresh) {
    csv += CsvLine({one.account.login, GuardText(one.account.name), one.password});
  }
  return csv;
}

// ---- HTTP ----

namespace {

using http::Request;
using http::Response;

constexpr int64_t kFileBytesMax = 4 << 20;

Result<bool> Flag(const Request& request, std::string_view name) {
  const auto text = request.Query(name);
  if (!text || text->empty() || *text == "false") return false;
  if (*text == "true") return true;
  return Error("field_type").With("field", name).With("expected", "true or false");
}

Result<Response> ImportPeople(System& system, access::Access& access, const Request& request) {
  const std::string name(Trim(request.Query("name").value_or("")));
  if (name.empty()) return Error("field_missing").With("field", "name");
  if (!IsUtf8(name)) return Error("text_not_utf8");
  ASSIGN_OR_RETURN(const bool dry_run, Flag(request, "dry_run"));
  ASSIGN_OR_RETURN(const bool good_rows, Flag(request, "good_rows"));
  if (request.body_file.empty() || request.body_bytes == 0) return Error("file_empty").With("file", name);
  ASSIGN_OR_RETURN(const PeopleFile file,
                   ReadPeople(system, request.body_file, name, access.Today(), request.Query("sheet").value_or("")));
  ASSIGN_OR_RETURN(const access::PeopleDone done,
                   access.ImportPeople(file.rows, dry_run, good_rows, request.caller.account));
  if (!dry_run && !done.done) return Error("people_rows_refused").With("count", done.refused);
  return Response::Json(PeopleJson(file, done, request.language)).Header("Cache-Control", "no-store");
}

}  // namespace

void AddPeopleRoutes(http::Router& router, System& system, access::Access& access) {
  const http::ResultHandler once = access.idempotency().Idempotently(
      [&system, &access](const Request& request) { return ImportPeople(system, access, request); });
  http::Route route;
  route.method = http::Method::kPost;
  route.pattern = "/api/v1/accounts/import";
  route.admission = {http::Gate::kAdmin, http::Rows::kNetwork};
  route.handler = http::Answering([once](const Request& request) -> Result<Response> {
    // What makes a request the same as another one is its body, and here that is the file.
    Request keyed = request;
    std::ifstream in(request.body_file, std::ios::binary);
    keyed.body = access::HashSecret(std::string(std::istreambuf_iterator<char>(in), {}));
    return once(keyed);
  });
  route.body = http::Body::kFile;
  route.body_max = kFileBytesMax;
  router.Add(std::move(route));
}

}  // namespace dealpace::app
