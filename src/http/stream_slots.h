// How many streams a server has, and whose: none of an address or an owner has all of them (HttpLimits). They do not
// count as connections of requests. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "http/address_count.h"
#include "http/server.h"

namespace sluice::http {

class StreamSlots {
 public:
  explicit StreamSlots(const HttpLimits& limits);

  // A place that is given back when it goes.
  class Slot {
   public:
    Slot(StreamSlots& slots, std::shared_ptr<AddressShare> address, std::uint64_t owner)
        : slots_(slots), address_(std::move(address)), owner_(owner) {}
    ~Slot() { slots_.give_back(*address_, owner_); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    StreamSlots& slots_;
    const std::shared_ptr<AddressShare> address_;
    const std::uint64_t owner_;
  };
  // An error says which limit is reached. `owner` 0: nobody's share.
  Result<std::unique_ptr<Slot>> take(std::string_view peer, std::uint64_t owner);
  std::uint64_t open() const { return open_.load(std::memory_order_relaxed); }

 private:
  bool enter_owner(std::uint64_t owner);
  void leave_owner(std::uint64_t owner);
  void give_back(AddressShare& address, std::uint64_t owner);

  const std::size_t most_, most_per_address_, most_per_owner_;
  std::atomic<std::uint64_t> open_{0};
  AddressCount addresses_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::size_t> owners_;
};

}  // namespace sluice::http
