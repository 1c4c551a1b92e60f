// How many event streams are open, and whose: no token holds them all. Any thread.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "api/access.h"
#include "base/object_id.h"
#include "base/result.h"

namespace sluice::api {

// Streams that are open at once, of everybody: each reads the journal twice a second on the admin loop.
inline constexpr std::size_t kMaxEventStreams = 32;
// Of one token: a quarter.
inline constexpr std::size_t kMaxEventStreamsOfToken = 8;
// The last of all are kept for administrators, who look for a fault when others already do.
inline constexpr std::size_t kEventStreamsForAdmins = 4;

class EventStreamSlots : public std::enable_shared_from_this<EventStreamSlots> {
 public:
  enum class Full { of_token, of_all };
  // Held as long as the stream is open.
  using Slot = std::shared_ptr<void>;

  static std::shared_ptr<EventStreamSlots> make() { return std::shared_ptr<EventStreamSlots>(new EventStreamSlots); }
  // A slot, or which limit is reached.
  tl::expected<Slot, Full> take(const Caller& caller);
  std::size_t open() const;

 private:
  EventStreamSlots() = default;
  void give_back(ObjectId token);

  mutable std::mutex mutex_;
  std::size_t open_ = 0;  // guarded by mutex_, as the next
  std::map<ObjectId, std::size_t> of_token_;
};

}  // namespace sluice::api
