#include "http_client/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace sluice::http_client {

std::optional<IpAddress> ip_address_of(const std::string& host) {
  in_addr v4{};
  if (::inet_aton(host.c_str(), &v4) == 1) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(&v4);
    return IpAddress(bytes, bytes + 4);
  }
  in6_addr v6{};
  if (::inet_pton(AF_INET6, host.c_str(), &v6) != 1) return std::nullopt;
  const unsigned char* bytes = v6.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6) || IN6_IS_ADDR_V4COMPAT(&v6)) return IpAddress(bytes + 12, bytes + 16);
  return IpAddress(bytes, bytes + 16);
}

bool is_within(const IpAddress& address, const IpAddress& network, unsigned bits) {
  if (address.size() != network.size()) return false;
  for (unsigned bit = 0; bit < bits; ++bit) {
    const unsigned char mask = static_cast<unsigned char>(0x80u >> (bit % 8));
    if ((address[bit / 8] & mask) != (network[bit / 8] & mask)) return false;
  }
  return true;
}

namespace {

bool is_link_local_address(const IpAddress& address) {
  static const IpAddress v4{169, 254, 0, 0}, v6{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
      ec2{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  return is_within(address, v4, 16) || is_within(address, v6, 10) || is_within(address, ec2, 32);
}

}  // namespace

bool is_link_local_host(std::string_view host) {
  if (host == "metadata.google.internal" || host == "instance-data.ec2.internal" || host == "instance-data")
    return true;
  const auto address = ip_address_of(std::string(host));
  return address && is_link_local_address(*address);
}

bool is_link_local(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr);
    return is_link_local_address(IpAddress(bytes, bytes + 4));
  }
  if (address.sa_family != AF_INET6) return false;
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return is_link_local_address(IpAddress(v6.s6_addr + 12, v6.s6_addr + 16));
  return is_link_local_address(IpAddress(v6.s6_addr, v6.s6_addr + 16));
}

}  // namespace sluice::http_client
