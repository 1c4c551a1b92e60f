// Any bytes as a file of flag data, with the checksum and size that they should have: what is read is in order, and is
// written as it was.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "relay/flag_store_format.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::relay;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  const FlagStoreOwner owner{};
  static const std::string empty = flag_store_bytes(owner, {});
  if (size < 56) return read_flag_store(owner, bytes) ? (std::abort(), 0) : 0;
  bytes.replace(0, 8, "SLFLAGS2");
  sluice::store(bytes.data() + 16, static_cast<std::uint64_t>(size));
  bytes.replace(32, 24, empty, 32, 24);  // the owner's
  sluice::store(bytes.data() + 8, sluice::crc32c(bytes.data() + 12, size - 12));
  const auto snapshot = read_flag_store(owner, bytes);
  if (snapshot && flag_store_bytes(owner, **snapshot) != bytes) std::abort();
  return 0;
}
