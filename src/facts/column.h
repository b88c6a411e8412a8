#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <vector>

#include "facts/bytes.h"

namespace dealpace::facts {

// A column of whole numbers that takes one, two, four or eight bytes a row, whichever holds its values so far, and none
// while they are all the same; it widens by itself. Reading a run of rows decodes them in one loop per width.
class Column {
 public:
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] size_t bytes() const { return data_.capacity(); }

  void Append(int64_t value) {
    if (width_ == 0 && size_ == 0) constant_ = value;
    Fit(value);
    switch (width_) {
      case 0: break;
      case 1: Push(static_cast<int8_t>(value)); break;
      case 2: Push(static_cast<int16_t>(value)); break;
      case 4: Push(static_cast<int32_t>(value)); break;
      default: Push(value);
    }
    ++size_;
  }

  // The rows at these positions, in their order, as a column of their own.
  [[nodiscard]] Column Gather(const std::vector<uint32_t>& rows) const {
    Column out;
    out.width_ = width_;
    out.constant_ = constant_;
    out.size_ = rows.size();
    out.data_.resize(rows.size() * static_cast<size_t>(width_));
    switch (width_) {
      case 0: break;
      case 1: GatherAs<int8_t>(rows, out); break;
      case 2: GatherAs<int16_t>(rows, out); break;
      case 4: GatherAs<int32_t>(rows, out); break;
      default: GatherAs<int64_t>(rows, out);
    }
    return out;
  }

  void Save(ByteWriter& out) const {
    out.Put<uint64_t>(size_);
    out.Put<int32_t>(width_);
    out.Put<int64_t>(constant_);
    out.PutAll(data_);
  }
  void Load(ByteReader& in) {
    size_ = in.Get<uint64_t>();
    width_ = in.Get<int32_t>();
    constant_ = in.Get<int64_t>();
    in.GetAll(data_);
  }

  // Gives back the room kept for more rows.
  void Shrink() { data_.shrink_to_fit(); }

  void Set(size_t row, int64_t value) {
    assert(row < size_);
    Fit(value);
    std::memcpy(data_.data() + row * static_cast<size_t>(width_), &value, static_cast<size_t>(width_));
  }

  [[nodiscard]] int64_t At(size_t row) const {
    assert(row < size_);
    const unsigned char* p = data_.data() + row * static_cast<size_t>(width_);
    switch (width_) {
      case 0: return constant_;
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
      case 0: std::fill_n(out, count, static_cast<T>(constant_)); return;
      case 1: return DecodeAs<int8_t>(p, count, out);
      case 2: return DecodeAs<int16_t>(p, count, out);
      case 4: return DecodeAs<int32_t>(p, count, out);
      default: return DecodeAs<int64_t>(p, count, out);
    }
  }

 private:
  template <typename Stored>
  void Push(Stored value) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(&value);
    data_.insert(data_.end(), bytes, bytes + sizeof value);
  }
  template <typename Stored>
  void GatherAs(const std::vector<uint32_t>& rows, Column& out) const {
    for (size_t i = 0; i < rows.size(); ++i) {
      std::memcpy(out.data_.data() + i * sizeof(Stored), data_.data() + rows[i] * sizeof(Stored), sizeof(Stored));
    }
  }
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
  // Makes the column wide enough for a value.
  void Fit(int64_t value) {
    if (width_ == 0) {
      if (value == constant_) return;
      Widen(std::max(WidthOf(value), WidthOf(constant_)));
    } else if (const int needed = WidthOf(value); needed > width_) {
      Widen(needed);
    }
  }
  void Widen(int width) {
    std::vector<unsigned char> wider;
    wider.reserve((size_ + size_ / 2 + 8) * static_cast<size_t>(width));
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
  int width_ = 0;
  int64_t constant_ = 0;
};

}  // namespace dealpace::facts
