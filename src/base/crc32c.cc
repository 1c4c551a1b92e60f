#include "base/crc32c.h"

#include <isa-l.h>

#include <algorithm>

namespace sluice {

std::uint32_t crc32c(const void* data, std::size_t size, std::uint32_t seed) {
  // ISA-L takes the register without the final inversion, and a length that fits an int.
  constexpr std::size_t kStep = std::size_t{1} << 30;
  auto* bytes = static_cast<unsigned char*>(const_cast<void*>(data));  // ISA-L's signature lacks const; it only reads
  std::uint32_t crc = ~seed;
  while (size > 0) {
    const std::size_t step = std::min(size, kStep);
    crc = crc32_iscsi(bytes, static_cast<int>(step), crc);
    bytes += step;
    size -= step;
  }
  return ~crc;
}

}  // namespace sluice
