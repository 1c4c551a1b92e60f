// CRC-32C (Castagnoli, RFC 3720 appendix B.4), as in iSCSI, ext4 and LevelDB.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

// The checksum of `size` bytes. Pass an earlier result as `seed` to continue from it; 0 starts new. Any thread.
std::uint32_t crc32c(const void* data, std::size_t size, std::uint32_t seed = 0);

}  // namespace sluice
