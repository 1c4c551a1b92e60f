#include "api/event_stream_slots.h"

namespace sluice::api {

tl::expected<EventStreamSlots::Slot, EventStreamSlots::Full> EventStreamSlots::take(const Caller& caller) {
  const std::lock_guard lock(mutex_);
  const std::size_t most = caller.role == Role::admin ? kMaxEventStreams : kMaxEventStreams - kEventStreamsForAdmins;
  const auto held = of_token_.find(caller.token_id);
  if (held != of_token_.end() && held->second >= kMaxEventStreamsOfToken) return tl::unexpected(Full::of_token);
  if (open_ >= most) return tl::unexpected(Full::of_all);
  ++open_;
  ++of_token_[caller.token_id];
  return Slot(nullptr, [self = shared_from_this(), token = caller.token_id](void*) { self->give_back(token); });
}

void EventStreamSlots::give_back(ObjectId token) {
  const std::lock_guard lock(mutex_);
  --open_;
  const auto held = of_token_.find(token);
  if (--held->second == 0) of_token_.erase(held);
}

std::size_t EventStreamSlots::open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

}  // namespace sluice::api
