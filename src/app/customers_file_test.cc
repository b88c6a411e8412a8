#include "app/customers_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "access/testing.h"

// Lists as people really have them.
namespace dealpace::app {
namespace {

using access::Code;
using Texts = std::vector<std::string>;

class CustomersFileTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return (folder_.path() / name).string(); }
  Result<CustomerSheet> Read(const std::string& text, const std::string& name = "list.csv") {
    std::ofstream(Path(name), std::ios::binary) << text;
    return ReadCustomerSheet(Path(name), name);
  }
  // The rows of a text, columns guessed.
  std::vector<leads::ImportRow> Rows(const std::string& text) {
    const auto sheet = Read(text);
    EXPECT_EQ(Code(sheet), "");
    if (!sheet.ok()) return {};
    return CustomerRows(*sheet, GuessCustomerColumns(sheet->headers), {"D1", "城西店"});
  }
  // What stands in a field of the only row; or its first problem.
  std::string Value(const std::string& header, const std::string& cell, const std::string& field) {
    const auto rows = Rows("姓名," + header + "\n张三," + cell + "\n");
    if (rows.size() != 1) return "rows: " + std::to_string(rows.size());
    if (!rows[0].problems.empty()) return rows[0].problems[0].code;
    const auto it = rows[0].record.find(field);
    return it == rows[0].record.end() ? "" : it->second;
  }
  access::TestFolder folder_;
};

TEST_F(CustomersFileTest, ColumnsAreKnownByTheirHeadersInBothLanguages) {
  EXPECT_EQ(
      GuessCustomerColumns({"客户姓名", "手机号码", "销售顾问", "意向车型", "Lead source", "Phone number", "编号"}),
      (Texts{"name", "phone", "owner", "model", "source", "", ""}))
      << "of two that mean the same the first";
  EXPECT_EQ(GuessCustomerColumns({"姓名 / Name", "电话（必填）", "CUSTOMER NAME"}), (Texts{"name", "phone", ""}));
  EXPECT_EQ(Code(CheckCustomerColumns({"name", "phone"})), "");
  EXPECT_EQ(Code(CheckCustomerColumns({"name", "plate"})), "customers_columns_missing");
  EXPECT_EQ(Code(CheckCustomerColumns({"name", "phone", "phone"})), "customers_column_twice");
  EXPECT_EQ(Code(CheckCustomerColumns({"name", "phone", "shoe"})), "customers_column_unknown");
}

TEST_F(CustomersFileTest, TheHeaderMayStandBelowATitle) {
  const auto sheet = Read("九月线索表\n\n导出时间 2026-09-30\n姓名,电话,\n张三,13800000001\n,,\n李四,\n");
  ASSERT_EQ(Code(sheet), "");
  EXPECT_EQ(sheet->header_row, 4);
  EXPECT_EQ(sheet->headers, (Texts{"姓名", "电话"}));
  ASSERT_EQ(sheet->lines.size(), 2u) << "empty lines are none";
  EXPECT_EQ(sheet->lines[1].number, 7);
}

TEST_F(CustomersFileTest, WhatIsNoListIsRefused) {
  EXPECT_EQ(Code(Read("张三,13800000001\n李四,13800000002\n")), "customers_no_header");
  EXPECT_EQ(Code(Read("")), "file_empty");
  EXPECT_EQ(Code(Read("姓名,电话\n")), "customers_no_rows");
  EXPECT_EQ(Code(Read(std::string("\x89PNG\0\0\0\x01\xff\xfe\0\0", 12))), "file_not_a_table");
  std::string many = "姓名,电话\n";
  for (int i = 0; i < 50'001; ++i) many += "张三,1\n";
  EXPECT_EQ(Code(Read(many)), "customers_too_many");
}

TEST_F(CustomersFileTest, PhonesAsSpreadsheetsWriteThem) {
  EXPECT_EQ(Value("电话", "138 0000 0001", "phone"), "138 0000 0001");
  EXPECT_EQ(Value("电话", "+86 138-0000-0001", "phone"), "+86 138-0000-0001");
  EXPECT_EQ(Value("电话", "13800000001.0", "phone"), "13800000001");
  EXPECT_EQ(Value("电话", "1.3800000001E+10", "phone"), "13800000001");
  EXPECT_EQ(Value("电话", "1.38E+10", "phone"), "import_phone_rounded");
  EXPECT_EQ(Value("电话", "'13800000001", "phone"), "13800000001");
  EXPECT_EQ(Value("电话", "\"=\"\"13800000001\"\"\"", "phone"), "13800000001");
  EXPECT_EQ(Value("电话", "13800000001/13900000002", "phone"), "13800000001");
  EXPECT_EQ(Value("电话", "13800000001、13900000002", "phone2"), "13900000002");
  EXPECT_EQ(Value("电话", "13800000001/找他太太", "phone"), "13800000001/找他太太");
}

TEST_F(CustomersFileTest, FormulasAndNumbersOfCardsAreNotTaken) {
  EXPECT_EQ(Value("地址", "=A1&B1", "address"), "import_cell_error");
  EXPECT_EQ(Value("地址", "证件 11010519491231002X", "address"), "number_forbidden");
  EXPECT_EQ(Value("地址", "6222021234567890128", "address"), "number_forbidden");
  EXPECT_EQ(Value("地址", "=T(11010519491231002X)", "address"), "number_forbidden");
  // A long one is cut between characters.
  std::string lines = "姓名,电话,备注\n张三,13800000001,=";
  for (int i = 0; i < 60; ++i) lines += "重要";
  const auto cut = Read(lines + "\n");
  ASSERT_EQ(Code(cut), "");
  EXPECT_TRUE(IsUtf8(cut->lines[0].cells[2]));
  EXPECT_GT(cut->lines[0].cells[2].size(), 90u);
  // Not even where nobody takes the column.
  const auto sheet = Read("姓名,电话,身份证号\n张三,13800000001,11010519491231002X\n");
  ASSERT_EQ(Code(sheet), "");
  EXPECT_EQ(sheet->lines[0].cells[2], std::string(1, kCellForbidden));
  const auto rows = CustomerRows(*sheet, GuessCustomerColumns(sheet->headers), {});
  EXPECT_TRUE(rows[0].problems.empty());
}

TEST_F(CustomersFileTest, CellsAsValues) {
  const auto rows = Rows(
      "姓名,电话,类型,性别,生日,建档日期,预计购车时间,意向级别,同意,门店,备注\n"
      "某公司,13800000001,单位,,,2026/3/1,20261224,H,否,城西店,\n"
      "张三,13800000002,,女,1990年5月1日,2026-03-01 09:30,,,是,d1,好\n"
      "李四,13800000003,,,,昨天,,,,,\n"
      "王五,13800000001,,,,,,,,城东店,\n");
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].kind, leads::Kind::kCompany);
  EXPECT_EQ(FormatDay(*rows[0].since), "2026-03-01");
  EXPECT_EQ(*rows[0].lead.expected, "2026-12-24");
  EXPECT_EQ(*rows[0].lead.grade, "H");
  EXPECT_TRUE(rows[0].lead.grade_why) << "a list gives no reasons";
  EXPECT_FALSE(rows[0].agreed);
  EXPECT_TRUE(rows[0].about_purchase);
  EXPECT_EQ(rows[1].record.at("sex"), "female");
  EXPECT_EQ(rows[1].record.at("birthday"), "1990-05-01");
  EXPECT_TRUE(rows[1].problems.empty());
  EXPECT_EQ(rows[2].problems.at(0).code, "field_day_bad");
  EXPECT_EQ(rows[3].problems.at(0).code, "import_other_dealer");
  EXPECT_EQ(rows[3].repeats, 0) << "what is refused takes nobody's place";
}

TEST_F(CustomersFileTest, TheSamePhonePlateOrVinMarksARepeat) {
  const auto rows = Rows(
      "姓名,电话,车牌,VIN\n甲,138 0000 0001,沪A12345,\n乙,+8613800000001,,\n丙,13800000003,沪a·12345,\n"
      "丁,13800000004,,LSVAA49J132012345\n戊,13800000005,,lsvaa49j132012345\n");
  std::vector<int64_t> repeats;
  for (const auto& row : rows) repeats.push_back(row.repeats);
  EXPECT_EQ(repeats, (std::vector<int64_t>{0, 2, 2, 0, 5}));
}

TEST_F(CustomersFileTest, TheTemplateIsAList) {
  ASSERT_EQ(Code(WriteCustomerTemplate(Path("t.xlsx"))), "");
  const auto empty = ReadCustomerSheet(Path("t.xlsx"), "t.xlsx");
  EXPECT_EQ(Code(empty), "customers_no_rows");
  Texts headers;
  for (const CustomerColumn& column : CustomerColumns()) headers.push_back(column.name.zh + " / " + column.name.en);
  Texts ids;
  for (const CustomerColumn& column : CustomerColumns()) ids.emplace_back(column.id);
  EXPECT_EQ(GuessCustomerColumns(headers), ids);
}

TEST_F(CustomersFileTest, RefusedLinesComeBackMended) {
  RefusedLine line{7, Error("import_owner_unknown").With("name", "Zoe"), {"张三", "+8613800000001", "Zoe"}};
  const auto kept = ReadRefusedLine(RefusedLineJson(line));
  ASSERT_EQ(Code(kept), "");
  EXPECT_EQ(kept->problem.code, line.problem.code);
  EXPECT_EQ(kept->cells, line.cells);
  line.cells[2] = std::string(1, kCellForbidden);
  for (const std::string name : {"r.csv", "r.xlsx"}) {
    ASSERT_EQ(Code(WriteRefusedLines(Path(name), {"姓名", "电话", "备注"}, {line}, Language::kEnglish)), "");
    const auto sheet = ReadCustomerSheet(Path(name), name);
    ASSERT_EQ(Code(sheet), "") << name;
    const auto rows = CustomerRows(*sheet, GuessCustomerColumns(sheet->headers), {});
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].record.at("name"), "张三");
    EXPECT_EQ(rows[0].record.at("phone"), "+8613800000001") << name;
    EXPECT_FALSE(rows[0].lead.remark) << "the number is not given back either";
  }
}

}  // namespace
}  // namespace dealpace::app
