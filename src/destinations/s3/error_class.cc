#include "destinations/s3/error_class.h"

#include <algorithm>
#include <array>

namespace sluice::s3 {
namespace {

struct Row {
  std::string_view code;
  ErrorClass error_class;
};
constexpr std::array kRows = {
    Row{"SlowDown", ErrorClass::throttle},
    Row{"Throttling", ErrorClass::throttle},
    Row{"ThrottlingException", ErrorClass::throttle},
    Row{"RequestLimitExceeded", ErrorClass::throttle},
    Row{"TooManyRequests", ErrorClass::throttle},
    Row{"KMS.ThrottlingException", ErrorClass::throttle},
    Row{"InternalError", ErrorClass::transient},
    Row{"ServiceUnavailable", ErrorClass::transient},
    Row{"RequestTimeout", ErrorClass::transient},
    Row{"IncompleteBody", ErrorClass::transient},
    Row{"OperationAborted", ErrorClass::transient},
    Row{"ConditionalRequestConflict", ErrorClass::transient},  // 409: two PUTs at once, ours of before a restart
    Row{"KMS.InternalException", ErrorClass::transient},
    Row{"KMS.DependencyTimeoutException", ErrorClass::transient},
    Row{"ExpiredToken", ErrorClass::credentials},
    Row{"TokenRefreshRequired", ErrorClass::credentials},
    Row{"InvalidToken", ErrorClass::credentials},
    Row{"InvalidAccessKeyId", ErrorClass::credentials},
    Row{"BadRequest", ErrorClass::credentials},  // of a HEAD: as S3 answers it for a token that is not taken
    Row{"SignatureDoesNotMatch", ErrorClass::credentials},
    Row{"InvalidSecurity", ErrorClass::credentials},
    Row{"RequestTimeTooSkewed", ErrorClass::clock},
    Row{"RequestExpired", ErrorClass::clock},
    Row{"BadDigest", ErrorClass::bytes},
    Row{"XAmzContentSHA256Mismatch", ErrorClass::bytes},
    Row{"XAmzContentChecksumMismatch", ErrorClass::bytes},
    Row{"address_forbidden", ErrorClass::setup},
    Row{"proxy_credentials", ErrorClass::setup},  // codes of read_answer(), for what a proxy on the way answers
    Row{"proxy_refused", ErrorClass::setup},
};

}  // namespace

std::string_view error_class_name(ErrorClass error_class) {
  constexpr std::array<std::string_view, 6> kNames = {"throttle", "transient", "credentials",
                                                      "clock",    "bytes",     "setup"};
  return kNames[static_cast<std::size_t>(error_class)];
}

ErrorClass classify(const ObjectAnswer& answer) {
  const auto* row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& each) { return each.code == answer.code; });
  if (row != kRows.end()) return row->error_class;
  if (answer.fault != http_client::TransportFault::none) return ErrorClass::transient;
  const int status = answer.status;
  if (status == 429 || status == 503) return ErrorClass::throttle;
  if (status == 408 || (status >= 500 && status != 501)) return ErrorClass::transient;
  // AWS's other codes: NoSuchBucket, AccessDenied, PermanentRedirect, KMS.DisabledException, InvalidRequest, …
  if (status >= 300) return ErrorClass::setup;
  return ErrorClass::transient;  // an answer that fits no call
}

}  // namespace sluice::s3
