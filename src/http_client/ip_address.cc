#include "http_client/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"

namespace sluice::http_client {

namespace {

constexpr std::size_t kV4Bytes = 4;

struct Block {
  IpNetwork network;
  std::string_view what;
};

IpNetwork known_network(std::string_view text) {
  auto network = ip_network_of(text);
  SLUICE_CHECK(network.has_value(), "the networks of these tables are well written");
  return *std::move(network);
}

bool starts_with(const in6_addr& address, std::initializer_list<unsigned char> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.s6_addr);
}

// 64:ff9b::/96, RFC 6052
bool is_nat64(const in6_addr& address) {
  return starts_with(address, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0});
}

IpAddress address_of(const in_addr& v4) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&v4);
  return IpAddress(bytes, bytes + kV4Bytes);
}

IpAddress address_of(const in6_addr& v6) {
  const unsigned char* bytes = v6.s6_addr;
  const bool holds_v4 = IN6_IS_ADDR_V4MAPPED(&v6) || IN6_IS_ADDR_V4COMPAT(&v6) || is_nat64(v6);
  return IpAddress(bytes + (holds_v4 ? 12 : 0), bytes + 16);
}

// Behind a NAT64 prefix of the network's own choice, 64:ff9b:1::/48, the IPv4 address is at one of these places (RFC
// 6052, section 2.2; RFC 8215).
bool is_link_local_behind_nat64(const IpAddress& address) {
  static const IpNetwork local_nat64 = known_network("64:ff9b:1::/48");
  if (!local_nat64.holds(address)) return false;
  constexpr std::array<std::array<std::size_t, kV4Bytes>, 4> kPlaces = {
      {{6, 7, 9, 10}, {7, 9, 10, 11}, {9, 10, 11, 12}, {12, 13, 14, 15}}};
  return std::any_of(kPlaces.begin(), kPlaces.end(), [&](const auto& places) {
    IpAddress v4;
    for (const std::size_t place : places) v4.push_back(address[place]);
    return is_link_local(v4);
  });
}

}  // namespace

std::optional<IpAddress> ip_address_of(const std::string& host) {
  in_addr v4{};
  if (::inet_aton(host.c_str(), &v4) == 1) return address_of(v4);
  in6_addr v6{};
  if (::inet_pton(AF_INET6, host.c_str(), &v6) != 1) return std::nullopt;
  return address_of(v6);
}

std::optional<IpAddress> ip_address_of(const sockaddr& address) {
  if (address.sa_family == AF_INET) return address_of(reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  if (address.sa_family == AF_INET6) return address_of(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
  return std::nullopt;
}

std::string text_of(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = address.size() == kV4Bytes ? AF_INET : AF_INET6;
  ::inet_ntop(family, address.data(), text.data(), text.size());
  return text.data();
}

bool IpNetwork::holds(const IpAddress& other) const {
  if (other.size() != address.size()) return false;
  for (unsigned bit = 0; bit < bits; ++bit) {
    const auto mask = static_cast<unsigned char>(0x80u >> (bit % 8));
    if ((other[bit / 8] & mask) != (address[bit / 8] & mask)) return false;
  }
  return true;
}

std::optional<IpNetwork> ip_network_of(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string host(text.substr(0, slash));
  in_addr v4{};
  const bool is_v6 = host.find(':') != std::string::npos;
  if (!is_v6 && ::inet_pton(AF_INET, host.c_str(), &v4) != 1) return std::nullopt;
  const auto address = ip_address_of(host);
  if (!address) return std::nullopt;
  IpNetwork network{*address, static_cast<unsigned>(address->size() * 8)};
  if (slash == std::string_view::npos) return network;
  if (is_v6 && address->size() == kV4Bytes) return std::nullopt;  // whose bits: written as IPv4 it is clear
  const std::string_view bits = text.substr(slash + 1);
  unsigned number = 0;
  const auto parsed = std::from_chars(bits.data(), bits.data() + bits.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != bits.data() + bits.size() || number > network.bits) return std::nullopt;
  network.bits = number;
  return network;
}

std::string_view special_purpose_of(const IpAddress& address) {
  constexpr std::string_view kReserved = "a reserved address";
  static const std::array kBlocks = {
      Block{known_network("127.0.0.0/8"), "a loopback address"},
      Block{known_network("::1"), "a loopback address"},
      Block{known_network("10.0.0.0/8"), "a private address"},
      Block{known_network("172.16.0.0/12"), "a private address"},
      Block{known_network("192.168.0.0/16"), "a private address"},
      Block{known_network("fc00::/7"), "a private address"},
      Block{known_network("169.254.0.0/16"), "a link-local address"},
      Block{known_network("fe80::/10"), "a link-local address"},
      Block{known_network("100.64.0.0/10"), "an address shared behind a provider's NAT"},
      Block{known_network("0.0.0.0/8"), "an unspecified address"},
      Block{known_network("::"), "an unspecified address"},
      Block{known_network("224.0.0.0/4"), "a multicast address"},
      Block{known_network("ff00::/8"), "a multicast address"},
      Block{known_network("198.18.0.0/15"), "an address for benchmarks"},
      Block{known_network("192.0.0.0/24"), kReserved},
      Block{known_network("192.0.2.0/24"), kReserved},
      Block{known_network("192.88.99.0/24"), kReserved},
      Block{known_network("198.51.100.0/24"), kReserved},
      Block{known_network("203.0.113.0/24"), kReserved},
      Block{known_network("240.0.0.0/4"), kReserved},
      Block{known_network("2001::/23"), kReserved},
      Block{known_network("2001:db8::/32"), kReserved},
      Block{known_network("2002::/16"), kReserved},  // 6to4: an IPv4 address of anybody's choice is inside
      Block{known_network("3fff::/20"), kReserved},
  };
  static const IpNetwork public_v6 = known_network("2000::/3");
  const auto* block =
      std::find_if(kBlocks.begin(), kBlocks.end(), [&](const Block& each) { return each.network.holds(address); });
  if (block != kBlocks.end()) return block->what;
  if (is_link_local(address)) return "the address of a cloud's metadata service";
  return address.size() == kV4Bytes || public_v6.holds(address) ? std::string_view() : kReserved;
}

bool is_link_local(const IpAddress& address) {
  static const std::array kNetworks = {
      known_network("169.254.0.0/16"),  known_network("fe80::/10"),
      known_network("fd00:ec2::/32"),    // AWS
      known_network("fd20:ce::254"),     // Google
      known_network("168.63.129.16"),    // Azure's WireServer
      known_network("100.100.100.200"),  // Alibaba
      known_network("192.0.0.192"),      // Oracle
      known_network("fd00:42::42"),      // Scaleway
  };
  return std::any_of(kNetworks.begin(), kNetworks.end(), [&](const IpNetwork& each) { return each.holds(address); }) ||
         is_link_local_behind_nat64(address);
}

bool is_link_local_host(std::string_view host) {
  if (host == "metadata.google.internal" || host == "instance-data.ec2.internal" || host == "instance-data")
    return true;
  const auto address = ip_address_of(std::string(host));
  return address && is_link_local(*address);
}

}  // namespace sluice::http_client
