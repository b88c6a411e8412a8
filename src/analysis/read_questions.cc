#include "analysis/read_questions.h"

#include <utility>

namespace dealpace::analysis {

Result<std::shared_ptr<const AskedQuestion>> ReadQuestions::Get(std::string_view body, Day today,
                                                                const std::shared_ptr<const RowScope>& rows) {
  std::string text(body);
  if (auto known = Find(text, today, rows.get())) return known;
  ASSIGN_OR_RETURN(http::JsonBody parsed, http::JsonBody::Parse(body));
  ASSIGN_OR_RETURN(AskedQuestion asked, ReadQuestion(std::move(parsed), today, rows));
  asked.question.at_once = true;
  auto shared = std::make_shared<const AskedQuestion>(std::move(asked));
  Keep(std::move(text), {today, shared});
  return shared;
}

std::shared_ptr<const AskedQuestion> ReadQuestions::Find(const std::string& body, Day today, const RowScope* rows) {
  const std::lock_guard lock(mutex_);
  for (const Questions* questions : {&newer_, &older_}) {
    const auto found = questions->find(body);
    if (found == questions->end()) continue;
    const Kept& kept = found->second;
    // Rows are shared by all that one identity asks; others with equal ones read the question again.
    if (kept.today != today || kept.asked->question.scope.get() != rows) return nullptr;
    std::shared_ptr<const AskedQuestion> asked = kept.asked;
    if (questions == &older_) {
      newer_bytes_ += body.size();
      newer_.insert(older_.extract(found));
    }
    return asked;
  }
  return nullptr;
}

void ReadQuestions::Keep(std::string body, Kept kept) {
  const std::lock_guard lock(mutex_);
  if (newer_bytes_ + body.size() > kBytesMax) {
    older_ = std::exchange(newer_, {});
    newer_bytes_ = 0;
  }
  const auto [place, added] = newer_.insert_or_assign(std::move(body), std::move(kept));
  if (added) newer_bytes_ += place->first.size();
}

}  // namespace dealpace::analysis
