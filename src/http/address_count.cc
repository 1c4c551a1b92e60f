#include "http/address_count.h"

#include <arpa/inet.h>

#include <array>
#include <cstdio>

namespace sluice::http {

std::string counted_address(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));  // without a zone
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  std::array<char, 20> network{};
  std::snprintf(network.data(), network.size(), "%x:%x:%x:%x", bytes[0] << 8 | bytes[1], bytes[2] << 8 | bytes[3],
                bytes[4] << 8 | bytes[5], bytes[6] << 8 | bytes[7]);
  return network.data();
}

bool AddressCount::enter(std::string_view address) {
  if (most_ == 0) return true;
  const std::lock_guard lock(mutex_);
  std::size_t& open = connections_[counted_address(address)];
  if (open >= most_) return false;
  ++open;
  return true;
}

void AddressCount::leave(std::string_view address) {
  if (most_ == 0) return;
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(counted_address(address));
  if (found != connections_.end() && --found->second == 0) connections_.erase(found);
}

}  // namespace sluice::http
