#include "exchange/import_advice.h"

#include <gtest/gtest.h>

#include "exchange/closest_name.h"
#include "exchange/mask.h"

namespace dealpace::exchange {
namespace {

std::string Advice(const Error& error, bool mostly = false) {
  const auto mend = SuggestMend(error, mostly);
  if (!mend) return "";
  return std::string(MendName(mend->kind)) + " " + mend->field + " " + mend->from + (mend->to.empty() ? "" : " → ") +
         mend->to;
}
std::string OfDate(const std::string& cell) {
  return Advice(Error("row_bad_date").With("field", "at").With("cell", std::string_view(cell)));
}
std::string OfFuture(const std::string& cell) {
  return Advice(
      Error("row_future_date").With("field", "at").With("cell", std::string_view(cell)).With("latest", "2026-11-26"));
}

TEST(SuggestMend, ADayThatTheMonthHasNotBecomesItsLast) {
  EXPECT_EQ(OfDate("2026-09-31"), "date at 2026-09-31 → 2026-09-30");
  EXPECT_EQ(OfDate("2026/2/30"), "date at 2026/2/30 → 2026/2/28");
  EXPECT_EQ(OfDate("2024年2月30日"), "date at 2024年2月30日 → 2024年2月29日");
  EXPECT_EQ(OfDate("20260431"), "date at 20260431 → 20260430");
  EXPECT_EQ(OfDate("2026-09-31 10:24"), "date at 2026-09-31 10:24 → 2026-09-30 10:24");
  for (const char* hopeless : {"2026-13-01", "2026-09-32", "九月底", "31/09/2026", "2026-09", "x2026-09-31"}) {
    EXPECT_EQ(OfDate(hopeless), "") << hopeless;
  }
}

TEST(SuggestMend, ADateAYearAheadIsOfThisYear) {
  EXPECT_EQ(OfFuture("2027-09-18"), "date at 2027-09-18 → 2026-09-18");
  EXPECT_EQ(OfFuture("2026/12/30 09:00"), "date at 2026/12/30 09:00 → 2025/12/30 09:00");
  EXPECT_EQ(OfFuture("2028-09-18"), "") << "still ahead";
  EXPECT_EQ(OfFuture("2028-02-29"), "") << "no such day";
}

TEST(SuggestMend, NamesAreTranslatedOrMade) {
  EXPECT_EQ(Advice(Error("row_unknown_staff_suggest")
                       .With("name", "张叁")
                       .With("suggestion", "张三")
                       .With("field", "staff")
                       .With("cell", "张叁")),
            "translate staff 张叁 → 张三");
  EXPECT_EQ(Advice(Error("row_unknown_member").With("name", "X9").With("field", "model").With("cell", "X9")),
            "create model X9");
  EXPECT_EQ(Advice(Error("row_unknown_event").With("name", "?").With("field", "event").With("cell", "?")), "");
  EXPECT_EQ(Advice(Error("row_duplicate_key").With("key", "id").With("other", 2)), "");
}

TEST(SuggestMend, YuanInAColumnOfTenThousands) {
  const Error doubtful =
      Error("row_amount_doubtful").With("field", "amount").With("cell", "189,800").With("scale", "10000");
  EXPECT_EQ(Advice(doubtful), "translate amount 189,800 → 18.98");
  EXPECT_EQ(Advice(doubtful, true), "scale amount 189,800 → 1") << "when the column as a whole is";
}

TEST(ClosestName, SoundsBeforeLooks) {
  const std::vector<std::string> staff = {"张三", "张伟", "李四", "王小明"};
  EXPECT_EQ(ClosestName("张叁", staff), "张三");
  EXPECT_EQ(ClosestName("章伟", staff), "张伟");
  EXPECT_EQ(ClosestName("张五", staff), "") << "two are as near";
  EXPECT_EQ(ClosestName("王晓明", staff), "王小明");
  EXPECT_EQ(ClosestName("赵六", staff), "");
  EXPECT_EQ(ClosestName("anna", {"ana", "ben"}), "ana");
}

TEST(Mask, TelephoneNumbersOfAllKinds) {
  EXPECT_EQ(MaskPhone("13812345678"), "138****5678");
  EXPECT_EQ(MaskPhone("+86 138-1234-5678"), "138****5678");
  EXPECT_EQ(MaskPhone("021-12345678"), "021-******78");
  EXPECT_EQ(MaskPhone("0571-1234567"), "0571-*****67");
  EXPECT_EQ(MaskPhone("1380013"), "*****13");
  EXPECT_EQ(MaskPhone("12345"), "*****");
  EXPECT_EQ(MaskPhone("没有留电话号码"), "*******");
}

TEST(Mask, NumbersWithinOtherCells) {
  EXPECT_EQ(MaskCell("张先生13812345678，下午来", false), "张先生138****5678，下午来");
  EXPECT_EQ(MaskCell("138 1234 5678", false), "138****5678");
  for (const char* harmless :
       {"2026-03-02 10:24", "20260302", "LD-0917-033", "189800", "1234567890123456", "10000000000"}) {
    EXPECT_EQ(MaskCell(harmless, false), harmless);
  }
  EXPECT_EQ(MaskCell("1380013", true), "*****13");
  EXPECT_TRUE(IsPhoneHeader("客户手机"));
  EXPECT_TRUE(IsPhoneHeader("Tel"));
  EXPECT_FALSE(IsPhoneHeader("hotel"));
}

}  // namespace
}  // namespace dealpace::exchange
