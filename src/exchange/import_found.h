#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "exchange/import_store.h"

// What is in an uploaded file, and what its columns mean.
namespace dealpace::exchange {

// Reads the beginning of the job's file as its settings say and describes it, in the words of the contract:
//   file: format, encoding, encoding_chosen, delimiter, sheets, sheet, header_row, header_chosen
//   headers: […]   top, preview: [{row, cells}]   samples: [[…]], filled: […] of each column   hash
// Cells are shortened, telephone numbers in them masked; names stay. A file that cannot be read like this has a
// `problem` instead of headers and rows. Never fails: what cannot be read is described as such.
[[nodiscard]] boost::json::object DescribeFile(const std::string& path, const ImportJob& job,
                                               const catalog::Catalog& catalog, const ReadLimits& limits);

[[nodiscard]] std::vector<std::string> HeadersOf(const boost::json::object& found);
[[nodiscard]] std::vector<std::vector<std::string>> SamplesOf(const boost::json::object& found);
// Why the file cannot be read, where it cannot.
[[nodiscard]] std::optional<Error> ProblemOf(const boost::json::object& found);
// An error about the stored file, saying the name under which it was uploaded instead of where it lies.
[[nodiscard]] Error Named(Error error, const std::string& file_name);

// Chooses the mapping of a file that is looked at for the first time, or differently: the remembered one, else a guess.
void ChooseMapping(ImportJob& job, const std::optional<SavedMapping>& remembered, const catalog::Catalog& catalog);

// The job's mapping. One that cannot be read any more (an event was renamed) counts as empty.
[[nodiscard]] Mapping MappingOfJob(const ImportJob& job, const catalog::Catalog& catalog);

// How the columns stand for a person.
struct ColumnState {
  std::string column;
  std::vector<std::string> samples;
  double filled = 0;
  Meaning meaning;
  Sure sure = Sure::kUnused;
  std::optional<Bilingual> why;
};
[[nodiscard]] std::vector<ColumnState> ColumnStates(const ImportJob& job, const catalog::Catalog& catalog);

// A change that a person makes to a draft. What is absent stays as it is.
struct ImportChange {
  std::optional<std::string> kind;
  std::optional<std::string> sheet;
  std::optional<std::string> encoding;               // empty: found anew
  std::optional<std::optional<int64_t>> header_row;  // nothing inside: found anew; 0: none
  Meanings columns;
  std::optional<std::map<std::string, std::string>> constants;
  std::optional<std::map<std::string, std::map<std::string, std::string>>> values;
  std::optional<std::string> mapping_toml;
  std::optional<SavedMapping> mapping_template;
  std::optional<bool> create_missing;

  // Whether the file is to be looked at again.
  [[nodiscard]] bool reads_anew() const { return kind || sheet || encoding || header_row; }
};
// Changes what the columns mean; the file has been described already. Fails as ParseMapping and Reinterpret do, and
// with unknown_column, mapping_other_kind, mapping_unknown_field.
Status ChangeMapping(ImportJob& job, const ImportChange& change, const catalog::Catalog& catalog);

}  // namespace dealpace::exchange
