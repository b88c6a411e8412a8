#pragma once

#include <string>

#include "catalog/catalog.h"
#include "exchange/import_jobs.h"
#include "http/message.h"

// Imports in the words of the contract (docs/openapi.yaml, schemas Import, ImportJob …).
namespace dealpace::exchange {

// Without line breaks, so that it can be sent as an event.
[[nodiscard]] std::string ImportJobJson(const ImportJob& job, Instant now, Language language);
// The job with what is in its file and what the columns mean. `missing`: ImportJobs::MissingOfJob.
[[nodiscard]] std::string ImportJson(const ImportJob& job, const std::vector<std::string>& missing,
                                     const catalog::Catalog& catalog, Instant now, Language language);
[[nodiscard]] std::string RefusedPageJson(const RefusedPage& page, Language language);
[[nodiscard]] std::string RowLookJson(const RowLook& look, const catalog::Catalog& catalog, Language language);
[[nodiscard]] std::string SavedMappingJson(const SavedMapping& mapping);

// The body of a PUT. Fails as JsonBody does, meaning_bad for an unknown role, and mapping_bad_value.
struct ImportChangeRead {
  ImportChange change;
  std::optional<int64_t> template_id;
};
[[nodiscard]] Result<ImportChangeRead> ReadImportChange(std::string_view body);

}  // namespace dealpace::exchange
