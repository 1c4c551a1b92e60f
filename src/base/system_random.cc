// What comes from the operating system, in a file of its own: a program that must do the same thing each time
// (tests/simulation/) is linked with another.
#include <sys/random.h>

#include "base/random.h"

namespace sluice {

Random Random::from_system() {
  std::uint64_t seed = 0;
  random_secret_bytes(&seed, sizeof seed);
  return Random(seed);
}

void random_secret_bytes(void* out, std::size_t size) {
  auto* bytes = static_cast<unsigned char*>(out);
  while (size > 0) {
    const ssize_t got = ::getrandom(bytes, size, 0);
    if (got < 0) continue;  // interrupted by a signal; getrandom has no other failure for a valid buffer
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
}

}  // namespace sluice
