#include "ledger/deflate.h"

#include <zlib.h>

#include "base/hash.h"

namespace dealpace::ledger {

std::string Deflate(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string packed(size, '\0');
  const int code = compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                             reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 1);
  packed.resize(code == Z_OK ? size : 0);
  return packed;
}

std::optional<std::string> Inflate(std::string_view packed, int64_t size) {
  if (size < 0) return std::nullopt;
  std::string bytes(static_cast<size_t>(size), '\0');
  uLongf unpacked = bytes.size();
  const int code = uncompress(reinterpret_cast<Bytef*>(bytes.data()), &unpacked,
                              reinterpret_cast<const Bytef*>(packed.data()), packed.size());
  if (code != Z_OK || unpacked != bytes.size()) return std::nullopt;
  return bytes;
}

int64_t Checksum(std::string_view numbers, std::string_view packed) {
  return static_cast<int64_t>(HashText(numbers).low ^ HashText(packed).low);
}

}  // namespace dealpace::ledger
