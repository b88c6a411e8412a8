// Reads any bytes as a file that somebody adds, and as the header with its name: told apart by the first byte.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "attachments/api.h"
#include "attachments/content.h"

using namespace dealpace;               // NOLINT(google-build-using-namespace)
using namespace dealpace::attachments;  // NOLINT(google-build-using-namespace)

namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'n') {
    const auto name = FileNameOf(text);
    if (!name.ok()) return 0;
    for (const ContentType& type : ContentTypes()) {
      const auto clean = CleanName(*name, type);
      if (!clean.ok()) continue;
      Check(clean->find('/') == std::string::npos && clean->find('\n') == std::string::npos);
      // A clean name is clean.
      const auto again = CleanName(*clean, type);
      Check(again.ok() && *again == *clean);
    }
    return 0;
  }
  const auto type = ContentTypeOf(text);
  Check(type.ok() ? *type != nullptr
                  : type.error().code == "attachment_kind_unknown" || type.error().code == "attachment_unsafe");
  return 0;
}
