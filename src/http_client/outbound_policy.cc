#include "http_client/outbound_policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "http_client/url.h"

namespace sluice::http_client {

std::string how_to_allow(std::string_view what) {
  return fmt::format(
      "To allow it, add {} to the setting outbound.allowed (variable SLUICE_OUTBOUND_ALLOWED) and restart the server.",
      what);
}

std::string never_allowed(std::string_view host, const IpAddress& address) {
  const std::string text = text_of(address);
  return fmt::format(
      "{} is {}link-local or the address of a cloud's metadata service. Sluice calls these for its own credentials "
      "only. "
      "Use another address.",
      host, text == host ? "" : text + ", which is ");
}

Result<OutboundPolicy> OutboundPolicy::parse(std::string_view list) {
  OutboundPolicy policy;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view word = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
    while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
    if (word.empty()) continue;
    if (auto added = policy.add(word); !added) return tl::unexpected(added.error());
  }
  return policy;
}

Result<void> OutboundPolicy::add(std::string_view word) {
  constexpr std::string_view kOfNames = "abcdefghijklmnopqrstuvwxyz0123456789-._";
  std::string entry = lower(word);
  if (entry == "any") {
    any_ = true;
    return {};
  }
  if (auto network = ip_network_of(entry)) {
    networks_.push_back(*std::move(network));
    return {};
  }
  if (ip_address_of(entry)) return fail(fmt::format("\"{}\" is not an address in full; write one as 10.1.0.5.", word));
  while (entry.ends_with('.')) entry.pop_back();
  if (entry.empty() || entry.find_first_not_of(kOfNames) != std::string::npos)
    return fail(
        fmt::format("\"{}\" is not a host, domain, address or network; write hosts without scheme and port, "
                    "domains as .example.com, networks as 10.1.0.0/16.",
                    shown_words(word, 100)));
  (entry.front() == '.' ? domains_ : hosts_).push_back(std::move(entry));
  return {};
}

bool OutboundPolicy::lists_address(const IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const IpNetwork& network) { return network.holds(address); });
}

bool OutboundPolicy::lists(std::string_view host) const {
  if (any_ || std::find(hosts_.begin(), hosts_.end(), host) != hosts_.end()) return true;
  if (const auto address = ip_address_of(std::string(host))) return lists_address(*address);
  return std::any_of(domains_.begin(), domains_.end(),
                     [&](const std::string& domain) { return host.ends_with(domain); });
}

Result<void> OutboundPolicy::check_url(std::string_view url) const {
  const auto parts = parse_url(url);
  if (!parts)
    return fail(fmt::format("The address {}; expected something like https://hooks.example.com/events.",
                            parts.error().message));
  const std::string host = host_of(url);
  const auto address = ip_address_of(host);
  if (is_link_local_host(host))
    return fail(address ? never_allowed(host, *address)
                        : fmt::format("{} is a cloud's metadata service. Sluice calls these for its own credentials "
                                      "only. Use another address.",
                                      host));
  if (address) {
    if (auto checked = check_address(host, *address); !checked) return checked;
  }
  if (!parts->https && !lists(host))
    return fail(fmt::format("{} would be called over http, which others can read and change on the way. Use https. {}",
                            host, how_to_allow(host)));
  return {};
}

Result<void> OutboundPolicy::check_address(std::string_view host, const IpAddress& address) const {
  if (is_link_local(address)) return fail(never_allowed(host, address));
  const std::string_view special = special_purpose_of(address);
  if (special.empty() || lists_address(address) || lists(host)) return {};
  const std::string text = text_of(address);
  if (text == host)
    return fail(fmt::format("{} is {}, which this server does not call. {}", host, special, how_to_allow(host)));
  return fail(fmt::format("{} has the address {}, {}, which this server does not call. {}", host, text, special,
                          how_to_allow(fmt::format("{} or {}", host, text))));
}

}  // namespace sluice::http_client
