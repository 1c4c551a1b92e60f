// How many connections each address has, so that none uses them all. Of IPv6 the first 64 bits count, because whoever
// has one address has the whole of such a network. Any thread.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sluice::http {

class AddressCount {
 public:
  // `most` connections of one address; 0: any number, and nothing is counted.
  explicit AddressCount(std::size_t most) : most_(most) {}

  // False: this address has as many as it may. True: counted until leave().
  bool enter(std::string_view address);
  void leave(std::string_view address);

 private:
  const std::size_t most_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> connections_;
};

// What is counted as one: an IPv4 address as it is, "2001:db8:0:1" for 2001:db8:0:1::7.
std::string counted_address(std::string_view address);

}  // namespace sluice::http
