#include "exchange/csv_reader.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "base/text.h"

namespace dealpace::exchange {
namespace {

constexpr size_t kBufferBytes = 1 << 18;
constexpr size_t kSampleBytes = 1 << 16;
constexpr size_t kSampleRecords = 200;
constexpr std::string_view kDelimiters = ",;\t|";

// Columns of each complete record of the sample, empty lines left out.
std::vector<int> ColumnCounts(std::string_view sample, char delimiter, bool whole) {
  std::vector<int> counts;
  int columns = 1;
  bool quoted = false;
  bool cell_begins = true;
  bool line_begins = true;
  for (size_t i = 0; i < sample.size() && counts.size() < kSampleRecords; ++i) {
    const char c = sample[i];
    if (quoted) {
      if (c != '"') continue;
      if (i + 1 < sample.size() && sample[i + 1] == '"') {
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '\n' || c == '\r') {
      if (!line_begins) counts.push_back(columns);
      columns = 1;
      cell_begins = line_begins = true;
    } else {
      quoted = c == '"' && cell_begins;
      cell_begins = c == delimiter;
      line_begins = false;
      if (cell_begins) ++columns;
    }
  }
  if (whole && !quoted && !line_begins && counts.size() < kSampleRecords) counts.push_back(columns);
  return counts;
}

// The delimiter that the first line declares, and the length of that line without its end.
std::optional<std::pair<char, size_t>> DeclaredDelimiter(std::string_view sample) {
  const std::string_view line = sample.substr(0, sample.substr(0, 16).find_first_of("\r\n"));
  const bool quoted = line.size() == 7 && line.front() == '"' && line.back() == '"';
  const std::string_view text = quoted ? line.substr(1, 5) : line;
  if (text.size() != 5 || ToLower(text.substr(0, 4)) != "sep=") return std::nullopt;
  const char c = text[4];
  if (c != '\t' && (c <= ' ' || c > '~' || c == '"' || std::isalnum(static_cast<unsigned char>(c)) != 0)) {
    return std::nullopt;
  }
  return std::pair(c, line.size());
}

bool IsMarkup(std::string_view sample) {
  const std::string head = ToLower(Trim(sample.substr(0, 512)));
  return std::ranges::any_of(std::array{"<!doctype", "<html", "<table", "<?xml", "<head", "<body", "<meta"},
                             [&](const char* tag) { return head.starts_with(tag); });
}

}  // namespace

char DetectDelimiter(std::string_view sample, bool whole) {
  char best = ',';
  int best_records = 0;
  int best_columns = 1;
  for (const char delimiter : kDelimiters) {
    std::map<int, int> records_by_columns;
    for (const int columns : ColumnCounts(sample, delimiter, whole)) ++records_by_columns[columns];
    int columns = 1;
    int records = 0;
    for (const auto& [width, count] : records_by_columns) {
      if (count >= records) {
        columns = width;
        records = count;
      }
    }
    if (columns > 1 && std::pair(records, columns) > std::pair(best_records, best_columns)) {
      best = delimiter;
      best_records = records;
      best_columns = columns;
    }
  }
  return best;
}

Result<std::unique_ptr<TableReader>> CsvReader::Open(InputFile file, const ReadLimits& limits,
                                                     std::optional<Encoding> forced) {
  ASSIGN_OR_RETURN(const TextFacts text, ExamineText(file, forced));
  auto reader = std::unique_ptr<CsvReader>(new CsvReader(std::move(file), text, limits));
  RETURN_IF_ERROR(reader->Start());
  return std::unique_ptr<TableReader>(std::move(reader));
}

CsvReader::CsvReader(InputFile file, const TextFacts& text, const ReadLimits& limits)
    : file_(std::move(file)), limits_(limits), stream_(file_, text), buffer_(kBufferBytes + 1) {
  facts_.format = "csv";
  facts_.encoding = text.Name();
  facts_.bytes = file_.size();
  facts_.content = text.content;
  cursor_ = end_ = buffer_.data();
}

Status CsvReader::Start() {
  Fill();
  if (failed_) return *failed_;
  const std::string_view text(cursor_, static_cast<size_t>(end_ - cursor_));
  const std::string_view sample = text.substr(0, kSampleBytes);
  if (IsMarkup(sample)) return FileError("file_not_a_table", file_, "HTML or XML");
  if (const auto declared = DeclaredDelimiter(sample)) {
    SetDelimiter(declared->first);
    cursor_ += declared->second;
    if (More()) EndLine();
    if (failed_) return *failed_;
    return {};
  }
  SetDelimiter(DetectDelimiter(sample, sample.size() == text.size()));
  return {};
}

void CsvReader::SetDelimiter(char delimiter) {
  facts_.delimiter = delimiter;
  for (const char c : {delimiter, '\n', '\r'}) stops_[static_cast<unsigned char>(c)] = true;
}

// Reads on once the buffer is used up. False at the end of the file and on failure.
bool CsvReader::Fill() {
  if (failed_) return false;
  base_ += end_ - buffer_.data();
  cursor_ = end_ = buffer_.data();
  if (base_ - record_begin_ > limits_.record_bytes_max) {
    failed_ = Error("record_too_long");
    return false;
  }
  size_t size = 0;
  while (size < kBufferBytes - 16) {
    Result<size_t> read = stream_.Read(buffer_.data() + size, kBufferBytes - size);
    if (!read.ok()) {
      failed_ = read.error();
      return false;
    }
    if (*read == 0) break;
    size += *read;
  }
  end_ = cursor_ + size;
  buffer_[size] = '\n';
  return size > 0;
}

Result<bool> CsvReader::Next(Row& row) {
  if (failed_) return *failed_;
  record_begin_ = Offset();
  if (after_cr_ && More() && *cursor_ == '\n') {
    ++cursor_;
    ++record_begin_;
  }
  after_cr_ = false;
  row.number = line_;
  refused_ = {};
  size_t count = 0;
  if (More() && *cursor_ != '\n' && *cursor_ != '\r') {
    Stop stop = Stop::kDelimiter;
    while (stop == Stop::kDelimiter) {
      Cell* cell = &unkept_;
      if (count < static_cast<size_t>(limits_.columns_max)) {
        if (count == row.cells.size()) row.cells.emplace_back();
        cell = &row.cells[count++];
      } else if (refused_.empty()) {
        refused_ = "too_many_columns";
      }
      stop = ReadCell(*cell);
    }
  }
  const int64_t quote_line = std::exchange(quote_line_, 0);
  if (!failed_ && Offset() - record_begin_ > limits_.record_bytes_max) failed_ = Error("record_too_long");
  if (failed_) {
    if (failed_->Arg("row").empty()) failed_->With("row", std::to_string(row.number));
    if (quote_line > 0) failed_->With("line", std::to_string(quote_line));
    return *failed_;
  }
  const bool at_end = cursor_ == end_;  // ReadCell and More leave the cursor there only when nothing follows
  if (!at_end) EndLine();
  if (!refused_.empty()) return Error(refused_).With("row", row.number);
  if (at_end && count == 0) return false;
  row.cells.resize(count);
  return true;
}

// Takes the line end under the cursor.
void CsvReader::EndLine() {
  after_cr_ = *cursor_++ == '\r';
  ++line_;
}

void CsvReader::Append(Cell& cell, const char* from, const char* to) {
  if (!refused_.empty()) return;
  const auto size = static_cast<size_t>(to - from);
  if (cell.text.size() + size > static_cast<size_t>(limits_.cell_bytes_max)) {
    refused_ = "cell_too_long";
  } else if (cell.text.empty()) {
    AssignText(cell.text, {from, size});
  } else {
    cell.text.append(from, size);
  }
}

// Reads a cell up to what ends it, takes a delimiter but leaves a line end.
CsvReader::Stop CsvReader::ReadCell(Cell& cell) {
  cell.day = {};
  cell.ms_of_day = 0;
  if (cursor_ < end_ && *cursor_ != '"' && refused_.empty()) {
    // Most cells: without marks, and whole in the buffer.
    const char* p = cursor_;
    while (!stops_[static_cast<unsigned char>(*p)]) ++p;
    const auto size = static_cast<size_t>(p - cursor_);
    if (p < end_ && size <= static_cast<size_t>(limits_.cell_bytes_max)) {
      AssignText(cell.text, {cursor_, size});
      cell.kind = size == 0 ? Cell::Kind::kEmpty : Cell::Kind::kText;
      cursor_ = p;
      if (*p == '\n' || *p == '\r') return Stop::kLineEnd;
      ++cursor_;
      return Stop::kDelimiter;
    }
  }
  AssignText(cell.text, {});
  if (More() && *cursor_ == '"') ReadQuoted(cell);
  Stop stop = Stop::kFileEnd;
  while (More()) {
    const char* from = cursor_;
    const char* p = from;
    while (!stops_[static_cast<unsigned char>(*p)]) ++p;
    cursor_ = p;
    if (p != from) Append(cell, from, p);
    if (p == end_) continue;
    if (*p == '\n' || *p == '\r') {
      stop = Stop::kLineEnd;
    } else {
      stop = Stop::kDelimiter;
      ++cursor_;
    }
    break;
  }
  cell.kind = cell.text.empty() ? Cell::Kind::kEmpty : Cell::Kind::kText;
  return stop;
}

// Reads from the opening mark under the cursor to behind the closing one.
void CsvReader::ReadQuoted(Cell& cell) {
  quote_line_ = line_;
  ++cursor_;
  bool cr = false;
  bool doubled = false;  // the mark under the cursor is the second of two: text
  while (More()) {
    const char* from = cursor_;
    const char* search = from + (doubled ? 1 : 0);
    const auto* mark = static_cast<const char*>(std::memchr(search, '"', static_cast<size_t>(end_ - search)));
    const char* to = mark != nullptr ? mark : end_;
    for (const char* p = from; p < to; ++p) {
      if (*p == '\r' || (*p == '\n' && !cr)) ++line_;
      cr = *p == '\r';
    }
    Append(cell, from, to);
    doubled = false;
    if (mark == nullptr) {
      cursor_ = end_;
      continue;
    }
    cursor_ = mark + 1;
    doubled = More() && *cursor_ == '"';
    if (!doubled) {
      quote_line_ = 0;
      return;
    }
  }
  if (!failed_) failed_ = Error("unclosed_quote");
}

double CsvReader::progress() const {
  return facts_.bytes == 0 ? 1.0 : static_cast<double>(file_.position()) / static_cast<double>(facts_.bytes);
}

}  // namespace dealpace::exchange
