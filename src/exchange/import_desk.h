#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exchange/import_jobs.h"
#include "exchange/import_scope.h"

namespace dealpace::exchange {

// The imports as somebody has them who imports for these dealers: his uploads are for them, and of all others, their
// files and mappings he has those that lie wholly within them. What does not is not there: not_found. Otherwise each
// does and fails as the one of ImportJobs. What an import is for never changes, so it is looked at once.
class ImportDesk {
 public:
  ImportDesk(ImportJobs& jobs, ImportScope scope) : jobs_(jobs), scope_(std::move(scope)) {}

  [[nodiscard]] Result<ImportJob> Upload(std::string_view name, const std::string& kind, const std::string& path,
                                         std::string_view by);
  [[nodiscard]] Result<ImportJob> Get(int64_t id);
  [[nodiscard]] Result<std::vector<ImportJob>> List(int64_t before, int limit);
  [[nodiscard]] Result<ImportJob> Change(int64_t id, int64_t version, ImportChange change,
                                         std::optional<int64_t> template_id);
  [[nodiscard]] Status Discard(int64_t id);
  [[nodiscard]] Result<ImportJob> DryRun(int64_t id);
  [[nodiscard]] Result<ImportJob> Run(int64_t id, bool all_or_nothing, std::string_view by, AccountId account);
  [[nodiscard]] Result<ImportJob> Cancel(int64_t id);
  [[nodiscard]] Result<ImportJob> Undo(int64_t id, std::string_view why, std::string_view by, AccountId account);
  [[nodiscard]] Result<std::shared_ptr<FollowedJob>> Follow(int64_t id);
  [[nodiscard]] Result<RefusedPage> Refused(int64_t id, int64_t from, int limit);
  [[nodiscard]] Result<std::string> RefusedFile(int64_t id, Language language, AccountId account);
  [[nodiscard]] Result<RowLook> Row(int64_t id, int64_t row);
  [[nodiscard]] Result<std::vector<SavedMapping>> Mappings();
  [[nodiscard]] Result<SavedMapping> SaveMapping(std::string_view name, int64_t id, std::string_view by);
  [[nodiscard]] Status RemoveMapping(int64_t id);

 private:
  [[nodiscard]] Status CheckMapping(int64_t id);

  ImportJobs& jobs_;
  const ImportScope scope_;
};

}  // namespace dealpace::exchange
