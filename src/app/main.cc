#include <cstdio>

#include "app/wiring.h"
#include "catalog/messages.h"

int main() {
  const auto loaded = dealpace::app::LoadCatalog();
  for (const auto& c : loaded.complaints) {
    std::printf("%s:%d %s", c.place.file.c_str(), c.place.line, c.error.code.c_str());
    for (const auto& [k, v] : c.error.args) std::printf(" %s=%s", k.c_str(), v.c_str());
    std::printf("\n");
  }
  std::printf("%zu events %zu measures %zu kpis\n", loaded.catalog->events().size(), loaded.catalog->measures().size(), loaded.catalog->kpis().size());
}
