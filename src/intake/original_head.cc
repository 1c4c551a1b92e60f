#include "intake/original_head.h"

#include <array>
#include <cstdint>

#include "base/hex.h"
#include "base/random.h"
#include "intake/gif.h"

namespace sluice::intake {
namespace {

// A random one (RFC 9562, version 4), as SDKs give their payloads.
std::array<char, 36> new_uuid() {
  std::array<std::uint8_t, 16> bytes;
  random_secret_bytes(bytes.data(), bytes.size());
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  std::array<char, 36> text;
  char* out = text.data();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    *out++ = kHexDigitsLower[bytes[i] >> 4];
    *out++ = kHexDigitsLower[bytes[i] & 15];
  }
  return text;
}

}  // namespace

std::string_view OriginalHead::of(const http::HttpRequest& request, const Route& route) {
  headers_.clear();
  request.append_headers(headers_);
  head_.clear();
  const std::array<char, 36> payload_id = new_uuid();
  // Of a query only what is a payload: anything else in it might be a credential.
  const bool gif = route.endpoint == EndpointKind::gif;
  event::append_original_head({request.method, route.path, gif ? gif_parameter(request.query) : std::string_view()},
                              headers_, {payload_id.data(), payload_id.size()}, head_);
  return head_;
}

}  // namespace sluice::intake
