#include "exchange/import_desk.h"

#include <algorithm>

namespace dealpace::exchange {

Result<ImportJob> ImportDesk::Upload(std::string_view name, const std::string& kind, const std::string& path,
                                     std::string_view by) {
  return jobs_.Upload(name, kind, path, by, scope_);
}

Result<ImportJob> ImportDesk::Get(int64_t id) {
  ASSIGN_OR_RETURN(ImportJob job, jobs_.Get(id));
  if (!scope_.Covers(job.scope)) return Error("not_found");
  return job;
}

Result<std::vector<ImportJob>> ImportDesk::List(int64_t before, int limit) {
  if (scope_.network) return jobs_.List(before, limit);
  std::vector<ImportJob> seen;
  const auto most = static_cast<size_t>(limit);
  while (seen.size() < most) {
    ASSIGN_OR_RETURN(std::vector<ImportJob> page, jobs_.List(before, limit));
    for (ImportJob& job : page) {
      if (seen.size() < most && scope_.Covers(job.scope)) seen.push_back(std::move(job));
    }
    if (page.size() < most) break;
    before = page.back().id;
  }
  return seen;
}

Result<ImportJob> ImportDesk::Change(int64_t id, int64_t version, ImportChange change,
                                     std::optional<int64_t> template_id) {
  RETURN_IF_ERROR(Get(id));
  if (template_id) RETURN_IF_ERROR(CheckMapping(*template_id));
  return jobs_.Change(id, version, std::move(change), template_id);
}

Status ImportDesk::Discard(int64_t id) {
  RETURN_IF_ERROR(Get(id));
  return jobs_.Discard(id);
}

Result<ImportJob> ImportDesk::DryRun(int64_t id) {
  RETURN_IF_ERROR(Get(id));
  return jobs_.DryRun(id);
}

Result<ImportJob> ImportDesk::Run(int64_t id, bool all_or_nothing, std::string_view by, AccountId account) {
  RETURN_IF_ERROR(Get(id));
  return jobs_.Run(id, all_or_nothing, by, account);
}

Result<ImportJob> ImportDesk::Cancel(int64_t id) {
  RETURN_IF_ERROR(Get(id));
  return jobs_.Cancel(id);
}

Result<ImportJob> ImportDesk::Undo(int64_t id, std::string_view why, std::string_view by, AccountId account) {
  RETURN_IF_ERROR(Get(id));
  return jobs_.Undo(id, why, by, account);
}

Result<std::shared_ptr<FollowedJob>> ImportDesk::Follow(int64_t id) {
  RETURN_IF_ERROR(Get(id));
  return jobs_.Follow(id);
}

Result<RefusedPage> ImportDesk::Refused(int64_t id, int64_t from, int limit) {
  RETURN_IF_ERROR(Get(id));
  return jobs_.Refused(id, from, limit);
}

Result<std::string> ImportDesk::RefusedFile(int64_t id, Language language, AccountId account) {
  RETURN_IF_ERROR(Get(id));
  return jobs_.RefusedFile(id, language, account);
}

Result<RowLook> ImportDesk::Row(int64_t id, int64_t row) {
  RETURN_IF_ERROR(Get(id));
  return jobs_.Row(id, row);
}

Result<std::vector<SavedMapping>> ImportDesk::Mappings() {
  ASSIGN_OR_RETURN(std::vector<SavedMapping> mappings, jobs_.Mappings());
  std::erase_if(mappings, [this](const SavedMapping& mapping) { return !scope_.Covers(mapping.scope); });
  return mappings;
}

Result<SavedMapping> ImportDesk::SaveMapping(std::string_view name, int64_t id, std::string_view by) {
  RETURN_IF_ERROR(Get(id));
  return jobs_.SaveMapping(name, id, by);
}

Status ImportDesk::RemoveMapping(int64_t id) {
  RETURN_IF_ERROR(CheckMapping(id));
  return jobs_.RemoveMapping(id);
}

Status ImportDesk::CheckMapping(int64_t id) {
  ASSIGN_OR_RETURN(const std::vector<SavedMapping> mappings, Mappings());
  const bool known = std::any_of(mappings.begin(), mappings.end(), [id](const auto& each) { return each.id == id; });
  return known ? Status() : Error("not_found");
}

}  // namespace dealpace::exchange
