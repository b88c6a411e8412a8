#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace dealpace::facts {

// Numbers and vectors of them, one after the other, in the machine's own order: for blobs that are made and read by the
// same kind of machine and can always be made again.
class ByteWriter {
 public:
  template <typename T>
  void Put(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <typename T>
  void PutAll(const std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    Put<uint64_t>(values.size());
    text_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }
  void PutAll(const std::vector<bool>& values) {
    Put<uint64_t>(values.size());
    for (const bool value : values) Put<uint8_t>(value ? 1 : 0);
  }
  [[nodiscard]] std::string Take() && { return std::move(text_); }

 private:
  std::string text_;
};

// Reads what ByteWriter wrote. A blob that is too short gives zeros and makes ok() false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  template <typename T>
  T Get() {
    T value{};
    if (bytes_.size() < sizeof value) {
      ok_ = false;
      return value;
    }
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  template <typename T>
  void GetAll(std::vector<T>& values) {
    const auto count = Get<uint64_t>();
    if (count > bytes_.size() / sizeof(T)) {
      ok_ = false;
      return;
    }
    values.resize(count);
    std::memcpy(values.data(), bytes_.data(), count * sizeof(T));
    bytes_.remove_prefix(count * sizeof(T));
  }
  void GetAll(std::vector<bool>& values) {
    const auto count = Get<uint64_t>();
    if (count > bytes_.size()) {
      ok_ = false;
      return;
    }
    values.resize(count);
    for (size_t i = 0; i < count; ++i) values[i] = bytes_[i] != 0;
    bytes_.remove_prefix(count);
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool AtEnd() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace dealpace::facts
