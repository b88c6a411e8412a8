#pragma once

#include <cassert>
#include <cstdint>
#include <cstring>
#include <vector>

namespace dealpace::facts {

// A column of whole numbers that takes one, two, four or eight bytes a row, whichever holds its values so far; it
// widens by itself. Reading a run of rows decodes them in one loop per width.
class Column {
 public:
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] size_t bytes() const { return data_.capacity(); }

  void Reserve(size_t rows) { data_.reserve(rows * static_cast<size_t>(width_)); }

  void Append(int64_t value) {
    const int needed = WidthOf(value);
    if (needed > width_) Widen(needed);
    const size_t at = data_.size();
    data_.resize(at + static_cast<size_t>(width_));
    std::memcpy(data_.data() + at, &value, static_cast<size_t>(width_));  // little-endian: low bytes first
    ++size_;
  }

  void Set(size_t row, int64_t value) {
    assert(row < size_);
    const int needed = WidthOf(value);
    if (needed > width_) Widen(needed);
    std::memcpy(data_.data() + row * static_cast<size_t>(width_), &value, static_cast<size_t>(width_));
  }

  [[nodiscard]] int64_t At(size_t row) const {
    assert(row < size_);
    const unsigned char* p = data_.data() + row * static_cast<size_t>(width_);
    switch (width_) {
      case 1: return static_cast<int8_t>(*p);
      case 2: return Load<int16_t>(p);
      case 4: return Load<int32_t>(p);
      default: return Load<int64_t>(p);
    }
  }

  // Rows [begin, begin + count) into `out`. T: int32_t or int64_t; values must fit it.
  template <typename T>
  void Decode(size_t begin, size_t count, T* out) const {
    assert(begin + count <= size_);
    const unsigned char* p = data_.data() + begin * static_cast<size_t>(width_);
    switch (width_) {
      case 1: return DecodeAs<int8_t>(p, count, out);
      case 2: return DecodeAs<int16_t>(p, count, out);
      case 4: return DecodeAs<int32_t>(p, count, out);
      default: return DecodeAs<int64_t>(p, count, out);
    }
  }

  void Clear() {
    data_.clear();
    size_ = 0;
    width_ = 1;
  }
  void ShrinkToFit() { data_.shrink_to_fit(); }

 private:
  template <typename Stored>
  static Stored Load(const unsigned char* p) {
    Stored value;
    std::memcpy(&value, p, sizeof value);
    return value;
  }
  template <typename Stored, typename T>
  static void DecodeAs(const unsigned char* p, size_t count, T* out) {
    for (size_t i = 0; i < count; ++i) out[i] = static_cast<T>(Load<Stored>(p + i * sizeof(Stored)));
  }
  static int WidthOf(int64_t value) {
    if (value >= INT8_MIN && value <= INT8_MAX) return 1;
    if (value >= INT16_MIN && value <= INT16_MAX) return 2;
    if (value >= INT32_MIN && value <= INT32_MAX) return 4;
    return 8;
  }
  void Widen(int width) {
    std::vector<unsigned char> wider;
    wider.reserve(data_.capacity() / static_cast<size_t>(width_) * static_cast<size_t>(width));
    wider.resize(size_ * static_cast<size_t>(width));
    for (size_t row = 0; row < size_; ++row) {
      const int64_t value = At(row);
      std::memcpy(wider.data() + row * static_cast<size_t>(width), &value, static_cast<size_t>(width));
    }
    data_.swap(wider);
    width_ = width;
  }

  std::vector<unsigned char> data_;
  size_t size_ = 0;
  int width_ = 1;
};

}  // namespace dealpace::facts
