#include "http/request_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

#include "base/text.h"

namespace dealpace::http {
namespace {

namespace beast = boost::beast;

// The longest line between the chunks of a body, and the longest trailers.
constexpr size_t kChunkLineMax = 16 << 10;

constexpr size_t kHeadersUsual = 16;

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

class RequestParser::Impl final : public beast::http::basic_parser<true> {
 public:
  explicit Impl(size_t header_bytes_max) : header_bytes_max_(header_bytes_max) {
    header_limit(static_cast<std::uint32_t>(header_bytes_max));
    body_limit(boost::none);  // the route's, kept by who reads
    eager(false);
    head.headers.reserve(kHeadersUsual);
  }

  Result<size_t> Feed(std::string_view bytes) {
    size_t taken = 0;
    while (!is_done() && taken < bytes.size()) {
      const bool in_head = !is_header_done();
      beast::error_code problem;
      const std::string_view rest = bytes.substr(taken);
      const size_t now = put({rest.data(), rest.size()}, problem);
      taken += now;
      if (in_head) head_bytes_ += now;
      if (problem == beast::http::error::need_more) {
        const size_t open = bytes.size() - taken;
        if (in_head && head_bytes_ + open > header_bytes_max_) return TooLarge(bytes.substr(taken));
        if (!in_head && open > kChunkLineMax) return Error("request_malformed");
        break;
      }
      if (problem) return ErrorOf(problem, bytes.substr(taken));
      if (in_head && is_header_done()) {
        if (head_bytes_ > header_bytes_max_) return TooLarge(bytes.substr(taken));
        if (const Status whole = CheckHead(); !whole.ok()) return whole.error();
        break;
      }
    }
    return taken;
  }

  RequestHead head;
  std::string body;

 private:
  Error TooLarge(std::string_view open) const {
    // Without a line end, what is too long is the first line.
    if (head.method.empty() && open.find('\n') == std::string_view::npos) {
      return Error("target_too_long").With("max", header_bytes_max_);
    }
    return Error("header_too_large").With("max", header_bytes_max_);
  }

  Error ErrorOf(beast::error_code problem, std::string_view open) const {
    if (problem == beast::http::error::header_limit) return TooLarge(open);
    if (problem == beast::http::error::bad_version) return Error("version_unsupported");
    return Error("request_malformed");
  }

  Status CheckHead() {
    head.keep_alive = keep_alive();
    head.chunked = chunked();
    if (const auto length = content_length()) head.length = *length;
    const size_t hosts = head.headers.count("host");
    if (hosts > 1 || (hosts == 0 && !head.http_1_0)) return Error("request_malformed");
    if (const auto coding = head.headers.find("transfer-encoding"); coding != head.headers.end()) {
      if (head.http_1_0) return Error("request_malformed");
      if (head.headers.count("transfer-encoding") > 1 || ToLower(Trim(coding->second)) != "chunked") {
        return Error("transfer_coding_unknown").With("coding", coding->second);
      }
    }
    if (const auto expect = head.headers.find("expect"); expect != head.headers.end()) {
      if (ToLower(Trim(expect->second)) != "100-continue") {
        return Error("expectation_failed").With("expect", expect->second);
      }
      head.expects_continue = !head.http_1_0 && head.has_body();
    }
    return {};
  }

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       beast::error_code&) override {
    head.method = View(method);
    head.target = View(target);
    head.http_1_0 = version < 11;
  }
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     beast::error_code&) override {
    if (!is_header_done()) head.headers.emplace(ToLower(View(name)), std::string(View(value)));
  }
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view bytes, beast::error_code&) override {
    body += View(bytes);
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, beast::error_code&) override {
    body += View(bytes);
    return bytes.size();
  }
  void on_finish_impl(beast::error_code&) override {}

  size_t header_bytes_max_;
  size_t head_bytes_ = 0;
};

RequestParser::RequestParser(size_t header_bytes_max) : impl_(std::make_unique<Impl>(header_bytes_max)) {}
RequestParser::~RequestParser() = default;

Result<size_t> RequestParser::Feed(std::string_view bytes) { return impl_->Feed(bytes); }
bool RequestParser::head_done() const { return impl_->is_header_done(); }
bool RequestParser::done() const { return impl_->is_done(); }
const RequestHead& RequestParser::head() const { return impl_->head; }
RequestHead& RequestParser::head() { return impl_->head; }
std::string RequestParser::TakeBody() { return std::exchange(impl_->body, {}); }

}  // namespace dealpace::http
