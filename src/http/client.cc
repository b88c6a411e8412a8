#include "http/client.h"

#include <openssl/ssl.h>

#include <algorithm>
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
#include <optional>

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

asio::awaitable<void> Talk(const Place& place, const Question& question, asio::ssl::context& tls, Answer& answer) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::resolver resolver(executor);
  const auto found = co_await resolver.async_resolve(place.host, place.port, asio::use_awaitable);
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

  bool done = false;
  std::string wrong;
  {
    // Last made, first gone: what is still under way when time is up goes with it.
    asio::io_context io(1);
    asio::co_spawn(io, Talk(*place, question, tls, answer), [&](const std::exception_ptr& thrown) {
      done = true;
      if (!thrown) return;
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& failed) {
        wrong = failed.what();
      }
    });
    io.run_for(options.timeout);
  }
  if (!done) return Unreachable(*place, "no answer in " + std::to_string(options.timeout.count()) + " ms");
  if (!wrong.empty()) return Unreachable(*place, wrong);
  Question::body_type::value_type body = std::move(answer.get().body());
  return ClientAnswer{static_cast<int>(answer.get().result_int()), std::move(body)};
}

}  // namespace dealpace::http
