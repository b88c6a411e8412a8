// Compiles any text as the columns of a question, against the real catalogue.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "catalog/embedded.h"
#include "kpi/program.h"

using namespace dealpace;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const catalog::Loaded kLoaded = catalog::Load(catalog::EmbeddedFiles());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  kpi::Program program(*kLoaded.catalog);
  for (const kpi::NamedFormula& column : kpi::SplitColumns(text)) {
    const bool parses = kpi::ParseFormula(column.formula).ok();
    const size_t before = program.columns().size();
    const bool compiles = program.Add(column, kpi::Shift::kYearAgo).ok();
    if (compiles && !parses) std::abort();
    if (program.columns().size() != before + (compiles ? 1 : 0)) std::abort();
    if (before > 100) break;
  }
  return 0;
}
