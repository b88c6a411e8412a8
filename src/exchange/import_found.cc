#include "exchange/import_found.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "exchange/import_header.h"
#include "exchange/mask.h"

namespace dealpace::exchange {
namespace {

namespace json = boost::json;

constexpr size_t kTopRows = 15;
constexpr size_t kPreviewRows = 20;
constexpr size_t kSampledRows = 500;
constexpr size_t kSamples = 6;
constexpr size_t kCellBytes = 200;

std::string Shortened(std::string text) {
  if (text.size() <= kCellBytes) return text;
  size_t end = kCellBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "…";
}

// A row as it is shown. `phone`: which columns hold telephone numbers.
json::object RowJson(const Row& row, const std::vector<bool>& phone) {
  json::array cells;
  for (size_t i = 0; i < row.cells.size(); ++i) {
    cells.push_back(json::string(Shortened(MaskCell(CellText(row.cells[i]), i < phone.size() && phone[i]))));
  }
  return {{"row", row.number}, {"cells", std::move(cells)}};
}

json::object FileJson(const FileFacts& facts, const ImportSettings& settings) {
  json::object file = {{"format", facts.format}, {"header_chosen", settings.header_row.has_value()}};
  if (facts.format == "csv") {
    file["encoding"] = facts.encoding;
    file["encoding_chosen"] = settings.encoding.empty() ? json::value(nullptr) : json::value(settings.encoding);
    file["delimiter"] = std::string(1, facts.delimiter);
  }
  file["sheets"] = json::value_from(facts.sheets);
  file["sheet"] = facts.sheet;
  return file;
}

// What can be said of a file that cannot be read as asked: perhaps its other sheets, or how it would be read unasked.
json::object FileUnread(const std::string& path, const ImportSettings& settings, const ReadLimits& limits) {
  const auto reader = TableReader::Open(path, {}, limits);
  if (reader.ok()) {
    json::object file = FileJson((*reader)->facts(), settings);
    if (!settings.sheet.empty()) file["sheet"] = settings.sheet;
    if (!settings.encoding.empty()) file["encoding"] = settings.encoding;
    return file;
  }
  FileFacts facts;
  facts.format = "csv";
  facts.encoding = settings.encoding;
  return FileJson(facts, settings);
}

struct Column {
  std::vector<std::string> samples;
  std::set<std::string> seen;
  size_t filled = 0;
};

void Sample(const Row& row, const std::vector<bool>& phone, std::vector<Column>& columns) {
  for (size_t i = 0; i < row.cells.size() && i < columns.size(); ++i) {
    const std::string text = CellText(row.cells[i]);
    if (text.empty()) continue;
    Column& column = columns[i];
    ++column.filled;
    if (column.samples.size() >= kSamples) continue;
    std::string shown = Shortened(MaskCell(text, phone[i]));
    if (column.seen.insert(shown).second) column.samples.push_back(std::move(shown));
  }
}

// Reads on below the header and puts headers, rows and samples into `found`.
Status DescribeRows(TableReader& reader, Head& head, json::object& found) {
  // Above the header nobody knows which column is which: a telephone number is masked where it looks like one.
  std::vector<bool> phone_of_file;
  std::vector<bool> phone;
  size_t position = 0;
  for (const std::string& header : head.headers) {
    while (std::find(head.dropped.begin(), head.dropped.end(), position) != head.dropped.end()) {
      phone_of_file.push_back(false);
      ++position;
    }
    phone.push_back(head.header_row > 0 && IsPhoneHeader(header));
    phone_of_file.push_back(phone.back());
    ++position;
  }
  json::array top;
  for (size_t i = 0; i < head.rows.size() && i < kTopRows; ++i) {
    const bool header = head.rows[i].number == head.header_row;
    top.push_back(RowJson(head.rows[i], header || i < head.body ? std::vector<bool>() : phone_of_file));
  }
  std::vector<Column> columns(head.headers.size());
  json::array preview;
  size_t rows = 0;
  const auto take = [&](Row row) {
    DropColumns(row, head.dropped);
    if (IsBlankRow(row)) return;
    ++rows;
    if (preview.size() < kPreviewRows) preview.push_back(RowJson(row, phone));
    Sample(row, phone, columns);
  };
  for (size_t i = head.body; i < head.rows.size(); ++i) take(head.rows[i]);
  Row row;
  for (size_t read = head.rows.size(); read < kSampledRows; ++read) {
    ASSIGN_OR_RETURN(const bool more, reader.Next(row));
    if (!more) break;
    take(std::move(row));
    row = Row{};
  }
  found["headers"] = json::value_from(head.headers);
  found["top"] = std::move(top);
  found["preview"] = std::move(preview);
  json::array samples;
  json::array filled;
  for (const Column& column : columns) {
    samples.push_back(json::value_from(column.samples));
    filled.push_back(rows == 0 ? 0.0 : static_cast<double>(column.filled) / static_cast<double>(rows));
  }
  found["samples"] = std::move(samples);
  found["filled"] = std::move(filled);
  return {};
}

std::vector<std::string> Texts(const json::value* list) {
  std::vector<std::string> texts;
  if (list == nullptr || !list->is_array()) return texts;
  for (const json::value& text : list->get_array()) {
    if (text.is_string()) texts.emplace_back(text.get_string().data(), text.get_string().size());
  }
  return texts;
}

// Meanings that the mapping does not show, because they have no effect yet.
Meanings LooseOf(const Meanings& wanted, const Mapping& mapping, const catalog::Catalog& catalog) {
  const Meanings shown = MeaningsOf(mapping, catalog).meanings;
  Meanings loose;
  for (const auto& [column, meaning] : wanted) {
    const auto it = shown.find(column);
    const bool visible = it != shown.end() && it->second.role != Role::kNone;
    if (!visible && meaning.role != Role::kNone) loose[column] = meaning;
  }
  return loose;
}

Status CheckFields(const std::vector<std::string>& fields, const std::string& kind) {
  const std::vector<std::string> known = FieldsOf(kind);
  for (const std::string& field : fields) {
    if (std::find(known.begin(), known.end(), field) == known.end()) {
      return Error("mapping_unknown_field").With("field", field).With("line", 1);
    }
  }
  return {};
}

}  // namespace

Error Named(Error error, const std::string& file_name) {
  for (auto& [name, value] : error.args) {
    if (name == "file") value = file_name;
  }
  return error;
}

json::object DescribeFile(const std::string& path, const ImportJob& job, const catalog::Catalog& catalog,
                          const ReadLimits& limits) {
  const ImportSettings& settings = job.settings;
  json::object found;
  const auto problem = [&](const Error& error) {
    if (!found.contains("file")) found["file"] = FileUnread(path, settings, limits);
    found["problem"] = ErrorJson(Named(error, job.file_name));
    return found;
  };
  auto reader = TableReader::Open(path, settings.sheet, limits, settings.encoding);
  if (!reader.ok()) return problem(reader.error());
  found["file"] = FileJson((*reader)->facts(), settings);
  std::string hash;
  for (const char c : (*reader)->facts().content.Bytes()) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hash += kDigits[static_cast<unsigned char>(c) >> 4];
    hash += kDigits[static_cast<unsigned char>(c) & 15];
  }
  found["hash"] = hash;
  Result<Head> head = ReadHead(**reader, std::nullopt, job.kind, catalog, settings.header_row);
  if (!head.ok()) return problem(head.error());
  found["file"].get_object()["header_row"] = head->header_row;
  // A row that is too long further down does not keep the beginning from being shown; the dry run will say so.
  if (const Status status = DescribeRows(**reader, *head, found); !status.ok()) return problem(status.error());
  return found;
}

std::vector<std::string> HeadersOf(const json::object& found) { return Texts(found.if_contains("headers")); }

std::vector<std::vector<std::string>> SamplesOf(const json::object& found) {
  std::vector<std::vector<std::string>> samples;
  const json::value* list = found.if_contains("samples");
  if (list == nullptr || !list->is_array()) return samples;
  for (const json::value& column : list->get_array()) samples.push_back(Texts(&column));
  return samples;
}

std::optional<Error> ProblemOf(const json::object& found) {
  const json::value* problem = found.if_contains("problem");
  if (problem == nullptr || !problem->is_object()) return std::nullopt;
  return ErrorOf(problem->get_object());
}

void ChooseMapping(ImportJob& job, const std::optional<SavedMapping>& remembered, const catalog::Catalog& catalog) {
  const std::vector<std::string> headers = HeadersOf(job.found);
  ImportSettings& settings = job.settings;
  settings.loose.clear();
  settings.confirmed.clear();
  if (remembered) {
    if (const auto mapping = ParseMapping(remembered->toml, catalog); mapping.ok()) {
      settings.mapping_toml = FormatMapping(Rebind(*mapping, headers));
      settings.mapping_from = "remembered";
      settings.create_missing = remembered->create_missing;
      return;
    }
  }
  const std::vector<ColumnGuess> guesses = GuessMeanings(job.kind, headers, SamplesOf(job.found), catalog);
  const Mapping mapping = MappingOfGuess(job.kind, guesses, headers, catalog);
  Meanings wanted;
  for (size_t i = 0; i < headers.size() && i < guesses.size(); ++i) wanted.emplace(headers[i], guesses[i].meaning);
  settings.mapping_toml = FormatMapping(mapping);
  settings.mapping_from = "guessed";
  settings.loose = LooseOf(wanted, mapping, catalog);
}

Mapping MappingOfJob(const ImportJob& job, const catalog::Catalog& catalog) {
  // A draft may have less than ParseMapping insists on.
  Result<Mapping> mapping = ParseMapping(job.settings.mapping_toml, catalog, MappingMay::kBeIncomplete);
  if (mapping.ok()) return *std::move(mapping);
  Mapping empty;
  empty.kind = job.kind;
  return empty;
}

std::vector<ColumnState> ColumnStates(const ImportJob& job, const catalog::Catalog& catalog) {
  const std::vector<std::string> headers = HeadersOf(job.found);
  const std::vector<std::vector<std::string>> samples = SamplesOf(job.found);
  const ImportSettings& settings = job.settings;
  const Mapping mapping = MappingOfJob(job, catalog);
  Meanings shown = MeaningsOf(mapping, catalog).meanings;
  for (const auto& [column, meaning] : settings.loose) {
    Meaning& known = shown[column];
    const bool key = known.key;
    if (known.role == Role::kNone) known = meaning;
    known.key = known.key || key;
  }
  const std::vector<ColumnGuess> guesses = GuessMeanings(job.kind, headers, samples, catalog);
  std::vector<ColumnState> states;
  for (size_t i = 0; i < headers.size(); ++i) {
    ColumnState state;
    state.column = headers[i];
    if (i < samples.size()) state.samples = samples[i];
    if (const json::value* filled = job.found.if_contains("filled"); filled != nullptr && filled->is_array()) {
      if (i < filled->get_array().size()) state.filled = filled->get_array()[i].to_number<double>();
    }
    if (const auto it = shown.find(headers[i]); it != shown.end()) state.meaning = it->second;
    const bool confirmed =
        std::find(settings.confirmed.begin(), settings.confirmed.end(), headers[i]) != settings.confirmed.end();
    state.sure = Sure::kRecognised;  // where a person has said so
    if (state.meaning.role == Role::kNone) {
      state.sure = Sure::kUnused;
    } else if (confirmed) {
      // Said so, even if it was guessed first.
    } else if (settings.mapping_from == "remembered" || settings.mapping_from == "template") {
      state.sure = Sure::kRemembered;
    } else if (i < guesses.size() && guesses[i].meaning == state.meaning) {
      state.sure = guesses[i].sure;
      state.why = guesses[i].why;
    }
    if (settings.loose.contains(headers[i]) && state.meaning.role != Role::kNone) {
      state.sure = Sure::kConfirm;
      state.why = Bilingual{"No column gives the date of this event yet, so this has no effect.",
                            "还没有哪一列给出该事件的日期，所以暂不起作用。"};
    }
    states.push_back(std::move(state));
  }
  return states;
}

Status ChangeMapping(ImportJob& job, const ImportChange& change, const catalog::Catalog& catalog) {
  ImportSettings& settings = job.settings;
  const std::vector<std::string> headers = HeadersOf(job.found);
  Mapping mapping = MappingOfJob(job, catalog);
  if (change.mapping_template) {
    if (change.mapping_template->kind != job.kind) {
      return Error("mapping_other_kind").With("kind", change.mapping_template->kind).With("asked", job.kind);
    }
    ASSIGN_OR_RETURN(mapping, ParseMapping(change.mapping_template->toml, catalog, MappingMay::kBeIncomplete));
    mapping = Rebind(mapping, headers);
    settings.mapping_from = "template";
    settings.create_missing = change.mapping_template->create_missing;
    settings.loose.clear();
    settings.confirmed.clear();
  }
  if (change.mapping_toml) {
    ASSIGN_OR_RETURN(mapping, ParseMapping(*change.mapping_toml, catalog));
    if (mapping.kind != job.kind) {
      return Error("mapping_other_kind").With("kind", mapping.kind).With("asked", job.kind);
    }
    for (const std::string& column : mapping.Columns()) {
      if (std::find(headers.begin(), headers.end(), column) != headers.end()) continue;
      const std::string closest = ClosestWord(column, headers);
      return Error(closest.empty() ? "unknown_column" : "unknown_column_suggest")
          .With("column", column)
          .With("headers", Join(headers, ", "))
          .With("suggestion", closest);
    }
    settings.mapping_from = "chosen";
    settings.loose.clear();
    settings.confirmed.clear();
  }
  if (!change.columns.empty()) {
    // A list of all columns confirms those that it changes; a shorter one whatever it names.
    const bool names_all = change.columns.size() >= headers.size();
    for (const ColumnState& state : ColumnStates(job, catalog)) {
      const auto it = change.columns.find(state.column);
      if (it == change.columns.end() || (names_all && it->second == state.meaning)) continue;
      auto& confirmed = settings.confirmed;
      if (std::find(confirmed.begin(), confirmed.end(), state.column) == confirmed.end()) {
        confirmed.push_back(state.column);
      }
    }
    Meanings wanted = settings.loose;
    for (const auto& [column, meaning] : change.columns) wanted[column] = meaning;
    const Mapping before = mapping;
    ASSIGN_OR_RETURN(mapping, Reinterpret(mapping, wanted, headers, catalog));
    settings.loose = LooseOf(wanted, mapping, catalog);
    if (settings.mapping_from == "guessed" && FormatMapping(before) != FormatMapping(mapping)) {
      settings.mapping_from = "chosen";
    }
  }
  if (change.constants) {
    std::vector<std::string> fields;
    for (const auto& [field, text] : *change.constants) fields.push_back(field);
    RETURN_IF_ERROR(CheckFields(fields, job.kind));
    mapping.constants = *change.constants;
    std::erase_if(mapping.constants, [](const auto& constant) { return constant.second.empty(); });
  }
  if (change.values) {
    std::vector<std::string> fields;
    for (const auto& [field, translations] : *change.values) fields.push_back(field);
    RETURN_IF_ERROR(CheckFields(fields, job.kind));
    mapping.values = *change.values;
  }
  if (change.create_missing) settings.create_missing = *change.create_missing;
  settings.mapping_toml = FormatMapping(mapping);
  return {};
}

}  // namespace dealpace::exchange
