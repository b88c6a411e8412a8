#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "analysis/question.h"

namespace dealpace::analysis {

// The questions that were read last. A dashboard asks the same again whenever figures have moved, and what a question
// means does not move with them: it depends on its text, on the day, and on the rows that its asker may see.
// Thread-safe.
class ReadQuestions {
 public:
  // As ReadQuestion of that body, to be answered `at_once`; a question that cannot be read is not kept.
  [[nodiscard]] Result<std::shared_ptr<const AskedQuestion>> Get(std::string_view body, Day today,
                                                                 const std::shared_ptr<const RowScope>& rows);

 private:
  static constexpr size_t kBytesMax = 1 << 20;  // of texts, of the newer and of the older ones each

  struct Kept {
    Day today{};
    std::shared_ptr<const AskedQuestion> asked;  // its scope is the asker's rows
  };
  using Questions = std::unordered_map<std::string, Kept>;

  [[nodiscard]] std::shared_ptr<const AskedQuestion> Find(const std::string& body, Day today, const RowScope* rows);
  void Keep(std::string body, Kept kept);

  std::mutex mutex_;  // guards what follows
  // When the newer ones have become many they are the older ones, and those are forgotten.
  Questions newer_;
  Questions older_;
  size_t newer_bytes_ = 0;
};

}  // namespace dealpace::analysis
