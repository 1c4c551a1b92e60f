#include "kinesis/error_class.h"

#include <gtest/gtest.h>

namespace sluice::kinesis {
namespace {

using http_client::TransportFault;

struct Case {
  TransportFault fault;
  int status;
  const char* code;
  const char* message;
  ErrorClass expected;
};

TEST(ErrorClass, follows_the_table) {
  constexpr auto kNone = TransportFault::none;
  const Case cases[] = {
      {kNone, 200, "ProvisionedThroughputExceededException", "", ErrorClass::throttle},
      {kNone, 400, "ProvisionedThroughputExceededException", "", ErrorClass::throttle},
      {kNone, 400, "LimitExceededException", "", ErrorClass::throttle},
      {kNone, 400, "ThrottlingException", "", ErrorClass::throttle},
      {kNone, 400, "Throttling", "", ErrorClass::throttle},
      {kNone, 400, "ThrottledException", "", ErrorClass::throttle},
      {kNone, 400, "RequestLimitExceeded", "", ErrorClass::throttle},
      {kNone, 400, "TooManyRequestsException", "", ErrorClass::throttle},
      {kNone, 400, "KMSThrottlingException", "", ErrorClass::throttle},
      {kNone, 429, "http_429", "", ErrorClass::throttle},
      {kNone, 200, "InternalFailure", "", ErrorClass::transient},
      {kNone, 500, "InternalFailureException", "", ErrorClass::transient},
      {kNone, 503, "ServiceUnavailable", "", ErrorClass::transient},
      {kNone, 500, "http_500", "", ErrorClass::transient},
      {kNone, 502, "http_502", "", ErrorClass::transient},
      {kNone, 504, "http_504", "", ErrorClass::transient},
      {kNone, 400, "SomethingNewException", "", ErrorClass::transient},
      {kNone, 200, "no_sequence_number", "", ErrorClass::transient},
      {TransportFault::resolve, 0, "cannot_resolve", "", ErrorClass::transient},
      {TransportFault::connect, 0, "cannot_connect", "", ErrorClass::transient},
      {TransportFault::tls, 0, "tls_failed", "", ErrorClass::transient},
      {TransportFault::proxy, 0, "proxy_failed", "", ErrorClass::transient},
      {TransportFault::timeout, 0, "timeout", "", ErrorClass::transient},
      {TransportFault::reset, 0, "connection_reset", "", ErrorClass::transient},
      {kNone, 400, "ExpiredTokenException", "", ErrorClass::credentials},
      {kNone, 403, "ExpiredToken", "", ErrorClass::credentials},
      {kNone, 400, "UnrecognizedClientException", "", ErrorClass::credentials},
      {kNone, 403, "InvalidClientTokenId", "", ErrorClass::credentials},
      {kNone, 400, "InvalidSignatureException", "", ErrorClass::credentials},
      {kNone, 403, "SignatureDoesNotMatch", "", ErrorClass::credentials},
      {kNone, 400, "MissingAuthenticationTokenException", "", ErrorClass::credentials},
      {kNone, 403, "RequestTimeTooSkewed", "", ErrorClass::credentials},
      {kNone, 400, "AccessDeniedException", "", ErrorClass::setup},
      {kNone, 400, "ResourceNotFoundException", "", ErrorClass::setup},
      {kNone, 400, "KMSAccessDeniedException", "", ErrorClass::setup},
      {kNone, 400, "KMSDisabledException", "", ErrorClass::setup},
      {kNone, 400, "KMSInvalidStateException", "", ErrorClass::setup},
      {kNone, 400, "KMSNotFoundException", "", ErrorClass::setup},
      {kNone, 400, "KMSOptInRequired", "", ErrorClass::setup},
      {kNone, 403, "http_403", "", ErrorClass::setup},
      {kNone, 404, "http_404", "", ErrorClass::setup},
      {kNone, 407, "http_407", "", ErrorClass::setup},
      {kNone, 400, "ValidationException", "Value at 'records.1.member.data' failed", ErrorClass::poison},
      {kNone, 400, "ValidationException", "Value 'a b' at 'streamName' failed", ErrorClass::setup},
      {kNone, 400, "InvalidArgumentException", "", ErrorClass::poison},
      {kNone, 400, "InvalidArgumentException", "StreamARN is of another account", ErrorClass::setup},
      {kNone, 400, "SerializationException", "", ErrorClass::poison},
      {kNone, 413, "http_413", "", ErrorClass::poison},
  };
  for (const Case& each : cases)
    EXPECT_EQ(classify(each.fault, each.status, each.code, each.message), each.expected)
        << each.status << " " << each.code << " is " << error_class_name(each.expected);
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
  CallError error = call_error(response);
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
  const CallError error = call_error(response);
  EXPECT_EQ(error.code, "http_502");
  EXPECT_EQ(error.message, "<html> Bad gateway</html>");
}

}  // namespace
}  // namespace sluice::kinesis
