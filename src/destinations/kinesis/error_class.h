// What kind of trouble an answer of AWS means, and so what Sluice does about it: one pure function.
// Codes: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html#API_PutRecords_Errors and
// https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "destinations/call_error.h"
#include "http_client/http_transport.h"

namespace sluice::kinesis {

// "com.amazonaws.kinesis.v20131202#AccessDeniedException:http://…" → "AccessDeniedException"
std::string_view bare_error_name(std::string_view name);

// Reads an answer that is not 200, in JSON or CBOR (destinations/kinesis/error_body.h).
destinations::CallError call_error(const http_client::HttpResponse& response);

// `status` is 200 for the error of a single record. An unknown code never counts as poison: what Sluice does not
// understand it keeps.
destinations::ErrorClass classify(http_client::TransportFault fault, int status, std::string_view code,
                                  std::string_view message);

// The record that a ValidationException names, from 0: AWS counts from 1 in "records.17.member.data".
std::optional<std::size_t> record_named_in(std::string_view message);

}  // namespace sluice::kinesis
