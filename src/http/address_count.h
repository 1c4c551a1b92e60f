// What each address holds of a server: connections, and bytes of bodies. None may use them all. Of IPv6 the first 64
// bits count, because whoever has one address has the whole of such a network. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "http/byte_budget.h"

namespace sluice::http {

// Of one address, for as long as it has a connection.
struct AddressShare {
  AddressShare(std::string of, std::uint64_t most_bytes) : address(std::move(of)), bytes(most_bytes) {}
  const std::string address;
  std::atomic<std::size_t> connections{0};
  ByteBudget bytes;
};

class AddressCount {
 public:
  // `most` connections of one address; 0: any number. `most_bytes` of its bodies.
  explicit AddressCount(std::size_t most, std::uint64_t most_bytes = std::numeric_limits<std::uint64_t>::max() / 2)
      : most_(most), most_bytes_(most_bytes) {}

  // One more connection of this address, until leave(). Null: it has as many as it may.
  std::shared_ptr<AddressShare> enter(std::string_view address);
  void leave(AddressShare& share);
  // How many different addresses have connections.
  std::size_t addresses() const { return addresses_.load(std::memory_order_relaxed); }

 private:
  const std::size_t most_;
  const std::uint64_t most_bytes_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<AddressShare>> shares_;
  std::atomic<std::size_t> addresses_{0};
};

// What is counted as one: an IPv4 address as it is, "2001:db8:0:1" for 2001:db8:0:1::7.
std::string counted_address(std::string_view address);

}  // namespace sluice::http
