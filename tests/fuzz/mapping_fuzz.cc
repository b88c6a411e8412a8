// Reads any text as a mapping. One that is taken is written, read back, and is the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "catalog/embedded.h"
#include "exchange/mapping.h"

using namespace dealpace;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const catalog::Loaded kLoaded = catalog::Load(catalog::EmbeddedFiles());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto mapping = exchange::ParseMapping(text, *kLoaded.catalog);
  if (!mapping.ok()) {
    if (mapping.error().Arg("line").empty()) std::abort();
    return 0;
  }
  const std::string written = exchange::FormatMapping(*mapping);
  const auto again = exchange::ParseMapping(written, *kLoaded.catalog);
  if (!again.ok() || exchange::FormatMapping(*again) != written || again->Columns() != mapping->Columns()) std::abort();
  return 0;
}
