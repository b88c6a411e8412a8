#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/access.h"
#include "access/people.h"
#include "app/wiring.h"
#include "exchange/table_reader.h"
#include "http/router.h"

// Lists of people: a CSV file or a sheet with an account, and a post of it, in each row.
namespace dealpace::app {

struct PeopleFile {
  exchange::FileFacts facts;
  int64_t header_row = 0;
  struct Column {
    std::string header;
    std::string field;  // login, name, role, post, dealer, team, staff, region, from; empty: not taken
  };
  std::vector<Column> columns;
  std::vector<access::PersonRow> rows;
};

// Reads the file at `path`, which is called `name` in errors. The header is the first of the first 20 rows that has a
// column for logins, in Chinese or English. Dealers, teams, people and regions go by code or name, posts by the code or
// name of their role, days as elsewhere; without a day a post begins on `today`. What is wrong with a row stands in the
// row. Fails as exchange::TableReader does, and with people_no_login_column, people_no_rows, people_too_many.
[[nodiscard]] Result<PeopleFile> ReadPeople(System& system, const std::string& path, std::string_view name, Day today,
                                            std::string_view sheet = {});

// What a list does, or did: docs/openapi.yaml, PeopleImport. One-time passwords are in it.
[[nodiscard]] std::string PeopleJson(const PeopleFile& file, const access::PeopleDone& done, Language language);
// "login,name,password" of the accounts made, for the one who hands them out.
[[nodiscard]] std::string PasswordsCsv(const std::vector<access::OneTime>& fresh);

// POST /api/v1/accounts/import, for administrators.
void AddPeopleRoutes(http::Router& router, System& system, access::Access& access);

}  // namespace dealpace::app
