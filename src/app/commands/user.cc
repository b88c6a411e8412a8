#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <filesystem>

#include "access/access.h"
#include "access/json.h"
#include "app/commands/context.h"
#include "app/commands/listing.h"
#include "app/people_file.h"
#include "app/wiring.h"
#include "base/json.h"
#include "catalog/messages.h"

namespace dealpace::app {
namespace {

using access::Access;
using access::Account;
using access::OneTime;
using access::Session;
using access::Token;

std::string RoleText(const Context& context, access::Role role) {
  return role == access::Role::kAdmin ? context.Say("administrator", "管理员") : context.Say("member", "成员");
}

std::string StateText(const Context& context, const Account& account) {
  if (account.disabled) return context.Say("disabled", "已停用");
  if (account.must_change_password) return context.Say("password due", "待设密码");
  return context.Say("active", "正常");
}

int List(const Context& context, Access& access) {
  const auto accounts = access.ListAccounts();
  if (!accounts.ok()) return context.FailQuestion(accounts.error());
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) {
      json.BeginObject().Key("accounts").BeginArray();
      for (const Account& account : *accounts) access::WriteAccount(json, account);
      json.EndArray().EndObject();
    });
    return kExitOk;
  }
  Listing listing;
  listing.columns = {{"login", context.Say("Login", "登录名")},
                     {"name", context.Say("Name", "姓名")},
                     {"role", context.Say("Role", "角色")},
                     {"state", context.Say("State", "状态")},
                     {"second_factor", context.Say("Second factor", "两步验证")},
                     {"bound_at", context.Say("Bound to the provider", "绑定统一登录")},
                     {"last_sign_in_at", context.Say("Last sign-in", "最近登录")},
                     {"sessions", context.Say("Sessions", "会话数")}};
  for (const Account& account : *accounts) {
    listing.rows.push_back({account.login, account.name, RoleText(context, account.role), StateText(context, account),
                            account.second_factor ? context.Say("on", "已开启") : "—", LocalTime(account.bound_at),
                            LocalTime(account.signed_in_at), std::to_string(account.sessions)});
  }
  listing.Print(context);
  return kExitOk;
}

int PrintOneTime(const Context& context, const Result<OneTime>& one_time) {
  if (!one_time.ok()) return context.FailQuestion(one_time.error());
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) {
      json.BeginObject().Key("account");
      access::WriteAccount(json, one_time->account);
      json.Field("password", one_time->password).EndObject();
    });
    return kExitOk;
  }
  std::printf(context.Say("Account: %s (%s)\nOne-time password: %s\n"
                          "It is shown this once, is good for 7 days, and must be changed at the first sign-in.\n",
                          "账号：%s（%s）\n一次性密码：%s\n仅显示这一次，7 天内有效，首次登录时须修改。\n"),
              one_time->account.login.c_str(), RoleText(context, one_time->account.role).c_str(),
              one_time->password.c_str());
  return kExitOk;
}

int Switch(const Context& context, Access& access, const Account& account, bool disabled) {
  const auto changed = access.ChangeAccount(account.id, std::nullopt, {.disabled = disabled});
  if (!changed.ok()) return context.FailQuestion(changed.error());
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) { access::WriteAccount(json, *changed); });
    return kExitOk;
  }
  std::printf(disabled ? context.Say("%s is disabled; sessions and tokens have ended (a running server notices within "
                                     "5 seconds).\n",
                                     "%s 已停用，其会话和令牌已失效（运行中的服务器会在 5 秒内生效）。\n")
                       : context.Say("%s is enabled.\n", "%s 已启用。\n"),
              changed->login.c_str());
  return kExitOk;
}

int Sessions(const Context& context, Access& access, const Account& account, bool kill) {
  const auto sessions = access.ListSessions(account.id);
  if (!sessions.ok()) return context.FailQuestion(sessions.error());
  if (kill) {
    const auto ended = access.EndSessions(account.id);
    if (!ended.ok()) return context.FailQuestion(ended.error());
  }
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) {
      json.BeginObject().Key("sessions").BeginArray();
      for (const Session& session : *sessions) {
        json.BeginObject().Field("created_at", FormatInstant(session.created_at));
        json.Field("seen_at", FormatInstant(session.seen_at)).Field("expires_at", FormatInstant(session.expires_at));
        json.Field("device", session.phone ? "phone" : "desk").Field("address", session.address);
        json.Field("by_provider", session.by_provider);
        json.Field("user_agent", session.user_agent).EndObject();
      }
      json.EndArray().Field("killed", kill).EndObject();
    });
    return kExitOk;
  }
  Listing listing;
  listing.columns = {{"created_at", context.Say("Signed in", "登录时间")},
                     {"seen_at", context.Say("Last used", "最近使用")},
                     {"device", context.Say("Device", "设备")},
                     {"by", context.Say("By", "方式")},
                     {"address", context.Say("Address", "地址")},
                     {"user_agent", context.Say("Browser", "浏览器")}};
  for (const Session& session : *sessions) {
    listing.rows.push_back({LocalTime(session.created_at), LocalTime(session.seen_at),
                            session.phone ? context.Say("phone", "手机") : context.Say("desk", "电脑"),
                            session.by_provider ? context.Say("provider", "统一登录") : context.Say("password", "密码"),
                            session.address, session.user_agent});
  }
  listing.Print(context);
  if (kill && context.format == Format::kTable) {
    std::printf("%s\n", context.Say("These sessions have ended (a running server notices within 5 seconds).",
                                    "以上会话已结束（运行中的服务器会在 5 秒内生效）。"));
  }
  return kExitOk;
}

int Tokens(const Context& context, Access& access, const Account& account) {
  const auto tokens = access.ListTokens(account.id);
  if (!tokens.ok()) return context.FailQuestion(tokens.error());
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) {
      json.BeginObject().Key("tokens").BeginArray();
      for (const Token& token : *tokens) access::WriteToken(json, token);
      json.EndArray().EndObject();
    });
    return kExitOk;
  }
  Listing listing;
  listing.columns = {{"id", context.Say("Id", "编号")},
                     {"name", context.Say("Name", "用途")},
                     {"scopes", context.Say("Scopes", "权限范围")},
                     {"created_at", context.Say("Made", "创建时间")},
                     {"expires_at", context.Say("Expires", "到期时间")},
                     {"last_used_at", context.Say("Last used", "最近使用")},
                     {"revoked_at", context.Say("Revoked", "吊销时间")}};
  for (const Token& token : *tokens) {
    listing.rows.push_back({std::to_string(token.id), token.name, Join(token.scopes, " "), LocalTime(token.created_at),
                            LocalTime(token.expires_at), LocalTime(token.last_used_at), LocalTime(token.revoked_at)});
  }
  listing.Print(context);
  return kExitOk;
}

int Policy(const Context& context, Access& access, const std::string& second_factor) {
  const auto policy =
      second_factor.empty() ? access.GetPolicy() : access.ChangePolicy(second_factor == "on", std::nullopt);
  if (!policy.ok()) return context.FailQuestion(policy.error());
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) {
      json.BeginObject().Field("second_factor", policy->second_factor).Field("version", policy->version).EndObject();
    });
    return kExitOk;
  }
  std::printf("%s\n",
              policy->second_factor
                  ? context.Say("Administrators, and who may export or manage others, need a second factor.",
                                "管理员以及有导出或管理权限的账号必须使用两步验证。")
                  : context.Say("A second factor is everybody's own choice.", "是否使用两步验证由各账号自行决定。"));
  return kExitOk;
}

std::string WhatBecomes(const Context& context, const access::PersonDone& row) {
  std::vector<std::string> words;
  if (row.added) words.emplace_back(context.Say("new account", "新账号"));
  if (row.renamed) words.emplace_back(context.Say("renamed", "改姓名"));
  if (row.posted) words.emplace_back(context.Say("given the post", "任命岗位"));
  if (!row.problems.empty()) words.emplace_back(context.Say("refused", "拒绝"));
  if (words.empty()) words.emplace_back(context.Say("is so already", "已是如此"));
  return Join(words, context.Say(", ", "，"));
}

// A new file, for its owner only; one that is there is not written over.
Status WritePasswords(const std::string& path, const std::vector<OneTime>& fresh) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return Error("file_unwritable").With("file", path);
  const std::string csv = PasswordsCsv(fresh);
  const bool whole = write(file, csv.data(), csv.size()) == static_cast<ssize_t>(csv.size());
  if (close(file) != 0 || !whole) {
    return Error("file_unwritable").With("file", path);
  }
  return {};
}

int ImportPeople(const Context& context, System& system, Access& access, const UserArguments& arguments) {
  // Before anything is done: passwords that cannot be written down would be lost.
  if (!arguments.passwords_file.empty() && std::filesystem::exists(arguments.passwords_file)) {
    return context.FailQuestion(Error("people_passwords_exist").With("file", arguments.passwords_file));
  }
  const auto file = ReadPeople(system, arguments.file, arguments.file, access.Today(), arguments.sheet);
  if (!file.ok()) return context.FailQuestion(file.error());
  const auto done = access.ImportPeople(file->rows, arguments.dry_run, arguments.good_rows);
  if (!done.ok()) return context.FailQuestion(done.error());
  const bool stopped = !arguments.dry_run && !done->done;
  const int exit = done->refused > 0 ? kExitProblems : kExitOk;
  if (!arguments.passwords_file.empty() && !done->fresh.empty()) {
    // Where it fails all the same, they are printed.
    if (const Status written = WritePasswords(arguments.passwords_file, done->fresh); !written.ok()) {
      std::printf("%s", PasswordsCsv(done->fresh).c_str());
      return context.Fail(written.error());
    }
  }
  if (context.format == Format::kJson) {
    std::printf("%s\n", PeopleJson(*file, *done, context.language).c_str());
    return exit;
  }
  if (context.format == Format::kCsv) {
    std::printf("%s", PasswordsCsv(done->fresh).c_str());
    return exit;
  }
  Listing listing;
  listing.columns = {{"row", context.Say("Row", "行")},
                     {"login", context.Say("Login", "登录名")},
                     {"name", context.Say("Name", "姓名")},
                     {"does", context.Say("What becomes of it", "结果")}};
  for (const access::PersonDone& row : done->rows) {
    listing.rows.push_back({std::to_string(row.number), row.login, row.name, WhatBecomes(context, row)});
  }
  listing.Print(context);
  const auto& messages = catalog::Messages::Get();
  for (const access::PersonDone& row : done->rows) {
    for (const Error& problem : row.problems) {
      std::printf(context.Say("Row %lld: %s\n", "第 %lld 行：%s\n"), static_cast<long long>(row.number),
                  messages.Render(problem, context.language).c_str());
    }
  }
  if (stopped) return context.Fail(Error("people_rows_refused").With("count", done->refused));
  if (arguments.dry_run) {
    std::printf("%s\n", context.Say("Nothing was written: a dry run.", "试运行，没有写入任何内容。"));
  } else if (!done->fresh.empty() && arguments.passwords_file.empty()) {
    std::printf("%s\n", context.Say("One-time passwords, shown this once, good for 7 days:",
                                    "一次性密码，仅显示这一次，7 天内有效："));
    for (const OneTime& fresh : done->fresh) {
      std::printf("  %s  %s\n", fresh.account.login.c_str(), fresh.password.c_str());
    }
  }
  return exit;
}

int AddToken(const Context& context, Access& access, const Account& account, const UserArguments& arguments) {
  const auto fresh = access.AddToken(account.id, {arguments.name, arguments.scopes, arguments.expires_days});
  if (!fresh.ok()) return context.FailQuestion(fresh.error());
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) { access::WriteToken(json, fresh->token, fresh->secret); });
    return kExitOk;
  }
  std::printf(context.Say("Token %lld of %s, may: %s\n%s\nIt is shown this once. Use it as: Authorization: Bearer …\n",
                          "令牌 %lld，账号 %s，权限范围：%s\n%s\n仅显示这一次。用法：Authorization: Bearer …\n"),
              static_cast<long long>(fresh->token.id), account.login.c_str(), Join(fresh->token.scopes, " ").c_str(),
              fresh->secret.c_str());
  return kExitOk;
}

int RevokeToken(const Context& context, Access& access, const std::string& text) {
  int64_t id = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (problem != std::errc() || end != text.data() + text.size()) return context.FailQuestion(Error("token_unknown"));
  if (const Status revoked = access.RevokeToken(id, {}); !revoked.ok()) return context.FailQuestion(revoked.error());
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) { json.BeginObject().Field("revoked", text).EndObject(); });
  } else {
    std::printf("%s\n", context.Say("Revoked (a running server notices within 5 seconds).",
                                    "已吊销（运行中的服务器会在 5 秒内生效）。"));
  }
  return kExitOk;
}

Result<Day> DayOf(const std::string& text, Day otherwise) {
  if (text.empty()) return otherwise;
  const auto day = ParseDay(text);
  if (!day) return Error("field_day_bad").With("field", "--from, --until").With("value", text);
  return *day;
}

int Posts(const Context& context, System& system, Access& access, const Account& account) {
  const auto posts = access.ListPosts(account.id);
  if (!posts.ok()) return context.FailQuestion(posts.error());
  const auto stand_ins = access.ListStandIns(account.id);
  if (!stand_ins.ok()) return context.FailQuestion(stand_ins.error());
  const auto org = system.org().Current();
  if (!org.ok()) return context.Fail(org.error());
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) {
      json.BeginObject().Key("posts").BeginArray();
      for (const access::Post& post : *posts) access::WritePost(json, post);
      json.EndArray().Key("stand_ins").BeginArray();
      for (const access::StandIn& stand_in : *stand_ins) access::WriteStandIn(json, stand_in);
      json.EndArray().EndObject();
    });
    return kExitOk;
  }
  Listing listing;
  listing.columns = {{"id", context.Say("Id", "编号")},
                     {"role", context.Say("Post", "岗位")},
                     {"place", context.Say("Where", "范围")},
                     {"from", context.Say("From", "开始")},
                     {"until", context.Say("Until", "结束")}};
  for (const access::Post& post : *posts) {
    const catalog::Role* role = system.catalog().FindRole(post.role);
    std::vector<std::string> places;
    for (const auto& [dim, id] : {std::pair{Dim::kRegion, post.place.region.value},
                                  {Dim::kDealer, post.place.dealer.value},
                                  {Dim::kTeam, post.place.team.value},
                                  {Dim::kStaff, post.place.staff.value}}) {
      if (id != 0) places.push_back((*org)->Label(dim, id));
    }
    if (places.empty()) places.emplace_back(context.Say("the network", "全网"));
    listing.rows.push_back({std::to_string(post.id),
                            role == nullptr ? post.role : system.catalog().NameOf(*role).In(context.language),
                            Join(places, " / "), FormatDay(post.from), post.until ? FormatDay(*post.until) : "—"});
  }
  for (const access::StandIn& stand_in : *stand_ins) {
    const auto other = access.GetAccount(stand_in.stands_in_for);
    listing.rows.push_back({std::to_string(stand_in.id), context.Say("stands in for", "代理"),
                            other.ok() ? other->login : "", FormatDay(stand_in.from), FormatDay(stand_in.until)});
  }
  listing.Print(context);
  return kExitOk;
}

int AddPost(const Context& context, System& system, Access& access, const Account& account,
            const UserArguments& arguments) {
  access::Post post;
  post.account = account.id;
  post.role = arguments.post_role;
  const Status found = system.database().Read<void>([&](db::Connection& connection) -> Status {
    const org::Directory directory(connection);
    if (!arguments.region.empty()) {
      post.place.region = directory.FindRegion(arguments.region);
      if (!post.place.region.set()) return Error("place_unknown").With("what", "region");
    }
    if (!arguments.dealer.empty()) {
      const org::Dealer* dealer = directory.FindDealer(arguments.dealer);
      if (dealer == nullptr) return Error("place_unknown").With("what", "dealer");
      post.place.dealer = dealer->id;
    }
    if (!arguments.team.empty()) {
      post.place.team = directory.FindTeam(post.place.dealer, arguments.team);
      if (!post.place.team.set()) return Error("place_unknown").With("what", "team");
    }
    if (!arguments.staff.empty()) {
      post.place.staff = directory.FindStaff(post.place.dealer, arguments.staff);
      if (!post.place.staff.set()) return Error("place_unknown").With("what", "person");
    }
    return {};
  });
  if (!found.ok()) return context.FailQuestion(found.error());
  const auto from = DayOf(arguments.from, access.Today());
  if (!from.ok()) return context.FailQuestion(from.error());
  post.from = *from;
  if (!arguments.until.empty()) {
    const auto until = DayOf(arguments.until, {});
    if (!until.ok()) return context.FailQuestion(until.error());
    post.until = *until;
  }
  if (const auto added = access.AddPost(post); !added.ok()) return context.FailQuestion(added.error());
  return Posts(context, system, access, account);
}

int Done(const Context& context) {
  if (context.format == Format::kJson) {
    PrintJson([](JsonWriter& json) { json.BeginObject().EndObject(); });
  } else {
    std::printf("%s\n", context.Say("Done (a running server notices within 5 seconds).",
                                    "已完成（运行中的服务器会在 5 秒内生效）。"));
  }
  return kExitOk;
}

int EndPost(const Context& context, Access& access, const Account& account, const UserArguments& arguments) {
  const auto until = DayOf(arguments.until, access.Today() - 1);
  if (!until.ok()) return context.FailQuestion(until.error());
  const Status ended = access.EndPost(account.id, arguments.post, *until);
  return ended.ok() ? Done(context) : context.FailQuestion(ended.error());
}

int AddStandIn(const Context& context, Access& access, const Account& account, const UserArguments& arguments) {
  const auto other = access.FindLogin(arguments.stands_in_for);
  if (!other.ok()) return context.FailQuestion(other.error());
  const auto from = DayOf(arguments.from, access.Today());
  if (!from.ok()) return context.FailQuestion(from.error());
  const auto until = DayOf(arguments.until, *from);
  if (!until.ok()) return context.FailQuestion(until.error());
  const auto added = access.AddStandIn({0, account.id, other->id, *from, *until});
  return added.ok() ? Done(context) : context.FailQuestion(added.error());
}

}  // namespace

int RunUser(const Context& context, const UserArguments& arguments) {
  const bool reads = arguments.what == "list" || (arguments.what == "policy" && arguments.second_factor.empty()) ||
                     arguments.what == "tokens" || arguments.what == "posts" ||
                     (arguments.what == "sessions" && !arguments.kill);
  const auto system = reads ? context.OpenSystem() : context.OpenSystemWithVault();
  if (!system.ok()) return context.Fail(system.error());
  access::AccessOptions options;
  options.audit = (*system)->audit_log();
  Access access((*system)->database(), AccessOf(**system, std::move(options)));
  if (arguments.what == "list") return List(context, access);
  if (arguments.what == "import") return ImportPeople(context, **system, access, arguments);
  if (arguments.what == "policy") return Policy(context, access, arguments.second_factor);
  if (arguments.what == "token-revoke") return RevokeToken(context, access, arguments.login);
  if (arguments.what == "add") {
    const auto role = access::ParseRole(arguments.role);
    if (!role.ok()) return context.FailQuestion(role.error());
    return PrintOneTime(context, access.AddAccount(arguments.login, arguments.name, *role));
  }
  const auto account = access.FindLogin(arguments.login);
  if (!account.ok()) return context.FailQuestion(account.error());
  if (arguments.what == "reset") return PrintOneTime(context, access.ResetPassword(account->id));
  if (arguments.what == "second-factor-reset") {
    const Status reset = access.ResetSecondFactor(account->id);
    return reset.ok() ? Done(context) : context.FailQuestion(reset.error());
  }
  if (arguments.what == "provider-unbind") {
    const Status unbound = access.Unbind(account->id);
    return unbound.ok() ? Done(context) : context.FailQuestion(unbound.error());
  }
  if (arguments.what == "disable") return Switch(context, access, *account, true);
  if (arguments.what == "enable") return Switch(context, access, *account, false);
  if (arguments.what == "sessions") return Sessions(context, access, *account, arguments.kill);
  if (arguments.what == "tokens") return Tokens(context, access, *account);
  if (arguments.what == "posts") return Posts(context, **system, access, *account);
  if (arguments.what == "post") return AddPost(context, **system, access, *account, arguments);
  if (arguments.what == "post-end") return EndPost(context, access, *account, arguments);
  if (arguments.what == "stand-in") return AddStandIn(context, access, *account, arguments);
  return AddToken(context, access, *account, arguments);
}

}  // namespace dealpace::app
