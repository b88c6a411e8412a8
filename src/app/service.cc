#include "app/service.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <stdexcept>

#include "access/api.h"
#include "access/audit_api.h"
#include "access/gate.h"
#include "analysis/api.h"
#include "analysis/catalog_api.h"
#include "analysis/changes.h"
#include "analysis/freshness.h"
#include "analysis/question.h"
#include "app/customers_import_api.h"
#include "app/openapi.h"
#include "app/people_file.h"
#include "attachments/api.h"
#include "base/zones.h"
#include "db/migrate.h"
#include "exchange/import_jobs.h"
#include "exchange/imports_api.h"
#include "exchange/records_api.h"
#include "http/embedded_pack.h"
#include "http/log.h"
#include "http/metrics.h"
#include "http/static_files.h"
#include "leads/api.h"
#include "leads/attachment_homes.h"
#include "leads/coaching_api.h"
#include "leads/reindexing.h"
#include "leads/spot_checks_api.h"
#include "leads/verifications_api.h"
#include "org/api.h"
#include "privacy/api.h"

namespace dealpace::app {
namespace {

constexpr auto kHousekeepingInterval = std::chrono::minutes(5);
constexpr auto kKeepingInterval = std::chrono::minutes(1);  // of facts: each server has its own
constexpr int64_t kKeptFrom = 2000;  // new entries of a dealer that are worth keeping what follows from them
constexpr auto kHousekeepingLease = std::chrono::minutes(12);  // outlives two intervals

constexpr auto kNightInterval = std::chrono::minutes(1);
constexpr auto kNightLease = std::chrono::minutes(3);
constexpr int kNightBegins = 2;  // o'clock where the network does its business

constexpr auto kKeysInterval = std::chrono::seconds(10);
constexpr auto kKeysAfterTrouble = std::chrono::minutes(1);
constexpr auto kKeysAfterDamage = std::chrono::hours(1);  // some fields do not open: all are looked at again

constexpr int64_t kRevealsPerHour = 60;  // of an account

access::AccessOptions WithDefaults(access::AccessOptions options, System& system, const std::function<Instant()>& clock,
                                   std::function<Day()> today, db::AuditLog audit) {
  options = AccessOf(system, std::move(options));
  options.clock = clock;
  options.today = std::move(today);
  options.program_version = DEALPACE_VERSION;
  options.audit = std::move(audit);
  return options;
}

// By the right that the route needs. Who sees nothing of a dealer is told that there is none.
Result<leads::Visible> CustomersSeenBy(const http::Request& request, DealerId dealer) {
  const RowScope& rows = *request.caller.RowsFor(request.right);
  if (rows.SeesAllOf(dealer)) return leads::Visible::All();
  const RowScope::Part* part = rows.Find(dealer);
  if (part == nullptr) return Error("not_found");
  return leads::Visible{false, part->staff, part->teams};
}

// Of whom he sees by the route's right, those on whom he may also export.
Result<leads::Visible> CustomersTakenBy(const http::Request& request, DealerId dealer) {
  ASSIGN_OR_RETURN(leads::Visible seen, CustomersSeenBy(request, dealer));
  const RowScope& rows = *request.caller.RowsFor("export");
  if (rows.SeesAllOf(dealer)) return seen;
  const RowScope::Part* part = rows.Find(dealer);
  if (part == nullptr) return Error("right_missing").With("right", "export");
  leads::Visible taken{false, part->staff, part->teams};
  if (seen.all) return taken;
  const auto keep_seen = [](auto& of, const auto& known) {
    std::erase_if(of, [&](const auto& id) { return std::find(known.begin(), known.end(), id) == known.end(); });
  };
  keep_seen(taken.staff, seen.staff);
  keep_seen(taken.teams, seen.teams);
  return taken;
}

}  // namespace

// What the rooms keep running beside the requests.
struct Service::Rooms {
  Rooms(System& system, const ServiceOptions& options, exchange::ImportJobsOptions import_options,
        const db::AuditLog& audit)
      : imports(std::move(import_options)),
        freshness(system.database(), system.definitions(), system.org(), system.ledger(), options.clock,
                  {DEALPACE_VERSION, options.kept_answers_bytes_max}),
        changes(freshness) {
    if (system.vault() != nullptr) {
      customers.emplace(system.database(), *system.vault(), system.shared_catalog());
      attachments.emplace(*system.vault());
      privacy.emplace(system.database(), *system.vault(), *customers);
      keeper.emplace(system.database(), *privacy, audit);
      requests.emplace(system.database(), *system.vault(), *privacy);
      recipients.emplace(system.database(), *privacy);
      resealer.emplace(system.database(), *system.vault(), audit);
      reindexer.emplace(*customers, audit);
    }
  }
  exchange::ImportJobs imports;
  std::optional<leads::Store> customers;  // once there are keys to seal them with
  std::optional<attachments::Store> attachments;
  std::optional<privacy::Store> privacy;  // likewise
  std::optional<privacy::Keeper> keeper;
  std::optional<privacy::Requests> requests;
  std::optional<privacy::Recipients> recipients;
  std::optional<access::Resealer> resealer;
  std::optional<leads::Reindexer> reindexer;
  analysis::Freshness freshness;
  analysis::ChangeWatch changes;
};

Service::Service(System& system, ServiceOptions options)
    : system_(system),
      options_(std::move(options)),
      audit_(system.audit_log(options_.clock)),
      access_(system.database(), WithDefaults(
                                     options_.access, system, options_.clock, [this] { return Today(); }, audit_)),
      rooms_(std::make_unique<Rooms>(system, options_, ImportOptions(), audit_)),
      housekeeping_(system.database(), "housekeeping", db::Lease::NewHolder(), kHousekeepingLease),
      night_work_(system.database(), "night_work", db::Lease::NewHolder(), kNightLease),
      resealing_(system.database(), access::kResealing, db::Lease::NewHolder(), access::kResealingLease),
      reindexing_(system.database(), leads::kReindexing, db::Lease::NewHolder(), access::kResealingLease) {
  options_.http.folder = options_.folder;
  http::Router router = MakeRouter();
  routes_ = router.routes();
  for (const http::Route& route : routes_) {
    const http::Admission& admission = route.admission;
    if (admission.gate != http::Gate::kOpen && admission.rows == http::Rows::kUndeclared) {
      throw std::logic_error(route.pattern + " does not say how it keeps to what its caller may see");
    }
  }
  // The pack is made by our own build: one that cannot be read is a broken binary.
  auto files = std::make_shared<Result<http::StaticFiles>>(http::StaticFiles::Open(http::EmbeddedPack()));
  const access::Gatekeeper gate(access_);
  server_ = std::make_unique<http::Server>(
      options_.http, std::move(router), gate,
      [files](const http::Request& request) {
        return files->ok() ? (*files)->Answer(request) : http::Response::Problem(files->error(), request);
      },
      http::QuickPath{[gate](http::Request& request, const http::Route& route) { return gate.Quickly(request, route); },
                      [&database = system_.database()](const std::function<void()>& both) {
                        const db::Moment moment(database);
                        both();
                      },
                      [this] { analysis::FollowAtLeisure(system_.database(), system_.facts(), rooms_->freshness); }});
}

Service::~Service() { Stop(); }

exchange::ImportJobsOptions Service::ImportOptions() {
  exchange::ImportJobsOptions imports;
  imports.folder = (std::filesystem::path(options_.folder) / "imports").string();
  imports.database = &system_.database();
  imports.catalog = [this] { return system_.shared_catalog(); };
  imports.clock = options_.clock;
  imports.audit = audit_;
  imports.ask = [this](const kpi::Question& question) { return system_.engine().Ask(question); };
  return imports;
}

http::Router Service::MakeRouter() {
  http::Router router;
  // Both are answered also while every worker is at work.
  http::Route health;
  health.pattern = "/healthz";
  health.admission = http::Gate::kOpen;
  health.handler = [](const http::Request&) { return http::Response::Text("ok\n"); };
  health.quick = health.handler;
  router.Add(std::move(health));
  http::Route ready;
  ready.pattern = "/readyz";
  ready.admission = http::Gate::kOpen;
  ready.handler = http::Answering([this](const http::Request&) { return Ready(); });
  ready.quick = [this](const http::Request&) { return KnownReady(); };
  router.Add(std::move(ready));
  router.Get("/metrics", {http::Gate::kSignedIn, http::Rows::kNetwork, "reports"},
             [](const http::Request&) -> Result<http::Response> {
               return http::Response::Text(http::Metrics::Get().Text(), http::Metrics::kContentType);
             });
  router.Get("/api/openapi.json", {http::Gate::kSignedIn, http::Rows::kNone},
             [](const http::Request&) -> Result<http::Response> { return http::Response::Json(OpenApiJson()); });
  access::AddRoutes(router, access_);
  AddPeopleRoutes(router, system_, access_);
  access::AddAuditRoutes(router, {system_.database(), system_.audit_hasher(), audit_});

  const auto idempotent = [this](http::Handler handler) {
    return http::Answering(access_.idempotency().Idempotently(
        [handler = std::move(handler)](const http::Request& request) -> Result<http::Response> {
          return handler(request);
        }));
  };
  db::Database& database = system_.database();
  org::AddOrgRoutes(router, {database, system_.shared_catalog(), system_.org(), options_.clock, idempotent, audit_});
  analysis::AddCatalogRoutes(router,
                             {database, system_.definitions(), system_.org(), options_.clock, idempotent, audit_});
  exchange::AddRecordRoutes(router,
                            {database, system_.shared_catalog(), system_.org(), options_.clock, idempotent, audit_});
  exchange::AddImportRoutes(router, rooms_->imports, idempotent);
  // A room, or why it is not there.
  const auto kept = [](auto& room) -> Result<std::remove_reference_t<decltype(*room)>*> {
    if (!room) return Error("key_file_missing").With("file", "");
    return &*room;
  };
  privacy::PrivacyDeps privacy;
  privacy.store = [this, kept] { return kept(rooms_->privacy); };
  privacy.keeper = [this, kept] { return kept(rooms_->keeper); };
  privacy.requests = [this, kept] { return kept(rooms_->requests); };
  privacy.recipients = [this, kept] { return kept(rooms_->recipients); };
  privacy.visible = CustomersSeenBy;
  privacy.dealers = [this]() -> Result<std::vector<DealerId>> {
    ASSIGN_OR_RETURN(const auto org, system_.org().Current());
    std::vector<DealerId> dealers;
    for (const auto& [id, dealer] : org->dealers) dealers.emplace_back(id);
    return dealers;
  };
  privacy.now = options_.clock;
  privacy.idempotent = idempotent;
  privacy.audit = audit_;
  privacy::AddPrivacyRoutes(router, privacy);
  leads::AddCustomerRoutes(
      router, {[this, kept] { return kept(rooms_->customers); }, CustomersSeenBy,
               [this](const http::Request& request, DealerId dealer, leads::CustomerId customer, std::string_view why) {
                 return NoteReveal(request, dealer, customer, why);
               },
               CustomersTakenBy,
               [this](const http::Request& request, DealerId dealer, int64_t customers) {
                 return system_.database().Write<void>([&](db::Connection& connection) {
                   return db::Witness(audit_, request.caller.account)
                       .Note(connection, "export.customers", db::ObjectOf("dealer", dealer.value), dealer,
                             {{"records", customers}});
                 });
               },
               options_.clock, idempotent,
               [privacy](const http::Request& request, http::JsonBody& body, const leads::Asker& asker, Instant now) {
                 return privacy::ConsentsAlong(privacy, request, body, asker, now);
               },
               audit_});
  attachments::AddAttachmentRoutes(
      router, {database, [this, kept] { return kept(rooms_->attachments); },
               leads::AttachmentHomes([this, kept] { return kept(rooms_->customers); }, CustomersSeenBy),
               [](std::string_view field, std::string_view text) {
                 return field == "name" ? leads::CheckNoIdentityNumber(field, text)
                                        : leads::CheckNoForbiddenNumber(field, text);
               },
               [this](db::Connection& connection, const http::Request& request, bool noted) -> Status {
                 const Instant hour_ago{options_.clock().ms - int64_t{3600} * 1000};
                 const auto count = noted ? access::CountDeedsAlone : access::CountDeeds;
                 if (count(connection, request.caller.account, "attachment.read", hour_ago) < kRevealsPerHour)
                   return {};
                 return Error("attachments_read_too_many").With("max", kRevealsPerHour);
               },
               [](db::Connection& connection, DealerId dealer, const attachments::Owner& owner) -> Status {
                 ASSIGN_OR_RETURN(const leads::CustomerId customer, leads::CustomerOf(connection, dealer, owner));
                 const Status may = privacy::CheckNotHeld(connection, dealer, customer);
                 if (may.ok()) return {};
                 return Error("attachment_held")
                     .With("reason", may.error().Arg("reason"))
                     .With("reason_zh", may.error().Arg("reason_zh"));
               },
               options_.clock, idempotent, audit_});
  AddCustomerImportRoutes(router, {system_, [this, kept] { return kept(rooms_->customers); },
                                   [this, kept] { return kept(rooms_->privacy); }, CustomersSeenBy, options_.clock,
                                   options_.folder, audit_});
  const leads::SpotCheckDeps checks{
      [this, kept] { return kept(rooms_->customers); }, CustomersSeenBy,
      [this](const http::Request& request, DealerId dealer) { return StaffOf(request.caller.account, dealer); },
      options_.clock, audit_};
  leads::AddSpotCheckRoutes(router, checks);
  leads::AddCoachingRoutes(router, checks);
  leads::AddVerificationRoutes(router, {[this, kept] { return kept(rooms_->customers); }, CustomersSeenBy,
                                        [this](const http::Request& request, DealerId dealer) {
                                          return StaffOf(request.caller.account, dealer);
                                        },
                                        options_.clock, audit_});
  const analysis::Deps asking{database,   system_.facts(), system_.definitions(), options_.clock,
                              idempotent, options_.folder, &rooms_->freshness,    audit_};
  analysis::AddQuestionRoutes(router, asking);
  analysis::AddViewRoutes(router, asking);
  analysis::AddChangeRoutes(router, rooms_->changes);
  return router;
}

Result<std::vector<StaffId>> Service::StaffOf(AccountId account, DealerId dealer) {
  const Day today = Today();
  return system_.database().Read<std::vector<StaffId>>([&](db::Connection& connection) -> Result<std::vector<StaffId>> {
    std::vector<StaffId> staff;
    const auto add = [&](StaffId id) {
      if (id.set() && std::find(staff.begin(), staff.end(), id) == staff.end()) staff.push_back(id);
    };
    const std::vector<access::Post> posts = access::ListPosts(connection, account);
    // The newest first. Whoever has had a post is still the person he was: his customers may still be his.
    for (const bool running : {true, false}) {
      for (auto post = posts.rbegin(); post != posts.rend(); ++post) {
        const bool runs = post->from <= today && (!post->until || *post->until >= today);
        if (runs == running && post->place.dealer == dealer) add(post->place.staff);
      }
    }
    return staff;
  });
}

Status Service::NoteReveal(const http::Request& request, DealerId dealer, leads::CustomerId customer,
                           std::string_view why) {
  return system_.database().Write<void>([&](db::Connection& connection) -> Status {
    const AccountId actor = request.caller.account;
    const Instant hour_ago{options_.clock().ms - int64_t{3600} * 1000};
    if (access::CountDeedsAlone(connection, actor, "data.reveal", hour_ago) >= kRevealsPerHour) {
      return Error("reveal_too_many").With("max", kRevealsPerHour);
    }
    return db::Witness(audit_, actor)
        .Note(connection, "data.reveal", db::ObjectOf("customer", customer.value), dealer,
              {{"reason", std::string(why)}});
  });
}

Result<http::Response> Service::Ready() {
  ASSIGN_OR_RETURN(const db::MigrationState state, db::ReadMigrationState(system_.database()));
  if (!state.due.empty()) return Error("store_needs_migration").With("count", state.due.size());
  const auto definitions = system_.definitions().Current();
  if (!definitions.ok()) return definitions.error();
  const std::lock_guard lock(mutex_);
  ready_at_ = options_.clock();
  return http::Response::Text("ready\n");
}

std::optional<http::Response> Service::KnownReady() {
  constexpr int64_t kBelievedMs = 2000;
  const std::lock_guard lock(mutex_);
  const int64_t age_ms = options_.clock().ms - ready_at_.ms;
  if (age_ms < 0 || age_ms > kBelievedMs) return std::nullopt;
  return http::Response::Text("ready\n");
}

Day Service::Today() {
  const Instant now = options_.clock();
  const auto zone = system_.definitions().BusinessZone();
  return zone.ok() ? zone->DayOf(now) : Day{static_cast<int32_t>(now.ms / 86'400'000)};
}

int Service::HourOfDay() {
  constexpr int64_t kHourMs = 3'600'000;
  const Instant now = options_.clock();
  const auto zone = system_.definitions().BusinessZone();
  const int64_t midnight = zone.ok() ? zone->At(Today()).ms : now.ms / (24 * kHourMs) * (24 * kHourMs);
  return static_cast<int>((now.ms - midnight) / kHourMs);
}

Status Service::Start() {
  std::error_code failed;
  std::filesystem::create_directories(options_.folder, failed);
  if (failed) return Error("folder_unwritable").With("path", options_.folder).With("detail", failed.message());
  RETURN_IF_ERROR(rooms_->imports.Start());
  rooms_->changes.Start();
  RETURN_IF_ERROR(server_->Start());
  http::Metrics& metrics = http::Metrics::Get();
  metrics.SetGauge("dealpace_facts_bytes", "Memory that the facts take.",
                   [this] { return static_cast<double>(system_.facts().size().bytes); });
  metrics.SetGauge("dealpace_facts_rows", "Rows that the facts hold.",
                   [this] { return static_cast<double>(system_.facts().size().rows); });
  housekeeper_ = std::thread([this] { KeepHouse(); });
  if (rooms_->keeper) night_worker_ = std::thread([this] { WorkAtNight(); });
  if (rooms_->resealer) key_keeper_ = std::thread([this] { LookAfterKeys(); });
  return {};
}

void Service::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  if (housekeeper_.joinable()) housekeeper_.join();
  if (night_worker_.joinable()) night_worker_.join();
  if (key_keeper_.joinable()) key_keeper_.join();
  if (server_) server_->Stop();
  rooms_->changes.Stop();
  rooms_->imports.Stop();
  http::Metrics::Get().SetGauge("dealpace_facts_bytes", {}, {});
  http::Metrics::Get().SetGauge("dealpace_facts_rows", {}, {});
}

Status Service::KeepHeads() {
  if (system_.audit_hasher() == nullptr) return {};
  const std::filesystem::path folder = std::filesystem::path(options_.folder) / "audit-heads";
  return access::KeepHeads(system_.database(), folder, Today());
}

void Service::KeepHouse() {
  // The first question of a day should not wait for the whole ledger to be read. What is kept is brought up to date,
  // too: a few entries since then are enough for a dealer's rows to be needed.
  if (const Status read = system_.facts().Warm(1, options_.facts_bytes_max); !read.ok()) {
    http::WriteLog(http::LogLevel::kWarn, "facts_not_read", {{"code", read.error().code}});
  }
  std::unique_lock lock(mutex_);
  auto next = std::chrono::steady_clock::now();
  while (!stopping_) {
    lock.unlock();
    if (std::chrono::steady_clock::now() >= next) {
      next += kHousekeepingInterval;
      const auto mine = housekeeping_.Hold();
      if (mine.ok() && *mine) {
        if (const Status pruned = access_.Prune(options_.clock()); !pruned.ok()) {
          http::WriteLog(http::LogLevel::kWarn, "prune_failed", {{"code", pruned.error().code}});
        }
        if (rooms_->customers) {
          if (const Status pruned = leads::CustomerImports(*rooms_->customers).Prune(options_.clock()); !pruned.ok()) {
            http::WriteLog(http::LogLevel::kWarn, "customer_lists_not_pruned", {{"code", pruned.error().code}});
          }
        }
        if (const Status kept = KeepHeads(); !kept.ok()) {
          http::WriteLog(http::LogLevel::kWarn, "audit_heads_not_kept", {{"code", kept.error().code}});
        }
      }
    }
    if (access::Vault* vault = system_.vault(); vault != nullptr) {
      if (const Status looked = vault->Refresh(); !looked.ok()) {
        http::WriteLog(http::LogLevel::kWarn, "data_keys_not_read", {{"code", looked.error().code}});
      }
    }
    if (const Status kept = system_.facts().Keep(kKeptFrom, options_.facts_bytes_max); !kept.ok()) {
      http::WriteLog(http::LogLevel::kWarn, "facts_not_kept", {{"code", kept.error().code}});
    }
    lock.lock();
    stopped_.wait_for(lock, kKeepingInterval, [this] { return stopping_; });
  }
  lock.unlock();
  housekeeping_.Release();
}

void Service::WorkAtNight() {
  const auto goes_on = [this] {
    const std::lock_guard lock(mutex_);
    return !stopping_;
  };
  const auto guard = [this](db::Connection& connection) { return night_work_.Guard(connection); };
  Day done{};
  while (goes_on()) {
    const Day today = Today();
    const auto mine = today == done ? Result<bool>(false) : night_work_.Hold();
    if (mine.ok() && *mine && HourOfDay() >= kNightBegins) {
      const auto run = rooms_->keeper->RunToday(today, options_.clock(), guard, goes_on);
      if (!run.ok()) {
        http::WriteLog(http::LogLevel::kWarn, "retention_failed", {{"code", run.error().code}});
      } else if (run->whole) {
        done = today;
        if (run->customers > 0 || run->files > 0) {
          http::WriteLog(
              http::LogLevel::kInfo, "anonymised",
              {{"customers", std::to_string(run->customers)}, {"files_removed", std::to_string(run->files)}});
        }
      }
    }
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, kNightInterval, [this] { return stopping_; });
  }
  night_work_.Release();
}

Status Service::RotateWhenDue() {
  if (options_.rotate_keys_days == 0) return {};
  // Its age by the time of the database, as far as that is known.
  ASSIGN_OR_RETURN(const bool due, system_.database().Read<bool>([this](db::Connection& connection) -> Result<bool> {
    const int64_t now_ms = db::DatabaseClock(connection).ms;
    db::Rows rows = connection.Query("SELECT max(created_at) FROM data_key");
    constexpr int64_t kDayMs = 86'400'000;
    return rows.Next() && !rows.IsNull(0) && now_ms - rows.Int(0) >= options_.rotate_keys_days * kDayMs;
  }));
  if (!due) return {};
  ASSIGN_OR_RETURN(const bool mine, resealing_.Hold());
  if (!mine) return {};
  ASSIGN_OR_RETURN(const uint32_t made, system_.vault()->Rotate(Now(), db::Witness(audit_, AccountId())));
  http::WriteLog(http::LogLevel::kInfo, "data_key_made", {{"key", std::to_string(made)}});
  return {};
}

access::Resealer::Hooks Service::StepByStep(db::Lease& lease) {
  access::Resealer::Hooks hooks;
  hooks.guard = [&lease](db::Connection& connection) { return lease.Guard(connection); };
  hooks.go_on = [this, &lease] {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return false;
    }
    if (lease.held()) return true;
    const auto again = lease.Hold();
    return again.ok() && *again;
  };
  hooks.rest = [this](std::chrono::milliseconds took, int64_t) {
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, access::RestAfter(took), [this] { return stopping_; });
  };
  return hooks;
}

Result<bool> Service::SealAnew() {
  ASSIGN_OR_RETURN(const bool due, rooms_->resealer->Due());
  if (!due) return true;
  ASSIGN_OR_RETURN(const bool mine, resealing_.Hold());
  if (!mine) return true;
  const auto outcome = rooms_->resealer->Run(StepByStep(resealing_));
  resealing_.Release();
  if (!outcome.ok()) return outcome.error();
  if (outcome->sealed > 0 || outcome->dropped > 0 || outcome->damaged > 0) {
    http::WriteLog(outcome->damaged > 0 ? http::LogLevel::kWarn : http::LogLevel::kInfo, "sealed_anew",
                   {{"fields", std::to_string(outcome->sealed)},
                    {"damaged", std::to_string(outcome->damaged)},
                    {"keys_dropped", std::to_string(outcome->dropped)}});
  }
  return outcome->damaged == 0;
}

Result<bool> Service::Reindex() {
  ASSIGN_OR_RETURN(const bool due, rooms_->reindexer->Due());
  if (!due) return true;
  ASSIGN_OR_RETURN(const bool mine, reindexing_.Hold());
  if (!mine) return true;
  const auto outcome = rooms_->reindexer->Run(StepByStep(reindexing_));
  reindexing_.Release();
  if (!outcome.ok()) return outcome.error();
  http::WriteLog(outcome->damaged > 0 ? http::LogLevel::kWarn : http::LogLevel::kInfo, "reindexed",
                 {{"customers", std::to_string(outcome->customers)},
                  {"damaged", std::to_string(outcome->damaged)},
                  {"keys_dropped", std::to_string(outcome->dropped)}});
  return outcome->damaged == 0;
}

void Service::LookAfterKeys() {
  std::unique_lock lock(mutex_);
  auto next = std::chrono::steady_clock::now();
  while (!stopping_) {
    lock.unlock();
    if (std::chrono::steady_clock::now() >= next) {
      if (const Status rotated = RotateWhenDue(); !rotated.ok()) {
        http::WriteLog(http::LogLevel::kWarn, "data_key_not_made", {{"code", rotated.error().code}});
      }
      const auto now = std::chrono::steady_clock::now;
      const std::pair<const char*, Result<bool>> done[] = {{"not_sealed_anew", SealAnew()},
                                                           {"not_reindexed", Reindex()}};
      for (const auto& [event, well] : done) {
        if (!well.ok() && well.error().code != "lease_lost") {
          http::WriteLog(http::LogLevel::kWarn, event, {{"code", well.error().code}});
        }
        if (well.ok() && !*well) next = std::max(next, now() + kKeysAfterDamage);
        if (!well.ok()) next = std::max(next, now() + kKeysAfterTrouble);
      }
    }
    lock.lock();
    stopped_.wait_for(lock, kKeysInterval, [this] { return stopping_; });
  }
}

}  // namespace dealpace::app
