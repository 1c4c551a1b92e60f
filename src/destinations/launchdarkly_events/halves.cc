#include "destinations/launchdarkly_events/halves.h"

#include <openssl/sha.h>

#include <array>
#include <span>
#include <vector>

#include "base/hex.h"
#include "destinations/launchdarkly_events/gzip_body.h"
#include "destinations/launchdarkly_events/payload_array.h"

namespace sluice::launchdarkly_events {
namespace {

std::string derived_id(std::string_view payload_id, char which) {
  const std::string text = std::string(payload_id) + "/" + which;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  const std::string hex = hex_of(digest);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20, 12);
}

Half half_of(const event::Original& original, std::span<const std::string_view> events, char which) {
  Half half;
  half.payload_id = derived_id(original.header(event::kPayloadIdHeader), which);
  std::vector<event::OriginalHeader> headers;
  for (const event::OriginalHeader& header : original.headers)
    if (header.first != "content-encoding" && header.first != event::kPayloadIdHeader) headers.push_back(header);
  event::append_original_head(original.target, headers, half.payload_id, half.original);
  half.original += '[';
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i > 0) half.original += ',';
    half.original += events[i];
  }
  half.original += ']';
  return half;
}

}  // namespace

std::optional<Halves> halves_of(const event::Original& original) {
  const std::optional<std::string> plain = plain_body(original);
  const auto array = plain ? payload_array(*plain) : std::nullopt;
  if (!array) return std::nullopt;
  std::vector<std::string_view> events;
  for (const std::string_view element : array->elements)
    if (const std::string_view text = without_space_around(element); !text.empty()) events.push_back(text);
  if (events.size() < 2) return std::nullopt;
  const std::span<const std::string_view> all(events);
  const std::size_t middle = all.size() / 2;
  return Halves{half_of(original, all.first(middle), 'a'), half_of(original, all.subspan(middle), 'b')};
}

}  // namespace sluice::launchdarkly_events
