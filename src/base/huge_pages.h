#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace dealpace {

// An allocator for large tables that are looked into at random places: it asks for memory in pages of 2 MB where there
// are such, because most of what a look costs is otherwise finding the page. Smaller allocations are ordinary ones.
template <typename T>
struct HugePageAllocator {
  using value_type = T;
  static constexpr size_t kPage = size_t{2} << 20;

  HugePageAllocator() = default;
  template <typename Other>
  explicit HugePageAllocator(const HugePageAllocator<Other>& /*other*/) {}

  [[nodiscard]] T* allocate(size_t count) {
    size_t bytes = count * sizeof(T);
    if (bytes < kPage) return static_cast<T*>(::operator new(bytes));
    bytes = (bytes + kPage - 1) / kPage * kPage;
    void* const memory = std::aligned_alloc(kPage, bytes);
    if (memory == nullptr) throw std::bad_alloc();
    (void)madvise(memory, bytes, MADV_HUGEPAGE);  // a wish
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t count) {
    count * sizeof(T) < kPage ? ::operator delete(memory) : std::free(memory);
  }
  template <typename Other>
  bool operator==(const HugePageAllocator<Other>& /*other*/) const {
    return true;
  }
};

}  // namespace dealpace
