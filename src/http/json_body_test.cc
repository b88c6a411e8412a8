#include "http/json_body.h"

#include <gtest/gtest.h>

namespace dealpace::http {
namespace {

JsonBody Body(std::string_view text) {
  auto body = JsonBody::Parse(text);
  EXPECT_TRUE(body.ok()) << text;
  return body.ok() ? *std::move(body) : JsonBody(boost::json::object());
}

// "code field=… expected=…" of an error; "ok" without one.
template <typename R>
std::string Told(const R& result) {
  if (result.ok()) return "ok";
  std::string text = result.error().code;
  for (const auto& [name, value] : result.error().args) text += " " + name + "=" + value;
  return text;
}

TEST(JsonBody, RefusesWhatIsNoJson) {
  EXPECT_EQ(Told(JsonBody::Parse("")), "json_syntax position=1");
  EXPECT_EQ(Told(JsonBody::Parse("{\"a\":1,}")), "json_syntax position=8");
  EXPECT_EQ(Told(JsonBody::Parse("{\"客户\":x}")), "json_syntax position=7") << "characters, not bytes";
  EXPECT_EQ(Told(JsonBody::Parse("{\"a\":1} {}")), "json_syntax position=9");
  EXPECT_EQ(Told(JsonBody::Parse("{\"a\":")), "json_syntax position=6");
  EXPECT_EQ(Told(JsonBody::Parse("{'a':1}")), "json_syntax position=2");
  EXPECT_EQ(Told(JsonBody::Parse("{\"a\":NaN}")), "json_syntax position=6");
  EXPECT_EQ(Told(JsonBody::Parse("{\"a\":\"\xff\"}")), "text_not_utf8");
  EXPECT_EQ(Told(JsonBody::Parse("[1]")), "json_not_object");
  EXPECT_EQ(Told(JsonBody::Parse("\"{}\"")), "json_not_object");
  EXPECT_EQ(Told(JsonBody::Parse(" {} \r\n")), "ok");
}

TEST(JsonBody, NestsSoFarAndNoFurther) {
  const auto nested = [](int levels) {
    return "{\"a\":" + std::string(static_cast<size_t>(levels), '[') + std::string(static_cast<size_t>(levels), ']') +
           "}";
  };
  EXPECT_EQ(Told(JsonBody::Parse(nested(31))), "ok");
  EXPECT_EQ(Told(JsonBody::Parse(nested(32))).substr(0, 11), "json_syntax");
  EXPECT_EQ(Told(JsonBody::Parse(std::string(1'000'000, '['))).substr(0, 11), "json_syntax");
}

TEST(JsonBody, ReadsEachType) {
  JsonBody body = Body(
      R"({"t":"客户","i":-7,"f":2.5,"w":3.0,"b":true,"id":"9007199254740993","n":12,"l":["x","y"],"o":{"k":1},"z":null})");
  EXPECT_EQ(*body.Text("t"), "客户");
  EXPECT_EQ(*body.Int("i"), -7);
  EXPECT_EQ(*body.Int("w"), 3) << "a whole number, however it is written";
  EXPECT_EQ(*body.Number("f"), 2.5);
  EXPECT_EQ(*body.Number("i"), -7.0);
  EXPECT_EQ(*body.Bool("b", false), true);
  EXPECT_EQ(*body.Id("id"), 9007199254740993);
  EXPECT_EQ(*body.Id("n"), 12);
  EXPECT_EQ(*body.Texts("l"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(*(*body.Object("o"))->Int("k"), 1);
  EXPECT_FALSE(body.Has("z"));
  EXPECT_TRUE(body.Has("t"));
  EXPECT_TRUE(body.Done().ok());
}

TEST(JsonBody, AbsentAndNullAreTheSame) {
  JsonBody body = Body(R"({"z":null})");
  for (const char* field : {"z", "absent"}) {
    EXPECT_EQ(Told(body.Text(field)), std::string("field_missing field=") + field);
    EXPECT_EQ(Told(body.Int(field)), std::string("field_missing field=") + field);
    EXPECT_EQ(Told(body.Id(field)), std::string("field_missing field=") + field);
    EXPECT_EQ(Told(body.Number(field)), std::string("field_missing field=") + field);
    EXPECT_EQ(*body.OptionalText(field), std::nullopt);
    EXPECT_EQ(*body.OptionalInt(field), std::nullopt);
    EXPECT_EQ(*body.OptionalId(field), std::nullopt);
    EXPECT_EQ(*body.OptionalNumber(field), std::nullopt);
    EXPECT_EQ(*body.Bool(field, true), true);
    EXPECT_TRUE(body.Texts(field)->empty());
    EXPECT_TRUE(body.Objects(field)->empty());
    EXPECT_FALSE(body.Object(field)->has_value());
  }
}

TEST(JsonBody, NamesFieldAndTypeOfASlip) {
  JsonBody body = Body(R"({"t":"x","i":1,"f":1.5,"big":1e300,"over":9223372036854775808,"l":[1],"neg":"-4"})");
  EXPECT_EQ(Told(body.Text("i")), "field_type field=i expected=text");
  EXPECT_EQ(Told(body.OptionalText("l")), "field_type field=l expected=text");
  EXPECT_EQ(Told(body.Int("t")), "field_type field=t expected=whole number");
  EXPECT_EQ(Told(body.Int("f")), "field_type field=f expected=whole number");
  EXPECT_EQ(Told(body.Int("big")), "field_type field=big expected=whole number");
  EXPECT_EQ(Told(body.Int("over")), "field_type field=over expected=whole number");
  EXPECT_EQ(Told(body.Id("t")), "field_type field=t expected=whole number");
  EXPECT_EQ(Told(body.Id("neg")), "field_type field=neg expected=whole number");
  EXPECT_EQ(Told(body.Number("t")), "field_type field=t expected=number");
  EXPECT_EQ(Told(body.Bool("t", true)), "field_type field=t expected=true or false");
  EXPECT_EQ(Told(body.Texts("t")), "field_type field=t expected=list");
  EXPECT_EQ(Told(body.Texts("l")), "field_type field=l[0] expected=text");
  EXPECT_EQ(Told(body.Objects("l")), "field_type field=l[0] expected=object");
  EXPECT_EQ(Told(body.Object("t")), "field_type field=t expected=object");
}

TEST(JsonBody, LimitsLengths) {
  JsonBody body = Body(R"({"t":"客户","l":["a","b","c"],"o":[{},{}]})");
  EXPECT_EQ(Told(body.Text("t", 5)), "field_too_long field=t max=5") << "bytes";
  EXPECT_EQ(Told(body.Text("t", 6)), "ok");
  EXPECT_EQ(Told(body.Texts("l", 2)), "field_too_long field=l max=2");
  EXPECT_EQ(Told(body.Objects("o", 1)), "field_too_long field=o max=1");
}

TEST(JsonBody, RefusesTextThatCannotBeStored) {
  JsonBody body = Body(R"({"t":"a\u0000b","l":["\u0000"]})");
  EXPECT_EQ(Told(body.Text("t")), "field_has_nul field=t");
  EXPECT_EQ(Told(body.Texts("l")), "field_has_nul field=l[0]");
}

TEST(JsonBody, NamesFieldsOfFieldsByTheirPath) {
  JsonBody body = Body(R"({"rows":[{"name":"a"},{"name":2,"nmae":"b"}],"filter":{"staff":{"id":true}}})");
  auto rows = body.Objects("rows");
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ(*(*rows)[0].Text("name"), "a");
  EXPECT_EQ(Told((*rows)[1].Text("name")), "field_type field=rows[1].name expected=text");
  EXPECT_EQ(Told((*rows)[1].Done()), "field_unknown field=rows[1].nmae suggestion=rows[1].name");
  auto staff = (*body.Object("filter"))->Object("staff");
  EXPECT_EQ(Told((*staff)->Id("id")), "field_type field=filter.staff.id expected=whole number");
}

TEST(JsonBody, AFieldThatNobodyAskedForIsASlip) {
  JsonBody body = Body(R"({"period":"2026","peroid_b":1,"zzz":null})");
  EXPECT_EQ(Told(body.Done()), "field_unknown field=period") << "nothing is known yet";
  static_cast<void>(body.Text("period"));
  body.Know("period_b");
  EXPECT_EQ(Told(body.Done()), "field_unknown field=peroid_b suggestion=period_b");
  body.Know("peroid_b");
  EXPECT_EQ(Told(body.Done()), "field_unknown field=zzz") << "null or not";
}

}  // namespace
}  // namespace dealpace::http
