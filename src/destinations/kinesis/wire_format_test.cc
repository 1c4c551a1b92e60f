// When PutRecords is sent in CBOR, and when not.

#include "destinations/kinesis/wire_format.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace sluice::kinesis {
namespace {

using http_client::HttpResponse;
using http_client::TransportFault;
using Use = WireFormatChooser::Use;
using Json = nlohmann::json;

HttpResponse answer(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

HttpResponse fault(TransportFault kind) {
  HttpResponse response;
  response.fault = kind;
  return response;
}

std::string error_json(const char* type) { return Json{{"__type", type}, {"message", "m"}}.dump(); }
std::string error_cbor(const char* type) {
  const auto bytes = Json::to_cbor({{"__type", type}, {"message", "m"}});
  return {bytes.begin(), bytes.end()};
}

struct VerdictCase {
  HttpResponse response;
  CborVerdict expected;
};

TEST(CborVerdict, follows_the_table) {
  using enum CborVerdict;
  const VerdictCase cases[] = {
      {answer(415, ""), not_understood},
      {answer(415, error_json("UnsupportedMediaTypeException")), not_understood},  // Floci
      {answer(404, "<UnknownOperationException/>\n"), not_understood},             // kinesalite before 3.3
      {answer(404, error_json("UnknownOperationException")), not_understood},
      {answer(400, error_json("com.amazon.coral.service#UnknownOperationException")), not_understood},
      {answer(400, error_json("SerializationException")), not_understood},
      {answer(400, error_cbor("SerializationException")), not_understood},  // kinesalite 3.3.0
      {answer(400, "<html><h1>400 Bad Request</h1></html>"), not_understood},
      {answer(400, ""), not_understood},
      {answer(405, "Method Not Allowed"), not_understood},
      {answer(406, ""), not_understood},
      {answer(501, "<html></html>"), not_understood},
      {answer(200, "{}"), not_understood},
      {answer(403, "<html>blocked by policy</html>"), doubtful},
      {answer(500, "<!doctype html><title>500 Internal Server Error</title>"), doubtful},  // moto
      {answer(502, "<html>Bad Gateway</html>"), doubtful},                                 // LocalStack of 2018
      {answer(503, ""), doubtful},
      {answer(400, error_json("ValidationException")), doubtful},
      {answer(400, error_json("InvalidArgumentException")), doubtful},
      {answer(400, error_json("ResourceNotFoundException")), doubtful},
      {fault(TransportFault::reset), doubtful},
      {fault(TransportFault::timeout), doubtful},
      {answer(400, error_cbor("ValidationException")), understood},
      {answer(400, error_cbor("ResourceNotFoundException")), understood},
      {answer(400, error_cbor("AccessDeniedException")), unknown},
      {answer(400, error_json("AccessDeniedException")), unknown},
      {answer(400, error_json("ExpiredTokenException")), unknown},
      {answer(400, error_json("ProvisionedThroughputExceededException")), unknown},
      {answer(400, error_json("LimitExceededException")), unknown},
      {answer(400, error_json("KMSAccessDeniedException")), unknown},
      {answer(500, error_json("InternalFailure")), unknown},
      {answer(503, error_cbor("ServiceUnavailable")), unknown},
      {answer(407, "<html>Proxy Authentication Required</html>"), unknown},
      {answer(413, "<html>Request Entity Too Large</html>"), unknown},
      {answer(429, ""), unknown},
      {fault(TransportFault::resolve), unknown},
      {fault(TransportFault::connect), unknown},
      {fault(TransportFault::tls), unknown},
      {fault(TransportFault::proxy), unknown},
  };
  for (const VerdictCase& each : cases)
    EXPECT_EQ(cbor_verdict(each.response, false), each.expected)
        << each.response.status << " " << each.response.body << " fault " << static_cast<int>(each.response.fault);
  EXPECT_EQ(cbor_verdict(answer(200, "…"), true), understood);
}

constexpr std::int64_t kNow_us = 1'000'000;

TEST(WireFormatChooser, sends_cbor_from_the_first_answer_on_that_understood_it) {
  WireFormatChooser chooser(WireFormatSetting::automatic);
  EXPECT_EQ(chooser.current(), WireFormat::json);
  EXPECT_EQ(chooser.next(kNow_us), WireFormat::cbor);
  EXPECT_EQ(chooser.next(kNow_us), WireFormat::json) << "one probe at a time";
  EXPECT_EQ(chooser.answered(WireFormat::json, answer(200, "…"), true, kNow_us), Use::judge);
  EXPECT_EQ(chooser.next(kNow_us), WireFormat::json) << "an answer to JSON says nothing of CBOR";
  EXPECT_EQ(chooser.answered(WireFormat::cbor, answer(200, "…"), true, kNow_us), Use::judge);
  for (int call = 0; call < 3; ++call) EXPECT_EQ(chooser.next(kNow_us), WireFormat::cbor);
  EXPECT_EQ(chooser.current(), WireFormat::cbor);
}

TEST(WireFormatChooser, sends_json_for_an_hour_after_a_refusal_and_the_refused_records_at_once) {
  WireFormatChooser chooser(WireFormatSetting::automatic);
  ASSERT_EQ(chooser.next(kNow_us), WireFormat::cbor);
  EXPECT_EQ(chooser.answered(WireFormat::cbor, answer(415, ""), false, kNow_us), Use::send_again_as_json);
  EXPECT_EQ(chooser.next(kNow_us), WireFormat::json);
  EXPECT_EQ(chooser.next(kNow_us + kCborRefusedUs - 1), WireFormat::json);
  EXPECT_EQ(chooser.next(kNow_us + kCborRefusedUs), WireFormat::cbor);
  EXPECT_EQ(chooser.next(kNow_us + kCborRefusedUs), WireFormat::json);
}

TEST(WireFormatChooser, judges_no_record_by_a_doubtful_answer_and_probes_again_after_a_minute) {
  for (const HttpResponse& response :
       {answer(400, error_json("ValidationException")), answer(500, "<html></html>"), answer(403, "<html></html>")}) {
    WireFormatChooser chooser(WireFormatSetting::automatic);
    ASSERT_EQ(chooser.next(kNow_us), WireFormat::cbor);
    EXPECT_EQ(chooser.answered(WireFormat::cbor, response, false, kNow_us), Use::send_again_as_json);
    EXPECT_EQ(chooser.next(kNow_us + kCborDoubtfulUs - 1), WireFormat::json);
    EXPECT_EQ(chooser.next(kNow_us + kCborDoubtfulUs), WireFormat::cbor);
  }
}

TEST(WireFormatChooser, counts_a_call_that_may_have_been_delivered_as_a_failure_and_goes_on_in_json) {
  for (const HttpResponse& response :
       {fault(TransportFault::timeout), fault(TransportFault::reset), answer(200, "{}")}) {
    WireFormatChooser chooser(WireFormatSetting::automatic);
    ASSERT_EQ(chooser.next(kNow_us), WireFormat::cbor);
    EXPECT_EQ(chooser.answered(WireFormat::cbor, response, false, kNow_us), Use::judge);
    EXPECT_EQ(chooser.next(kNow_us), WireFormat::json);
  }
}

TEST(WireFormatChooser, probes_again_with_the_next_call_when_the_answer_was_not_about_the_form) {
  WireFormatChooser chooser(WireFormatSetting::automatic);
  for (const HttpResponse& response :
       {answer(400, error_json("ExpiredTokenException")), answer(429, ""), fault(TransportFault::connect)}) {
    ASSERT_EQ(chooser.next(kNow_us), WireFormat::cbor);
    EXPECT_EQ(chooser.answered(WireFormat::cbor, response, false, kNow_us), Use::judge);
  }
}

TEST(WireFormatChooser, stays_with_cbor_through_outages_and_refused_records_once_it_was_understood) {
  WireFormatChooser chooser(WireFormatSetting::automatic);
  chooser.next(kNow_us);
  chooser.answered(WireFormat::cbor, answer(200, "…"), true, kNow_us);
  for (const HttpResponse& response : {answer(502, "<html></html>"), answer(400, error_json("ValidationException")),
                                       fault(TransportFault::reset), answer(400, error_cbor("ThrottlingException"))}) {
    EXPECT_EQ(chooser.answered(WireFormat::cbor, response, false, kNow_us), Use::judge);
    EXPECT_EQ(chooser.next(kNow_us), WireFormat::cbor);
  }
}

// A firewall that came to be in front of it, or an implementation that answers 500 to what it does not know: nothing
// would ever be delivered in CBOR again.
TEST(WireFormatChooser, leaves_cbor_when_no_answer_shows_any_more_that_it_is_understood) {
  for (const HttpResponse& response : {answer(403, "<html>blocked by policy</html>"), answer(500, "<html></html>"),
                                       answer(400, error_json("ValidationException"))}) {
    WireFormatChooser chooser(WireFormatSetting::automatic);
    chooser.next(kNow_us);
    chooser.answered(WireFormat::cbor, answer(200, "…"), true, kNow_us);
    for (std::uint32_t call = 1; call < kMostDoubtfulInARow; ++call)
      chooser.answered(WireFormat::cbor, response, false, kNow_us);
    chooser.answered(WireFormat::cbor, answer(200, "…"), true, kNow_us);
    for (std::uint32_t call = 0; call < kMostDoubtfulInARow; ++call) {
      EXPECT_EQ(chooser.next(kNow_us), WireFormat::cbor) << "an answer that was understood counts anew";
      EXPECT_EQ(chooser.answered(WireFormat::cbor, response, false, kNow_us), Use::judge);
    }
    EXPECT_EQ(chooser.next(kNow_us), WireFormat::json);
    EXPECT_EQ(chooser.next(kNow_us + kCborDoubtfulUs - 1), WireFormat::json);
    EXPECT_EQ(chooser.next(kNow_us + kCborDoubtfulUs), WireFormat::cbor);
  }
}

TEST(WireFormatChooser, leaves_cbor_when_another_implementation_answers_and_loses_no_call_that_was_in_flight) {
  WireFormatChooser chooser(WireFormatSetting::automatic);
  chooser.next(kNow_us);
  chooser.answered(WireFormat::cbor, answer(200, "…"), true, kNow_us);
  for (int call = 0; call < 3; ++call) ASSERT_EQ(chooser.next(kNow_us), WireFormat::cbor);
  const HttpResponse refused = answer(400, error_json("SerializationException"));
  EXPECT_EQ(chooser.answered(WireFormat::cbor, refused, false, kNow_us), Use::send_again_as_json);
  EXPECT_EQ(chooser.answered(WireFormat::cbor, refused, false, kNow_us + 5), Use::send_again_as_json);
  EXPECT_EQ(chooser.answered(WireFormat::cbor, answer(500, ""), false, kNow_us + 5), Use::send_again_as_json);
  EXPECT_EQ(chooser.next(kNow_us + 5), WireFormat::json);
  EXPECT_EQ(chooser.next(kNow_us + kCborRefusedUs), WireFormat::cbor);
}

// kinesalite 3.3.3 understands small calls and cuts the answers to large ones off.
TEST(WireFormatChooser, leaves_cbor_when_an_answer_does_not_fit_its_call) {
  WireFormatChooser chooser(WireFormatSetting::automatic);
  chooser.next(kNow_us);
  chooser.answered(WireFormat::cbor, answer(200, "…"), true, kNow_us);
  ASSERT_EQ(chooser.next(kNow_us), WireFormat::cbor);
  EXPECT_EQ(chooser.answered(WireFormat::cbor, answer(200, "cut short"), false, kNow_us), Use::judge);
  EXPECT_EQ(chooser.next(kNow_us), WireFormat::json);
  EXPECT_EQ(chooser.next(kNow_us + kCborDoubtfulUs), WireFormat::json);
}

TEST(WireFormatChooser, never_sends_cbor_when_told_so) {
  WireFormatChooser chooser(WireFormatSetting::json);
  for (int call = 0; call < 3; ++call) EXPECT_EQ(chooser.next(kNow_us + call * kCborRefusedUs), WireFormat::json);
}

}  // namespace
}  // namespace sluice::kinesis
