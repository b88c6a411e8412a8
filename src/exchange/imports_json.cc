#include "exchange/imports_json.h"

#include <algorithm>
#include <array>

#include "base/money.h"
#include "catalog/messages.h"
#include "exchange/import_advice.h"
#include "exchange/mask.h"
#include "http/json_body.h"

namespace dealpace::exchange {
namespace {

namespace json = boost::json;

json::object ProblemJson(const Error& error, Language language) {
  const auto& messages = catalog::Messages::Get();
  const catalog::Messages::Message* message = messages.Find(error.code);
  json::object args;
  for (const auto& [name, value] : error.args) args[name] = value;
  json::object problem = {{"type", "/problems/" + error.code},
                          {"title", messages.RenderMessage(error, language)},
                          {"status", message == nullptr ? 500 : message->status},
                          {"detail", messages.RenderMessage(error, language)},
                          {"code", error.code},
                          {"args", std::move(args)}};
  const std::string todo = messages.RenderTodo(error, language);
  if (!todo.empty()) problem["todo"] = todo;
  return problem;
}

json::value Text(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

// A decimal as a number of JSON, exactly as far as a double goes.
double Number(const Decimal& decimal) {
  double value = static_cast<double>(decimal.digits);
  for (int i = 0; i < decimal.scale; ++i) value /= 10;
  return value;
}

json::object JobJson(const ImportJob& job, Instant now, Language language) {
  json::object object;
  object["id"] = std::to_string(job.id);
  object["kind"] = job.kind;
  object["file_name"] = job.file_name;
  if (!job.of_command_line()) object["file_bytes"] = job.file_bytes;
  object["state"] = job.state;
  object["progress"] = job.running() && !job.of_command_line() ? json::value(job.progress) : json::value(nullptr);
  object["created_at"] = FormatInstant(job.created_at);
  object["created_by"] = job.created_by;
  object["finished_at"] = job.finished_at ? json::value(FormatInstant(*job.finished_at)) : json::value(nullptr);
  object["batch"] = job.batch.set() ? json::value(std::to_string(job.batch.value)) : json::value(nullptr);
  object["undo_until"] = nullptr;
  if (job.state == "done" && job.batch.set()) {
    const Instant until{job.finished_at.value_or(job.created_at).ms + kUndoWindowMs};
    if (now.ms <= until.ms) object["undo_until"] = FormatInstant(until);
  }
  object["problem"] = job.problem ? json::value(ProblemJson(*job.problem, language)) : json::value(nullptr);
  object["result"] = job.result ? json::value(*job.result) : json::value(nullptr);
  return object;
}

json::object MeaningJson(const Meaning& meaning) {
  json::object object = {{"role", RoleName(meaning.role)}};
  if (!meaning.field.empty()) object["field"] = meaning.field;
  if (!meaning.event.empty()) object["event"] = meaning.event;
  if (!meaning.at.empty()) object["at"] = meaning.at;
  if (meaning.role == Role::kAmount || meaning.role == Role::kValue) object["scale"] = Number(meaning.scale);
  if (meaning.key) object["key"] = true;
  return object;
}

json::object MappingJson(const Mapping& mapping) {
  json::object object = {{"kind", mapping.kind}};
  if (!mapping.time_zone.empty()) object["time_zone"] = mapping.time_zone;
  if (!mapping.date_formats.empty()) object["date_formats"] = json::value_from(mapping.date_formats);
  if (!mapping.missing.empty()) object["missing"] = json::value_from(mapping.missing);
  if (!mapping.key.empty()) object["key"] = json::value_from(mapping.key);
  object["scale"] = Number(mapping.scale);
  object["columns"] = json::value_from(mapping.columns);
  object["constants"] = json::value_from(mapping.constants);
  object["values"] = json::value_from(mapping.values);
  json::array rules;
  const bool readings = mapping.kind == "readings";
  for (const EventRule& rule : mapping.rules) {
    json::object one;
    if (!rule.name.empty()) one[readings ? "measure" : "name"] = rule.name;
    if (!rule.at.empty()) one["at"] = rule.at;
    if (!rule.amount.empty()) one[readings ? "column" : "amount"] = json::value_from(rule.amount);
    if (!rule.count.empty()) one["count"] = json::value_from(rule.count);
    if (rule.scale) one["scale"] = Number(*rule.scale);
    if (!rule.columns.empty()) one["columns"] = json::value_from(rule.columns);
    if (!rule.constants.empty()) one["constants"] = json::value_from(rule.constants);
    if (!rule.when.empty()) one["when"] = json::value_from(rule.when);
    rules.push_back(std::move(one));
  }
  if (!rules.empty()) object[readings ? "value" : "event"] = std::move(rules);
  return object;
}

json::object RefusedJson(const RefusedRow& row, Language language) {
  const auto& messages = catalog::Messages::Get();
  const Error& error = row.error;
  const std::string column(error.Arg("column"));
  const std::string cell(error.Arg("cell").empty() ? error.Arg("value") : error.Arg("cell"));
  json::object object = {{"row", row.row}, {"column", Text(column)}, {"code", error.code}};
  object["cell"] = Text(MaskCell(cell, IsPhoneHeader(column)));
  // What the message quotes is a cell, too.
  Error shown = error;
  for (auto& [name, value] : shown.args) {
    if (name == "value" || name == "name" || name == "cell") value = MaskCell(value, IsPhoneHeader(column));
  }
  object["message"] = messages.RenderMessage(shown, language);
  // The advice about names is for the command line; here a suggestion is a click.
  if (!error.code.starts_with("row_unknown_") && error.code != "row_missing_dealer") {
    const std::string todo = messages.RenderTodo(shown, language);
    if (!todo.empty()) object["todo"] = todo;
  }
  object["suggestion"] = nullptr;
  if (const auto mend = SuggestMend(error, row.mostly)) {
    json::object suggestion = {{"kind", MendName(mend->kind)}, {"field", mend->field}, {"from", mend->from}};
    if (!mend->to.empty()) suggestion["to"] = mend->to;
    object["suggestion"] = std::move(suggestion);
  }
  return object;
}

std::string OutcomeName(Outcome outcome) {
  if (outcome == Outcome::kChanged) return "changed";
  return outcome == Outcome::kUnchanged ? "unchanged" : "new";
}

Result<Meaning> ReadMeaning(http::JsonBody& body, const std::string& column) {
  Meaning meaning;
  ASSIGN_OR_RETURN(const std::string role, body.Text("role", 40));
  const auto known = ParseRole(role);
  if (!known) return Error("meaning_bad").With("column", column).With("what", "role = " + role);
  meaning.role = *known;
  ASSIGN_OR_RETURN(const std::optional<std::string> field, body.OptionalText("field", 100));
  ASSIGN_OR_RETURN(const std::optional<std::string> event, body.OptionalText("event", 100));
  ASSIGN_OR_RETURN(const std::optional<std::string> at, body.OptionalText("at"));
  ASSIGN_OR_RETURN(const std::optional<double> scale, body.OptionalNumber("scale"));
  ASSIGN_OR_RETURN(meaning.key, body.Bool("key", false));
  RETURN_IF_ERROR(body.Done());
  // What the role does not use is left out, so that equal meanings are equal.
  if (meaning.role == Role::kField) meaning.field = field.value_or("");
  const std::array with_event = {Role::kField, Role::kEventAt, Role::kEventFlag, Role::kAmount, Role::kCount};
  if (std::find(with_event.begin(), with_event.end(), meaning.role) != with_event.end()) {
    meaning.event = event.value_or("");
  }
  if (meaning.role == Role::kEventFlag) meaning.at = at.value_or("");
  if (scale && (meaning.role == Role::kAmount || meaning.role == Role::kValue)) {
    char digits[40];
    std::snprintf(digits, sizeof digits, "%.12g", *scale);
    const auto number = ParseDecimal(digits);
    if (!number || *scale <= 0 || *scale > 1e9) {
      return Error("meaning_bad").With("column", column).With("what", "scale");
    }
    meaning.scale = *number;
  }
  return meaning;
}

// An object of texts.
Result<std::map<std::string, std::string>> ReadTexts(http::JsonBody& body) {
  std::map<std::string, std::string> texts;
  std::vector<std::string> names;
  for (const auto& [name, value] : body.object()) names.emplace_back(name);
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(texts[name], body.Text(name));
  }
  return texts;
}

}  // namespace

std::string ImportJobJson(const ImportJob& job, Instant now, Language language) {
  return json::serialize(JobJson(job, now, language));
}

std::string ImportJson(const ImportJob& job, const std::vector<std::string>& missing, const catalog::Catalog& catalog,
                       Instant now, Language language) {
  json::object object = JobJson(job, now, language);
  object["version"] = job.version;
  if (job.of_command_line() || job.found.empty()) return json::serialize(object);
  for (const char* part : {"file", "top", "preview"}) {
    if (const json::value* value = job.found.if_contains(part)) object[part] = *value;
  }
  json::array columns;
  for (const ColumnState& state : ColumnStates(job, catalog)) {
    json::object column = {{"column", state.column},       {"samples", json::value_from(state.samples)},
                           {"filled", state.filled},       {"meaning", MeaningJson(state.meaning)},
                           {"sure", SureName(state.sure)}, {"why", nullptr}};
    if (state.why) column["why"] = json::object{{"en", state.why->en}, {"zh", state.why->zh}};
    columns.push_back(std::move(column));
  }
  object["columns"] = std::move(columns);
  const Mapping mapping = MappingOfJob(job, catalog);
  object["mapping"] = MappingJson(mapping);
  object["mapping_toml"] = job.settings.mapping_toml;
  object["mapping_from"] = job.settings.mapping_from;
  const std::optional<Error> problem = ProblemOf(job.found);
  object["usable"] = !problem && missing.empty();
  object["missing"] = json::value_from(missing);
  object["create_missing"] = job.settings.create_missing;
  object["problem_reading"] = problem ? json::value(ProblemJson(*problem, language)) : json::value(nullptr);
  return json::serialize(object);
}

std::string RefusedPageJson(const RefusedPage& page, Language language) {
  json::array rows;
  for (const RefusedRow& row : page.rows) rows.push_back(RefusedJson(row, language));
  json::object object = {{"rows", std::move(rows)}};
  object["next_cursor"] = page.next ? json::value(std::to_string(*page.next)) : json::value(nullptr);
  return json::serialize(object);
}

std::string RowLookJson(const RowLook& look, const catalog::Catalog& catalog, Language language) {
  json::object cells;
  for (size_t i = 0; i < look.headers.size(); ++i) {
    const std::string cell = i < look.cells.size() ? look.cells[i] : "";
    cells[look.headers[i]] = MaskCell(cell, IsPhoneHeader(look.headers[i]));
  }
  json::array entries;
  for (const RowLook::Entry& entry : look.entries) {
    const catalog::Event& event = catalog.events()[static_cast<size_t>(entry.entry.event)];
    json::object one = {{"event", event.id},
                        {"day", FormatDay(entry.entry.day)},
                        {"count", static_cast<double>(entry.entry.quantity) / 1000},
                        {"amount", nullptr},
                        {"lead", Text(entry.entry.lead)},
                        {"staff", Text(entry.staff)},
                        {"members", json::value_from(entry.members)},
                        {"state", OutcomeName(entry.outcome)}};
    if (entry.entry.amount != 0) one["amount"] = static_cast<double>(entry.entry.amount) / 100;
    entries.push_back(std::move(one));
  }
  json::object object = {{"row", look.row}, {"cells", std::move(cells)}, {"entries", std::move(entries)}};
  object["refused"] = nullptr;
  if (look.refusal) {
    object["refused"] = RefusedJson({.row = look.row, .cells = look.cells, .error = *look.refusal}, language);
  }
  return json::serialize(object);
}

std::string SavedMappingJson(const SavedMapping& mapping) {
  return json::serialize(
      json::object{{"id", std::to_string(mapping.id)},
                   {"name", mapping.name.empty() ? mapping.file_name : mapping.name},
                   {"automatic", mapping.name.empty()},
                   {"kind", mapping.kind},
                   {"headers", json::value_from(mapping.headers)},
                   {"toml", mapping.toml},
                   {"created_by", mapping.created_by},
                   {"created_at", FormatInstant(mapping.created_at)},
                   {"used_at", mapping.used_at ? json::value(FormatInstant(*mapping.used_at)) : json::value(nullptr)}});
}

Result<ImportChangeRead> ReadImportChange(std::string_view body_text) {
  ASSIGN_OR_RETURN(http::JsonBody body, http::JsonBody::Parse(body_text));
  ImportChangeRead read;
  ImportChange& change = read.change;
  ASSIGN_OR_RETURN(change.kind, body.OptionalText("kind", 40));
  if (change.kind && *change.kind != "events" && *change.kind != "readings") {
    return Error("unknown_import_kind").With("name", *change.kind).With("known", "events, readings");
  }
  ASSIGN_OR_RETURN(change.sheet, body.OptionalText("sheet"));
  ASSIGN_OR_RETURN(const std::optional<std::string> encoding, body.OptionalText("encoding", 40));
  if (body.object().contains("encoding")) change.encoding = encoding.value_or("");
  ASSIGN_OR_RETURN(const std::optional<int64_t> header_row, body.OptionalInt("header_row"));
  if (body.object().contains("header_row")) {
    if (header_row && *header_row < 0) return Error("header_row_missing").With("row", *header_row);
    change.header_row.emplace(header_row);
  }
  ASSIGN_OR_RETURN(std::vector<http::JsonBody> columns, body.Objects("columns", 2'000));
  for (http::JsonBody& item : columns) {
    ASSIGN_OR_RETURN(const std::string column, item.Text("column", 1 << 20));
    ASSIGN_OR_RETURN(std::optional<http::JsonBody> meaning, item.Object("meaning"));
    RETURN_IF_ERROR(item.Done());
    if (!meaning) return Error("field_missing").With("field", "columns.meaning");
    ASSIGN_OR_RETURN(const Meaning read_meaning, ReadMeaning(*meaning, column));
    change.columns.emplace(column, read_meaning);
  }
  ASSIGN_OR_RETURN(std::optional<http::JsonBody> constants, body.Object("constants"));
  if (constants) {
    ASSIGN_OR_RETURN(change.constants, ReadTexts(*constants));
  }
  ASSIGN_OR_RETURN(std::optional<http::JsonBody> values, body.Object("values"));
  if (values) {
    change.values.emplace();
    std::vector<std::string> fields;
    for (const auto& [field, translations] : values->object()) fields.emplace_back(field);
    for (const std::string& field : fields) {
      ASSIGN_OR_RETURN(std::optional<http::JsonBody> translations, values->Object(field));
      if (!translations) continue;
      ASSIGN_OR_RETURN((*change.values)[field], ReadTexts(*translations));
    }
  }
  ASSIGN_OR_RETURN(change.mapping_toml, body.OptionalText("mapping_toml", 1 << 20));
  ASSIGN_OR_RETURN(read.template_id, body.OptionalId("template"));
  if (body.Has("create_missing")) {
    ASSIGN_OR_RETURN(change.create_missing, body.Bool("create_missing", false));
  }
  RETURN_IF_ERROR(body.Done());
  return read;
}

}  // namespace dealpace::exchange
