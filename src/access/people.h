#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "access/accounts.h"
#include "access/posts.h"
#include "base/result.h"

// Many accounts at once, as a list of people says them: Access::ImportPeople.
namespace dealpace::access {

// A row of the list: an account, and a post of it where it names one. Several rows of one login give it several posts.
struct PersonRow {
  int64_t number = 0;  // in the file
  std::string login;   // as written
  std::string name;    // empty: the row does not say
  std::optional<Role> role;
  std::optional<Post> post;     // without id and account
  std::vector<Error> problems;  // that were found in reading it; such a row is refused
};

// What becomes of a row. Without problems and none of the three: all of it is there already.
struct PersonDone {
  int64_t number = 0;
  std::string login;  // normalised where it is one
  std::string name;
  bool added = false;    // an account is made, with a one-time password
  bool renamed = false;  // the account has another name by now
  bool posted = false;   // it is given the post
  std::vector<Error> problems;
};

}  // namespace dealpace::access
