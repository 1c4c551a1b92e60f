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

std::shared_ptr<AddressShare> AddressCount::enter(std::string_view address) {
  std::string counted = counted_address(address);
  const std::lock_guard lock(mutex_);
  std::shared_ptr<AddressShare>& share = shares_[counted];
  if (!share) share = std::make_shared<AddressShare>(std::move(counted), most_bytes_);
  if (most_ > 0 && share->connections >= most_) return nullptr;
  ++share->connections;
  addresses_ = shares_.size();
  return share;
}

void AddressCount::leave(AddressShare& share) {
  const std::lock_guard lock(mutex_);
  if (--share.connections > 0) return;
  shares_.erase(std::string(share.address));  // a copy: the name goes with its share
  addresses_ = shares_.size();
}

}  // namespace sluice::http
