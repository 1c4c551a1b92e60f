// The outsides of AWS's protocols: JSON text, error bodies, form fields, XML text, ids of requests.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "kinesim/authentication.h"
#include "kinesim/request.h"

namespace kinesim {

constexpr std::string_view kJsonType = "application/x-amz-json-1.1";
constexpr std::string_view kCborType = "application/x-amz-cbor-1.1";

// {"__type":…,"message":…} in JSON or CBOR.
void write_kinesis_error(const ApiError& error, bool cbor, Answer& answer);
// STS's <ErrorResponse>.
void write_sts_error(const ApiError& error, std::string_view request_id, Answer& answer);

// Fields of a form body or a query, decoded.
std::map<std::string, std::string, std::less<>> parse_form(std::string_view form);
std::string xml_text(std::string_view text);

// A random UUID.
std::string new_request_id();

}  // namespace kinesim
