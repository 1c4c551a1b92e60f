// Takes the place of base/system_random.cc and api/new_object_id.cc: what would come from the operating system, or be
// of the whole program, comes from the run's seed.
#include "system_random.h"

#include <algorithm>
#include <cstring>

#include "api/audit.h"
#include "base/random.h"

namespace sluice {
namespace {

thread_local Random source(0);
thread_local ObjectIdMinter minter(0);

}  // namespace

namespace simulation {

void seed_system_random(std::uint64_t seed) {
  source = Random(seed);
  minter = ObjectIdMinter(Random(seed + 1).next());
}

}  // namespace simulation

ObjectId api::new_object_id(std::int64_t now_ms) { return minter.mint(now_ms); }

Random Random::from_system() { return Random(source.next()); }

void random_secret_bytes(void* out, std::size_t size) {
  auto* bytes = static_cast<unsigned char*>(out);
  for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
    const std::uint64_t bits = source.next();
    std::memcpy(bytes + at, &bits, std::min(sizeof bits, size - at));
  }
}

}  // namespace sluice
