#include "http/client.h"

#include <netdb.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include "base/text.h"

namespace dealpace::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

constexpr std::uint32_t kHeaderBytesMax = 16 << 10;

struct Place {
  bool tls = true;
  std::string host;  // without brackets
  std::string port;
  std::string authority;  // for the Host header
  std::string target;     // path and query
};

bool IsLoopback(const std::string& host) {
  if (ToLower(host) == "localhost") return true;
  boost::system::error_code problem;
  const auto address = asio::ip::make_address(host, problem);
  return !problem && address.is_loopback();
}

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

// Read here and not by Boost.URL, which takes 127.0.0.1.example.com for 127.0.0.1 (1.81).
std::optional<Place> PlaceOf(std::string_view url) {
  const auto printable = [](char c) { return c > ' ' && c < 127 && c != '\\' && c != '#'; };
  if (!std::all_of(url.begin(), url.end(), printable)) return std::nullopt;
  const size_t colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string scheme = ToLower(url.substr(0, colon));
  if (scheme != "https" && scheme != "http") return std::nullopt;
  url.remove_prefix(colon + 3);
  const size_t end = std::min(url.find_first_of("/?"), url.size());
  std::string_view authority = url.substr(0, end);
  Place place;
  place.tls = scheme == "https";
  place.port = place.tls ? "443" : "80";
  place.authority = std::string(authority);
  place.target = std::string(url.substr(end));
  if (!place.target.starts_with('/')) place.target = "/" + place.target;

  const bool v6 = authority.starts_with('[');
  const size_t host_end = v6 ? authority.find(']') : std::min(authority.find(':'), authority.size());
  if (host_end == std::string_view::npos) return std::nullopt;
  place.host = std::string(authority.substr(v6 ? 1 : 0, host_end - (v6 ? 1 : 0)));
  authority.remove_prefix(host_end + (v6 ? 1 : 0));
  if (v6) {
    boost::system::error_code problem;
    asio::ip::make_address_v6(place.host, problem);
    if (problem) return std::nullopt;
  } else if (place.host.empty() || !std::all_of(place.host.begin(), place.host.end(), IsHostCharacter)) {
    return std::nullopt;
  }
  if (!authority.empty()) {
    place.port = std::string(authority.substr(1));
    const bool number = std::all_of(place.port.begin(), place.port.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (authority[0] != ':' || place.port.empty() || place.port.size() > 5 || !number) return std::nullopt;
  }
  if (!place.tls && !IsLoopback(place.host)) return std::nullopt;
  return place;
}

// As the system does: files, name servers, whatever it is set to.
std::vector<std::string> LookUp(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int problem = getaddrinfo(host.c_str(), nullptr, &wanted, &found); problem != 0) {
    throw std::runtime_error(gai_strerror(problem));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text.data());
    }
  }
  return addresses;
}

// A look-up that is under way, for as long as its thread has it.
class LookingUp {
 public:
  LookingUp() { ++count_; }
  ~LookingUp() { --count_; }
  LookingUp(const LookingUp&) = delete;
  LookingUp& operator=(const LookingUp&) = delete;
  [[nodiscard]] static int count() { return count_.load(); }

 private:
  static inline std::atomic<int> count_{0};
};

// getaddrinfo knows no time limit and cannot be broken off. So it runs on a thread of its own, which is left behind
// when time is up and ends whenever it ends. Throws what the look-up throws, and where there is no answer in time.
std::vector<tcp::endpoint> EndpointsOf(const Place& place, const ClientOptions& options) {
  const auto number = std::stoul(place.port);  // five digits at most
  if (number > 65'535) throw std::runtime_error("no such port");
  const auto port = static_cast<std::uint16_t>(number);
  boost::system::error_code no_address;
  const auto literal = asio::ip::make_address(place.host, no_address);
  if (!no_address) return {tcp::endpoint(literal, port)};
  if (LookingUp::count() >= kLookUpsHangingMax) throw std::runtime_error("name servers do not answer");

  using Addresses = std::vector<std::string>;
  auto task = std::make_shared<std::packaged_task<Addresses()>>(
      [look_up = options.look_up, host = place.host] { return look_up ? look_up(host) : LookUp(host); });
  auto answer = task->get_future();
  std::thread([task, looking_up = std::make_shared<LookingUp>()] { (*task)(); }).detach();
  if (answer.wait_for(options.timeout) != std::future_status::ready) {
    throw std::runtime_error("its name was not found in " + std::to_string(options.timeout.count()) + " ms");
  }
  std::vector<tcp::endpoint> endpoints;
  for (const std::string& address : answer.get()) endpoints.emplace_back(asio::ip::make_address(address), port);
  if (endpoints.empty()) throw std::runtime_error("its name has no address");
  return endpoints;
}

using Answer = beast::http::response_parser<beast::http::string_body>;
using Question = beast::http::request<beast::http::string_body>;

Question QuestionOf(const ClientRequest& request, const Place& place) {
  Question question;
  question.version(11);
  question.method(request.method == Method::kPost ? beast::http::verb::post : beast::http::verb::get);
  question.target(place.target);
  question.set(beast::http::field::host, place.authority);
  question.set(beast::http::field::user_agent, "Dealpace");
  question.set(beast::http::field::connection, "close");
  for (const auto& [name, value] : request.headers) question.set(name, value);
  question.body() = request.body;
  question.prepare_payload();
  return question;
}

template <typename Stream>
asio::awaitable<void> Exchange(Stream& stream, const Question& question, Answer& answer) {
  co_await beast::http::async_write(stream, question, asio::use_awaitable);
  beast::flat_buffer buffer;
  co_await beast::http::async_read(stream, buffer, answer, asio::use_awaitable);
}

asio::awaitable<void> Talk(const Place& place, const std::vector<tcp::endpoint>& found, const Question& question,
                           asio::ssl::context& tls, Answer& answer) {
  const auto executor = co_await asio::this_coro::executor;
  if (!place.tls) {
    tcp::socket socket(executor);
    co_await asio::async_connect(socket, found, asio::use_awaitable);
    co_await Exchange(socket, question, answer);
    co_return;
  }
  asio::ssl::stream<tcp::socket> stream(executor, tls);
  boost::system::error_code no_address;
  asio::ip::make_address(place.host, no_address);
  if (no_address && SSL_set_tlsext_host_name(stream.native_handle(), place.host.c_str()) != 1) {
    throw std::runtime_error("no name for TLS");
  }
  stream.set_verify_mode(asio::ssl::verify_peer);
  stream.set_verify_callback(asio::ssl::host_name_verification(place.host));
  co_await asio::async_connect(stream.next_layer(), found, asio::use_awaitable);
  co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
  co_await Exchange(stream, question, answer);
}

Error Unreachable(const Place& place, const std::string& detail) {
  return Error("remote_unreachable").With("host", place.authority).With("detail", detail);
}

}  // namespace

bool IsFetchable(std::string_view url) { return PlaceOf(url).has_value(); }

bool IsLoopbackHttp(std::string_view url) {
  const auto place = PlaceOf(url);
  return place && !place->tls;
}

Result<ClientAnswer> Fetch(const ClientRequest& request, const ClientOptions& options) {
  const auto place = PlaceOf(request.url);
  if (!place) return Error("remote_url_bad").With("url", request.url);
  const Question question = QuestionOf(request, *place);
  Answer answer;
  answer.header_limit(kHeaderBytesMax);
  answer.body_limit(options.body_bytes_max);

  asio::ssl::context tls(asio::ssl::context::tls_client);
  boost::system::error_code problem;
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  if (place->tls) {
    if (options.ca_file.empty()) {
      tls.set_default_verify_paths(problem);
    } else {
      tls.load_verify_file(options.ca_file, problem);
    }
    if (problem) return Unreachable(*place, options.ca_file + ": " + problem.message());
  }

  const auto until = std::chrono::steady_clock::now() + options.timeout;
  std::vector<tcp::endpoint> found;
  try {
    found = EndpointsOf(*place, options);
  } catch (const std::exception& failed) {
    return Unreachable(*place, failed.what());
  }
  bool done = false;
  std::string wrong;
  {
    // Last made, first gone: what is still under way when time is up goes with it.
    asio::io_context io(1);
    asio::co_spawn(io, Talk(*place, found, question, tls, answer), [&](const std::exception_ptr& thrown) {
      done = true;
      if (!thrown) return;
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& failed) {
        wrong = failed.what();
      }
    });
    io.run_until(until);
  }
  if (!done) return Unreachable(*place, "no answer in " + std::to_string(options.timeout.count()) + " ms");
  if (!wrong.empty()) return Unreachable(*place, wrong);
  Question::body_type::value_type body = std::move(answer.get().body());
  return ClientAnswer{static_cast<int>(answer.get().result_int()), std::move(body)};
}

}  // namespace dealpace::http
