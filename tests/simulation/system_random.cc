// Takes the place of base/system_random.cc: what would come from the operating system comes from the run's seed.
#include "system_random.h"

#include <algorithm>
#include <cstring>

#include "base/random.h"

namespace sluice {
namespace {

thread_local Random source(0);

}  // namespace

namespace simulation {

void seed_system_random(std::uint64_t seed) { source = Random(seed); }

}  // namespace simulation

Random Random::from_system() { return Random(source.next()); }

void random_secret_bytes(void* out, std::size_t size) {
  auto* bytes = static_cast<unsigned char*>(out);
  for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
    const std::uint64_t bits = source.next();
    std::memcpy(bytes + at, &bits, std::min(sizeof bits, size - at));
  }
}

}  // namespace sluice
