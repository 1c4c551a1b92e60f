// Lists of what is allowed and URLs, as people write them. What passes means to libcurl what it means here; a
// link-local address is never called; what is not listed is public and over https.
#include <curl/curl.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "http_client/outbound_policy.h"
#include "http_client/url.h"

namespace {

using namespace sluice::http_client;

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

void compare_with_libcurl(const std::string& url) {
  CURLU* const parsed = curl_url();
  if (curl_url_set(parsed, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK) {
    SLUICE_CHECK(url.starts_with(part_of(parsed, CURLUPART_SCHEME) + "://"), "the same scheme");
    SLUICE_CHECK(part_of(parsed, CURLUPART_USER).empty(), "no user");
    std::string host = sluice::lower(part_of(parsed, CURLUPART_HOST));
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    while (host.ends_with('.')) host.pop_back();
    const auto address = ip_address_of(host), ours = ip_address_of(host_of(url));
    SLUICE_CHECK(address == ours && (address || host == host_of(url)), "the same host");
  }
  curl_url_cleanup(parsed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view list = text.substr(0, data[0]);
  const std::string url(text.substr(list.size()));
  static const OutboundPolicy all = *OutboundPolicy::parse("any, 0.0.0.0/0, ::/0"), none;
  const auto policy = OutboundPolicy::parse(list);
  if (!all.check_url(url)) {
    SLUICE_CHECK(!none.check_url(url) && (!policy || !policy->check_url(url)), "what some list allows, any does");
    return 0;
  }
  compare_with_libcurl(url);
  const std::string host = host_of(url);
  SLUICE_CHECK(!host.empty() && !is_link_local_host(host), "link-local addresses are never called");
  const auto address = ip_address_of(host);
  if (none.check_url(url))
    SLUICE_CHECK(url.starts_with("https://") && (!address || special_purpose_of(*address).empty()),
                 "only public addresses and https without an entry");
  if (policy && policy->lists(host)) SLUICE_CHECK(policy->check_url(url).has_value(), "what is listed may be called");
  return 0;
}
