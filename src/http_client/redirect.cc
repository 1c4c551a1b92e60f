#include "http_client/redirect.h"

#include <curl/curl.h>

#include <memory>

#include "base/text.h"
#include "http_client/url.h"

namespace sluice::http_client {

namespace {

std::string resolved(const std::string& url, std::string_view location) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parts(curl_url(), &curl_url_cleanup);
  char* text = nullptr;
  if (parts == nullptr || curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_set(parts.get(), CURLUPART_URL, std::string(location).c_str(), 0) != CURLUE_OK ||
      curl_url_set(parts.get(), CURLUPART_FRAGMENT, nullptr, 0) != CURLUE_OK ||
      curl_url_get(parts.get(), CURLUPART_URL, &text, 0) != CURLUE_OK)
    return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

bool is_https(std::string_view url) { return url.starts_with("https://"); }

}  // namespace

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Result<std::string> redirect_target(const std::string& url, std::string_view location) {
  if (location.empty()) return fail("it does not say where to");
  std::string target = resolved(url, location);
  if (target.empty()) return fail("\"" + shown_value(location) + "\" is no address");
  if (const auto parsed = parse_url(target); !parsed)
    return fail("the address \"" + shown_value(location) + "\" " + parsed.error().message);
  if (is_https(url) && !is_https(target)) return fail("it leads from https to http");
  return target;
}

bool may_send_secrets(const std::string& url, const std::string& other) {
  if (is_https(url) == is_https(other)) return lower(host_header_of(url)) == lower(host_header_of(other));
  const auto has_default_port = [](const std::string& of) { return split_port(host_header_of(of)).second.empty(); };
  return is_https(other) && has_default_port(url) && has_default_port(other) && host_of(url) == host_of(other);
}

}  // namespace sluice::http_client
