#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Files for tests, as small as they can be.
namespace dealpace::attachments {

inline std::string TestJpeg(std::string_view inside = "picture") {
  return "\xFF\xD8\xFF\xE0" + std::string(inside) + "\xFF\xD9";
}

// A zip archive with these files stored in it.
inline std::string TestZip(const std::vector<std::pair<std::string, std::string>>& files) {
  const auto little = [](uint32_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i);
    return text;
  };
  std::string out;
  std::string directory;
  for (const auto& [name, content] : files) {
    const std::string sizes = little(static_cast<uint32_t>(content.size()), 4);
    const std::string head = std::string(12, '\0') + sizes + sizes + little(static_cast<uint32_t>(name.size()), 2);
    directory += "PK\x01\x02" + std::string(4, '\0') + head + std::string(12, '\0') +
                 little(static_cast<uint32_t>(out.size()), 4) + name;
    out += "PK\x03\x04" + std::string(2, '\0') + head + little(0, 2) + name + content;
  }
  const auto count = static_cast<uint32_t>(files.size());
  const auto at = static_cast<uint32_t>(out.size());
  return out + directory + "PK\x05\x06" + little(0, 4) + little(count, 2) + little(count, 2) +
         little(static_cast<uint32_t>(directory.size()), 4) + little(at, 4) + little(0, 2);
}

}  // namespace dealpace::attachments
