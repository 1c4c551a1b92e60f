// The body of an error of AWS, {"__type": …, "message" or "Message": …}, in JSON or CBOR.
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::kinesis {

struct ErrorBody {
  std::string type;     // as it is: bare_error_name() takes off what surrounds the name
  std::string message;  // UTF-8
};
// Its first byte tells CBOR from JSON, whatever was asked: AWS answers some CBOR calls in JSON
// (https://github.com/aws/aws-sdk-java-v2/issues/1595). Nothing: the body is neither a JSON object nor a CBOR map. Both
// members of an object without them are empty.
std::optional<ErrorBody> read_error_body(std::string_view body);

}  // namespace sluice::kinesis
