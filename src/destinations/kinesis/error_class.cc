#include "destinations/kinesis/error_class.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "destinations/kinesis/error_body.h"

namespace sluice::kinesis {
namespace {

using destinations::ErrorClass;

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
    Row{"proxy_credentials", ErrorClass::setup},  // codes of error_of_fault()
    Row{"proxy_refused", ErrorClass::setup},
    Row{"address_forbidden", ErrorClass::setup},
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

}  // namespace

std::string_view bare_error_name(std::string_view name) {
  // The suffix may hold a '#' of its own.
  if (const auto colon = name.find(':'); colon != std::string_view::npos) name = name.substr(0, colon);
  if (const auto hash = name.rfind('#'); hash != std::string_view::npos) name.remove_prefix(hash + 1);
  return name;
}

destinations::CallError call_error(const http_client::HttpResponse& response) {
  if (response.fault != http_client::TransportFault::none) return destinations::error_of_fault(response);
  destinations::CallError error;
  error.status = response.status;
  error.request_id = response.header("x-amzn-requestid");
  error.code = bare_error_name(response.header("x-amzn-errortype"));
  const ErrorBody body = read_error_body(response.body).value_or(ErrorBody{});
  if (error.code.empty()) error.code = bare_error_name(body.type);
  error.message = body.message;
  if (error.code.empty())
    error.code = response.status == 407 ? "proxy_credentials" : "http_" + std::to_string(response.status);
  if (error.message.empty()) error.message = destinations::words_of_body(response.body);
  return error;
}

destinations::ErrorClass classify(http_client::TransportFault fault, int status, std::string_view code,
                                  std::string_view message) {
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
  if (status >= 300 && status < 400) return ErrorClass::setup;  // not followed
  if (status == 401 || status == 403 || status == 404 || status == 405 || status == 407) return ErrorClass::setup;
  return ErrorClass::transient;
}

std::optional<std::size_t> record_named_in(std::string_view message) {
  constexpr std::string_view kBefore = "records.";
  constexpr std::string_view kAfter = ".member";
  const auto at = message.find(kBefore);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = message.substr(at + kBefore.size());
  std::size_t number = 0;
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  const std::string_view after(parsed.ptr, static_cast<std::size_t>(rest.data() + rest.size() - parsed.ptr));
  if (parsed.ec != std::errc() || number == 0 || !after.starts_with(kAfter)) return std::nullopt;
  return number - 1;
}

}  // namespace sluice::kinesis
