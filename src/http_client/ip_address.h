// IP addresses as hosts are written and as connections are made to them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace sluice::http_client {

// 4 or 16 bytes, in network order. IPv4 inside IPv6 (mapped, compatible, or behind NAT64's well-known prefix) is IPv4.
using IpAddress = std::vector<unsigned char>;

// An address in any form that a resolver takes: 2852039166 and 0xa9fea9fe are 169.254.169.254. Nothing for a name.
std::optional<IpAddress> ip_address_of(const std::string& host);
// The address that a connection is made to; nothing for other kinds than IP.
std::optional<IpAddress> ip_address_of(const sockaddr& address);
std::string text_of(const IpAddress& address);

struct IpNetwork {
  IpAddress address;
  unsigned bits = 0;
  bool holds(const IpAddress& other) const;
};
// "10.1.0.0/16", or an address for itself alone. All four numbers of IPv4 are written: a resolver takes 10.1 for
// 10.0.0.1, who writes 10.1/16 does not.
std::optional<IpNetwork> ip_network_of(std::string_view text);

// What an address is that is not one of the public internet: "a loopback address". Empty for a public one.
// https://www.iana.org/assignments/iana-ipv4-special-registry,
// https://www.iana.org/assignments/iana-ipv6-special-registry
std::string_view special_purpose_of(const IpAddress& address);
// Whether it is a link-local address or that of a cloud's metadata service, where credentials of the machine are.
bool is_link_local(const IpAddress& address);
// The same of a host, in any way of writing it, and of the names that clouds give to those services.
bool is_link_local_host(std::string_view host);

}  // namespace sluice::http_client
