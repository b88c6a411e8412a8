#include "access/people.h"

#include <algorithm>
#include <map>

#include "access/access.h"
#include "access/secrets.h"

namespace dealpace::access {
namespace {

// What is known of a login, with what rows before have made of it.
struct Person {
  std::optional<Account> account;  // in the store
  bool added = false;              // by a row before
  std::vector<Post> posts;
  // What rows have said, so that no two say different things.
  std::string name;
  std::optional<Role> role;
};

Person Look(db::Connection& connection, const std::string& login, Instant now) {
  Person known;
  known.account = FindLogin(connection, login, now);
  if (known.account) known.posts = ListPosts(connection, known.account->id);
  return known;
}

bool Covers(const Post& post, const Post& wanted) {
  return post.role == wanted.role && post.place == wanted.place && post.from <= wanted.from &&
         (!post.until || *post.until >= wanted.from);
}

Error SaysTwo(std::string_view what, std::string_view what_zh) {
  return Error("people_says_two").With("what", what).With("what_zh", what_zh);
}

// What the row does, given what is known; takes it in.
PersonDone PlanRow(const PersonRow& row, std::map<std::string, Person>& all, db::Connection& connection,
                   const catalog::Catalog* catalog, Instant now) {
  PersonDone done{row.number, row.login, row.name, false, false, false, row.problems};
  const auto login = NormalizeLogin(row.login);
  if (login.ok()) {
    done.login = *login;
  } else if (!row.login.empty()) {
    done.problems.push_back(login.error());
  }
  if (const auto name = CheckName(row.name); name.ok()) {
    done.name = *name;
  } else {
    done.problems.push_back(name.error());
  }
  // A place that is not known is missing, too: that would be told twice.
  if (row.post && row.problems.empty() && catalog != nullptr) {
    if (const Status fits = CheckPost(*catalog, *row.post); !fits.ok()) done.problems.push_back(fits.error());
  }
  if (!login.ok()) return done;

  auto it = all.find(*login);
  if (it == all.end()) it = all.emplace(*login, Look(connection, *login, now)).first;
  Person& known = it->second;
  if (!done.name.empty() && !known.name.empty() && done.name != known.name) {
    done.problems.push_back(SaysTwo("names", "姓名"));
  }
  if (row.role && known.role && *row.role != *known.role) done.problems.push_back(SaysTwo("roles", "角色"));
  if (known.account) {
    if (known.account->disabled) done.problems.push_back(Error("people_disabled").With("login", *login));
    // Whoever may administrate is not decided in passing.
    if (row.role && *row.role != known.account->role) {
      done.problems.push_back(
          Error("people_role_differs").With("login", *login).With("role", RoleName(known.account->role)));
    }
  }
  if (!done.problems.empty()) return done;

  done.added = !known.account && !known.added;
  done.renamed = known.account && !done.name.empty() && known.name.empty() && done.name != known.account->name;
  done.posted = row.post && std::none_of(known.posts.begin(), known.posts.end(),
                                         [&](const Post& post) { return Covers(post, *row.post); });
  known.added = known.added || done.added;
  if (!done.name.empty()) known.name = done.name;
  if (row.role) known.role = row.role;
  if (done.posted) known.posts.push_back(*row.post);
  return done;
}

}  // namespace

Result<PeopleDone> Access::ImportPeople(std::vector<PersonRow> rows, bool dry_run, bool good_rows, AccountId by) {
  for (PersonRow& row : rows) {
    if (!row.post || !row.problems.empty() || !options_.places.check) continue;
    if (const Status there = options_.places.check(row.post->place); !there.ok()) row.problems.push_back(there.error());
  }
  const auto plan = [&](db::Connection& connection) {
    PeopleDone planned;
    std::map<std::string, Person> known;
    for (const PersonRow& row : rows) {
      planned.rows.push_back(PlanRow(row, known, connection, options_.catalog.get(), options_.clock()));
      if (!planned.rows.back().problems.empty()) ++planned.refused;
    }
    return planned;
  };
  if (dry_run) {
    return database_.Read<PeopleDone>(
        [&](db::Connection& connection) -> Result<PeopleDone> { return plan(connection); });
  }
  auto done = database_.Write<PeopleDone>([&](db::Connection& connection) -> Result<PeopleDone> {
    const Instant now = options_.clock();
    PeopleDone planned = plan(connection);
    if (planned.refused > 0 && !good_rows) return planned;
    planned.done = true;
    int64_t posts = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      const PersonDone& row = planned.rows[i];
      AccountId id;
      if (row.added) {
        NewAccount account{row.login, row.name, rows[i].role.value_or(Role::kMember), {}};
        OneTime fresh{{}, NewOneTimePassword()};
        ASSIGN_OR_RETURN(std::string hash, random_passwords_.Hash(fresh.password));
        account.password = {std::move(hash), true, Instant{now.ms + kOneTimeMs}};
        ASSIGN_OR_RETURN(fresh.account, access::AddAccount(connection, account, now));
        id = fresh.account.id;
        RETURN_IF_ERROR(By(by).Note(connection, "account.add", db::ObjectOf("account", id.value), {},
                                    {{"role", std::string(RoleName(account.role))}}));
        planned.fresh.push_back(std::move(fresh));
      } else if (row.renamed || row.posted) {
        id = access::FindLogin(connection, row.login, now)->id;
      }
      if (row.renamed) {
        RETURN_IF_ERROR(access::ChangeAccount(connection, id, std::nullopt, {.name = row.name}, now));
        RETURN_IF_ERROR(
            By(by).Note(connection, "account.change", db::ObjectOf("account", id.value), {}, {{"name", true}}));
      }
      if (row.posted) {
        Post post = *rows[i].post;
        post.account = id;
        ASSIGN_OR_RETURN(const Post made, access::AddPost(connection, *options_.catalog, post, now));
        RETURN_IF_ERROR(By(by).Note(connection, "post.add", db::ObjectOf("account", id.value), made.place.dealer,
                                    {{"post", std::to_string(made.id)}, {"role", made.role}}));
        ++posts;
      }
    }
    RETURN_IF_ERROR(By(by).Note(
        connection, "account.import", "accounts", {},
        {{"accounts", static_cast<int64_t>(planned.fresh.size())}, {"posts", posts}, {"refused", planned.refused}}));
    return planned;
  });
  cache_.Clear();
  return done;
}

}  // namespace dealpace::access
