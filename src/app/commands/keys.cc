#include <chrono>
#include <cstdio>
#include <thread>

#include "access/resealing.h"
#include "app/commands/context.h"
#include "app/commands/listing.h"
#include "db/lease.h"
#include "leads/reindexing.h"

namespace dealpace::app {
namespace {

using access::DataKeyState;
using access::SealedState;

Result<SealedState> StateOf(System& system) {
  return system.database().Read<SealedState>(
      [](db::Connection& connection) -> Result<SealedState> { return access::ReadSealedState(connection); });
}

Result<leads::IndexState> IndexStateOf(System& system) {
  return system.database().Read<leads::IndexState>(
      [](db::Connection& connection) -> Result<leads::IndexState> { return leads::ReadIndexState(connection); });
}

std::optional<Instant> GoesAt(const DataKeyState& key) {
  if (!key.clear_since) return std::nullopt;
  return Instant{key.clear_since->ms + access::kKeyGraceMs};
}

std::string Percent(const SealedState& state) {
  const int64_t fields = state.fields();
  // Rounded down: 100 means all.
  return std::to_string(fields == 0 ? 100 : (fields - state.old()) * 100 / fields) + " %";
}

int Status(const Context& context, System& system) {
  const auto state = StateOf(system);
  if (!state.ok()) return context.Fail(state.error());
  const auto indexes = IndexStateOf(system);
  if (!indexes.ok()) return context.Fail(indexes.error());
  const uint32_t newest = state->keys.empty() ? 0 : state->keys.back().number;
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) {
      json.BeginObject().Key("keys").BeginArray();
      for (const DataKeyState& key : state->keys) {
        json.BeginObject().Field("number", int64_t{key.number}).Field("newest", key.number == newest);
        json.Field("made_at", FormatInstant(key.made_at)).Field("master", int64_t{key.master});
        json.Field("fields", key.fields);
        if (key.clear_since) json.Field("clear_since", FormatInstant(*key.clear_since));
        if (const auto goes = GoesAt(key)) json.Field("goes_at", FormatInstant(*goes));
        json.EndObject();
      }
      json.EndArray().Key("columns").BeginArray();
      for (const SealedState::Column& column : state->columns) {
        json.BeginObject().Field("table", column.column->table).Field("column", column.column->column);
        json.Field("fields", column.fields).Field("old", column.old).EndObject();
      }
      json.EndArray().Field("fields", state->fields()).Field("old", state->old());
      json.Field("keyless", state->keyless).Key("index_keys").BeginArray();
      for (const leads::IndexState::Key& key : indexes->keys) {
        json.BeginObject().Field("number", key.number).Field("newest", key.number == indexes->keys.back().number);
        if (key.number > 0) json.Field("made_at", FormatInstant(key.made_at));
        json.Field("customers", key.customers).EndObject();
      }
      json.EndArray().Field("customers", indexes->customers).Field("not_indexed", indexes->left);
      json.Field("sweeping", indexes->sweeping).EndObject();
    });
    return state->keyless > 0 ? kExitProblems : kExitOk;
  }
  Listing listing;
  listing.columns = {
      {"number", context.Say("Data key", "数据密钥")},        {"made_at", context.Say("Made", "生成时间")},
      {"master", context.Say("Master key", "主密钥")},        {"fields", context.Say("Fields", "加密字段数")},
      {"clear_since", context.Say("Unused since", "停用于")}, {"goes_at", context.Say("Removed from", "删除时间")}};
  const bool csv = context.format == Format::kCsv;
  const auto when = [csv](const std::optional<Instant>& at) {
    return csv ? (at ? FormatInstant(*at) : "") : LocalTime(at);
  };
  for (const DataKeyState& key : state->keys) {
    listing.rows.push_back({std::to_string(key.number), when(key.made_at), std::to_string(key.master),
                            std::to_string(key.fields), when(key.clear_since), when(GoesAt(key))});
  }
  listing.Print(context);
  if (csv) return state->keyless > 0 ? kExitProblems : kExitOk;
  std::printf(context.Say("Sealed with the newest key: %s (%lld of %lld fields).\n",
                          "已用最新密钥加密：%s（%lld / %lld 个字段）。\n"),
              Percent(*state).c_str(), static_cast<long long>(state->fields() - state->old()),
              static_cast<long long>(state->fields()));
  if (indexes->keys.size() > 1) {
    std::printf(context.Say("Index key %lld: %lld of %lld customers are found by it, the others by the one before.\n",
                            "%lld 号索引密钥：%lld / %lld 位客户已按它建立索引，其余仍用上一个。\n"),
                static_cast<long long>(indexes->keys.back().number),
                static_cast<long long>(indexes->customers - indexes->left), static_cast<long long>(indexes->customers));
  } else if (!indexes->keys.empty()) {
    std::printf(context.Say("Index key %lld: all %lld customers are found by it.\n",
                            "%lld 号索引密钥：全部 %lld 位客户已按它建立索引。\n"),
                static_cast<long long>(indexes->keys.back().number), static_cast<long long>(indexes->customers));
  }
  if (state->keyless == 0) return kExitOk;
  std::printf(context.Say("%lld fields are of no key that there is, and cannot be opened.\n",
                          "%lld 个字段所用的密钥已不存在，无法解密。\n"),
              static_cast<long long>(state->keyless));
  return kExitProblems;
}

// Of a long job that holds a lease: `done` counts what of `all` it has done, and it rests as long as it works, for
// whoever works beside it.
template <typename Progress>
access::Resealer::Hooks HooksUnder(db::Lease& lease, const Progress& progress, int64_t all, int64_t& done) {
  access::Resealer::Hooks hooks;
  hooks.guard = [&lease](db::Connection& connection) { return lease.Guard(connection); };
  hooks.go_on = [&lease] {
    if (lease.held()) return true;
    const auto mine = lease.Hold();
    return mine.ok() && *mine;
  };
  hooks.rest = [&progress, all, &done](std::chrono::milliseconds took, int64_t more) {
    done += more;
    if (progress) progress(static_cast<double>(done) / static_cast<double>(std::max<int64_t>(1, all)));
    std::this_thread::sleep_for(took);
  };
  return hooks;
}

// Seals anew here, or waits for the server that does.
int SealAnew(const Context& context, System& system) {
  access::Resealer resealer(system.database(), *system.vault(), system.audit_log());
  db::Lease lease(system.database(), access::kResealing, db::Lease::NewHolder(), access::kResealingLease);
  const auto before = StateOf(system);
  if (!before.ok()) return context.Fail(before.error());
  const auto progress = ProgressBar(context.Say("Sealing anew", "重新加密"));
  access::Resealer::Outcome all;
  const access::Resealer::Hooks hooks = HooksUnder(lease, progress, before->old(), all.sealed);
  while (true) {
    const auto due = resealer.Due();
    if (!due.ok()) return context.Fail(due.error());
    if (!*due) break;
    const auto mine = lease.Hold();
    if (!mine.ok()) return context.Fail(mine.error());
    if (*mine) {
      const auto run = resealer.Run(hooks);
      if (!run.ok() && run.error().code != "lease_lost") return context.Fail(run.error());
      if (run.ok()) {
        all.dropped += run->dropped;
        all.damaged = run->damaged;
        if (run->damaged > 0) break;
      }
    } else {
      std::this_thread::sleep_for(std::chrono::seconds(1));
    }
  }
  const auto after = StateOf(system);
  if (!after.ok()) return context.Fail(after.error());
  const int code = after->old() > 0 ? kExitProblems : kExitOk;
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) {
      json.BeginObject().Field("key", int64_t{after->keys.back().number}).Field("sealed", all.sealed);
      json.Field("left", after->old()).Field("damaged", all.damaged).Field("dropped", all.dropped).EndObject();
    });
    return code;
  }
  std::printf(context.Say("%lld fields sealed anew, %lld are left with older keys.\n",
                          "已重新加密 %lld 个字段，仍有 %lld 个使用旧密钥。\n"),
              static_cast<long long>(all.sealed), static_cast<long long>(after->old()));
  if (all.damaged > 0) {
    std::printf(context.Say("%lld of them do not open, and their keys are kept: restore these rows from a backup.\n",
                            "其中 %lld 个无法解密，相应密钥会保留：请从备份恢复这些行。\n"),
                static_cast<long long>(all.damaged));
  }
  if (all.dropped > 0) {
    std::printf(context.Say("%lld old data keys removed.\n", "已删除 %lld 个旧数据密钥。\n"),
                static_cast<long long>(all.dropped));
  }
  if (after->keys.size() > 1) {
    const auto goes = GoesAt(after->keys[after->keys.size() - 2]);
    if (goes) {
      std::printf(context.Say("Older data keys are removed from %s on: by a server that runs, or by this command.\n",
                              "旧数据密钥自 %s 起删除：由运行中的服务器或再次执行本命令完成。\n"),
                  LocalTime(goes).c_str());
    }
  }
  return code;
}

int Rotate(const Context& context, System& system, bool wait) {
  const auto made = system.vault()->Rotate(Now(), db::Witness(system.audit_log(), AccountId()));
  if (!made.ok()) return context.Fail(made.error());
  if (wait) {
    if (context.format != Format::kJson) {
      std::printf(context.Say("Data key %u is made.\n", "已生成 %u 号数据密钥。\n"), *made);
      std::fflush(stdout);
    }
    return SealAnew(context, system);
  }
  const auto state = StateOf(system);
  if (!state.ok()) return context.Fail(state.error());
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) {
      json.BeginObject().Field("key", int64_t{*made}).Field("left", state->old()).EndObject();
    });
    return kExitOk;
  }
  std::printf(context.Say("Data key %u is made: what is written from now on is sealed with it. %lld fields have older "
                          "keys: a server that runs seals them anew, or dealpace keys reseal.\n",
                          "已生成 %u 号数据密钥，今后写入的内容都用它加密。%lld 个字段仍用旧密钥："
                          "由运行中的服务器重新加密，也可执行 dealpace keys reseal。\n"),
              *made, static_cast<long long>(state->old()));
  return kExitOk;
}

// Indexes anew here, or waits for the server that does.
int Reindex(const Context& context, System& system) {
  leads::Store store(system.database(), *system.vault(), system.shared_catalog());
  leads::Reindexer reindexer(store, system.audit_log());
  db::Lease lease(system.database(), leads::kReindexing, db::Lease::NewHolder(), access::kResealingLease);
  const auto before = IndexStateOf(system);
  if (!before.ok()) return context.Fail(before.error());
  const auto progress = ProgressBar(context.Say("Indexing anew", "重建索引"));
  leads::Reindexer::Outcome all;
  int64_t done = 0;
  const access::Resealer::Hooks hooks = HooksUnder(lease, progress, before->left, done);
  while (true) {
    const auto due = reindexer.Due();
    if (!due.ok()) return context.Fail(due.error());
    if (!*due) break;
    const auto mine = lease.Hold();
    if (!mine.ok()) return context.Fail(mine.error());
    if (!*mine) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      continue;
    }
    const auto run = reindexer.Run(hooks);
    if (!run.ok() && run.error().code != "lease_lost") return context.Fail(run.error());
    if (!run.ok()) continue;
    all.customers += run->customers;
    all.dropped += run->dropped;
    all.damaged = run->damaged;
    if (run->damaged > 0) break;
  }
  const auto after = IndexStateOf(system);
  if (!after.ok()) return context.Fail(after.error());
  const int code = after->left > 0 ? kExitProblems : kExitOk;
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) {
      json.BeginObject().Field("key", after->keys.back().number).Field("customers", all.customers);
      json.Field("left", after->left).Field("damaged", all.damaged).Field("dropped", all.dropped).EndObject();
    });
    return code;
  }
  std::printf(context.Say("%lld customers indexed anew, %lld are left with the older key.\n",
                          "已为 %lld 位客户重建索引，仍有 %lld 位使用旧索引密钥。\n"),
              static_cast<long long>(all.customers), static_cast<long long>(after->left));
  if (all.damaged > 0) {
    std::printf(
        context.Say("%lld of their records do not open, so the older key stays: restore these rows from a backup.\n",
                    "其中 %lld 位的资料无法解密，旧密钥会保留：请从备份恢复这些行。\n"),
        static_cast<long long>(all.damaged));
  }
  return code;
}

int RotateIndex(const Context& context, System& system, bool wait) {
  const auto made = system.vault()->RotateIndex(Now(), db::Witness(system.audit_log(), AccountId()));
  if (!made.ok()) return context.Fail(made.error());
  if (context.format != Format::kJson) {
    std::printf(
        wait ? context.Say("Index key %lld is made.\n", "已生成 %lld 号索引密钥。\n")
             : context.Say("Index key %lld is made: customers are looked for by it and by the one before, until a "
                           "server that runs, or dealpace keys reindex, has indexed all of them anew.\n",
                           "已生成 %lld 号索引密钥：查找时新旧密钥并用，"
                           "直到运行中的服务器或 dealpace keys reindex 为全部客户重建索引。\n"),
        static_cast<long long>(*made));
    std::fflush(stdout);
  }
  if (wait) return Reindex(context, system);
  if (context.format == Format::kJson) {
    PrintJson([&](JsonWriter& json) { json.BeginObject().Field("key", *made).EndObject(); });
  }
  return kExitOk;
}

// Whether an index key needs another master than the newest.
Result<bool> IndexKeysNeed(System& system, int newest_master) {
  return system.database().Read<bool>([&](db::Connection& connection) -> Result<bool> {
    db::Rows rows = connection.Query("SELECT wrapped FROM index_key WHERE wrapped IS NOT NULL");
    while (rows.Next()) {
      if (access::Vault::KeyOf(rows.Bytes(0)) != static_cast<uint32_t>(newest_master)) return true;
    }
    return false;
  });
}

int PrintMaster(const Context& context, int64_t master, int64_t wrapped, const char* text) {
  if (context.format == Format::kJson) {
    PrintJson(
        [&](JsonWriter& json) { json.BeginObject().Field("master", master).Field("wrapped", wrapped).EndObject(); });
  } else {
    std::printf(text, static_cast<long long>(master), static_cast<long long>(wrapped));
  }
  return kExitOk;
}

// The masters of the key file, step by step, since every server must have the new one before it is used.
int Master(const Context& context, System& system, const std::string& what) {
  const db::Witness witness(system.audit_log(), AccountId());
  auto keys = access::KeyFile::Read(context.KeyFile());
  if (!keys.ok()) return context.Fail(keys.error());
  const auto note = [&](std::string_view act) {
    return system.database().Write<void>([&](db::Connection& connection) {
      return witness.Note(connection, act, db::ObjectOf("master_key", keys->newest_master()));
    });
  };
  if (what == "master-use") {
    const auto wrapped = system.vault()->WrapAnew(witness);
    if (!wrapped.ok()) return context.Fail(wrapped.error());
    return PrintMaster(context, keys->newest_master(), *wrapped,
                       context.Say("Master key %lld wraps all data keys (%lld wrapped anew).\n",
                                   "全部数据密钥已由 %lld 号主密钥包装（重新包装 %lld 个）。\n"));
  }
  const auto state = StateOf(system);
  if (!state.ok()) return context.Fail(state.error());
  int64_t wrapped = 0;
  if (what == "master-drop") {
    for (const DataKeyState& key : state->keys) {
      if (static_cast<int>(key.master) != keys->newest_master()) {
        return context.Fail(Error("master_in_use").With("path", context.KeyFile()));
      }
      ++wrapped;
    }
    const auto needed = IndexKeysNeed(system, keys->newest_master());
    if (!needed.ok()) return context.Fail(needed.error());
    if (*needed) return context.Fail(Error("master_in_use").With("path", context.KeyFile()));
  }
  const dealpace::Status done = what == "master-add" ? keys->AddMaster() : keys->DropOldMasters();
  if (!done.ok()) return context.Fail(done.error());
  if (const dealpace::Status noted = note(what == "master-add" ? "master_key.add" : "master_key.drop"); !noted.ok()) {
    return context.Fail(noted.error());
  }
  return PrintMaster(
      context, keys->newest_master(), wrapped,
      what == "master-add"
          ? context.Say(
                "Master key %lld is in the key file. Copy the file to every server of this database and to your "
                "safe place, then run dealpace keys master-use.\n",
                "%lld 号主密钥已写入密钥文件。请把文件复制到同一数据库的所有服务器和安全备份，"
                "然后执行 dealpace keys master-use。\n")
          : context.Say("The key file has master key %lld only. Copy it to every server of this database, and to your "
                        "safe place.\n",
                        "密钥文件中只保留 %lld 号主密钥。请复制到同一数据库的所有服务器和安全备份。\n"));
}

}  // namespace

int RunKeys(const Context& context, const KeysArguments& arguments) {
  const auto system = arguments.what == "status" ? context.OpenSystem() : context.OpenSystemWithVault();
  if (!system.ok()) return context.Fail(system.error());
  if (arguments.what == "status") return Status(context, **system);
  if (arguments.what == "rotate") return Rotate(context, **system, arguments.wait);
  if (arguments.what == "reseal") return SealAnew(context, **system);
  if (arguments.what == "rotate-index") return RotateIndex(context, **system, arguments.wait);
  if (arguments.what == "reindex") return Reindex(context, **system);
  return Master(context, **system, arguments.what);
}

}  // namespace dealpace::app
