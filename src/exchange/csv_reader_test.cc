#include "exchange/csv_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace dealpace::exchange {
namespace {

namespace fs = std::filesystem;

class TempFile {
 public:
  explicit TempFile(std::string_view bytes)
      : path_(testing::TempDir() + "dealpace_csv_" + std::to_string(getpid()) + ".csv") {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~TempFile() { fs::remove(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string Describe(const Error& error) {
  std::string out = error.code;
  for (const auto& [name, value] : error.args) {
    if (name == "row" || name == "line") out += " " + name + " " + value;
  }
  return out;
}

// One line for each row: its number and its cells in angle brackets. Errors in the same place.
//   1 <a><b>
std::string ReadAll(const std::string& path, const ReadLimits& limits = {}) {
  Result<std::unique_ptr<TableReader>> reader = TableReader::Open(path, {}, limits);
  if (!reader.ok()) return Describe(reader.error());
  std::string out;
  Row row;
  for (int errors = 0; errors < 3;) {
    const Result<bool> more = (*reader)->Next(row);
    if (!more.ok()) {
      out += Describe(more.error()) + "\n";
      ++errors;
      continue;
    }
    if (!*more) break;
    out += std::to_string(row.number) + " ";
    for (const Cell& cell : row.cells) {
      EXPECT_EQ(cell.kind, cell.text.empty() ? Cell::Kind::kEmpty : Cell::Kind::kText);
      out += "<" + cell.text + ">";
    }
    out += "\n";
  }
  return out;
}

std::string Read(std::string_view bytes, const ReadLimits& limits = {}) {
  return ReadAll(TempFile(bytes).path(), limits);
}

FileFacts Facts(std::string_view bytes) {
  const TempFile temp(bytes);
  return (*TableReader::Open(temp.path()))->facts();
}

TEST(Csv, LineEndsOfEveryKind) {
  const std::string expected = "1 <a><b>\n2 <1><2>\n";
  EXPECT_EQ(Read("a,b\n1,2\n"), expected);
  EXPECT_EQ(Read("a,b\r\n1,2\r\n"), expected);
  EXPECT_EQ(Read("a,b\r1,2\r"), expected);
  EXPECT_EQ(Read("a,b\n1,2"), expected);
  EXPECT_EQ(Read("a,b\r\n1,2"), expected);
}

TEST(Csv, AnEmptyLineIsARowWithoutCells) {
  EXPECT_EQ(Read("a,b\n\n1,2\n\n"), "1 <a><b>\n2 \n3 <1><2>\n4 \n");
  EXPECT_EQ(Read("\r\na,b\r\n"), "1 \n2 <a><b>\n");
}

TEST(Csv, EmptyCellsAndBlanksStay) {
  EXPECT_EQ(Read("a,b,c\n,,\n \t,\"\", x \n"), "1 <a><b><c>\n2 <><><>\n3 < \t><>< x >\n");
  EXPECT_EQ(Read("a,b\n1,"), "1 <a><b>\n2 <1><>\n");
}

TEST(Csv, RowsMayDifferInLength) { EXPECT_EQ(Read("a,b\n1\n1,2,3\n"), "1 <a><b>\n2 <1>\n3 <1><2><3>\n"); }

TEST(Csv, QuotedCellsHoldDelimitersAndLineEndsAndMarks) {
  EXPECT_EQ(Read("a,b\n\"x,y\",\"say \"\"hi\"\"\"\n"), "1 <a><b>\n2 <x,y><say \"hi\">\n");
  EXPECT_EQ(Read("\"one\ntwo\r\nthree\rfour\",b\nc,d\n"), "1 <one\ntwo\r\nthree\rfour><b>\n5 <c><d>\n");
  EXPECT_EQ(Read("\"\"\"\",\"\"\"a\"\"\"\n"), "1 <\"><\"a\">\n");
}

TEST(Csv, AMarkInsideACellIsText) { EXPECT_EQ(Read("a,b\n5\" pipe, \"x\"\n"), "1 <a><b>\n2 <5\" pipe>< \"x\">\n"); }

TEST(Csv, TextAfterTheClosingMarkBelongsToTheCell) {
  EXPECT_EQ(Read("\"a\"b \"c\",d\n\"e\" ,f\n"), "1 <ab \"c\"><d>\n2 <e ><f>\n");
}

TEST(Csv, AnUnclosedQuoteFailsWithItsLine) {
  EXPECT_EQ(Read("a,b\n1,2\n3,\"x\ny\n"),
            "1 <a><b>\n2 <1><2>\nunclosed_quote row 3 line 3\nunclosed_quote row 3 line 3\n"
            "unclosed_quote row 3 line 3\n");
  EXPECT_EQ(Read("a,b\n\"x\ny\",\"z"),
            "1 <a><b>\nunclosed_quote row 2 line 3\nunclosed_quote row 2 line 3\n"
            "unclosed_quote row 2 line 3\n");
}

TEST(Csv, TheDelimiterIsFound) {
  EXPECT_EQ(Facts("a,b\n1,2\n").delimiter, ',');
  EXPECT_EQ(Facts("a;b;c\n1,5;2,5;x\n").delimiter, ';');  // decimal commas
  EXPECT_EQ(Facts("a\tb\nx, y\tz\n").delimiter, '\t');
  EXPECT_EQ(Facts("a|b|c\n1|2|3\n").delimiter, '|');
  EXPECT_EQ(Facts("a\n1\n2\n").delimiter, ',');
  EXPECT_EQ(Facts("a,b,c\nx|y,2,3\n").delimiter, ',');
  EXPECT_EQ(Facts("\"a;b;c\",b\n\"1;2;3\",2\n").delimiter, ',');                       // not within quotes
  EXPECT_EQ(Facts("销售报表, 2026年10月\n\n门店;销量\n甲;1\n乙;2\n").delimiter, ';');  // below a title
}

TEST(Csv, OneColumnIsATable) { EXPECT_EQ(Read("name\nana\nben\n"), "1 <name>\n2 <ana>\n3 <ben>\n"); }

TEST(Csv, ExcelsSepLineNamesTheDelimiter) {
  EXPECT_EQ(Read("sep=;\r\na;b,c\r\n"), "2 <a><b,c>\n");
  EXPECT_EQ(Read("SEP=^\na^b,c\n"), "2 <a><b,c>\n");
  EXPECT_EQ(Read("\"sep=\t\"\na\tb,c\n"), "2 <a><b,c>\n");
  EXPECT_EQ(Read("\xEF\xBB\xBFsep=|\na|b\n"), "2 <a><b>\n");
  EXPECT_EQ(Read("sep=;x,1\na,b\n"), "1 <sep=;x><1>\n2 <a><b>\n");
  EXPECT_EQ(Read("sep=;"), "");
}

TEST(Csv, EncodingsAreDecoded) {
  const std::string expected = "1 <门店><销量>\n2 <甲><1>\n";
  EXPECT_EQ(Read("门店,销量\n甲,1\n"), expected);
  EXPECT_EQ(Read("\xEF\xBB\xBF门店,销量\n甲,1\n"), expected);
  EXPECT_EQ(Read("\xC3\xC5\xB5\xEA,\xCF\xFA\xC1\xBF\n\xBC\xD7,1\n"), expected);
  std::string little;
  std::string big;
  for (const char16_t unit : std::u16string_view(u"门店,销量\n甲,1\n")) {
    little += {static_cast<char>(unit & 0xFF), static_cast<char>(unit >> 8)};
    big += {static_cast<char>(unit >> 8), static_cast<char>(unit & 0xFF)};
  }
  for (const std::string& bytes : {"\xFF\xFE" + little, little}) {
    EXPECT_EQ(Read(bytes), expected);
    EXPECT_EQ(Facts(bytes).encoding, "UTF-16LE");
  }
  for (const std::string& bytes : {"\xFE\xFF" + big, big}) {
    EXPECT_EQ(Read(bytes), expected);
    EXPECT_EQ(Facts(bytes).encoding, "UTF-16BE");
  }
}

TEST(Csv, FactsDescribeTheFile) {
  const FileFacts facts = Facts("a,b\n1,2\n");
  EXPECT_EQ(facts.format, "csv");
  EXPECT_EQ(facts.encoding, "UTF-8");
  EXPECT_EQ(facts.bytes, 8);
  EXPECT_EQ(facts.content, HashText("a,b\n1,2\n"));
  EXPECT_TRUE(facts.sheets.empty());
}

TEST(Csv, FilesThatAreNoTables) {
  EXPECT_EQ(Read(""), "file_empty");
  EXPECT_EQ(Read("\n \n"), "file_empty");
  EXPECT_EQ(Read(std::string("\x7F"
                             "ELF\0\0\0\1",
                             8)),
            "file_not_a_table");
  EXPECT_EQ(Read("<html><table><tr><td>a</td></tr></table></html>"), "file_not_a_table");
  EXPECT_EQ(Read("\xEF\xBB\xBF\n<?xml version=\"1.0\"?><Workbook/>"), "file_not_a_table");
  EXPECT_EQ(ReadAll("/nonexistent.csv"), "file_unreadable");
}

TEST(Csv, ARefusedRecordIsPassedOver) {
  const ReadLimits limits{.record_bytes_max = 40, .cell_bytes_max = 5, .columns_max = 3};
  EXPECT_EQ(Read("a,b\n123456,2\n12345,2\n", limits), "1 <a><b>\ncell_too_long row 2\n3 <12345><2>\n");
  EXPECT_EQ(Read("a,b\n1,2,3,4\n1,2,3\n", limits), "1 <a><b>\ntoo_many_columns row 2\n3 <1><2><3>\n");
  EXPECT_EQ(Read("a,b\n\"1\n23456\",2\n1,2", limits), "1 <a><b>\ncell_too_long row 2\n4 <1><2>\n");
  const std::string error = "record_too_long row 2\n";
  EXPECT_EQ(Read("a,b\n" + std::string(41, 'x') + "\n1,2\n", limits), "1 <a><b>\n" + error + error + error);
  EXPECT_EQ(Read("a,b\n" + std::string(40, 'x') + "\n1,2\n", limits), "1 <a><b>\ncell_too_long row 2\n3 <1><2>\n");
}

TEST(Csv, AnEndlessRecordIsLeftEarly) {
  const ReadLimits limits{.record_bytes_max = 1 << 20, .cell_bytes_max = 1 << 10};
  for (const std::string& cell : {std::string("x"), std::string("x,"), std::string("\"\"")}) {
    std::string bytes = "a,b\n" + std::string(cell == "\"\"" ? "\"" : "");
    while (bytes.size() < (8 << 20)) bytes += cell;
    const TempFile temp(bytes);
    auto reader = std::move(*TableReader::Open(temp.path(), {}, limits));
    Row row;
    ASSERT_TRUE(*reader->Next(row));
    const Result<bool> next = reader->Next(row);
    ASSERT_FALSE(next.ok());
    EXPECT_EQ(next.error().code, "record_too_long");
    EXPECT_EQ(next.error().Arg("row"), "2");
    EXPECT_LT(reader->progress(), 0.25);
  }
}

TEST(Csv, RecordsAcrossTheBuffersEnds) {
  // Every kind of seam falls on the end of a buffer sooner or later.
  std::string bytes;
  std::string expected;
  int64_t line = 1;
  for (int i = 0; i < 60'000; ++i) {
    const std::string number = std::to_string(i);
    bytes += number + ",\"q,\"\"" + number + "\"\"\r\n" + std::string(static_cast<size_t>(i % 7), 'x') + "\",end\r\n";
    expected += std::to_string(line) + " <" + number + "><q,\"" + number + "\"\r\n" +
                std::string(static_cast<size_t>(i % 7), 'x') + "><end>\n";
    line += 2;
  }
  EXPECT_TRUE(Read(bytes) == expected);
}

TEST(Csv, CellsOfTheRowBeforeLeaveNothing) {
  const TempFile temp("a,b,c\n1\n1,2,3\n");
  auto reader = std::move(*TableReader::Open(temp.path()));
  Row row;
  row.cells.resize(5);
  row.cells[0] = {Cell::Kind::kDate, "old", Day{5}, 7};
  ASSERT_TRUE(*reader->Next(row));
  EXPECT_EQ(row.cells.size(), 3u);
  EXPECT_EQ(row.cells[0].kind, Cell::Kind::kText);
  EXPECT_EQ(row.cells[0].day, Day{});
  EXPECT_EQ(row.cells[0].ms_of_day, 0);
  ASSERT_TRUE(*reader->Next(row));
  EXPECT_EQ(row.cells.size(), 1u);
  ASSERT_TRUE(*reader->Next(row));
  EXPECT_FALSE(*reader->Next(row));
  EXPECT_FALSE(*reader->Next(row));
  EXPECT_EQ(reader->progress(), 1.0);
}

// The files of the npm package csv-spectrum, each with the expected records in JSON.
TEST(Csv, ReadsTheSpectrum) {
  const char* data = std::getenv("DEALPACE_TESTDATA");
  if (data == nullptr) GTEST_SKIP() << "DEALPACE_TESTDATA is not set: no folder with real/csv_spectrum";
  int files = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(data) / "real" / "csv_spectrum")) {
    const fs::path path = entry.path();
    // The package's own expectation for location_coordinates is wrong.
    if (path.extension() != ".csv" || path.stem() == "location_coordinates") continue;
    SCOPED_TRACE(path);
    ++files;
    std::stringstream json;
    json << std::ifstream(fs::path(path).replace_extension(".json")).rdbuf();
    auto reader = TableReader::Open(path);
    ASSERT_TRUE(reader.ok());
    Row header;
    ASSERT_TRUE(*(*reader)->Next(header));
    const boost::json::value expected = boost::json::parse(json.str());
    for (const boost::json::value& record : expected.as_array()) {
      Row row;
      ASSERT_TRUE(*(*reader)->Next(row));
      ASSERT_EQ(row.cells.size(), header.cells.size());
      ASSERT_EQ(row.cells.size(), record.as_object().size());
      for (size_t i = 0; i < row.cells.size(); ++i) {
        EXPECT_EQ(row.cells[i].text, record.at(header.cells[i].text).as_string());
      }
    }
    Row row;
    EXPECT_FALSE(*(*reader)->Next(row));
  }
  EXPECT_EQ(files, 11);
}

TEST(Csv, ReadsRealGbkFiles) {
  const char* data = std::getenv("DEALPACE_TESTDATA");
  if (data == nullptr) GTEST_SKIP() << "DEALPACE_TESTDATA is not set: no folder with real/gbk_store_orders";
  auto reader = TableReader::Open(fs::path(data) / "real" / "gbk_store_orders" / "order-14.3.csv");
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->facts().encoding, "GB18030");
  std::map<std::string, int> rows_by_store;
  Row row;
  ASSERT_TRUE(*(*reader)->Next(row));
  ASSERT_EQ(row.cells.size(), 7u);
  EXPECT_EQ(row.cells[2].text, "门店编号");
  while (*(*reader)->Next(row)) ++rows_by_store[row.cells.at(2).text];
  EXPECT_EQ(rows_by_store, (std::map<std::string, int>{{"CDLG", 1331}, {"CDXL", 1148}, {"CDNL", 999}}));
}

}  // namespace
}  // namespace dealpace::exchange
