// Loads any text as a file of the catalogue, beside ours. The first byte chooses which.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "catalog/embedded.h"
#include "kpi/program.h"

using namespace dealpace;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr std::array<std::string_view, 5> kNames = {"events.toml", "measures.toml", "kpis.toml", "stages.toml",
                                                      "codes.toml"};
  if (size == 0) return 0;
  const std::string_view name = kNames[data[0] % kNames.size()];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const catalog::Loaded loaded = catalog::Load({{name, text}});
  for (const catalog::Complaint& complaint : loaded.complaints) {
    if (complaint.place.file != name || complaint.error.code.empty()) std::abort();
  }
  for (const catalog::Complaint& complaint : kpi::CheckFormulas(*loaded.catalog)) {
    if (complaint.place.file != name || complaint.place.line < 1) std::abort();
  }
  return 0;
}
