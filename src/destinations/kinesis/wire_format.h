// In which form PutRecords is sent: CBOR, which saves a quarter of the bytes and the base64, or JSON, which every
// implementation of Kinesis understands. Pure: the caller brings answers and the time.
//
// With the setting `automatic`, the first call is a probe in CBOR; until its answer comes the others go as JSON. A
// probe that is understood makes CBOR the form of all calls. One that is not makes JSON the form of all calls until the
// next probe. Nothing is lost or judged by an answer to CBOR that is not understood: the call's records are sent again
// at once, in JSON, and what JSON's answer says counts.
//
// How implementations answer a CBOR call:
//   - Kinesis: CBOR, errors too; now and then an error in JSON from what stands before it
//     (https://github.com/aws/aws-sdk-java-v2/issues/1595)
//   - kinesim, kinesis-local (kinesis-mock): CBOR
//   - kinesalite 3.3: CBOR, but an answer is cut off after 16 KiB, as of some 160 records on: seen with 3.3.3. A 200
//     that does not fit its call therefore ends CBOR, or the same records would be sent for ever
//   - kinesalite before 3.3: 404 <UnknownOperationException/> (https://github.com/mhart/kinesalite/issues/31), or 400
//     SerializationException from a version that reads some of it (https://github.com/mhart/kinesalite/issues/101)
//   - LocalStack: CBOR; old versions 404 or 502 (https://github.com/localstack/localstack/issues/87 and 592). One of
//     July 2024 took CBOR and stored other bytes than were sent (https://github.com/localstack/localstack/pull/11220):
//     no answer shows that
//   - Floci: CBOR; old versions 415 (https://github.com/floci-io/floci/pull/457)
//   - moto: 500 with an HTML page (https://github.com/getmoto/moto/issues/9905)
//   - a proxy or firewall that knows JSON alone: 400, 403, 406, 415 or 501 with a page of its own
#pragma once

#include <cstdint>
#include <string_view>

#include "http_client/http_transport.h"

namespace sluice::kinesis {

enum class WireFormat : std::uint8_t { json, cbor };
std::string_view wire_format_name(WireFormat format);  // "json", "cbor"
std::string_view content_type(WireFormat format);      // of requests and their answers

// What an answer to a call in CBOR says of CBOR.
enum class CborVerdict : std::uint8_t {
  understood,      // 200 with an answer that fits the call, or an error in CBOR about what was sent
  not_understood,  // refused as a form, or by something that does not know Kinesis's errors; a 200 that does not fit
  doubtful,        // what an implementation without CBOR may answer, and also what JSON may get
  unknown,         // throttling, credentials, size, no connection: both forms get the same
};
// `fits_call` of a 200: PutRecordsAnswerParser could read it.
CborVerdict cbor_verdict(const http_client::HttpResponse& response, bool fits_call);

// How long JSON is used before CBOR is tried again: after a clear refusal, since implementations do not change often,
// and after a doubtful answer, which Kinesis itself gives during an outage or for a record that it refuses.
inline constexpr std::int64_t kCborRefusedUs = 3'600'000'000;
inline constexpr std::int64_t kCborDoubtfulUs = 60'000'000;

// Doubtful answers in a row after which CBOR that was understood is held to be so no more: another implementation, or a
// proxy that knows JSON alone, may stand there now. An outage of Kinesis then costs a minute of JSON.
inline constexpr std::uint32_t kMostDoubtfulInARow = 4;

// There is no setting for CBOR alone: with an endpoint that does not know it, events would be judged by answers that
// are about the form.
enum class WireFormatSetting : std::uint8_t { automatic, json };

// One thread.
class WireFormatChooser {
 public:
  explicit WireFormatChooser(WireFormatSetting setting) : setting_(setting) {}

  // The form of the call that is sent now. Report every call with answered(), or there is no second probe.
  WireFormat next(std::int64_t now_us);
  enum class Use : std::uint8_t {
    judge,               // what the answer says counts
    send_again_as_json,  // it says nothing of the records and of the stream: send them again at once
  };
  // A call in `format` has ended, with an answer or a fault.
  Use answered(WireFormat format, const http_client::HttpResponse& response, bool fits_call, std::int64_t now_us);

  // For status and log: the form of all calls but a probe.
  WireFormat current() const { return state_ == State::cbor ? WireFormat::cbor : WireFormat::json; }

 private:
  enum class State : std::uint8_t { json, probing, cbor };
  void use_json(std::int64_t probe_at_us);

  const WireFormatSetting setting_;
  State state_ = State::json;
  std::int64_t probe_at_us_ = 0;  // in state json; steady clock
  std::uint32_t doubtful_ = 0;    // in state cbor: answers since the last that was understood
};

}  // namespace sluice::kinesis
