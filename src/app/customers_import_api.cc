#include "app/customers_import_api.h"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include "base/json.h"
#include "catalog/messages.h"
#include "exchange/closest_name.h"
#include "http/json_body.h"
#include "leads/api_parts.h"
#include "privacy/api.h"

namespace dealpace::app {
namespace {

namespace json = boost::json;
using http::JsonBody;
using http::Request;
using http::Response;
using leads::Asker;
using leads::CustomerImports;
using leads::Import;
using leads::ImportRow;
using leads::ImportState;
using leads::ImportWhat;
using leads::RowPlan;

constexpr int64_t kListBytesMax = 20 << 20;
constexpr size_t kPiece = 500;  // lines sealed together
constexpr size_t kShown = 50;   // lines shown of each kind
constexpr size_t kRemainingShown = 200;
constexpr std::chrono::milliseconds kAtOnce(2'000);  // a request works so long, then the next one goes on

json::array Texts(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

std::vector<std::string> TextsOf(const json::value& value) {
  std::vector<std::string> texts;
  for (const json::value& each : value.as_array()) texts.emplace_back(each.as_string());
  return texts;
}

Result<CustomerList> ReadHead(const std::string& head) {
  if (head.empty()) return Error("import_file_gone").With("file", "");
  boost::system::error_code problem;
  const json::value value = json::parse(head, problem);
  if (problem || !value.is_object()) return Error("sealed_damaged");
  const json::object& object = value.get_object();
  CustomerList list;
  list.sheet.file = object.at("file").as_string();
  list.sheet.format = object.at("format").as_string();
  list.sheet.encoding = object.at("encoding").as_string();
  list.sheet.sheet = object.at("sheet").as_string();
  list.sheet.sheets = TextsOf(object.at("sheets"));
  list.sheet.header_row = object.at("header_row").to_number<int64_t>();
  list.sheet.headers = TextsOf(object.at("headers"));
  list.columns = TextsOf(object.at("columns"));
  list.choices.owner = StaffId(object.at("owner").to_number<int64_t>());
  list.choices.source = object.at("source").as_string();
  list.choices.leads = object.at("leads").as_bool();
  list.choices.fill = object.at("fill").as_bool();
  list.consents = json::serialize(object.at("consents"));
  return list;
}

void ReadPiece(const std::string& piece, CustomerSheet& sheet) {
  const json::value lines = json::parse(piece);
  for (const json::value& each : lines.as_array()) {
    const json::array& cells = each.as_array();
    CustomerSheet::Line line{cells.at(0).to_number<int64_t>(), {}};
    for (size_t i = 1; i < cells.size(); ++i) line.cells.emplace_back(cells[i].as_string());
    sheet.lines.push_back(std::move(line));
  }
}

class CustomerImportApi {
 public:
  explicit CustomerImportApi(CustomerImportDeps deps) : deps_(std::move(deps)) {}

  struct Call {
    CustomerImports imports;
    privacy::Store& privacy;
    Asker asker;
    Instant now{};
  };
  Result<Call> Begin(const Request& request) const {
    ASSIGN_OR_RETURN(const int64_t dealer, leads::QueryId(request, "dealer"));
    if (dealer == 0) return Error("field_missing").With("field", "dealer");
    ASSIGN_OR_RETURN(leads::Visible visible, deps_.visible(request, DealerId(dealer)));
    ASSIGN_OR_RETURN(leads::Store * customers, deps_.customers());
    ASSIGN_OR_RETURN(privacy::Store * privacy, deps_.privacy());
    return Call{
        CustomerImports(*customers),
        *privacy,
        {DealerId(dealer), std::move(visible), request.caller.login, db::Witness(deps_.audit, request.caller.account)},
        deps_.now()};
  }

  // A list as it was kept; with its lines or without.
  static Result<CustomerList> Read(Call& call, int64_t id, bool lines) {
    ASSIGN_OR_RETURN(const std::string head, call.imports.Head(call.asker, id));
    ASSIGN_OR_RETURN(CustomerList list, ReadHead(head));
    if (!lines) return list;
    ASSIGN_OR_RETURN(const std::vector<std::string> pieces, call.imports.Pieces(call.asker, id));
    for (const std::string& piece : pieces) ReadPiece(piece, list.sheet);
    return list;
  }
  Result<std::vector<ImportRow>> RowsOf(const Call& call, const CustomerList& list) const {
    ASSIGN_OR_RETURN(const std::vector<std::string> dealer, NamesOfDealer(deps_.system, call.asker.dealer));
    return CustomerRows(list.sheet, list.columns, dealer);
  }

  // ---- Answers ----

  static void WriteImport(JsonWriter& json, const Import& import) {
    json.Field("id", std::to_string(import.id)).Field("state", leads::ImportStateName(import.state));
    json.Field("version", import.version).Field("rows", import.rows).Field("seen", import.seen);
    json.Field("added", import.added).Field("changed", import.changed).Field("leads", import.leads);
    json.Field("same", import.same).Field("repeated", import.repeated).Field("refused", import.refused);
    json.Field("taken_back", import.taken_back).Field("remaining", import.remaining);
    json.Field("created_at", FormatInstant(import.created_at)).Field("created_by", import.created_by);
    leads::WriteText(json, "finished_at", import.finished_at ? FormatInstant(*import.finished_at) : std::string());
    json.Field("kept", import.kept);
  }

  Result<Response> Answer(Call& call, int64_t id, const Request& request, int status = 200) const {
    ASSIGN_OR_RETURN(const Import import, call.imports.Find(call.asker, id));
    ASSIGN_OR_RETURN(const std::string head, call.imports.Head(call.asker, id));
    JsonWriter json;
    json.BeginObject();
    WriteImport(json, import);
    json.Key("list");
    if (head.empty()) {
      json.Null();
    } else {
      ASSIGN_OR_RETURN(const CustomerList list, ReadHead(head));
      json.BeginObject().Field("file", list.sheet.file).Field("format", list.sheet.format);
      json.Field("encoding", list.sheet.encoding).Field("sheet", list.sheet.sheet).Key("sheets").BeginArray();
      for (const std::string& sheet : list.sheet.sheets) json.String(sheet);
      json.EndArray().Field("header_row", list.sheet.header_row).Key("columns").BeginArray();
      const auto guessed = GuessCustomerColumns(list.sheet.headers);
      for (size_t i = 0; i < list.sheet.headers.size(); ++i) {
        json.BeginObject().Field("header", list.sheet.headers[i]);
        leads::WriteText(json, "field", i < list.columns.size() ? list.columns[i] : "");
        leads::WriteText(json, "guess", guessed[i]);
        json.EndObject();
      }
      json.EndArray();
      leads::WriteId(json, "owner", list.choices.owner);
      leads::WriteText(json, "source", list.choices.source);
      json.Field("leads", list.choices.leads).Field("fill", list.choices.fill);
      json.Key("consents").Raw(list.consents).EndObject();
    }
    json.Key("fields").BeginArray();
    for (const CustomerColumn& column : CustomerColumns()) {
      json.BeginObject().Field("id", column.id).Field("name", column.name.In(request.language)).EndObject();
    }
    json.EndArray().Key("remains").BeginArray();
    ASSIGN_OR_RETURN(const auto remaining, call.imports.RemainingOf(call.asker, id, kRemainingShown));
    for (const leads::Remaining& each : remaining) {
      json.BeginObject().Field("row", each.row).Field("customer", std::to_string(each.customer.value));
      json.Field("why", each.why).EndObject();
    }
    json.EndArray().EndObject();
    return leads::Private(json, status).Header("ETag", http::VersionTag(import.version));
  }

  // ---- Operations ----

  Result<Response> Upload(const Request& request) const {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    const std::string name(Trim(request.Query("name").value_or("")));
    if (name.empty()) return Error("field_missing").With("field", "name");
    if (!IsUtf8(name)) return Error("text_not_utf8");
    if (name.size() > 400) return Error("field_too_long").With("field", "name").With("max", 400);
    if (request.body_file.empty() || request.body_bytes == 0) return Error("file_empty").With("file", name);
    CustomerList list;
    ASSIGN_OR_RETURN(list.sheet, ReadCustomerSheet(request.body_file, name, request.Query("sheet").value_or(""),
                                                   request.Query("encoding").value_or("")));
    list.columns = GuessCustomerColumns(list.sheet.headers);
    // Who sees himself alone enters for himself.
    const leads::Visible& visible = call.asker.visible;
    if (!visible.all && visible.teams.empty() && visible.staff.size() == 1) list.choices.owner = visible.staff.front();
    ASSIGN_OR_RETURN(const int64_t id, call.imports.Begin(call.asker, ListHead(list), ListPieces(list),
                                                          static_cast<int64_t>(list.sheet.lines.size()), call.now));
    return Answer(call, id, request, 201);
  }

  Result<Response> List(const Request& request) const {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    ASSIGN_OR_RETURN(const std::vector<Import> imports, call.imports.List(call.asker));
    JsonWriter json;
    json.BeginObject().Key("imports").BeginArray();
    for (const Import& import : imports) {
      ASSIGN_OR_RETURN(const std::string head, call.imports.Head(call.asker, import.id));
      std::string file;
      if (!head.empty()) {
        ASSIGN_OR_RETURN(const CustomerList list, ReadHead(head));
        file = list.sheet.file;
      }
      json.BeginObject();
      WriteImport(json, import);
      leads::WriteText(json, "file", file);
      json.EndObject();
    }
    json.EndArray().EndObject();
    return leads::Private(json);
  }

  Result<Response> Get(const Request& request) const {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    return Answer(call, id, request);
  }

  // What the columns mean, and what holds for all rows.
  Result<Response> Set(const Request& request) const {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
    ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse(request.body));
    ASSIGN_OR_RETURN(CustomerList list, Read(call, id, false));
    if (body.Has("columns")) {
      ASSIGN_OR_RETURN(list.columns, body.Texts("columns", list.sheet.headers.size()));
      list.columns.resize(list.sheet.headers.size());
    }
    RETURN_IF_ERROR(CheckCustomerColumns(list.columns));
    ASSIGN_OR_RETURN(const auto owner, body.OptionalId("owner"));
    list.choices.owner = StaffId(owner.value_or(0));
    ASSIGN_OR_RETURN(const auto source, body.OptionalText("source", 400));
    list.choices.source = source.value_or("");
    ASSIGN_OR_RETURN(list.choices.leads, body.Bool("leads", true));
    ASSIGN_OR_RETURN(list.choices.fill, body.Bool("fill", true));
    ASSIGN_OR_RETURN(const auto consents, privacy::ReadConsents(call.privacy, body, call.now));
    const auto it = body.object().find("consents");
    list.consents = consents.empty() || it == body.object().end() ? "[]" : json::serialize(it->value());
    RETURN_IF_ERROR(body.Done());
    RETURN_IF_ERROR(call.imports.SetHead(call.asker, id, version, ListHead(list), call.now));
    return Answer(call, id, request);
  }

  Result<Response> Check(const Request& request) const {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const CustomerList list, ReadDraft(call, id));
    ASSIGN_OR_RETURN(const std::vector<ImportRow> rows, RowsOf(call, list));
    ASSIGN_OR_RETURN(const std::vector<RowPlan> plans, call.imports.Check(call.asker, rows, list.choices, call.now));
    const auto& messages = catalog::Messages::Get();
    std::map<std::string, int64_t> counts;
    std::map<std::string, std::pair<int64_t, Error>> reasons;
    int64_t with_lead = 0;
    for (const RowPlan& plan : plans) {
      ++counts[std::string(leads::ImportWhatName(plan.what))];
      with_lead += plan.lead ? 1 : 0;
      if (plan.problem) ++reasons.try_emplace(plan.problem->code, 0, *plan.problem).first->second.first;
    }
    JsonWriter json;
    json.BeginObject().Key("counts").BeginObject().Field("rows", static_cast<int64_t>(rows.size()));
    for (const char* what : {"add", "change", "same", "repeated", "refused"}) json.Field(what, counts[what]);
    json.Field("leads", with_lead).EndObject().Key("reasons").BeginArray();
    for (const auto& [code, counted] : reasons) {
      json.BeginObject().Field("code", code).Field("count", counted.first);
      json.Field("message", messages.RenderMessage(counted.second, request.language)).EndObject();
    }
    json.EndArray().Key("rows").BeginArray();
    std::map<ImportWhat, size_t> shown;
    for (size_t i = 0; i < plans.size(); ++i) {
      const RowPlan& plan = plans[i];
      if (++shown[plan.what] > kShown) continue;
      json.BeginObject().Field("row", rows[i].number).Field("what", leads::ImportWhatName(plan.what));
      const leads::Record masked = leads::Masked(plan.record);
      for (const char* field : {"name", "phone"}) {
        const auto it = masked.find(field);
        leads::WriteText(json, field, it == masked.end() ? "" : it->second);
      }
      leads::WriteId(json, "owner", plan.owner);
      leads::WriteId(json, "customer", plan.customer);
      json.Key("fields").BeginArray();
      for (const std::string& field : plan.fields) json.String(field);
      json.EndArray().Field("lead", plan.lead).Key("problem");
      if (plan.problem) {
        json.BeginObject().Field("code", plan.problem->code);
        json.Field("message", messages.RenderMessage(*plan.problem, request.language));
        json.Field("todo", messages.RenderTodo(*plan.problem, request.language)).EndObject();
      } else {
        json.Null();
      }
      json.EndObject();
    }
    json.EndArray().EndObject();
    return leads::Private(json);
  }

  Result<Response> Run(const Request& request) const {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    ASSIGN_OR_RETURN(const Import import, call.imports.Find(call.asker, id));
    if (import.state == ImportState::kDone) return Answer(call, id, request);
    // His scope, not that of who began it, says whom an import adds.
    if (import.created_by != call.asker.by) return Error("not_found");
    ASSIGN_OR_RETURN(const CustomerList list, Read(call, id, true));
    RETURN_IF_ERROR(CheckCustomerColumns(list.columns));
    ASSIGN_OR_RETURN(const std::vector<ImportRow> rows, RowsOf(call, list));
    ASSIGN_OR_RETURN(CustomerImports::Work work, WorkOf(list, rows, call.privacy, call.asker, call.now));
    if (import.state == ImportState::kDraft) {
      ASSIGN_OR_RETURN(const int64_t version, http::IfMatch(request));
      RETURN_IF_ERROR(call.imports.Start(call.asker, id, version, call.now));
    }
    work.go_on = GoOn();
    RETURN_IF_ERROR(call.imports.Run(call.asker, id, work, call.now));
    return Answer(call, id, request);
  }

  Result<Response> Undo(const Request& request) const {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    RETURN_IF_ERROR(call.imports.Undo(call.asker, id, ForgetBy(call.privacy), GoOn(), call.now));
    return Answer(call, id, request);
  }

  Result<Response> End(const Request& request) const {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    RETURN_IF_ERROR(call.imports.End(call.asker, id, call.now));
    return Response::NoContent();
  }

  // The lines that are not taken, with the reason: whoever brought them gets them back, and nobody else.
  Result<Response> Refused(const Request& request) const {
    ASSIGN_OR_RETURN(Call call, Begin(request));
    ASSIGN_OR_RETURN(const int64_t id, request.ParamId("id"));
    const std::string format(request.Query("format").value_or("xlsx"));
    if (format != "xlsx" && format != "csv") {
      return Error("field_choice").With("field", "format").With("choices", "xlsx, csv");
    }
    ASSIGN_OR_RETURN(const Import import, call.imports.Find(call.asker, id));
    if (import.created_by != call.asker.by) return Error("not_found");
    std::vector<RefusedLine> lines;
    ASSIGN_OR_RETURN(const CustomerList list, Read(call, id, import.state == ImportState::kDraft));
    if (import.state == ImportState::kDraft) {
      ASSIGN_OR_RETURN(const std::vector<ImportRow> rows, RowsOf(call, list));
      ASSIGN_OR_RETURN(const std::vector<RowPlan> plans, call.imports.Check(call.asker, rows, list.choices, call.now));
      for (size_t i = 0; i < plans.size(); ++i) {
        if (plans[i].problem) lines.push_back({rows[i].number, *plans[i].problem, list.sheet.lines[i].cells});
      }
    } else {
      ASSIGN_OR_RETURN(const std::vector<std::string> parts, call.imports.Refused(call.asker, id));
      for (const std::string& part : parts) {
        for (const std::string& text : Split(part, '\n')) {
          ASSIGN_OR_RETURN(RefusedLine line, ReadRefusedLine(text));
          lines.push_back(std::move(line));
        }
      }
    }
    const std::string path = NewFile("." + format);
    RETURN_IF_ERROR(WriteRefusedLines(path, list.sheet.headers, lines, request.language));
    return FromFile(path, format == "csv" ? "text/csv; charset=utf-8" : kWorkbook,
                    (request.language == Language::kChinese ? "未导入的行." : "rows-not-imported.") + format);
  }

  Result<Response> Template(const Request& request) const {
    const std::string path = NewFile(".xlsx");
    RETURN_IF_ERROR(WriteCustomerTemplate(path));
    return FromFile(path, kWorkbook, request.language == Language::kChinese ? "客户导入模板.xlsx" : "customers.xlsx");
  }

 private:
  static constexpr std::string_view kWorkbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

  // Beside uploaded files, and called like them, so that what a crash leaves is removed with theirs.
  [[nodiscard]] std::string NewFile(const std::string& end) const {
    const std::filesystem::path place = std::filesystem::path(deps_.folder) / "tmp";
    std::error_code ignored;
    std::filesystem::create_directories(place, ignored);
    return (place / ("upload-" + std::to_string(NewId()) + end)).string();
  }
  static Response FromFile(const std::string& path, std::string_view type, const std::string& name) {
    std::error_code ignored;
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
                                 ignored);
    Response response = Response::Download("", type, name);
    response.body_file = path;
    response.remove_body_file = true;
    return std::move(response).Header("Cache-Control", "no-store");
  }

  static Result<CustomerList> ReadDraft(Call& call, int64_t id) {
    ASSIGN_OR_RETURN(const Import import, call.imports.Find(call.asker, id));
    if (import.state != ImportState::kDraft) {
      return Error("import_state").With("state", leads::ImportStateName(import.state));
    }
    if (import.created_by != call.asker.by) return Error("not_found");
    ASSIGN_OR_RETURN(CustomerList list, Read(call, id, true));
    RETURN_IF_ERROR(CheckCustomerColumns(list.columns));
    return list;
  }

  static std::function<bool()> GoOn() {
    const auto until = std::chrono::steady_clock::now() + kAtOnce;
    return [until] { return std::chrono::steady_clock::now() < until; };
  }

  CustomerImportDeps deps_;
};

}  // namespace

std::string ListHead(const CustomerList& list) {
  const CustomerSheet& sheet = list.sheet;
  return json::serialize(json::object{{"file", sheet.file},
                                      {"format", sheet.format},
                                      {"encoding", sheet.encoding},
                                      {"sheet", sheet.sheet},
                                      {"sheets", Texts(sheet.sheets)},
                                      {"header_row", sheet.header_row},
                                      {"headers", Texts(sheet.headers)},
                                      {"columns", Texts(list.columns)},
                                      {"owner", list.choices.owner.value},
                                      {"source", list.choices.source},
                                      {"leads", list.choices.leads},
                                      {"fill", list.choices.fill},
                                      {"consents", json::parse(list.consents)}});
}

std::vector<std::string> ListPieces(const CustomerList& list) {
  std::vector<std::string> pieces;
  json::array piece;
  for (size_t i = 0; i < list.sheet.lines.size(); ++i) {
    const CustomerSheet::Line& line = list.sheet.lines[i];
    json::array cells;
    cells.emplace_back(line.number);
    for (const std::string& cell : line.cells) cells.emplace_back(cell);
    piece.push_back(std::move(cells));
    if (piece.size() == kPiece || i + 1 == list.sheet.lines.size()) {
      pieces.push_back(json::serialize(piece));
      piece.clear();
    }
  }
  return pieces;
}

Result<std::vector<std::string>> NamesOfDealer(System& system, DealerId dealer) {
  using Names = std::vector<std::string>;
  return system.database().Read<Names>([&](db::Connection& connection) -> Result<Names> {
    Names names;
    db::Rows rows = connection.Query("SELECT code, name FROM dealer WHERE dealer_id = ?1", dealer);
    if (!rows.Next()) return names;
    for (const int column : {0, 1}) {
      if (!rows.Text(column).empty()) names.emplace_back(rows.Text(column));
    }
    return names;
  });
}

Result<CustomerImports::Work> WorkOf(const CustomerList& list, const std::vector<ImportRow>& rows,
                                     privacy::Store& privacy, const Asker& asker, Instant now) {
  CustomerImports::Work work;
  work.rows = rows;
  work.choices = list.choices;
  ASSIGN_OR_RETURN(JsonBody body, JsonBody::Parse("{\"consents\":" + list.consents + "}"));
  ASSIGN_OR_RETURN(std::vector<privacy::ConsentInput> consents, privacy::ReadConsents(privacy, body, now));
  if (!consents.empty()) {
    work.along = [&privacy, asker, consents = std::move(consents), now](db::Connection& connection,
                                                                        leads::CustomerId id) {
      return privacy.GiveIn(connection, asker, asker.witness, id, consents, now);
    };
  }
  const auto lines = std::make_shared<std::map<int64_t, const std::vector<std::string>*>>();
  for (const CustomerSheet::Line& line : list.sheet.lines) lines->emplace(line.number, &line.cells);
  work.keep = [lines](const ImportRow& row, const Error& problem) {
    const auto it = lines->find(row.number);
    return RefusedLineJson({row.number, problem, it == lines->end() ? std::vector<std::string>() : *it->second});
  };
  return work;
}

CustomerImports::Forget ForgetBy(const privacy::Store& privacy) {
  return [&privacy](db::Connection& connection, const Asker& asker, leads::CustomerId id) {
    return privacy.TakeBackIn(connection, asker.dealer, id);
  };
}

void AddCustomerImportRoutes(http::Router& router, const CustomerImportDeps& deps) {
  const auto api = std::make_shared<CustomerImportApi>(deps);
  using Operation = Result<Response> (CustomerImportApi::*)(const Request&) const;
  const auto kept = [api](Operation operation) -> http::ResultHandler {
    return [api, operation](const Request& request) { return ((*api).*operation)(request); };
  };
  const http::Admission change(http::Gate::kSignedIn, http::Rows::kScoped, "change");
  // Each of these goes on where it was left, so that sent again it does no more.
  const auto post = [&](std::string_view pattern, Operation operation, http::Body body = http::Body::kMemory,
                        std::string_view scope = "") {
    http::Route route;
    route.method = http::Method::kPost;
    route.pattern = pattern;
    route.admission = change;
    route.handler = http::Answering(kept(operation));
    route.body = body;
    if (body == http::Body::kFile) route.body_max = kListBytesMax;
    route.scope = scope;
    router.Add(std::move(route));
  };
  const std::string imports = "/api/v1/customer-imports";
  router.Get(imports, change, kept(&CustomerImportApi::List));
  post(imports, &CustomerImportApi::Upload, http::Body::kFile);
  router.Get(imports + "/{id}", change, kept(&CustomerImportApi::Get));
  router.Put(imports + "/{id}", change, kept(&CustomerImportApi::Set));
  router.Delete(imports + "/{id}", change, kept(&CustomerImportApi::End));
  post(imports + "/{id}/check", &CustomerImportApi::Check, http::Body::kMemory, "read");
  post(imports + "/{id}/run", &CustomerImportApi::Run);
  post(imports + "/{id}/undo", &CustomerImportApi::Undo);
  router.Get(imports + "/{id}/refused", change, kept(&CustomerImportApi::Refused));
  router.Get("/api/v1/customer-import-template", change, kept(&CustomerImportApi::Template));
}

}  // namespace dealpace::app
