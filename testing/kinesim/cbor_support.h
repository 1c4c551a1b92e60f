// How the simulator takes calls in CBOR: as Kinesis does, or as implementations of Kinesis without CBOR refuse them, so
// that a client's way back to JSON can be tested.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kinesim/authentication.h"

namespace kinesim {

enum class CborSupport : std::uint8_t {
  answered,
  unknown_operation,       // 404 <UnknownOperationException/>: https://github.com/mhart/kinesalite/issues/31
  unsupported_media_type,  // 415: https://github.com/floci-io/floci/pull/457
  serialization,           // 400 SerializationException, in JSON
  server_error,            // 500 and an HTML page: https://github.com/getmoto/moto/issues/9905
};
std::optional<CborSupport> parse_cbor_support(std::string_view text);  // the enumerators' names

// Not for `answered`.
ApiError cbor_refusal(CborSupport support);

}  // namespace kinesim
