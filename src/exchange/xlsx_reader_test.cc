#include "exchange/xlsx_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zip.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace dealpace::exchange {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kXml = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
constexpr std::string_view kMain = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
constexpr std::string_view kRelation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

void WriteZip(const std::string& path, const std::map<std::string, std::string>& parts) {
  int code = 0;
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  for (const auto& [name, content] : parts) {
    zip_file_add(zip, name.c_str(), zip_source_buffer(zip, content.data(), content.size(), 0), 0);
  }
  EXPECT_EQ(zip_close(zip), 0);
}

// A workbook, put together part by part and written to a file that is gone after the test.
class Workbook {
 public:
  Workbook() : path_(testing::TempDir() + "dealpace_xlsx_" + std::to_string(getpid()) + ".xlsx") {
    Put("_rels/.rels", Xml("<Relationships><Relationship Id=\"r1\" Target=\"xl/workbook.xml\" Type=\"", kRelation,
                           "/officeDocument\"/></Relationships>"));
  }
  ~Workbook() { fs::remove(path_); }

  template <typename... Texts>
  static std::string Xml(const Texts&... texts) {
    std::string out(kXml);
    (out.append(texts), ...);
    return out;
  }

  Workbook& Put(const std::string& part, std::string content) {
    parts_[part] = std::move(content);
    return *this;
  }
  // A sheet of the given rows (what stands within <sheetData>) and what follows them.
  Workbook& Sheet(const std::string& name, std::string_view rows, std::string_view after = {}) {
    names_.push_back(name);
    return Put("xl/worksheets/sheet" + std::to_string(names_.size()) + ".xml",
               Xml("<worksheet ", kMain, "><sheetData>", rows, "</sheetData>", after, "</worksheet>"));
  }
  Workbook& Strings(std::string_view items) {
    return Put("xl/sharedStrings.xml", Xml("<sst ", kMain, ">", items, "</sst>"));
  }
  // Number formats by their code or built-in number; the cells' s="…" counts them from 0.
  Workbook& Formats(const std::vector<std::string>& formats) {
    std::string custom;
    std::string cells;
    int id = 164;
    for (const std::string& format : formats) {
      const bool built_in = format.find_first_not_of("0123456789") == std::string::npos;
      if (!built_in) {
        custom += "<numFmt numFmtId=\"" + std::to_string(id) + "\" formatCode=\"" + format + "\"/>";
      }
      cells += "<xf numFmtId=\"" + (built_in ? format : std::to_string(id++)) + "\"/>";
    }
    return Put("xl/styles.xml", Xml("<styleSheet ", kMain, "><numFmts>", custom,
                                    "</numFmts><cellStyleXfs><xf numFmtId=\"14\"/><xf numFmtId=\"14\"/></cellStyleXfs>"
                                    "<cellXfs>",
                                    cells, "</cellXfs></styleSheet>"));
  }
  Workbook& Use1904() {
    properties_ = "<workbookPr date1904=\"1\"/>";
    return *this;
  }

  const std::string& Write() {
    std::string sheets;
    std::string links;
    for (size_t i = 1; i <= names_.size(); ++i) {
      const std::string n = std::to_string(i);
      sheets += "<sheet name=\"" + names_[i - 1] + "\" sheetId=\"" + n + "\" r:id=\"s" + n + "\"/>";
      links += "<Relationship Id=\"s" + n + "\" Target=\"worksheets/sheet" + n + ".xml\" Type=\"" +
               std::string(kRelation) + "/worksheet\"/>";
    }
    for (const char* part : {"styles", "sharedStrings"}) {
      links += "<Relationship Id=\"" + std::string(part) + "\" Target=\"/xl/" + part + ".xml\" Type=\"" +
               std::string(kRelation) + "/" + part + "\"/>";
    }
    parts_.emplace("xl/workbook.xml", Xml("<workbook ", kMain, " xmlns:r=\"", kRelation, "\">", properties_, "<sheets>",
                                          sheets, "</sheets></workbook>"));
    parts_.emplace("xl/_rels/workbook.xml.rels", Xml("<Relationships>", links, "</Relationships>"));
    WriteZip(path_, parts_);
    return path_;
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::string properties_;
  std::vector<std::string> names_;
  std::map<std::string, std::string> parts_;
};

std::string Describe(const Error& error) {
  const std::string_view row = error.Arg("row");
  return error.code + (row.empty() ? "" : " row " + std::string(row));
}

// One line for each row: its number and its cells, with a letter for the kind.
//   2 t<text> n<28.1> d<2026-10-07> b<TRUE> e<#N/A> -
std::string ReadFile(const std::string& path, std::string_view sheet = {}, const ReadLimits& limits = {}) {
  Result<std::unique_ptr<TableReader>> reader = TableReader::Open(path, sheet, limits);
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
    out += std::to_string(row.number);
    for (const Cell& cell : row.cells) {
      constexpr std::string_view kKinds = "tndbe-";
      out += std::string(" ") + kKinds[static_cast<size_t>(cell.kind)];
      if (cell.kind != Cell::Kind::kEmpty) out += "<" + cell.text + ">";
      if (cell.kind == Cell::Kind::kDate) {
        EXPECT_EQ(cell.text.substr(0, 10), FormatDay(cell.day));
      }
    }
    out += "\n";
  }
  return out;
}

std::string ReadRows(std::string_view rows, std::string_view after = {}, const ReadLimits& limits = {}) {
  Workbook book;
  return ReadFile(book.Sheet("Sheet1", rows, after).Write(), {}, limits);
}

TEST(Xlsx, TextsOfEveryKind) {
  Workbook book;
  book.Strings(
      "<si><t>门店</t></si>"
      "<si><r><t>two </t></r><r><rPr/><t xml:space=\"preserve\">runs</t></r><rPh><t>guide</t></rPh></si>"
      "<si><t/></si><si><t xml:space=\"preserve\"> kept </t></si><si><t>a &lt;b&gt; &amp; c&#10;d</t></si>"
      "<si><t>one_x000D_two _x005F_x000D_ _xZZZZ_ _x4E00_</t></si>");
  book.Sheet(
      "S",
      "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c><c r=\"C1\" t=\"s\"><v>2</v>"
      "</c><c r=\"D1\" t=\"s\"><v>3</v></c><c r=\"E1\" t=\"s\"><v>4</v></c><c r=\"F1\" t=\"s\"><v>5</v></c></row>"
      "<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>in</t></is></c>"
      "<c r=\"B2\" t=\"inlineStr\"><is><r><t>li</t></r><rPh sb=\"0\" eb=\"1\"><t>no</t></rPh><r><t>ne</t></r></is></c>"
      "<c r=\"C2\" t=\"str\"><f>A1&amp;B1</f><v>formula</v></c></row>");
  EXPECT_EQ(ReadFile(book.Write()),
            "1 t<门店> t<two runs> - t< kept > t<a <b> & c\nd> t<one\rtwo _x000D_ _xZZZZ_ 一>\n"
            "2 t<in> t<line> t<formula>\n");
}

TEST(Xlsx, NumbersBoolsAndErrors) {
  EXPECT_EQ(
      ReadRows("<row r=\"1\"><c r=\"A1\"><v>28.100000000000001</v></c><c r=\"B1\" t=\"n\"><v>-5</v></c>"
               "<c r=\"C1\" t=\"b\"><v>1</v></c><c r=\"D1\" t=\"b\"><v>0</v></c>"
               "<c r=\"E1\" t=\"e\"><v>#N/A</v></c><c r=\"F1\"><f>1+1</f><v>2</v></c><c r=\"G1\"><v>x</v></c></row>"),
      "1 n<28.1> n<-5> b<TRUE> b<FALSE> e<#N/A> n<2> t<x>\n");
}

TEST(Xlsx, AFormulaThatWasNeverCalculatedIsAnError) {
  EXPECT_EQ(ReadRows("<row><c><f>A2+B2</f></c><c t=\"str\"><f>\"\"</f><v></v></c><c><v>1</v></c></row>"),
            "1 e<=A2+B2> - n<1>\n");
}

TEST(Xlsx, NumberText) {
  EXPECT_EQ(NumberText("0"), "0");
  EXPECT_EQ(NumberText("-0"), "0");
  EXPECT_EQ(NumberText("28.100000000000001"), "28.1");
  EXPECT_EQ(NumberText("0.30000000000000004"), "0.3");
  EXPECT_EQ(NumberText("1.50"), "1.5");
  EXPECT_EQ(NumberText("0.10"), "0.1");
  EXPECT_EQ(NumberText("7.0"), "7");
  EXPECT_EQ(NumberText("-0.328"), "-0.328");
  EXPECT_EQ(NumberText("1E+5"), "100000");
  EXPECT_EQ(NumberText("1.5E-3"), "0.0015");
  EXPECT_EQ(NumberText("-2.5e7"), "-25000000");
  EXPECT_EQ(NumberText("123456789012345678"), "123456789012345678");  // an order number
  EXPECT_EQ(NumberText("1234567890123456.7"), "1234567890123460");
  EXPECT_EQ(NumberText("9007199254740993"), "9007199254740993");
  EXPECT_EQ(NumberText("1.7976931348623157E308"), "1.79769313486232e308");
  EXPECT_EQ(NumberText("1e-300"), "1e-300");
  EXPECT_EQ(NumberText("+3"), "3");
  EXPECT_EQ(NumberText(".5"), "0.5");
  EXPECT_EQ(NumberText("007"), "7");
  for (const char* bad : {"", "-", "x", "1,5", "1 2", "nan", "inf", "-inf", "1e", "1e999", "0x10", "--1", "1.2.3"}) {
    EXPECT_EQ(NumberText(bad), std::nullopt) << bad;
  }
}

TEST(Xlsx, KindsOfNumberFormats) {
  for (const char* code : {"yyyy-mm-dd", "yyyy/m/d h:mm", "m/d/yy", "d-mmm", "mmm", "yyyy\"年\"m\"月\"", "[$-804]aaaa",
                           "[$-F800]dddd\\,\\ mmmm\\ dd", "YYYY\\-MM\\-DD;@", "[Red]m\"月\"d\"日\"", "[$-411]ge.m.d",
                           "yyyy年m月d日", "mm"}) {
    EXPECT_EQ(KindOfFormat(code), FormatKind::kDate) << code;
  }
  for (const char* code :
       {"h:mm", "hh:mm:ss", "h:mm AM/PM", "mm:ss", "上午/下午h\"时\"mm\"分\"", "[$-804]h:mm;@", "mm:ss.0"}) {
    EXPECT_EQ(KindOfFormat(code), FormatKind::kTime) << code;
  }
  for (const char* code : {"[h]:mm", "[hh]:mm:ss", "[mm]:ss", "[s]", "[H]\"h\""}) {
    EXPECT_EQ(KindOfFormat(code), FormatKind::kDuration) << code;
  }
  for (const char* code : {"General",
                           "0",
                           "0.00",
                           "#,##0.00;[Red]-#,##0.00",
                           "0%",
                           "0.00E+00",
                           "##0.0E+0",
                           "@",
                           "0\" days\"",
                           "0\\d",
                           "_(* #,##0_);_(* \\(#,##0\\)",
                           "[DBNum1][$-804]General",
                           "\"yyyy\"0",
                           "[Magenta]0",
                           "[>=100]0",
                           "0.0_d",
                           "\"unclosed",
                           "[unclosed",
                           "\\",
                           ""}) {
    EXPECT_EQ(KindOfFormat(code), FormatKind::kNumber) << code;
  }
}

TEST(Xlsx, DatesByBuiltInAndOwnFormats) {
  Workbook book;
  book.Formats(
      {"0", "14", "22", "yyyy\\-mm\\-dd", "20", "46", "[$-804]yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"});
  book.Sheet(
      "S",
      "<row r=\"1\"><c r=\"A1\" s=\"0\"><v>46302</v></c><c r=\"B1\" s=\"1\"><v>46302</v></c>"
      "<c r=\"C1\" s=\"2\"><v>46302.395833333336</v></c><c r=\"D1\" s=\"3\"><v>46302.999999999</v></c>"
      "<c r=\"E1\" s=\"4\"><v>0.39583333333333331</v></c><c r=\"F1\" s=\"4\"><v>46302.395833333336</v></c>"
      "<c r=\"G1\" s=\"5\"><v>1.25</v></c><c r=\"H1\" s=\"6\"><v>46302</v></c><c r=\"I1\" s=\"99\"><v>46302</v></c>"
      "<c r=\"J1\" s=\"1\" t=\"str\"><v>2026/10/7</v></c></row>"
      "<row r=\"2\"><c r=\"A2\" t=\"d\"><v>2026-10-07</v></c><c r=\"B2\" t=\"d\"><v>2026-10-07T09:30:05</v></c>"
      "<c r=\"C2\" t=\"d\"><v>soon</v></c></row>");
  EXPECT_EQ(ReadFile(book.Write()),
            "1 n<46302> d<2026-10-07> d<2026-10-07 09:30:00> d<2026-10-08> t<09:30:00> d<2026-10-07 09:30:00> n<1.25> "
            "d<2026-10-07> n<46302> t<2026/10/7>\n"
            "2 d<2026-10-07> d<2026-10-07 09:30:05> t<soon>\n");
}

TEST(Xlsx, ExcelsLeapDayOf1900) {
  Workbook book;
  book.Formats({"14"});
  std::string cells;
  for (const char* serial : {"0", "1", "59", "60", "61", "0.5", "-1", "2958465", "2958466", "1e300"}) {
    cells += "<c s=\"0\"><v>" + std::string(serial) + "</v></c>";
  }
  EXPECT_EQ(ReadFile(book.Sheet("S", "<row>" + cells + "</row>").Write()),
            "1 n<0> d<1900-01-01> d<1900-02-28> n<60> d<1900-03-01> t<12:00:00> n<-1> d<9999-12-31> n<2958466> "
            "n<1e300>\n");
}

TEST(Xlsx, The1904DateSystem) {
  Workbook book;
  book.Formats({"14", "20"}).Use1904();
  book.Sheet("S",
             "<row><c s=\"0\"><v>0</v></c><c s=\"0\"><v>44840</v></c><c s=\"0\"><v>44840.25</v></c>"
             "<c s=\"1\"><v>0.5</v></c></row>");
  EXPECT_EQ(ReadFile(book.Write()), "1 d<1904-01-01> d<2026-10-07> d<2026-10-07 06:00:00> t<12:00:00>\n");
}

TEST(Xlsx, GapsBetweenRowsAndCells) {
  EXPECT_EQ(ReadRows("<row r=\"2\"><c r=\"B2\"><v>1</v></c><c r=\"D2\"><v>2</v></c></row><row r=\"3\"/>"
                     "<row r=\"4\"><c r=\"A4\" s=\"1\"/></row><row r=\"7\"><c r=\"A7\"><v>3</v></c></row>"),
            "2 - n<1> - n<2>\n7 n<3>\n");
  // References may be missing altogether.
  EXPECT_EQ(ReadRows("<row><c><v>1</v></c><c/><c><v>2</v></c></row><row r=\"5\"><c r=\"C5\"><v>3</v></c><c><v>4</v></c>"
                     "</row><row><c><v>5</v></c></row>"),
            "1 n<1> - n<2>\n5 - - n<3> n<4>\n6 n<5>\n");
}

TEST(Xlsx, StyledCellsWithoutValueAreNotCounted) {
  EXPECT_EQ(ReadRows("<row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"XFD1\" s=\"0\"/></row>"), "1 n<1>\n");
}

TEST(Xlsx, MergedRangesAreFilled) {
  const std::string rows =
      "<row r=\"1\"><c r=\"A1\" t=\"str\"><v>title</v></c></row>"
      "<row r=\"2\"><c r=\"A2\" t=\"str\"><v>store</v></c><c r=\"B2\" t=\"str\"><v>Q1</v></c></row>"
      "<row r=\"3\"><c r=\"B3\" t=\"str\"><v>Jan</v></c><c r=\"C3\" t=\"str\"><v>Feb</v></c></row>"
      "<row r=\"4\"><c r=\"A4\" t=\"str\"><v>east</v></c><c r=\"B4\"><v>1</v></c></row>"
      "<row r=\"5\"><c r=\"A5\" s=\"0\"/><c r=\"B5\"><v>2</v></c></row>"
      "<row r=\"6\"><c r=\"A6\" s=\"0\"/></row>"
      "<row r=\"7\"><c r=\"A7\" t=\"str\"><v>west</v></c><c r=\"B7\"><v>3</v></c></row>"
      "<row r=\"8\"><c r=\"A8\" t=\"str\"><v>own</v></c><c r=\"B8\"><v>4</v></c></row>";
  EXPECT_EQ(ReadRows(rows,
                     "<mergeCells count=\"5\"><mergeCell ref=\"A4:A6\"/><mergeCell ref=\"A1:C1\"/>"
                     "<mergeCell ref=\"A2:A3\"/><mergeCell ref=\"B2:C2\"/><mergeCell ref='A7:A8'/></mergeCells>"),
            "1 t<title> t<title> t<title>\n2 t<store> t<Q1> t<Q1>\n3 t<store> t<Jan> t<Feb>\n4 t<east> n<1>\n"
            "5 t<east> n<2>\n7 t<west> n<3>\n8 t<own> n<4>\n");
}

TEST(Xlsx, MergedRangesThatMakeNoSenseDoNoHarm) {
  EXPECT_EQ(ReadRows("<row><c><v>1</v></c></row><row><c r=\"B2\"><v>2</v></c></row>",
                     "<mergeCells><mergeCell ref=\"A1:B2\"/><mergeCell ref=\"A1:B2\"/><mergeCell ref=\"B1:C3\"/>"
                     "<mergeCell ref=\"B2:A1\"/><mergeCell ref=\"A1\"/><mergeCell ref=\"\"/><mergeCell/>"
                     "<mergeCell ref=\"A9999999:B2\"/></mergeCells>"),
            "1 n<1> n<1>\n2 n<1> n<2>\n");
}

TEST(Xlsx, ManyMergedRangesAcrossTheReadersPieces) {
  std::string rows;
  std::string merges = "<mergeCells>";
  std::string expected;
  for (int i = 1; i <= 20'000; ++i) {
    const std::string n = std::to_string(i);
    rows += "<row><c><v>" + n + "</v></c></row>";
    merges += "<mergeCell ref=\"A" + n + ":B" + n + "\"/>";
    expected.append(n).append(" n<").append(n).append("> n<").append(n).append(">\n");
  }
  EXPECT_TRUE(ReadRows(rows, merges + "</mergeCells>") == expected);
}

TEST(Xlsx, AWideMergedTitleEndsAtTheColumnLimit) {
  EXPECT_EQ(ReadRows("<row><c><v>1</v></c></row>", "<mergeCells><mergeCell ref=\"A1:XFD1\"/></mergeCells>",
                     {.columns_max = 3}),
            "1 n<1> n<1> n<1>\n");
}

TEST(Xlsx, NamespacePrefixesDoNotMatter) {
  Workbook book;
  book.Put("xl/workbook.xml", Workbook::Xml("<x:workbook xmlns:x=\"m\" xmlns:q=\"r\"><x:sheets><x:sheet name=\"S\" "
                                            "sheetId=\"1\" q:id=\"s1\"/></x:sheets></x:workbook>"));
  book.Strings("<si/>").Put("xl/sharedStrings.xml",
                            Workbook::Xml("<x:sst xmlns:x=\"m\"><x:si><x:t>a</x:t></x:si></x:sst>"));
  book.Sheet("S", "");
  book.Put(
      "xl/worksheets/sheet1.xml",
      Workbook::Xml("<x:worksheet xmlns:x=\"m\"><x:sheetData><x:row r=\"1\"><x:c r=\"A1\" t=\"s\"><x:v>0</x:v></x:c>"
                    "</x:row></x:sheetData><x:mergeCells><x:mergeCell ref=\"A1:B1\"/></x:mergeCells></x:worksheet>"));
  EXPECT_EQ(ReadFile(book.Write()), "1 t<a> t<a>\n");
}

TEST(Xlsx, SheetsAreChosenByNameElseTheFirstWithRows) {
  Workbook book;
  book.Sheet("Cover", "<row><c s=\"0\"/></row>").Sheet("一月", "<row><c><v>1</v></c></row>");
  book.Sheet("Q1 &amp; Q2", "<row><c><v>2</v></c></row>").Write();
  EXPECT_EQ(ReadFile(book.path()), "1 n<1>\n");
  EXPECT_EQ(ReadFile(book.path(), "Q1 & Q2"), "1 n<2>\n");
  EXPECT_EQ(ReadFile(book.path(), "q1 & q2"), "1 n<2>\n");
  EXPECT_EQ(ReadFile(book.path(), "Cover"), "");
  const auto reader = TableReader::Open(book.path());
  EXPECT_EQ((*reader)->facts().format, "xlsx");
  EXPECT_EQ((*reader)->facts().encoding, "");
  EXPECT_EQ((*reader)->facts().sheets, (std::vector<std::string>{"Cover", "一月", "Q1 & Q2"}));
  EXPECT_EQ((*reader)->facts().sheet, "一月");
  EXPECT_EQ((*reader)->facts().bytes, static_cast<int64_t>(fs::file_size(book.path())));
  const auto missing = TableReader::Open(book.path(), "二月");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, "unknown_sheet");
  EXPECT_EQ(missing.error().Arg("name"), "二月");
  EXPECT_EQ(missing.error().Arg("sheets"), "Cover, 一月, Q1 & Q2");
}

TEST(Xlsx, AWorkbookWithoutValuesIsEmpty) { EXPECT_EQ(ReadRows("<row r=\"1\"/>"), "file_empty"); }

TEST(Xlsx, PartsAreFoundWhateverTheirSpelling) {
  Workbook book;
  book.Sheet("S", "");
  book.Put(
      "xl/_rels/workbook.xml.rels",
      Workbook::Xml("<Relationships><Relationship Id=\"s1\" Target=\"../XL/Worksheets/./Sheet9.xml\" "
                    "Type=\"http://purl.oclc.org/ooxml/officeDocument/relationships/worksheet\"/></Relationships>"));
  book.Put("xl\\worksheets\\sheet9.xml",
           Workbook::Xml("<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>"));
  EXPECT_EQ(ReadFile(book.Write()), "1 n<1>\n");
}

TEST(Xlsx, ARefusedRowIsPassedOver) {
  const ReadLimits limits{.record_bytes_max = 20, .cell_bytes_max = 15, .columns_max = 3};
  EXPECT_EQ(ReadRows("<row><c><v>1</v></c></row><row><c r=\"D2\"><v>1</v></c></row>"
                     "<row><c t=\"str\"><v>1234567890123456</v></c></row>"
                     "<row><c><v>2</v></c></row>",
                     {}, limits),
            "1 n<1>\ntoo_many_columns row 2\ncell_too_long row 3\n4 n<2>\n");
}

TEST(Xlsx, ARowOfTooMuchTextEndsTheReading) {
  const std::string error = "record_too_long row 2\n";
  EXPECT_EQ(ReadRows("<row><c><v>1</v></c></row>"
                     "<row><c t=\"str\"><v>12345678901</v></c><c t=\"str\"><v>12345678901</v></c></row>"
                     "<row><c><v>2</v></c></row>",
                     {}, {.record_bytes_max = 20}),
            "1 n<1>\n" + error + error + error);
}

TEST(Xlsx, ASharedStringIsHeldToTheCellLimit) {
  Workbook book;
  book.Strings("<si><t>123456</t></si><si><t>12345</t></si>");
  book.Sheet("S", "<row><c t=\"s\"><v>0</v></c></row><row><c t=\"s\"><v>1</v></c></row>");
  EXPECT_EQ(ReadFile(book.Write(), {}, {.cell_bytes_max = 5}), "cell_too_long row 1\n2 t<12345>\n");
}

TEST(Xlsx, TooManySharedStringsAreRefused) {
  Workbook book;
  std::string items;
  for (int i = 0; i < 10'000; ++i) items += "<si/>";
  book.Strings(items).Sheet("S", "<row><c t=\"s\"><v>0</v></c></row>");
  EXPECT_EQ(ReadFile(book.Write(), {}, {.shared_strings_bytes_max = 100'000}), "file_too_large_inside");
}

TEST(Xlsx, ABombIsNotUnpacked) {
  std::string rows;
  while (rows.size() < (4 << 20)) rows += "<row></row>";
  rows += "<row><c><v>1</v></c></row>";
  EXPECT_EQ(ReadRows(rows, {}, {.uncompressed_bytes_max = 1 << 20}), "file_too_large_inside");
  EXPECT_EQ(ReadRows(rows), "381302 n<1>\n");  // small in all, whatever the ratio
  while (rows.size() < (70 << 20)) rows += "<row></row><row></row><row></row><row></row><row></row><row></row>";
  EXPECT_EQ(ReadRows("<row><c><v>1</v></c></row>" + rows), "file_too_large_inside");
}

TEST(Xlsx, XmlThatEatsMemoryIsRefused) {
  // One endless tag; endless nesting; endlessly many names.
  EXPECT_EQ(ReadRows("<row r=\"1\"><c r=\"" + std::string(8 << 20, 'A') + "\"><v>1</v></c></row>"), "file_damaged");
  std::string nested;
  std::string names;
  for (int i = 0; i < 600'000; ++i) {
    nested += "<a>";
    names += "<n" + std::to_string(i) + "/>";
  }
  EXPECT_EQ(ReadRows(nested), "file_too_large_inside");
  EXPECT_EQ(ReadRows(names), "file_too_large_inside");
}

TEST(Xlsx, ADocumentTypeIsRefused) {
  Workbook book;
  book.Sheet("S", "");
  book.Put("xl/worksheets/sheet1.xml",
           "<!DOCTYPE worksheet [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]>"
           "<worksheet><sheetData><row><c t=\"str\"><v>&b;</v></c></row></sheetData></worksheet>");
  EXPECT_EQ(ReadFile(book.Write()), "file_damaged");
}

TEST(Xlsx, BrokenContentIsDamaged) {
  EXPECT_EQ(ReadRows("<row><c><v>1</v></c></row><row><c></row>"),
            "1 n<1>\nfile_damaged row 2\nfile_damaged row 2\n"
            "file_damaged row 2\n");
  const std::string damaged = "file_damaged row 1\n";
  const std::string first = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>";
  EXPECT_EQ(ReadRows(first + first), "1 n<1>\n" + damaged + damaged + damaged);  // the same row twice
  for (const char* row :
       {"<row r=\"1\"><c t=\"s\"><v>0</v></c></row>", "<row r=\"1\"><c t=\"s\"><v>-1</v></c></row>",
        "<row r=\"1\"><c r=\"1A\"><v>0</v></c></row>", "<row r=\"1\"><c r=\"AAAA1\"><v>0</v></c></row>",
        "<row r=\"1\"><c r=\"XFE1\"><v>0</v></c></row>"}) {
    EXPECT_EQ(ReadRows(row), damaged + damaged + damaged) << row;
  }
}

TEST(Xlsx, MissingPartsAreDamage) {
  Workbook book;
  book.Sheet("S", "");
  book.Put("xl/_rels/workbook.xml.rels",
           Workbook::Xml("<Relationships><Relationship Id=\"s1\" Target=\"gone.xml\" Type=\"/worksheet\"/>"
                         "</Relationships>"));
  EXPECT_EQ(ReadFile(book.Write()), "file_damaged");
}

TEST(Xlsx, OtherFilesAreNotWorkbooks) {
  Workbook book;
  WriteZip(book.path(), {{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"}, {"content.xml", "<a/>"}});
  EXPECT_EQ(ReadFile(book.path()), "file_not_a_table");
  EXPECT_NE(TableReader::Open(book.path()).error().Arg("detail").find("OpenDocument"), std::string_view::npos);
  const auto write = [](const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  };
  write(book.path(), std::string("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0\0\0", 12));
  const auto old = TableReader::Open(book.path());
  EXPECT_EQ(old.error().code, "file_damaged");
  EXPECT_NE(old.error().Arg("detail").find(".xlsx"), std::string_view::npos);
  write(book.path(), std::string("PK\x05\x06", 4) + std::string(18, '\0'));
  EXPECT_EQ(ReadFile(book.path()), "file_not_a_table");
  write(book.path(), "PK,Name\n1,a\n");  // a CSV file
  EXPECT_EQ(ReadFile(book.path()), "1 t<PK> t<Name>\n2 t<1> t<a>\n");
}

TEST(Xlsx, CutAndCorruptFilesAreDamaged) {
  std::string rows;
  for (int i = 0; i < 3000; ++i) rows += "<row><c><v>" + std::to_string(i * 7919 % 10007) + "</v></c></row>";
  Workbook book;
  book.Sheet("S", rows).Write();
  std::stringstream content;
  content << std::ifstream(book.path(), std::ios::binary).rdbuf();
  const std::string bytes = content.str();
  for (const size_t size : {size_t{30}, bytes.size() / 2, bytes.size() - 1}) {
    std::ofstream(book.path(), std::ios::binary) << bytes.substr(0, size);
    EXPECT_EQ(ReadFile(book.path()), "file_damaged") << size;
  }
  std::string corrupt = bytes;
  const size_t sheet = corrupt.find("xl/worksheets/sheet1.xml") + 2000;
  for (size_t i = sheet; i < sheet + 50; ++i) corrupt[i] = static_cast<char>(~corrupt[i]);
  std::ofstream(book.path(), std::ios::binary) << corrupt;
  EXPECT_EQ(ReadFile(book.path()), "file_damaged");
}

TEST(Xlsx, AnEncryptedPartIsDamage) {
  Workbook book;
  book.Sheet("S", "<row><c><v>1</v></c></row>").Write();
  int code = 0;
  zip_t* zip = zip_open(book.path().c_str(), 0, &code);
  zip_file_set_encryption(zip, static_cast<zip_uint64_t>(zip_name_locate(zip, "xl/workbook.xml", 0)), ZIP_EM_AES_256,
                          "secret");
  ASSERT_EQ(zip_close(zip), 0);
  EXPECT_EQ(ReadFile(book.path()), "file_damaged");
}

TEST(Xlsx, ReadersOfSeveralFilesMayTakeTurns) {
  std::string rows;
  for (int i = 0; i < 20'000; ++i) rows += "<row><c><v>1</v></c></row>";
  Workbook book;
  book.Sheet("S", rows).Write();
  auto one = std::move(*TableReader::Open(book.path()));
  auto two = std::move(*TableReader::Open(book.path()));
  Row row;
  for (int i = 1; i <= 20'000; ++i) {
    ASSERT_TRUE(*one->Next(row));
    ASSERT_EQ(row.number, i);
    ASSERT_TRUE(*two->Next(row));
    ASSERT_EQ(row.number, i);
  }
  EXPECT_FALSE(*one->Next(row));
  one.reset();
  EXPECT_FALSE(*two->Next(row));
  EXPECT_EQ(two->progress(), 1.0);
}

}  // namespace
}  // namespace dealpace::exchange
