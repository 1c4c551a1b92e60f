// IP addresses as hosts are written and as connections are made to them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace sluice::http_client {

using IpAddress = std::vector<unsigned char>;  // 4 or 16 bytes, in network order

// An address in any form that a resolver takes: 2852039166 and 0xa9fea9fe are 169.254.169.254. IPv4 inside IPv6 is
// IPv4. Nothing for a name.
std::optional<IpAddress> ip_address_of(const std::string& host);
// Whether the first `bits` bits are those of the network.
bool is_within(const IpAddress& address, const IpAddress& network, unsigned bits);

// Whether a host is a link-local address or that of a cloud's metadata service, in any way of writing it.
bool is_link_local_host(std::string_view host);
// The same of the address that a connection is about to be made to.
bool is_link_local(const sockaddr& address);

}  // namespace sluice::http_client
