#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "access/access.h"
#include "access/resealing.h"
#include "app/wiring.h"
#include "db/lease.h"
#include "exchange/import_jobs.h"
#include "http/router.h"
#include "http/server.h"
#include "leads/store.h"

// The web server over one store: the resources of all rooms, behind the gate of access, and the web application.
namespace dealpace::app {

struct ServiceOptions {
  http::ServerOptions http;  // its `folder` is set from the one below
  // For what is not in the store: uploaded files, temporary files, the self-signed certificate.
  std::string folder = "./data";
  access::AccessOptions access;
  std::function<Instant()> clock = Now;
  size_t kept_answers_bytes_max = 16 << 20;  // analysis::FreshnessOptions
  size_t facts_bytes_max = size_t{1} << 30;  // of the facts: rows that are unused longest are forgotten beyond
  int rotate_keys_days = 0;                  // a new data key once the newest is so old; 0: never
};

class Service {
 public:
  // `system` must outlive the service; its store is migrated.
  Service(System& system, ServiceOptions options);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Goes on with work that a stop interrupted, begins to serve, and reads the facts in behind the scenes. Returns at
  // once. Fails as http::Server::Start does, and with folder_unwritable.
  [[nodiscard]] Status Start();
  // Lets what runs finish. May be called again.
  void Stop();

  [[nodiscard]] access::Access& access() { return access_; }
  [[nodiscard]] http::Server& server() { return *server_; }
  // What is served, for comparison with the contract.
  [[nodiscard]] const std::vector<http::Route>& routes() const { return routes_; }

 private:
  struct Rooms;
  [[nodiscard]] exchange::ImportJobsOptions ImportOptions();
  [[nodiscard]] http::Router MakeRouter();
  // The staff of a dealer that an account is, as its own posts say, whatever rows they give and also when they are
  // over; the one of today's post first. Empty: no post of it names any.
  [[nodiscard]] Result<std::vector<StaffId>> StaffOf(AccountId account, DealerId dealer);
  // Refuses with reveal_too_many.
  [[nodiscard]] Status NoteReveal(const http::Request& request, DealerId dealer, leads::CustomerId customer,
                                  std::string_view why);
  [[nodiscard]] Result<http::Response> Ready();
  // What Ready said less than two seconds ago; nothing otherwise.
  [[nodiscard]] std::optional<http::Response> KnownReady();
  // The business day of the network: in the zone of its first dealer.
  [[nodiscard]] Day Today();
  // Puts the heads of the audit log beside the store, once a day: a file for somebody else to take away.
  [[nodiscard]] Status KeepHeads();
  void KeepHouse();  // runs on a thread of its own

  // Anonymises what is due, once a day.
  void WorkAtNight();
  [[nodiscard]] int HourOfDay();
  // Seals anew what is sealed with an older data key, and makes a new one when it is time.
  void LookAfterKeys();
  [[nodiscard]] Status RotateWhenDue();
  // The same with a lease that it holds. False: something is left that cannot be sealed anew.
  [[nodiscard]] Result<bool> SealAnew();
  // Work in steps, between which people have the store, for as long as the lease is held and the server runs.
  [[nodiscard]] access::Resealer::Hooks StepByStep(db::Lease& lease);
  // What customers are found by, after a new index key; likewise.
  [[nodiscard]] Result<bool> Reindex();

  System& system_;
  ServiceOptions options_;
  db::AuditLog audit_;
  access::Access access_;
  std::unique_ptr<Rooms> rooms_;
  std::vector<http::Route> routes_;
  std::unique_ptr<http::Server> server_;

  db::Lease housekeeping_;  // of several servers on one database one keeps house
  std::thread housekeeper_;
  db::Lease night_work_;  // likewise
  std::thread night_worker_;
  db::Lease resealing_;   // likewise
  db::Lease reindexing_;  // likewise
  std::thread key_keeper_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  Instant ready_at_{};  // when Ready last said yes
};

}  // namespace dealpace::app
