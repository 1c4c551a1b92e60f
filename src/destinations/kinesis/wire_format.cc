#include "destinations/kinesis/wire_format.h"

#include <algorithm>
#include <array>

#include "destinations/kinesis/cbor_reader.h"
#include "destinations/kinesis/error_class.h"

namespace sluice::kinesis {
namespace {

constexpr int kOk = 200;
constexpr std::array kRefusesForm = {"SerializationException", "UnknownOperationException",
                                     "UnsupportedMediaTypeException", "UnsupportedOperationException"};
// Of 4xx without an error of Kinesis. 403 is not among them: proxies that allow nothing answer so too.
constexpr std::array kSameForBothForms = {401, 407, 408, 413, 421, 425, 429};

// An implementation that reads nothing from a body in CBOR misses the records or the stream's name in it.
bool may_have_read_nothing(const destinations::CallError& error) {
  return error.code == "ResourceNotFoundException" ||
         classify(error.fault, error.status, error.code, {}) == destinations::ErrorClass::poison;
}

CborVerdict verdict_of_page(int status) {
  if (std::find(kSameForBothForms.begin(), kSameForBothForms.end(), status) != kSameForBothForms.end())
    return CborVerdict::unknown;
  if (status == 403 || (status >= 500 && status != 501)) return CborVerdict::doubtful;
  return CborVerdict::not_understood;
}

}  // namespace

std::string_view wire_format_name(WireFormat format) { return format == WireFormat::cbor ? "cbor" : "json"; }

std::string_view content_type(WireFormat format) {
  return format == WireFormat::cbor ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1";
}

CborVerdict cbor_verdict(const http_client::HttpResponse& response, bool fits_call) {
  using http_client::TransportFault;
  if (response.fault != TransportFault::none)
    return response.fault == TransportFault::reset || response.fault == TransportFault::timeout ? CborVerdict::doubtful
                                                                                                : CborVerdict::unknown;
  if (response.status == kOk) return fits_call ? CborVerdict::understood : CborVerdict::not_understood;
  if (response.status == 415) return CborVerdict::not_understood;
  const destinations::CallError error = call_error(response);
  if (error.code.starts_with("http_") || error.code.starts_with("proxy_")) return verdict_of_page(response.status);
  if (std::find(kRefusesForm.begin(), kRefusesForm.end(), error.code) != kRefusesForm.end())
    return CborVerdict::not_understood;
  if (!may_have_read_nothing(error)) return CborVerdict::unknown;
  return looks_like_cbor(response.body) ? CborVerdict::understood : CborVerdict::doubtful;
}

WireFormat WireFormatChooser::next(std::int64_t now_us) {
  if (setting_ == WireFormatSetting::json) return WireFormat::json;
  if (state_ == State::json && now_us >= probe_at_us_) {
    state_ = State::probing;
    return WireFormat::cbor;
  }
  return current();
}

void WireFormatChooser::use_json(std::int64_t probe_at_us) {
  state_ = State::json;
  probe_at_us_ = probe_at_us;
  doubtful_ = 0;
}

WireFormatChooser::Use WireFormatChooser::answered(WireFormat format, const http_client::HttpResponse& response,
                                                   bool fits_call, std::int64_t now_us) {
  if (format == WireFormat::json) return Use::judge;
  const State before = state_;
  // Such a call is an ordinary failure.
  const bool may_be_delivered = response.fault != http_client::TransportFault::none || response.status == kOk;
  switch (cbor_verdict(response, fits_call)) {
    case CborVerdict::understood:
      if (before == State::probing) state_ = State::cbor;
      doubtful_ = 0;
      return Use::judge;
    case CborVerdict::not_understood:
      if (before != State::json) use_json(now_us + kCborRefusedUs);
      return may_be_delivered ? Use::judge : Use::send_again_as_json;
    case CborVerdict::doubtful:
      if (before == State::cbor) {
        if (++doubtful_ >= kMostDoubtfulInARow) use_json(now_us + kCborDoubtfulUs);
        return Use::judge;
      }
      if (before == State::probing) use_json(now_us + kCborDoubtfulUs);
      return may_be_delivered ? Use::judge : Use::send_again_as_json;
    case CborVerdict::unknown:
      if (before == State::probing) use_json(now_us);
      return Use::judge;
  }
  return Use::judge;
}

}  // namespace sluice::kinesis
