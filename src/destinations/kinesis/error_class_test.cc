#include "destinations/kinesis/error_class.h"

#include <gtest/gtest.h>

namespace sluice::kinesis {
namespace {

using http_client::TransportFault;

struct Case {
  TransportFault fault;
  int status;
  const char* code;
  const char* message;
  destinations::ErrorClass expected;
};

TEST(ErrorClass, follows_the_table) {
  constexpr auto kNone = TransportFault::none;
  const Case cases[] = {
      {kNone, 200, "ProvisionedThroughputExceededException", "", destinations::ErrorClass::throttle},
      {kNone, 400, "ProvisionedThroughputExceededException", "", destinations::ErrorClass::throttle},
      {kNone, 400, "LimitExceededException", "", destinations::ErrorClass::throttle},
      {kNone, 400, "ThrottlingException", "", destinations::ErrorClass::throttle},
      {kNone, 400, "Throttling", "", destinations::ErrorClass::throttle},
      {kNone, 400, "ThrottledException", "", destinations::ErrorClass::throttle},
      {kNone, 400, "RequestLimitExceeded", "", destinations::ErrorClass::throttle},
      {kNone, 400, "TooManyRequestsException", "", destinations::ErrorClass::throttle},
      {kNone, 400, "KMSThrottlingException", "", destinations::ErrorClass::throttle},
      {kNone, 429, "http_429", "", destinations::ErrorClass::throttle},
      {kNone, 200, "InternalFailure", "", destinations::ErrorClass::transient},
      {kNone, 500, "InternalFailureException", "", destinations::ErrorClass::transient},
      {kNone, 503, "ServiceUnavailable", "", destinations::ErrorClass::transient},
      {kNone, 500, "http_500", "", destinations::ErrorClass::transient},
      {kNone, 502, "http_502", "", destinations::ErrorClass::transient},
      {kNone, 504, "http_504", "", destinations::ErrorClass::transient},
      {kNone, 400, "SomethingNewException", "", destinations::ErrorClass::transient},
      {kNone, 200, "no_sequence_number", "", destinations::ErrorClass::transient},
      {TransportFault::resolve, 0, "cannot_resolve", "", destinations::ErrorClass::transient},
      {TransportFault::connect, 0, "cannot_connect", "", destinations::ErrorClass::transient},
      {TransportFault::tls, 0, "tls_failed", "", destinations::ErrorClass::transient},
      {TransportFault::proxy, 0, "proxy_failed", "", destinations::ErrorClass::transient},
      {TransportFault::timeout, 0, "timeout", "", destinations::ErrorClass::transient},
      {TransportFault::reset, 0, "connection_reset", "", destinations::ErrorClass::transient},
      {kNone, 400, "ExpiredTokenException", "", destinations::ErrorClass::credentials},
      {kNone, 403, "ExpiredToken", "", destinations::ErrorClass::credentials},
      {kNone, 400, "UnrecognizedClientException", "", destinations::ErrorClass::credentials},
      {kNone, 403, "InvalidClientTokenId", "", destinations::ErrorClass::credentials},
      {kNone, 400, "InvalidSignatureException", "", destinations::ErrorClass::credentials},
      {kNone, 403, "SignatureDoesNotMatch", "", destinations::ErrorClass::credentials},
      {kNone, 400, "MissingAuthenticationTokenException", "", destinations::ErrorClass::credentials},
      {kNone, 403, "RequestTimeTooSkewed", "", destinations::ErrorClass::credentials},
      {kNone, 400, "AccessDeniedException", "", destinations::ErrorClass::setup},
      {kNone, 400, "ResourceNotFoundException", "", destinations::ErrorClass::setup},
      {kNone, 400, "KMSAccessDeniedException", "", destinations::ErrorClass::setup},
      {kNone, 400, "KMSDisabledException", "", destinations::ErrorClass::setup},
      {kNone, 400, "KMSInvalidStateException", "", destinations::ErrorClass::setup},
      {kNone, 400, "KMSNotFoundException", "", destinations::ErrorClass::setup},
      {kNone, 400, "KMSOptInRequired", "", destinations::ErrorClass::setup},
      {kNone, 403, "http_403", "", destinations::ErrorClass::setup},
      {kNone, 307, "http_307", "", destinations::ErrorClass::setup},
      {kNone, 404, "http_404", "", destinations::ErrorClass::setup},
      {kNone, 407, "http_407", "", destinations::ErrorClass::setup},
      {kNone, 400, "ValidationException", "Value at 'records.1.member.data' failed", destinations::ErrorClass::poison},
      {kNone, 400, "ValidationException", "Value 'a b' at 'streamName' failed", destinations::ErrorClass::setup},
      {kNone, 400, "InvalidArgumentException", "", destinations::ErrorClass::poison},
      {kNone, 400, "InvalidArgumentException", "StreamARN is of another account", destinations::ErrorClass::setup},
      {kNone, 400, "SerializationException", "", destinations::ErrorClass::poison},
      {kNone, 413, "http_413", "", destinations::ErrorClass::poison},
  };
  for (const Case& each : cases)
    EXPECT_EQ(classify(each.fault, each.status, each.code, each.message), each.expected)
        << each.status << " " << each.code << " is " << destinations::error_class_name(each.expected);
}

TEST(ErrorClass, strips_what_surrounds_a_name) {
  EXPECT_EQ(bare_error_name("AccessDeniedException"), "AccessDeniedException");
  EXPECT_EQ(bare_error_name("com.amazonaws.kinesis.v20131202#AccessDeniedException"), "AccessDeniedException");
  EXPECT_EQ(bare_error_name("AccessDeniedException:http://internal.amazon.com/coral/#x"), "AccessDeniedException");
  EXPECT_EQ(bare_error_name(""), "");
}

TEST(ErrorClass, reads_the_error_from_header_or_body) {
  http_client::HttpResponse response;
  response.status = 400;
  response.body = R"({"__type":"com.amazonaws.kinesis#ResourceNotFoundException","message":"no stream"})";
  response.headers = {{"x-amzn-requestid", "r-1"}};
  destinations::CallError error = call_error(response);
  EXPECT_EQ(error.code, "ResourceNotFoundException");
  EXPECT_EQ(error.message, "no stream");
  EXPECT_EQ(error.request_id, "r-1");
  response.headers.emplace_back("x-amzn-errortype", "AccessDeniedException:");
  EXPECT_EQ(call_error(response).code, "AccessDeniedException");
}

TEST(ErrorClass, keeps_the_first_words_of_an_answer_that_is_not_awss) {
  http_client::HttpResponse response;
  response.status = 502;
  response.body = "<html>\nBad gateway</html>";
  const destinations::CallError error = call_error(response);
  EXPECT_EQ(error.code, "http_502");
  EXPECT_EQ(error.message, "<html> Bad gateway</html>");
}

}  // namespace
}  // namespace sluice::kinesis
