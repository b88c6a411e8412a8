#include "http/router.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace dealpace::http {
namespace {

ResultHandler Says(const std::string& text) {
  return [text](const Request&) -> Result<Response> { return Response::Text(text); };
}

Router Example() {
  Router router;
  router.Get("/api/v1/imports", Gate::kSignedIn, Says("list"));
  router.Post("/api/v1/imports", Gate::kAdmin, Says("new"));
  router.Get("/api/v1/imports/{id}", Gate::kSignedIn, Says("one"));
  router.Get("/api/v1/imports/kinds", Gate::kSignedIn, Says("kinds"));
  router.Post("/api/v1/imports/{id}/undo", Gate::kSignedIn, Says("undo"));
  router.Get("/api/v1/{room}/newest/{count}", Gate::kOpen, Says("newest of any room"));
  router.Get("/api/v1/imports/{id}/rows", Gate::kOpen, Says("rows"));
  router.Delete("/api/v1/imports/{id}", Gate::kAdmin, Says("gone"));
  return router;
}

std::string Answer(const Router& router, Method method, std::string_view path) {
  const Router::Match match = router.Find(method, path);
  return match.route == nullptr ? "nothing" : match.route->handler(Request()).body;
}

TEST(Router, FindsByMethodAndPath) {
  const Router router = Example();
  EXPECT_EQ(Answer(router, Method::kGet, "/api/v1/imports"), "list");
  EXPECT_EQ(Answer(router, Method::kPost, "/api/v1/imports"), "new");
  EXPECT_EQ(Answer(router, Method::kGet, "/api/v1/imports/17"), "one");
  EXPECT_EQ(Answer(router, Method::kDelete, "/api/v1/imports/17"), "gone");
  EXPECT_EQ(Answer(router, Method::kPost, "/api/v1/imports/17/undo"), "undo");
}

TEST(Router, KeepsTheParts) {
  const Router router = Example();
  EXPECT_EQ(router.Find(Method::kGet, "/api/v1/imports/客户 a").params.at("id"), "客户 a");
  const auto params = router.Find(Method::kGet, "/api/v1/leads/newest/5").params;
  EXPECT_EQ(params.at("room"), "leads");
  EXPECT_EQ(params.at("count"), "5");
}

TEST(Router, LiteralPartsComeBeforePlaceholders) {
  const Router router = Example();
  EXPECT_EQ(Answer(router, Method::kGet, "/api/v1/imports/kinds"), "kinds");
  EXPECT_EQ(router.Find(Method::kDelete, "/api/v1/imports/kinds").params.at("id"), "kinds")
      << "where only the placeholder has the method";
  EXPECT_EQ(Answer(router, Method::kGet, "/api/v1/imports/newest/5"), "newest of any room");
  EXPECT_EQ(Answer(router, Method::kGet, "/api/v1/imports/newest/rows"), "rows");
  EXPECT_EQ(Answer(router, Method::kGet, "/api/v1/imports/9/rows"), "rows");
}

TEST(Router, NothingElseMatches) {
  const Router router = Example();
  for (const char* path : {"/api/v1", "/api/v1/imports/", "/api/v1/imports//undo", "/api/v1/imports/1/2/3",
                           "api/v1/imports", "/API/v1/imports", "", "*", "/api/v1/imports/17/undo/"}) {
    EXPECT_EQ(router.Find(Method::kGet, path).route, nullptr) << path;
    EXPECT_EQ(router.Find(Method::kPost, path).route, nullptr) << path;
  }
}

TEST(Router, SaysWhichMethodsThereAre) {
  const Router router = Example();
  const Router::Match match = router.Find(Method::kPut, "/api/v1/imports/17");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allowed, (std::vector<Method>{Method::kGet, Method::kHead, Method::kDelete}));
  EXPECT_EQ(router.Find(Method::kGet, "/api/v1/imports/17/undo").allowed, std::vector<Method>{Method::kPost});
  EXPECT_TRUE(router.Find(Method::kGet, "/nowhere").allowed.empty());
}

TEST(Router, HeadIsAnsweredByGet) {
  Router router = Example();
  EXPECT_EQ(Answer(router, Method::kHead, "/api/v1/imports"), "list");
  EXPECT_EQ(router.Find(Method::kHead, "/api/v1/imports/1/undo").route, nullptr);
  router.Add({Method::kHead, "/api/v1/imports", Gate::kOpen, Answering(Says("head"))});
  EXPECT_EQ(Answer(router, Method::kHead, "/api/v1/imports"), "head");
}

TEST(Router, RefusesASecondRouteOfTheSameShape) {
  Router router = Example();
  EXPECT_THROW(router.Get("/api/v1/imports/{other}", Gate::kOpen, Says("")), std::logic_error);
  EXPECT_THROW(router.Get("no/slash", Gate::kOpen, Says("")), std::logic_error);
  EXPECT_NO_THROW(router.Put("/api/v1/imports/{other}", Gate::kOpen, Says("")));
}

TEST(Router, AnErrorOfAHandlerBecomesItsProblem) {
  const Handler handler = Answering([](const Request&) -> Result<Response> { return Error("if_match_missing"); });
  const Response response = handler(Request());
  EXPECT_EQ(response.status, 428);
  EXPECT_EQ(response.content_type, "application/problem+json");
}

}  // namespace
}  // namespace dealpace::http
