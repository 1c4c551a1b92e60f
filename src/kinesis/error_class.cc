#include "kinesis/error_class.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/utf8.h"
#include "kinesis/error_body.h"

namespace sluice::kinesis {
namespace {

struct Row {
  std::string_view code;  // without a trailing "Exception"
  ErrorClass error_class;
};
constexpr std::array kRows = {
    Row{"ProvisionedThroughputExceeded", ErrorClass::throttle},
    Row{"LimitExceeded", ErrorClass::throttle},
    Row{"RequestLimitExceeded", ErrorClass::throttle},
    Row{"TooManyRequests", ErrorClass::throttle},
    Row{"SlowDown", ErrorClass::throttle},
    Row{"KMSThrottling", ErrorClass::throttle},
    Row{"InternalFailure", ErrorClass::transient},
    Row{"InternalError", ErrorClass::transient},
    Row{"InternalServerError", ErrorClass::transient},
    Row{"ServiceUnavailable", ErrorClass::transient},
    Row{"RequestTimeout", ErrorClass::transient},
    Row{"ExpiredToken", ErrorClass::credentials},
    Row{"UnrecognizedClient", ErrorClass::credentials},
    Row{"InvalidClientTokenId", ErrorClass::credentials},
    Row{"InvalidSignature", ErrorClass::credentials},
    Row{"SignatureDoesNotMatch", ErrorClass::credentials},
    Row{"IncompleteSignature", ErrorClass::credentials},
    Row{"MissingAuthenticationToken", ErrorClass::credentials},
    Row{"RequestExpired", ErrorClass::credentials},
    Row{"RequestTimeTooSkewed", ErrorClass::credentials},
    Row{"RequestInTheFuture", ErrorClass::credentials},
    Row{"AccessDenied", ErrorClass::setup},
    Row{"NotAuthorized", ErrorClass::setup},
    Row{"OptInRequired", ErrorClass::setup},
    Row{"ResourceNotFound", ErrorClass::setup},
    Row{"ResourceInUse", ErrorClass::setup},
    Row{"KMSAccessDenied", ErrorClass::setup},
    Row{"KMSDisabled", ErrorClass::setup},
    Row{"KMSInvalidState", ErrorClass::setup},
    Row{"KMSNotFound", ErrorClass::setup},
    Row{"KMSOptInRequired", ErrorClass::setup},
    Row{"UnknownOperation", ErrorClass::setup},
    Row{"proxy_credentials", ErrorClass::setup},  // codes of call_error(), for what a proxy on the way answers
    Row{"proxy_refused", ErrorClass::setup},
    Row{"Validation", ErrorClass::poison},
    Row{"InvalidArgument", ErrorClass::poison},
    Row{"Serialization", ErrorClass::poison},
};

// A refusal that speaks of the stream's name or ARN is about the settings, not about a record.
bool blames_stream(std::string_view message) {
  for (const std::string_view word : {"'streamName'", "'streamARN'", "StreamName", "StreamARN", "Stream ARN"})
    if (message.find(word) != std::string_view::npos) return true;
  return false;
}

std::string_view fault_code(http_client::TransportFault fault) {
  switch (fault) {
    case http_client::TransportFault::resolve:
      return "cannot_resolve";
    case http_client::TransportFault::connect:
    case http_client::TransportFault::forbidden:
      return "cannot_connect";
    case http_client::TransportFault::tls:
      return "tls_failed";
    case http_client::TransportFault::proxy:
      return "proxy_failed";
    case http_client::TransportFault::timeout:
      return "timeout";
    case http_client::TransportFault::reset:
      return "connection_reset";
    case http_client::TransportFault::none:
    case http_client::TransportFault::other:
      break;
  }
  return "transport_failed";
}

}  // namespace

std::string_view error_class_name(ErrorClass error_class) {
  constexpr std::array<std::string_view, 5> kNames = {"throttle", "transient", "credentials", "setup", "poison"};
  return kNames[static_cast<std::size_t>(error_class)];
}

std::string_view bare_error_name(std::string_view name) {
  // The suffix may hold a '#' of its own.
  if (const auto colon = name.find(':'); colon != std::string_view::npos) name = name.substr(0, colon);
  if (const auto hash = name.rfind('#'); hash != std::string_view::npos) name.remove_prefix(hash + 1);
  return name;
}

CallError call_error(const http_client::HttpResponse& response) {
  CallError error;
  error.fault = response.fault;
  error.status = response.status;
  if (response.fault != http_client::TransportFault::none) {
    error.code = fault_code(response.fault);
    if (!http_client::proxy_remedy(response.proxy_status).empty()) {
      error.status = response.proxy_status;
      error.code = response.proxy_status == 407 ? "proxy_credentials" : "proxy_refused";
    }
    error.message = response.fault_text;
    return error;
  }
  error.request_id = response.header("x-amzn-requestid");
  error.code = bare_error_name(response.header("x-amzn-errortype"));
  const ErrorBody body = read_error_body(response.body).value_or(ErrorBody{});
  if (error.code.empty()) error.code = bare_error_name(body.type);
  error.message = body.message;
  if (error.code.empty())
    error.code = response.status == 407 ? "proxy_credentials" : "http_" + std::to_string(response.status);
  // A proxy's or load balancer's page: its first words show who answered.
  if (error.message.empty()) error.message = printable(shown_words(response.body, 200));
  return error;
}

ErrorClass classify(http_client::TransportFault fault, int status, std::string_view code, std::string_view message) {
  std::string_view name = code;
  if (constexpr std::string_view kSuffix = "Exception"; name.ends_with(kSuffix)) name.remove_suffix(kSuffix.size());
  const auto* row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& each) { return each.code == name; });
  if (row != kRows.end()) {
    return row->error_class == ErrorClass::poison && blames_stream(message) ? ErrorClass::setup : row->error_class;
  }
  if (fault != http_client::TransportFault::none) return ErrorClass::transient;
  if (name.starts_with("Throttl")) return ErrorClass::throttle;
  if (status == 429) return ErrorClass::throttle;
  if (status == 413) return ErrorClass::poison;
  if (status == 401 || status == 403 || status == 404 || status == 405 || status == 407) return ErrorClass::setup;
  return ErrorClass::transient;
}

}  // namespace sluice::kinesis
