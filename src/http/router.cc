#include "http/router.h"

#include <algorithm>
#include <stdexcept>

#include "base/text.h"

namespace dealpace::http {
namespace {

bool IsPlaceholder(std::string_view part) { return part.size() > 2 && part.front() == '{' && part.back() == '}'; }

bool Fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (IsPlaceholder(pattern[i]) ? path[i].empty() : pattern[i] != path[i]) return false;
  }
  return true;
}

// Of two patterns that fit the same path: the one that is literal where they first differ.
bool MoreLiteral(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (IsPlaceholder(a[i]) != IsPlaceholder(b[i])) return IsPlaceholder(b[i]);
  }
  return false;
}

bool SameShape(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const std::string& x, const std::string& y) {
    return IsPlaceholder(x) ? IsPlaceholder(y) : x == y;
  });
}

std::string LiteralKey(Method method, std::string_view path) {
  std::string key(1, static_cast<char>('0' + static_cast<int>(method)));
  key += path;
  return key;
}

}  // namespace

Handler Answering(ResultHandler handler) {
  return [handler = std::move(handler)](const Request& request) {
    Result<Response> answer = handler(request);
    return answer.ok() ? *std::move(answer) : Response::Problem(answer.error(), request);
  };
}

void Router::Add(Route route) {
  std::vector<std::string> parts = Split(route.pattern, '/');
  if (!route.pattern.starts_with('/')) throw std::logic_error("route without /: " + route.pattern);
  for (size_t i = 0; i < routes_.size(); ++i) {
    if (routes_[i].method == route.method && SameShape(parts_[i], parts)) {
      throw std::logic_error("two routes for " + std::string(MethodName(route.method)) + " " + route.pattern);
    }
  }
  if (std::none_of(parts.begin(), parts.end(), [](const std::string& part) { return IsPlaceholder(part); })) {
    literal_.emplace(LiteralKey(route.method, route.pattern), routes_.size());
  }
  routes_.push_back(std::move(route));
  parts_.push_back(std::move(parts));
}

void Router::Get(std::string_view pattern, Admission admission, ResultHandler handler) {
  Add({Method::kGet, std::string(pattern), std::move(admission), Answering(std::move(handler))});
}
void Router::Post(std::string_view pattern, Admission admission, ResultHandler handler, int64_t body_max) {
  Add({Method::kPost, std::string(pattern), std::move(admission), Answering(std::move(handler)), Body::kMemory,
       body_max});
}
void Router::Put(std::string_view pattern, Admission admission, ResultHandler handler, int64_t body_max) {
  Add({Method::kPut, std::string(pattern), std::move(admission), Answering(std::move(handler)), Body::kMemory,
       body_max});
}
void Router::Patch(std::string_view pattern, Admission admission, ResultHandler handler, int64_t body_max) {
  Add({Method::kPatch, std::string(pattern), std::move(admission), Answering(std::move(handler)), Body::kMemory,
       body_max});
}
void Router::Delete(std::string_view pattern, Admission admission, ResultHandler handler) {
  Add({Method::kDelete, std::string(pattern), std::move(admission), Answering(std::move(handler))});
}

Router::Match Router::Find(Method method, std::string_view path) const {
  Match match;
  if (const auto it = literal_.find(LiteralKey(method, path)); it != literal_.end()) {
    match.route = &routes_[it->second];
    return match;
  }
  const std::vector<std::string> parts = Split(path, '/');
  size_t best = 0;
  const auto consider = [&](Method wanted) {
    for (size_t i = 0; i < routes_.size(); ++i) {
      if (routes_[i].method != wanted || !Fits(parts_[i], parts)) continue;
      if (match.route == nullptr || MoreLiteral(parts_[i], parts_[best])) {
        match.route = &routes_[i];
        best = i;
      }
    }
  };
  consider(method);
  if (match.route == nullptr && method == Method::kHead) consider(Method::kGet);
  if (match.route != nullptr) {
    for (size_t i = 0; i < parts.size(); ++i) {
      const std::string& part = parts_[best][i];
      if (IsPlaceholder(part)) match.params[part.substr(1, part.size() - 2)] = parts[i];
    }
    return match;
  }
  for (size_t i = 0; i < routes_.size(); ++i) {
    if (!Fits(parts_[i], parts)) continue;
    match.allowed.push_back(routes_[i].method);
    if (routes_[i].method == Method::kGet) match.allowed.push_back(Method::kHead);
  }
  std::sort(match.allowed.begin(), match.allowed.end());
  match.allowed.erase(std::unique(match.allowed.begin(), match.allowed.end()), match.allowed.end());
  return match;
}

}  // namespace dealpace::http
