// A payload that is too large for the event service, as two: the first and the second half of its events, each under a
// payload id derived from the whole's, so that a repeated half is known as such. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "event/original.h"

namespace sluice::launchdarkly_events {

struct Half {
  std::string original;    // as read_original() reads it: plain JSON, no Content-Encoding
  std::string payload_id;  // of 8-4-4-4-12 hex digits
};
struct Halves {
  Half first, second;
};
// Nothing when it cannot be taken apart: a single event, no JSON array, an encoding that is not gzip, or larger than
// kMaxTakenApartBytes (gzip_body.h).
std::optional<Halves> halves_of(const event::Original& original);

}  // namespace sluice::launchdarkly_events
