// Where Sluice may connect on behalf of people who manage it: destinations, and whatever else calls an address that a
// person gave. Such a person decides where the server connects to and sees parts of the answers; without limits that
// gives access to the server's whole network (SSRF).
//
// They may have public addresses called, over https. All else only as the owner of the server lists it in the setting
// outbound.allowed. Link-local addresses, where clouds keep the credentials of the machine, never are: not
// by setting, not by a name that resolves to one.
//
// Two checks belong together. check_url() is for the moment when a person gives an address, and says at once what is
// wrong. check_address() is for each connection, when the name has resolved (CurlTransport does it, for a request that
// carries a policy): a name that resolved to a public address when it was saved may resolve to another one later. With
// a proxy in use the connection is to the proxy, which the owner chose, and the proxy resolves names: there only
// check_url() holds, and the proxy has to be restricted itself.
//
// Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http_client/ip_address.h"

namespace sluice::http_client {

class OutboundPolicy {
 public:
  // Nothing is listed.
  OutboundPolicy() = default;
  // By commas: hosts ("hooks.internal"), domains (".example.internal": all below it), addresses and networks
  // ("10.1.0.0/16", "::1"), or "any". An error names the entry that is none.
  static Result<OutboundPolicy> parse(std::string_view list);

  // Whether a URL may be called, as far as can be told before its name is resolved. An error says what to do and shows
  // the host alone, since the rest of a URL may be secret.
  Result<void> check_url(std::string_view url) const;
  // Whether a connection may be made to this address for a URL with this host (as host_of() gives it).
  Result<void> check_address(std::string_view host, const IpAddress& address) const;
  // Whether the list has this host (as host_of() gives it), by its name or, if it is written as an address, by that.
  bool lists(std::string_view host) const;

 private:
  bool lists_address(const IpAddress& address) const;
  Result<void> add(std::string_view word);

  bool any_ = false;
  std::vector<std::string> hosts_, domains_;
  std::vector<IpNetwork> networks_;
};

// The last sentence of an error about something that the policy does not list.
std::string how_to_allow(std::string_view what);
// Why a host that has a link-local address, or is a cloud's metadata service, is refused.
std::string never_allowed(std::string_view host, const IpAddress& address);

}  // namespace sluice::http_client
