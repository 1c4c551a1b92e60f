// Bodies in gzip (RFC 1952), by ISA-L. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "event/original.h"

namespace sluice::launchdarkly_events {

// Bytes of an inflated payload that is taken apart; a larger one is forwarded as it is. As much as intake accepts by
// default (intake.max_inflated_bytes).
inline constexpr std::size_t kMaxTakenApartBytes = 64u << 20;

// A payload's body without its Content-Encoding. Nothing: an encoding that is not gzip, damaged or cut short, something
// behind its end, or larger than kMaxTakenApartBytes. Several gzip members in a row are one body, as for intake.
std::optional<std::string> plain_body(const event::Original& original);
bool is_gzip(const event::Original& original);

}  // namespace sluice::launchdarkly_events
