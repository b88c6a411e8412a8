#include "attachments/api.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>

#include "access/testing.h"
#include "attachments/testing.h"
#include "base/text.h"
#include "db/testing.h"

namespace dealpace::attachments {
namespace {

namespace json = boost::json;
using http::Method;
using http::Response;

const Instant kNow{1'795'000'000'000};

// Files of boxes: box 1 is seen by everybody, box 2 by the boss, box 3 may not be changed any more.
class AttachmentsApiTest : public testing::TestWithParam<db::Kind> {
 protected:
  AttachmentsApiTest()
      : database_(GetParam()),
        vault_(*access::Vault::Open(*database_, *access::KeyFile::Make(folder_.path() / "keys"))),
        store_(*vault_) {
    const Status made = database_->Write<void>([](db::Connection& c) -> Status {
      c.Execute("INSERT INTO dealer (dealer_id, code, name, time_zone) VALUES (1, 'D1', '', 'Asia/Shanghai')");
      return {};
    });
    EXPECT_TRUE(made.ok());
    Home box{"box", "/api/v1/boxes/{box}/attachments", "box", {}};
    box.find = [](db::Connection&, const http::Request& request, DealerId dealer, const std::string& id, bool change,
                  Instant) -> Result<Home::Found> {
      if (dealer.value != 1 || (id == "2" && request.caller.login != "boss")) return Error("not_found");
      if (change && id == "3") return Error("customer_anonymised");
      return Home::Found{{"box", id}, {{"box", id}}};
    };
    AddAttachmentRoutes(
        router_,
        {*database_,
         [this]() -> Result<Store*> { return &store_; },
         {box},
         [](std::string_view field, std::string_view text) {
           return text == "card" ? Status(Error("number_forbidden").With("field", field)) : Status();
         },
         [this](db::Connection&, const http::Request&, bool) -> Status {
           return reads_left_ > 0 ? Status() : Error("attachments_read_too_many").With("max", 2);
         },
         [this](db::Connection&, DealerId, const Owner& owner) -> Status {
           return owner.id == held_ ? Status(Error("attachment_held").With("reason", "x")) : Status();
         },
         [this] { return now_; },
         [](http::Handler handler) { return handler; },
         [this](db::Connection&, const db::Deed& deed) -> Status {
           deeds_ += deed.act + " " + deed.object.substr(0, deed.object.find(':'));
           for (const auto& [name, value] : deed.details) {
             const auto* text = std::get_if<std::string>(&value);
             const auto* texts = std::get_if<std::vector<std::string>>(&value);
             deeds_ += " " + name + "=" + (text != nullptr ? *text : texts != nullptr ? Join(*texts, ",") : "");
           }
           deeds_ += ";";
           if (deed.act == "attachment.read") --reads_left_;
           return deed.act == "attachment.remove" && fail_note_ ? Status(Error("storage_full")) : Status();
         }});
  }

  Response Call(const std::string& who, Method method, const std::string& path, const std::string& body = {},
                const std::string& name = {}, int64_t version = 0) {
    http::Request request;
    request.method = method;
    request.language = Language::kEnglish;
    request.caller.login = who;
    request.caller.account = AccountId(5);
    request.path = "/api/v1/" + path;
    request.query.emplace_back("dealer", dealer_);
    request.body = body;
    if (!name.empty()) request.headers.emplace("content-disposition", name);
    if (version > 0) request.headers.emplace("if-match", http::VersionTag(version));
    const http::Router::Match match = router_.Find(method, request.path);
    if (match.route == nullptr) {
      ADD_FAILURE() << "no route " << path;
      return {};
    }
    request.params = match.params;
    return match.route->handler(request);
  }
  // "204", or the code of the problem.
  std::string Outcome(const std::string& who, Method method, const std::string& path, const std::string& body = {},
                      const std::string& name = {}, int64_t version = 0) {
    const Response response = Call(who, method, path, body, name, version);
    return response.status < 400 ? std::to_string(response.status) : response.log_code;
  }
  std::string Add(const std::string& box, const std::string& name = "attachment; filename=\"a.jpg\"") {
    const Response response = Call("boss", Method::kPost, "boxes/" + box + "/attachments", TestJpeg(), name);
    EXPECT_EQ(response.status, 201) << response.body;
    if (response.status != 201) return "0";
    return std::string(json::parse(response.body).at("id").as_string());
  }
  json::value List(const std::string& box, const std::string& who = "boss") {
    const Response response = Call(who, Method::kGet, "boxes/" + box + "/attachments");
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body);
  }
  static std::map<std::string, std::string> Headers(const Response& response) {
    return {response.headers.begin(), response.headers.end()};
  }

  access::TestFolder folder_;
  db::TestDatabase database_;
  std::unique_ptr<access::Vault> vault_;
  Store store_;
  http::Router router_;
  Instant now_ = kNow;
  std::string dealer_ = "1";
  int reads_left_ = 100;
  std::string held_;
  bool fail_note_ = false;
  std::string deeds_;
};

TEST_P(AttachmentsApiTest, WhatHasToBeKeptIsNotTakenAway) {
  const std::string id = Add("1");
  held_ = "1";
  EXPECT_EQ(Outcome("boss", Method::kDelete, "attachments/" + id), "attachment_held");
  EXPECT_EQ(List("1").at("attachments").as_array().size(), 1u);
  held_.clear();
  EXPECT_EQ(Outcome("boss", Method::kDelete, "attachments/" + id), "204");
}

TEST_P(AttachmentsApiTest, ForbiddenWordsAreNoNameEither) {
  EXPECT_EQ(Outcome("boss", Method::kPost, "boxes/1/attachments", TestJpeg(), "attachment; filename=card"),
            "number_forbidden");
  const std::string id = Add("1");
  EXPECT_EQ(Outcome("boss", Method::kPut, "attachments/" + id, R"({"name":"card"})", {}, 1), "number_forbidden");
}

TEST_P(AttachmentsApiTest, AFileIsAddedNamedReadAndTakenAway) {
  const std::string id = Add("1", "attachment; filename*=UTF-8''%E9%A9%BE%E9%A9%B6%E8%AF%81.jpg");
  const json::value file = List("1").at("attachments").at(0);
  EXPECT_EQ(file.at("id").as_string(), id);
  EXPECT_EQ(file.at("name").as_string(), "驾驶证.jpg");
  EXPECT_EQ(file.at("type").as_string(), "image/jpeg");
  EXPECT_TRUE(file.at("picture").as_bool());
  EXPECT_EQ(file.at("size").as_int64(), static_cast<int64_t>(TestJpeg().size()));
  EXPECT_EQ(file.at("owner").at("kind").as_string(), "box");
  EXPECT_EQ(file.at("added_by").as_string(), "boss");

  const Response bytes = Call("ana", Method::kPost, "attachments/" + id + "/content", R"({"reason":"contract"})");
  ASSERT_EQ(bytes.status, 200) << bytes.body;
  EXPECT_EQ(bytes.body, TestJpeg());
  EXPECT_EQ(bytes.content_type, "image/jpeg");
  auto headers = Headers(bytes);
  EXPECT_EQ(headers["Content-Disposition"].find("attachment; filename=\"___.jpg\""), 0U);
  EXPECT_EQ(headers["Cache-Control"], "no-store");
  EXPECT_EQ(headers["X-Content-Type-Options"], "nosniff");
  EXPECT_NE(headers["Content-Security-Policy"].find("sandbox"), std::string::npos);

  EXPECT_EQ(Outcome("ana", Method::kPut, "attachments/" + id, R"({"description":"card"})", "", 1), "number_forbidden");
  EXPECT_EQ(Outcome("ana", Method::kPut, "attachments/" + id, R"({"name":"正面"})", "", 1), "204");
  EXPECT_EQ(Outcome("ana", Method::kPut, "attachments/" + id, R"({"name":"x"})", "", 1), "edit_conflict");
  EXPECT_EQ(Outcome("ana", Method::kPut, "attachments/" + id, R"({"name":"x"})"), "if_match_missing");
  EXPECT_EQ(Outcome("ana", Method::kPut, "attachments/" + id, R"({"nam":"x"})", "", 2), "field_unknown");

  EXPECT_EQ(Outcome("ana", Method::kDelete, "attachments/" + id), "204");
  EXPECT_EQ(Outcome("ana", Method::kPost, "attachments/" + id + "/content", R"({"reason":"contract"})"), "not_found");
  EXPECT_EQ(List("1").at("attachments").as_array().size(), 0U);
  EXPECT_EQ(List("1").at("removed").at(0).at("removed_by").as_string(), "ana");
  EXPECT_EQ(Outcome("ana", Method::kPost, "attachments/" + id + "/restore"), "204");
  EXPECT_EQ(List("1").at("attachments").at(0).at("name").as_string(), "正面.jpg");
  EXPECT_EQ(deeds_,
            "attachment.add attachment of=box:1;"
            "attachment.read attachment of=box:1 reason=contract;"
            "attachment.change attachment of=box:1 fields=name;"
            "attachment.remove attachment of=box:1;"
            "attachment.restore attachment of=box:1;");
}

TEST_P(AttachmentsApiTest, WhoDoesNotSeeItsHomeDoesNotKnowThatThereIsAFile) {
  const std::string id = Add("2");
  deeds_.clear();
  for (const std::string& file : {id, std::string("123456")}) {
    EXPECT_EQ(Outcome("ana", Method::kPost, "attachments/" + file + "/content", R"({"reason":"contract"})"),
              "not_found");
    EXPECT_EQ(Outcome("ana", Method::kPut, "attachments/" + file, R"({"name":"x"})", "", 1), "not_found");
    EXPECT_EQ(Outcome("ana", Method::kDelete, "attachments/" + file), "not_found");
    EXPECT_EQ(Outcome("ana", Method::kPost, "attachments/" + file + "/restore"), "not_found");
  }
  EXPECT_EQ(Outcome("ana", Method::kGet, "boxes/2/attachments"), "not_found");
  EXPECT_EQ(Outcome("ana", Method::kPost, "boxes/2/attachments", TestJpeg(), "attachment; filename=a"), "not_found");
  EXPECT_EQ(deeds_, "");
  EXPECT_EQ(List("2").at("attachments").as_array().size(), 1U);
  dealer_ = "2";
  EXPECT_EQ(Outcome("boss", Method::kPost, "attachments/" + id + "/content", R"({"reason":"contract"})"), "not_found");
  dealer_ = "x";
  EXPECT_EQ(Outcome("boss", Method::kDelete, "attachments/" + id), "not_found");
}

TEST_P(AttachmentsApiTest, ALookNeedsAReasonAndStandsOnRecordOrIsNotGiven) {
  const std::string id = Add("1");
  deeds_.clear();
  reads_left_ = 1;
  const std::string path = "attachments/" + id + "/content";
  EXPECT_EQ(Outcome("ana", Method::kPost, path, "{}"), "field_missing");
  EXPECT_EQ(Outcome("ana", Method::kPost, path, R"({"reason":"王小明"})"), "field_choice");
  EXPECT_EQ(Outcome("ana", Method::kPost, path, R"({"reason":"contact"})"), "200");
  EXPECT_EQ(Outcome("ana", Method::kPost, path, R"({"reason":"contact"})"), "attachments_read_too_many");
  EXPECT_EQ(deeds_, "attachment.read attachment of=box:1 reason=contact;");
}

TEST_P(AttachmentsApiTest, ADamagedFileIsToldAsSuchAndCanBeTakenAway) {
  const std::string well = Add("1");
  const std::string damaged = Add("1");
  const Status spoilt = database_->Write<void>([&](db::Connection& c) -> Status {
    c.Execute("UPDATE attachment SET head = ?2 WHERE dealer_id = 1 AND attachment_id = ?1", NumberOf(damaged),
              db::Blob{std::string(200, 'x')});
    return {};
  });
  ASSERT_TRUE(spoilt.ok());
  const json::value files = List("1").at("attachments");
  ASSERT_EQ(files.as_array().size(), 2U);
  EXPECT_EQ(files.at(0).at("id").as_string(), damaged);
  EXPECT_TRUE(files.at(0).at("damaged").as_bool());
  EXPECT_EQ(files.at(0).at("name").as_string(), "");
  EXPECT_EQ(files.at(0).at("type").as_string(), "image/jpeg");
  EXPECT_FALSE(files.at(1).at("damaged").as_bool());
  deeds_.clear();
  EXPECT_EQ(Outcome("boss", Method::kPost, "attachments/" + damaged + "/content", R"({"reason":"contract"})"),
            "attachment_damaged");
  EXPECT_EQ(Outcome("boss", Method::kPut, "attachments/" + damaged, R"({"name":"x"})", {}, 1), "attachment_damaged");
  EXPECT_EQ(Outcome("boss", Method::kDelete, "attachments/" + damaged), "204");
  EXPECT_EQ(deeds_, "attachment.remove attachment of=box:1;") << "nothing was looked at";
  EXPECT_TRUE(List("1").at("removed").at(0).at("damaged").as_bool());
  EXPECT_EQ(Outcome("boss", Method::kPost, "attachments/" + well + "/content", R"({"reason":"contract"})"), "200");
}

TEST_P(AttachmentsApiTest, WhatIsRemovedIsToldUntilItIsGone) {
  const std::string id = Add("1");
  EXPECT_EQ(Outcome("boss", Method::kDelete, "attachments/" + id), "204");
  EXPECT_TRUE(List("1").at("removed").at(0).as_object().contains("restore_until"));
  now_.ms += kUndoMs;
  EXPECT_FALSE(List("1").at("removed").at(0).as_object().contains("restore_until"));
  EXPECT_EQ(Outcome("boss", Method::kPost, "attachments/" + id + "/restore"), "204");
  EXPECT_EQ(List("1").at("attachments").as_array().size(), 1U);
}

TEST_P(AttachmentsApiTest, WhatIsRefusedLeavesNothing) {
  const std::string path = "boxes/1/attachments";
  EXPECT_EQ(Outcome("ana", Method::kPost, path, TestJpeg()), "field_missing");
  EXPECT_EQ(Outcome("ana", Method::kPost, path, "<svg onload=x>", "attachment; filename=a.jpg"), "attachment_unsafe");
  EXPECT_EQ(Outcome("ana", Method::kPost, path, "", "attachment; filename=a.jpg"), "attachment_empty");
  EXPECT_EQ(Outcome("ana", Method::kPost, "boxes/3/attachments", TestJpeg(), "attachment; filename=a.jpg"),
            "customer_anonymised");
  EXPECT_EQ(List("1").at("attachments").as_array().size(), 0U);
  EXPECT_EQ(List("3").at("attachments").as_array().size(), 0U);
  const std::string id = Add("1");
  // The deed and its record are one.
  fail_note_ = true;
  EXPECT_EQ(Outcome("ana", Method::kDelete, "attachments/" + id), "storage_full");
  EXPECT_EQ(List("1").at("attachments").as_array().size(), 1U);
}

TEST(FileNameOf, ReadsBothForms) {
  const auto name = [](std::string_view header) {
    const auto read = FileNameOf(header);
    return read.ok() ? *read : read.error().code;
  };
  EXPECT_EQ(name("attachment; filename*=UTF-8''%E5%90%88%E5%90%8C%20a.pdf"), "合同 a.pdf");
  EXPECT_EQ(name("attachment; filename=\"b.pdf\"; FILENAME*=utf-8''c.pdf; x=y"), "c.pdf");
  EXPECT_EQ(name("attachment; filename=\"a b.pdf\"; x=y"), "a b.pdf");
  EXPECT_EQ(name("attachment; filename=a.pdf; x=y"), "a.pdf");
  EXPECT_EQ(name("attachment; filename=\"合同.pdf\""), "合同.pdf");
  EXPECT_EQ(name(""), "field_missing");
  EXPECT_EQ(name("attachment; filename*=UTF-8''%E5"), "text_not_utf8");
  EXPECT_EQ(name("attachment; filename*=UTF-8''%zz"), "text_not_utf8");
}

INSTANTIATE_TEST_SUITE_P(On, AttachmentsApiTest, testing::ValuesIn(db::TestKinds()), db::KindNames());

}  // namespace
}  // namespace dealpace::attachments
