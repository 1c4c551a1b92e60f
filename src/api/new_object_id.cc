// A minter for the whole process, in a file of its own: a program that must do the same thing each time
// (tests/simulation/) is linked with another.
#include <mutex>

#include "api/audit.h"
#include "base/random.h"

namespace sluice::api {

ObjectId new_object_id(std::int64_t now_ms) {
  static std::mutex mutex;
  static ObjectIdMinter minter(Random::from_system().next());
  const std::lock_guard lock(mutex);
  return minter.mint(now_ms);
}

}  // namespace sluice::api
