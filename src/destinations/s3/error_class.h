// What kind of trouble an answer of S3 means, and so what Sluice does about it: one pure function.
// Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
#pragma once

#include <cstdint>
#include <string_view>

#include "destinations/s3/object_answer.h"

namespace sluice::s3 {

enum class ErrorClass : std::uint8_t {
  throttle,     // too fast: again, later
  transient,    // S3 or the way to it fails for a time: again, later
  credentials,  // not taken: fetch new ones once, then slowly
  clock,        // signed with a time that is too far off: once more with S3's time
  bytes,        // S3 received other bytes than were sealed: compare the file with its manifest, then again
  setup,        // only a person can fix it: keep everything and probe
};
std::string_view error_class_name(ErrorClass error_class);

// Never gives anything up: what Sluice does not understand it tries again.
ErrorClass classify(const ObjectAnswer& answer);

}  // namespace sluice::s3
