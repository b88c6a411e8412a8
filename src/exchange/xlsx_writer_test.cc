#include "exchange/xlsx_writer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "exchange/table_reader.h"

namespace dealpace::exchange {
namespace {

class XlsxWriterTest : public testing::TestWithParam<bool> {
 protected:
  XlsxWriterTest() {
    std::string folder = (std::filesystem::temp_directory_path() / "dealpace-xlsx-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = folder;
  }
  ~XlsxWriterTest() override { std::filesystem::remove_all(folder_); }

  // The rows of a sheet as our own reader finds them.
  std::vector<Row> Read(const std::string& path, const std::string& sheet) {
    auto reader = TableReader::Open(path, sheet);
    EXPECT_TRUE(reader.ok());
    std::vector<Row> rows;
    Row row;
    while (true) {
      const auto more = (*reader)->Next(row);
      EXPECT_TRUE(more.ok());
      if (!more.ok() || !*more) return rows;
      rows.push_back(row);
    }
  }

  std::filesystem::path folder_;
};

TEST_P(XlsxWriterTest, TextsStayTextsAndNumbersKeepTheirDigits) {
  const std::string path = folder_ / "a.xlsx";
  XlsxWriter writer(path, GetParam());
  writer.AddSheet("成交/率");
  const std::vector<std::string> texts = {"=1+1", "+1", "-5", "@x", "'=1", "张三", "a\"b", "<&>", "1.50"};
  for (size_t i = 0; i < texts.size(); ++i) writer.Text(0, static_cast<int>(i), texts[i]);
  const std::vector<double> numbers = {-5, 0.1, 1.0 / 3, 19980000.25, 123456789012345.0};
  for (size_t i = 0; i < numbers.size(); ++i) writer.Number(1, static_cast<int>(i), numbers[i], "0.0%");
  ASSERT_TRUE(writer.Finish().ok());

  const std::vector<Row> rows = Read(path, "成交 率");
  ASSERT_EQ(rows.size(), 2U);
  ASSERT_EQ(rows[0].cells.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(rows[0].cells[i].kind, Cell::Kind::kText) << texts[i];
    EXPECT_EQ(rows[0].cells[i].text, texts[i]);
  }
  ASSERT_EQ(rows[1].cells.size(), numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_EQ(rows[1].cells[i].kind, Cell::Kind::kNumber);
    EXPECT_NEAR(std::stod(rows[1].cells[i].text), numbers[i], std::abs(numbers[i]) * 1e-15);
  }
}

TEST_P(XlsxWriterTest, ATextThatIsTooLongIsCutBetweenCharacters) {
  const std::string path = folder_ / "long.xlsx";
  XlsxWriter writer(path, GetParam());
  writer.AddSheet("s");
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += "汉";
  writer.Text(0, 0, text);
  ASSERT_TRUE(writer.Finish().ok());
  const std::vector<Row> rows = Read(path, "s");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].cells[0].text, text.substr(0, size_t{32'767} * 3));
}

TEST_P(XlsxWriterTest, WhatDoesNotFitLeavesNoFile) {
  const std::string path = folder_ / "big.xlsx";
  XlsxWriter writer(path, GetParam());
  writer.AddSheet("s");
  writer.Number(XlsxWriter::kRowsMax, 0, 1, "0");
  const Status status = writer.Finish();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "export_failed");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_P(XlsxWriterTest, AFolderThatIsNotThereIsAnError) {
  XlsxWriter writer((folder_ / "missing" / "a.xlsx").string(), GetParam());
  writer.AddSheet("s");
  const Status status = writer.Finish();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "export_failed");
}

INSTANTIATE_TEST_SUITE_P(Memory, XlsxWriterTest, testing::Bool(),
                         [](const auto& made) { return made.param ? "constant" : "whole"; });

}  // namespace
}  // namespace dealpace::exchange
