#include "http/stream_slots.h"

#include <fmt/format.h>

namespace sluice::http {

StreamSlots::StreamSlots(const HttpLimits& limits)
    : most_(limits.max_streams),
      most_per_address_(limits.max_streams_per_address),
      most_per_owner_(limits.max_streams_per_owner),
      addresses_(limits.max_streams_per_address) {}

Result<std::unique_ptr<StreamSlots::Slot>> StreamSlots::take(std::string_view peer, std::uint64_t owner) {
  if (open_.fetch_add(1) >= most_) {
    open_.fetch_sub(1);
    return fail(fmt::format("The server has {} streams open, as many as it may; try again in a second.", most_));
  }
  std::shared_ptr<AddressShare> address = addresses_.enter(peer);
  if (!address) {
    open_.fetch_sub(1);
    return fail(
        fmt::format("Your address has {} streams open, as many as one may; close some, or poll.", most_per_address_));
  }
  if (!enter_owner(owner)) {
    addresses_.leave(*address);
    open_.fetch_sub(1);
    return fail(
        fmt::format("This environment has {} streams open, as many as one may; close some, or poll.", most_per_owner_));
  }
  return std::make_unique<Slot>(*this, std::move(address), owner);
}

void StreamSlots::give_back(AddressShare& address, std::uint64_t owner) {
  leave_owner(owner);
  addresses_.leave(address);
  open_.fetch_sub(1);
}

bool StreamSlots::enter_owner(std::uint64_t owner) {
  if (owner == 0) return true;
  const std::lock_guard lock(mutex_);
  std::size_t& held = owners_[owner];
  if (most_per_owner_ > 0 && held >= most_per_owner_) return false;
  ++held;
  return true;
}

void StreamSlots::leave_owner(std::uint64_t owner) {
  if (owner == 0) return;
  const std::lock_guard lock(mutex_);
  const auto found = owners_.find(owner);
  if (--found->second == 0) owners_.erase(found);
}

}  // namespace sluice::http
