#include "exchange/import.h"

#include <cstdio>
#include <fstream>
#include <sstream>

#include "app/commands/context.h"
#include "base/csv_writer.h"
#include "base/json.h"
#include "catalog/messages.h"
#include "exchange/print.h"
#include "ledger/batch.h"

namespace dealpace::app {
namespace {

using exchange::ImportSummary;

constexpr size_t kFactsBytes = 64 << 20;
constexpr int64_t kKeptFrom = 2000;  // new entries that are worth keeping what follows from them

std::string StateName(ImportSummary::State state) {
  switch (state) {
    case ImportSummary::State::kDone: return "done";
    case ImportSummary::State::kDryRun: return "dry_run";
    case ImportSummary::State::kReversed: return "reversed";
  }
  return {};
}

std::string SummaryJson(const ImportSummary& summary, Language language) {
  const auto& messages = catalog::Messages::Get();
  JsonWriter json;
  json.BeginObject().Field("state", StateName(summary.state));
  if (summary.batch.set()) json.Field("batch", summary.batch.value);
  json.Field("resumed", summary.resumed);
  json.Key("file").BeginObject().Field("format", summary.file.format).Field("encoding", summary.file.encoding);
  json.Field("sheet", summary.file.sheet).Field("header_row", summary.header_row).EndObject();
  json.Field("mapping_guessed", summary.guessed);
  json.Key("rows").BeginObject().Field("read", summary.rows_read).Field("taken", summary.rows_taken);
  json.Field("empty", summary.rows_empty).Field("refused", summary.rows_refused).EndObject();
  json.Key("entries").BeginObject().Field("new", summary.booked.added).Field("changed", summary.booked.changed);
  json.Field("unchanged", summary.booked.unchanged).Field("removed", summary.booked.removed).EndObject();
  const auto counts = [&](std::string_view name, const std::map<std::string, int64_t>& map) {
    json.Key(name).BeginObject();
    for (const auto& [key, count] : map) json.Field(key, count);
    json.EndObject();
  };
  counts("recorded", summary.recorded);
  counts("created", summary.created);
  counts("refused_by_reason", summary.reasons);
  json.Key("examples").BeginArray();
  for (const auto& [row, error] : summary.examples) {
    json.BeginObject().Field("row", row).Field("code", error.code);
    json.Field("reason", messages.Render(error, language)).EndObject();
  }
  json.EndArray();
  if (summary.broke_off) {
    json.Key("broke_off").BeginObject().Field("code", summary.broke_off->code);
    json.Field("reason", messages.Render(*summary.broke_off, language)).EndObject();
  }
  json.EndObject();
  return json.text() + "\n";
}

void PrintSummary(const Context& context, const ImportSummary& summary, const std::string& errors_file) {
  const auto& messages = catalog::Messages::Get();
  const auto line = [](const std::string& text) { std::printf("%s\n", text.c_str()); };
  const auto n = [](int64_t number) { return std::to_string(number); };
  const bool zh = context.chinese();

  std::string file = summary.file.format == "xlsx" ? (zh ? "工作簿，工作表 " : "workbook, sheet ") + summary.file.sheet
                                                   : summary.file.encoding + " CSV";
  if (summary.header_row > 0)
    file += (zh ? "，表头在第 " : ", header in row ") + n(summary.header_row) + (zh ? " 行" : "");
  line((zh ? "文件：" : "File: ") + file);
  if (summary.guessed) {
    line(zh ? "由表头猜出的映射（可用 --map 指定）：" : "Mapping guessed from the headers (give your own with --map):");
    std::istringstream mapping(exchange::FormatMapping(summary.mapping));
    for (std::string text; std::getline(mapping, text);) line("  " + text);
  }
  line(zh ? "读取 " + n(summary.rows_read) + " 行：采用 " + n(summary.rows_taken) + "，无内容 " +
                n(summary.rows_empty) + "，拒绝 " + n(summary.rows_refused)
          : n(summary.rows_read) + " rows read: " + n(summary.rows_taken) + " taken, " + n(summary.rows_empty) +
                " empty, " + n(summary.rows_refused) + " refused");
  for (const auto& [event, count] : summary.recorded) line("  " + event + "  " + n(count));
  line(zh ? "分录：新增 " + n(summary.booked.added) + "，更改 " + n(summary.booked.changed) + "，未变 " +
                n(summary.booked.unchanged) + "，撤销 " + n(summary.booked.removed)
          : "Entries: " + n(summary.booked.added) + " new, " + n(summary.booked.changed) + " changed, " +
                n(summary.booked.unchanged) + " unchanged, " + n(summary.booked.removed) + " removed");
  for (const auto& [dim, count] : summary.created) {
    line((zh ? "新建 " : "Added: ") + n(count) + " " + exchange::DimTitle(dim, context.language));
  }
  for (const auto& [row, error] : summary.examples) {
    line((zh ? "  第 " : "  row ") + n(row) + (zh ? " 行：" : ": ") + messages.Render(error, context.language));
  }
  const auto listed = static_cast<int64_t>(summary.examples.size());
  if (summary.rows_refused > listed) {
    line((zh ? "  …… 另有 " : "  … and ") + n(summary.rows_refused - listed) + (zh ? " 行" : " more"));
  }
  if (!errors_file.empty() && summary.rows_refused > 0) {
    line((zh ? "被拒绝的行已写入 " : "Refused rows are in ") + errors_file);
  }
  switch (summary.state) {
    case ImportSummary::State::kDryRun: line(zh ? "试运行：未写入任何内容。" : "Dry run: nothing was written."); break;
    case ImportSummary::State::kReversed:
      line((zh ? "导入中断，已写入的内容已全部撤销：" : "The import broke off and was taken back as a whole: ") +
           messages.Render(*summary.broke_off, context.language));
      break;
    case ImportSummary::State::kDone:
      line((summary.resumed ? (zh ? "接续了先前中断的批次 " : "Resumed and finished batch ")
                            : (zh ? "批次 " : "Batch ")) +
           n(summary.batch.value) +
           (zh ? "。撤销：dealpace import undo " : ". To take it back: dealpace import undo ") +
           n(summary.batch.value));
      break;
  }
}

}  // namespace

int RunImport(const Context& context, const ImportArguments& arguments) {
  if (arguments.kind != "events" && arguments.kind != "readings") {
    return context.Fail(
        Error("unknown_import_kind").With("name", arguments.kind).With("known", "events, readings, customers"),
        kExitUsage);
  }
  const auto system = context.OpenSystem();
  if (!system.ok()) return context.Fail(system.error());
  const catalog::Catalog& catalog = (*system)->catalog();

  exchange::ImportOptions options;
  options.kind = arguments.kind;
  options.path = arguments.file;
  options.sheet = arguments.sheet;
  options.encoding = arguments.encoding;
  options.header_row = arguments.header_row;
  options.create_missing = arguments.create_missing;
  options.dry_run = arguments.dry_run;
  if (!arguments.map_file.empty()) {
    std::ifstream in(arguments.map_file, std::ios::binary);
    if (!in) return context.Fail(Error("file_unreadable").With("file", arguments.map_file), kExitUsage);
    std::ostringstream text;
    text << in.rdbuf();
    auto mapping = exchange::ParseMapping(text.str(), catalog);
    if (!mapping.ok()) return context.Fail(Error(mapping.error()).With("file", arguments.map_file), kExitUsage);
    if (mapping->kind != arguments.kind) {
      return context.Fail(Error("mapping_other_kind").With("kind", mapping->kind).With("asked", arguments.kind),
                          kExitUsage);
    }
    options.mapping = *std::move(mapping);
  }

  // Refused rows go to a file of the same columns, so that they can be mended and imported again.
  std::ofstream errors;
  if (!arguments.errors_file.empty()) {
    errors.open(arguments.errors_file, std::ios::binary | std::ios::trunc);
    if (!errors) return context.Fail(Error("file_unwritable").With("file", arguments.errors_file), kExitUsage);
    options.header = [&](const std::vector<std::string>& headers) {
      std::vector<std::string> cells;
      for (const std::string& header : headers) cells.push_back(GuardText(header));
      for (const Bilingual& header : exchange::kRefusalHeaders) cells.push_back(header.In(context.language));
      errors << "\xEF\xBB\xBF" << CsvLine(cells);
    };
    options.refused = [&, width = size_t{0}](int64_t row, const std::vector<std::string>& texts,
                                             const Error& error) mutable {
      width = std::max(width, texts.size());
      std::vector<std::string> cells;
      for (const std::string& text : texts) cells.push_back(GuardText(text));
      cells.resize(width);
      cells.push_back(std::to_string(row));
      cells.push_back(GuardText(catalog::Messages::Get().Render(error, context.language)));
      errors << CsvLine(cells);
    };
  }
  options.progress = ProgressBar(context.Say("Importing", "导入"));

  const auto summary = exchange::Import((*system)->database(), catalog, options);
  if (!summary.ok()) {
    const bool no_file = summary.error().code == "file_unreadable";
    return context.Fail(summary.error(), no_file ? kExitUsage : kExitProblems);
  }
  if (summary->state == ImportSummary::State::kDone && summary->booked.added >= kKeptFrom) {
    // Ready to answer: what the figures need is worked out now and kept, not at the next start.
    if (const Status kept = (*system)->facts().Warm(kKeptFrom, kFactsBytes); !kept.ok()) {
      return context.Fail(kept.error());
    }
  }
  if (context.format == Format::kJson) {
    std::fputs(SummaryJson(*summary, context.language).c_str(), stdout);
  } else {
    PrintSummary(context, *summary, arguments.errors_file);
  }
  const bool problems = summary->rows_refused > 0 || summary->state == ImportSummary::State::kReversed;
  return problems ? kExitProblems : kExitOk;
}

int RunImportList(const Context& context) {
  const auto system = context.OpenSystem();
  if (!system.ok()) return context.Fail(system.error());
  const auto batches = ledger::ListBatches((*system)->database());
  if (!batches.ok()) return context.Fail(batches.error());
  if (context.format == Format::kJson) {
    JsonWriter json;
    json.BeginArray();
    for (const ledger::Batch& batch : *batches) {
      json.BeginObject().Field("batch", batch.id.value).Field("kind", batch.kind).Field("file", batch.file_name);
      json.Field("state", batch.state).Field("started_at", FormatInstant(batch.started_at));
      json.Field("rows", batch.rows_read).Field("new", batch.entries_new).Field("changed", batch.entries_changed);
      json.Field("removed", batch.entries_removed).EndObject();
    }
    json.EndArray();
    std::printf("%s\n", json.text().c_str());
    return kExitOk;
  }
  if (batches->empty()) {
    std::printf("%s\n", context.Say("No imports yet. Start with: dealpace import events FILE",
                                    "还没有导入记录。开始导入：dealpace import events 文件"));
    return kExitOk;
  }
  exchange::TextTable table;
  table.columns = {{context.Say("Batch", "批次"), false}, {context.Say("Started", "开始时间"), false},
                   {context.Say("Kind", "类型"), false},  {context.Say("File", "文件"), false},
                   {context.Say("State", "状态"), false}, {context.Say("Rows", "行数"), true},
                   {context.Say("New", "新增"), true},    {context.Say("Changed", "更改"), true},
                   {context.Say("Removed", "撤销"), true}};
  for (const ledger::Batch& batch : *batches) {
    table.rows.push_back({std::to_string(batch.id.value), FormatInstant(batch.started_at), batch.kind, batch.file_name,
                          batch.state, std::to_string(batch.rows_read), std::to_string(batch.entries_new),
                          std::to_string(batch.entries_changed), std::to_string(batch.entries_removed)});
  }
  const std::string text = context.format == Format::kCsv ? [&] {
    std::vector<std::string> header;
    for (const auto& column : table.columns) header.push_back(column.title);
    std::string out = CsvLine(header);
    for (const auto& row : table.rows) out += CsvLine(row);
    return out;
  }()
                                                          : exchange::AlignTable(table);
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

int RunImportUndo(const Context& context, int64_t batch, const std::string& why) {
  const auto system = context.OpenSystem();
  if (!system.ok()) return context.Fail(system.error());
  const auto undone =
      ledger::UndoBatch((*system)->database(), (*system)->catalog(), BatchId(batch), why, {"cli", Now(), {}});
  if (!undone.ok()) return context.Fail(undone.error());
  if (context.format == Format::kJson) {
    JsonWriter json;
    json.BeginObject().Field("batch", batch).Field("reversed", undone->reversed);
    json.Field("restored", undone->restored).EndObject();
    std::printf("%s\n", json.text().c_str());
  } else {
    std::printf(context.Say("Batch %lld taken back: %lld entries reversed, %lld restored.\n",
                            "批次 %lld 已撤销：冲销 %lld 条分录，恢复 %lld 条。\n"),
                static_cast<long long>(batch), static_cast<long long>(undone->reversed),
                static_cast<long long>(undone->restored));
  }
  return kExitOk;
}

}  // namespace dealpace::app
