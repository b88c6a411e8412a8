#include "http/server.h"

#include <ifaddrs.h>
#include <net/if.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

#include "http/body_file.h"
#include "http/certificate.h"
#include "http/log.h"
#include "http/metrics.h"
#include "http/server_core.h"

namespace dealpace::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr const char* kQueueGauge = "dealpace_http_queue";
// Connections beyond connections_max that are still told that there are too many; further ones are just closed.
constexpr size_t kTurnedAwayMax = 256;

Result<asio::ip::address> Resolve(asio::io_context& io, const std::string& text) {
  boost::system::error_code problem;
  const asio::ip::address address = asio::ip::make_address(text, problem);
  if (!problem) return address;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(text, "", tcp::resolver::passive, problem);
  if (problem || found.empty())
    return Error("address_unusable").With("address", text).With("detail", problem.message());
  return found.begin()->endpoint().address();
}

// This machine's first address that others can reach; empty where there is none.
std::string OwnAddress() {
  std::string own;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return own;
  for (const ifaddrs* at = list; at != nullptr && own.empty(); at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET) continue;
    if ((at->ifa_flags & IFF_UP) == 0 || (at->ifa_flags & IFF_LOOPBACK) != 0) continue;
    const auto* address = reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
    own = asio::ip::address_v4(ntohl(address->sin_addr.s_addr)).to_string();
  }
  freeifaddrs(list);
  return own;
}

int ChooseProtocol(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                   unsigned int in_length, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, kHttp11, sizeof kHttp11 - 1, in, in_length) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Status SetUpTls(std::optional<asio::ssl::context>& tls, const CertificateFiles& files) {
  const auto unusable = [](const std::string& file, const boost::system::error_code& problem) {
    return Error("certificate_unusable").With("file", file).With("detail", problem.message());
  };
  tls.emplace(asio::ssl::context::tls_server);
  SSL_CTX* context = tls->native_handle();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
  boost::system::error_code problem;
  // A key with a passphrase is refused; nobody is there to type it.
  tls->set_password_callback([](size_t, asio::ssl::context::password_purpose) { return std::string(); }, problem);
  tls->use_certificate_chain_file(files.certificate, problem);
  if (problem) return unusable(files.certificate, problem);
  tls->use_private_key_file(files.key, asio::ssl::context::pem, problem);
  if (problem) return unusable(files.key, problem);
  return {};
}

asio::awaitable<void> Accept(ServerCore& core, tcp::acceptor& acceptor) {
  for (size_t next = 0; !core.stopping; ++next) {
    Loop& loop = *core.loops[next % core.loops.size()];
    tcp::socket socket(loop.context());
    boost::system::error_code problem;
    co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, problem));
    if (!acceptor.is_open()) break;
    if (problem) {
      // Out of file descriptors, most likely: wait for some to come back.
      asio::steady_timer pause(acceptor.get_executor(), std::chrono::milliseconds(100));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, problem));
      continue;
    }
    size_t open = 0;
    {
      const std::lock_guard lock(core.mutex);
      open = core.connections.size();
    }
    if (open >= core.options.connections_max + kTurnedAwayMax) {
      Metrics::Get().CountRejected("connections_full");
      continue;
    }
    ServeConnection(core, loop, std::move(socket), open >= core.options.connections_max);
  }
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Router router, GateKeeper gate, Handler fallback, QuickPath quick)
      : core_(std::move(options), std::move(router), std::move(gate), std::move(fallback), std::move(quick)),
        acceptor_(core_.loops.front()->context()) {
    for (const auto& loop : core_.loops) work_.emplace_back(loop->context().get_executor());
  }

  ~Impl() { Stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status Start() {
    const ServerOptions& options = core_.options;
    ASSIGN_OR_RETURN(address_, Resolve(core_.loops.front()->context(), options.address));
    RETURN_IF_ERROR(ChooseTls());
    RETURN_IF_ERROR(Listen());
    BodyFile::RemoveStale(options.folder);
    Metrics::Get().SetGauge(kQueueGauge, "Requests that wait for a worker",
                            [this] { return static_cast<double>(core_.pool.waiting()); });
    asio::co_spawn(acceptor_.get_executor(), Accept(core_, acceptor_), asio::detached);
    for (const auto& each : core_.loops) threads_.emplace_back([&loop = *each] { loop.Run(); });
    WriteLog(LogLevel::kInfo, "server_started", {{"url", Url()}});
    return {};
  }

  void Stop() {
    if (stopped_) return;
    stopped_ = true;
    core_.stopping = true;
    const bool started = !threads_.empty();
    if (started) {
      asio::post(acceptor_.get_executor(), [this] {
        boost::system::error_code ignored;
        acceptor_.close(ignored);
      });
      DrainConnections(core_);
      if (!AllLeft(core_.options.drain_timeout)) {
        core_.aborting = true;
        AbortConnections(core_);
      }
    }
    core_.pool.Stop();
    if (started) {
      AllLeft(std::nullopt);
      Metrics::Get().SetGauge(kQueueGauge, "", nullptr);
    }
    work_.clear();
    for (const auto& loop : core_.loops) loop->Stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    if (started) WriteLog(LogLevel::kInfo, "server_stopped");
  }

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] bool tls() const { return core_.tls.has_value(); }
  [[nodiscard]] bool self_signed() const { return self_signed_; }
  [[nodiscard]] std::string Url() const {
    std::string host = address_.to_string();
    if (address_.is_unspecified()) host = OwnAddress();
    if (host.empty()) host = "localhost";
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
    return (tls() ? "https://" : "http://") + host + ":" + std::to_string(port_);
  }

 private:
  Status ChooseTls() {
    const ServerOptions& options = core_.options;
    if (options.certificate_file.empty() != options.key_file.empty()) {
      return Error("certificate_unusable")
          .With("file", options.certificate_file + options.key_file)
          .With("detail", "certificate and key are needed together");
    }
    if (!options.certificate_file.empty()) {
      core_.hsts = true;
      return SetUpTls(core_.tls, {options.certificate_file, options.key_file});
    }
    if (address_.is_loopback()) return {};
    ASSIGN_OR_RETURN(const CertificateFiles files, FindOrMakeCertificate(options.folder));
    self_signed_ = true;
    return SetUpTls(core_.tls, files);
  }

  Status Listen() {
    const tcp::endpoint place(address_, static_cast<unsigned short>(core_.options.port));
    boost::system::error_code problem;
    acceptor_.open(place.protocol(), problem);
    if (!problem) acceptor_.set_option(tcp::acceptor::reuse_address(true), problem);
    if (!problem && address_.is_v6() && address_.is_unspecified()) {
      acceptor_.set_option(boost::asio::ip::v6_only(false), problem);
    }
    if (!problem) acceptor_.bind(place, problem);
    if (!problem) acceptor_.listen(tcp::acceptor::max_listen_connections, problem);
    if (!problem) {
      port_ = acceptor_.local_endpoint().port();
      return {};
    }
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    const std::string text = core_.options.address + ":" + std::to_string(core_.options.port);
    if (problem == asio::error::address_in_use) return Error("address_in_use").With("address", text);
    return Error("address_unusable").With("address", text).With("detail", problem.message());
  }

  // Waits until no connection is left. False: some still are.
  bool AllLeft(std::optional<std::chrono::milliseconds> within) {
    std::unique_lock lock(core_.mutex);
    const auto empty = [this] { return core_.connections.empty(); };
    if (within) return core_.left.wait_for(lock, *within, empty);
    core_.left.wait(lock, empty);
    return true;
  }

  ServerCore core_;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  tcp::acceptor acceptor_;
  asio::ip::address address_;
  int port_ = 0;
  bool self_signed_ = false;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

Server::Server(ServerOptions options, Router router, GateKeeper gate, Handler fallback, QuickPath quick)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(router), std::move(gate), std::move(fallback),
                                   std::move(quick))) {}
Server::~Server() = default;

Status Server::Start() { return impl_->Start(); }
int Server::port() const { return impl_->port(); }
bool Server::tls() const { return impl_->tls(); }
bool Server::self_signed() const { return impl_->self_signed(); }
std::string Server::url() const { return impl_->Url(); }
void Server::Stop() { impl_->Stop(); }

}  // namespace dealpace::http
