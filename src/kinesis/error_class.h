// What kind of trouble an answer of AWS means, and so what Sluice does about it: one pure function.
// Codes: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html#API_PutRecords_Errors and
// https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html
#pragma once

#include <string>
#include <string_view>

#include "http_client/http_transport.h"

namespace sluice::kinesis {

enum class ErrorClass : std::uint8_t {
  throttle,     // too fast: again, later, slower
  transient,    // AWS or the way to it fails for a time: again, later
  credentials,  // not taken: fetch new ones once, then slowly
  setup,        // only a person can fix it: keep everything and probe
  poison,       // the content is refused: find the record
};
std::string_view error_class_name(ErrorClass error_class);

// A call that failed as a whole.
struct CallError {
  http_client::TransportFault fault = http_client::TransportFault::none;
  int status = 0;          // of a fault: what a proxy answered to CONNECT
  std::string code;        // AWS's; "http_503" when AWS gave none, "timeout", "cannot_connect", … for a fault
  std::string message;     // AWS's or the transport's
  std::string request_id;  // AWS's, when it gave one
};

// "com.amazonaws.kinesis.v20131202#AccessDeniedException:http://…" → "AccessDeniedException"
std::string_view bare_error_name(std::string_view name);

// Reads an answer that is not 200, in JSON or CBOR (kinesis/error_body.h).
CallError call_error(const http_client::HttpResponse& response);

// `status` is 200 for the error of a single record. An unknown code never counts as poison: what Sluice does not
// understand it keeps.
ErrorClass classify(http_client::TransportFault fault, int status, std::string_view code, std::string_view message);

}  // namespace sluice::kinesis
