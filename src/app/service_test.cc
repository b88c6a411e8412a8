#include "app/service.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <set>

#include "app/openapi.h"
#include "db/migrate.h"
#include "db/testing.h"

namespace dealpace::app {
namespace {

std::string Text(const Operation& operation) { return operation.method + " " + operation.path; }

TEST(OpenApi, RoutesAndContractAreTheSameList) {
  const db::TestStore store(db::Kind::kSqlite);
  auto system = System::Open(store.url());
  ASSERT_TRUE(system.ok());
  ASSERT_TRUE(db::Migrate((*system)->database()).ok());
  ServiceOptions options;
  options.folder = std::filesystem::path(store.url()).parent_path().string();
  const Service service(**system, options);

  std::set<std::string> promised;
  std::set<std::string> open;
  for (const Operation& operation : ContractOperations()) {
    EXPECT_TRUE(promised.insert(Text(operation)).second) << Text(operation) << " stands twice";
    if (operation.open) open.insert(Text(operation));
  }
  std::set<std::string> served;
  std::set<std::string> unguarded;
  for (const http::Route& route : service.routes()) {
    const std::string text = std::string(http::MethodName(route.method)) + " " + route.pattern;
    EXPECT_TRUE(served.insert(text).second) << text << " is served twice";
    if (route.admission.gate == http::Gate::kOpen) unguarded.insert(text);
  }
  EXPECT_EQ(served, promised);
  EXPECT_EQ(unguarded, open);
}

TEST(OpenApi, JsonIsWhatTheYamlSays) {
  const auto document = boost::json::parse(OpenApiJson());
  EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
  EXPECT_GT(document.at("paths").as_object().size(), 40U);
  // What is in quotes is text, what looks like a number or a truth is one.
  EXPECT_TRUE(document.at("paths").at("/healthz").at("get").at("responses").as_object().contains("200"));
  const auto& limit = document.at_pointer("/components/schemas/Question/properties/columns/maxItems");
  EXPECT_EQ(limit.as_int64(), 60);
  const auto& shared = document.at_pointer("/components/schemas/Question/properties/to_date/default");
  EXPECT_EQ(shared.as_bool(), false);
}

}  // namespace
}  // namespace dealpace::app
