#include "kinesim/authentication.h"

#include <cstdlib>

#include "base/text.h"

namespace kinesim {
namespace {

constexpr const char* kInvalidToken = "The security token included in the request is invalid.";

// What the services call the same refusals.
struct Codes {
  const char* service;
  const char* missing;
  const char* missing_message;
  const char* incomplete;
  const char* unknown;
  const char* unknown_message;
  const char* bad_token;
  const char* expired;
  const char* mismatch;
  unsigned status_missing, status_incomplete, status, status_of_token;
};
constexpr Codes kKinesisCodes = {"kinesis",
                                 "MissingAuthenticationTokenException",
                                 "Missing Authentication Token",
                                 "IncompleteSignatureException",
                                 "UnrecognizedClientException",
                                 kInvalidToken,
                                 "UnrecognizedClientException",
                                 "ExpiredTokenException",
                                 "InvalidSignatureException",
                                 400,
                                 400,
                                 400,
                                 400};
constexpr Codes kStsCodes = {"sts",
                             "MissingAuthenticationToken",
                             "Request is missing Authentication Token",
                             "IncompleteSignature",
                             "InvalidClientTokenId",
                             kInvalidToken,
                             "InvalidClientTokenId",
                             "ExpiredToken",
                             "SignatureDoesNotMatch",
                             403,
                             403,
                             403,
                             403};
constexpr Codes kS3Codes = {"s3",
                            "AccessDenied",
                            "Access Denied",
                            "AuthorizationHeaderMalformed",
                            "InvalidAccessKeyId",
                            "The AWS Access Key Id you provided does not exist in our records.",
                            "InvalidToken",
                            "ExpiredToken",
                            "SignatureDoesNotMatch",
                            403,
                            400,
                            403,
                            400};

const Codes& codes_of(Service service) {
  switch (service) {
    case Service::kinesis:
      return kKinesisCodes;
    case Service::sts:
      return kStsCodes;
    case Service::s3:
      break;
  }
  return kS3Codes;
}

std::string minutes(std::int64_t ms) { return std::to_string(ms / 60'000) + " min."; }

ApiResult<void> check_time(std::string_view date, std::string_view scope_date, const Codes& codes,
                           const AuthenticationSettings& settings, std::int64_t now_ms) {
  const auto signed_ms = parse_amz_date(date);
  if (!signed_ms)
    return refuse(codes.incomplete,
                  "Date must be in ISO-8601 'basic format'. Got '" + std::string(date) +
                      "'. See http://en.wikipedia.org/wiki/ISO_8601",
                  codes.status_incomplete);
  if (scope_date != date.substr(0, 8))
    return refuse(codes.mismatch,
                  "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" +
                      std::string(scope_date) + "' != '" + std::string(date.substr(0, 8)) + "', from '" +
                      std::string(date) + "'.",
                  codes.status);
  if (codes.service == kS3Codes.service) {
    if (std::abs(*signed_ms - now_ms) <= settings.most_skew_of_s3_ms) return {};
    ApiError error{403, "RequestTimeTooSkewed",
                   "The difference between the request time and the current time is too large."};
    error.details = {{"RequestTime", std::string(date)}, {"ServerTime", sluice::iso_time_ms(now_ms)}};
    return tl::unexpected(std::move(error));
  }
  const std::string now = amz_date(now_ms);
  if (*signed_ms < now_ms - settings.most_skew_ms)
    return refuse(codes.mismatch,
                  "Signature expired: " + std::string(date) + " is now earlier than " +
                      amz_date(now_ms - settings.most_skew_ms) + " (" + now + " - " + minutes(settings.most_skew_ms) +
                      ")",
                  codes.status);
  if (*signed_ms > now_ms + settings.most_skew_ms)
    return refuse(codes.mismatch,
                  "Signature not yet current: " + std::string(date) + " is still later than " +
                      amz_date(now_ms + settings.most_skew_ms) + " (" + now + " + " + minutes(settings.most_skew_ms) +
                      ")",
                  codes.status);
  return {};
}

ApiResult<void> check_scope(const Authorization& authorization, const Codes& codes,
                            const AuthenticationSettings& settings) {
  if (authorization.service != codes.service)
    return refuse(codes.mismatch,
                  "Credential should be scoped to correct service: '" + std::string(codes.service) + "'.",
                  codes.status);
  if (authorization.region.empty() || (!settings.region.empty() && authorization.region != settings.region))
    return refuse(codes.mismatch,
                  "Credential should be scoped to a valid region, not '" + std::string(authorization.region) + "'.",
                  codes.status);
  return {};
}

ApiResult<void> check_signed_headers(const Request& request, const Authorization& authorization, const Codes& codes) {
  for (const std::string_view name : {"host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"}) {
    if (names_header(authorization.signed_headers, name)) continue;
    if (name == "x-amz-security-token" && !request.headers->find(name)) continue;
    if (name == "x-amz-content-sha256" && codes.service != kS3Codes.service) continue;
    return refuse(codes.mismatch, "'" + std::string(name) + "' must be a 'SignedHeader' in the AWS Authorization.",
                  codes.status);
  }
  return {};
}

}  // namespace

ApiResult<std::shared_ptr<const Principal>> authenticate(const Request& request, Service service,
                                                         const Directory& directory, SigningKeys& keys,
                                                         const AuthenticationSettings& settings, std::int64_t now_ms) {
  const Codes& codes = codes_of(service);
  const auto header = request.headers->find("authorization");
  if (!header) return refuse(codes.missing, codes.missing_message, codes.status_missing);
  const auto authorization = parse_authorization(*header);
  if (!authorization) return refuse(codes.incomplete, authorization.error().message, codes.status_incomplete);
  const std::string_view date = request.header("x-amz-date");
  if (date.empty())
    return refuse(codes.incomplete,
                  "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
                  codes.status_incomplete);

  auto principal = directory.find(authorization->access_key);
  if (!principal) return refuse(codes.unknown, codes.unknown_message, codes.status);
  if (!settings.verify) return principal;
  if (const auto ok = check_scope(*authorization, codes, settings); !ok) return tl::unexpected(ok.error());
  if (const auto ok = check_time(date, authorization->date, codes, settings, now_ms); !ok)
    return tl::unexpected(ok.error());
  if (!equal_secrets(request.header("x-amz-security-token"), principal->token))
    return refuse(codes.bad_token,
                  service == Service::s3 ? "The provided token is malformed or otherwise invalid." : kInvalidToken,
                  codes.status_of_token);
  if (const auto ok = check_signed_headers(request, *authorization, codes); !ok) return tl::unexpected(ok.error());

  const Sha256& key = keys.key(*authorization, principal->secret_key);
  if (!equal_secrets(expected_signature(request, *authorization, date, key), authorization->signature))
    return refuse(
        codes.mismatch,
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method. Consult the service documentation for details.",
        codes.status);
  if (principal->expires_ms != 0 && principal->expires_ms <= now_ms)
    return refuse(codes.expired,
                  service == Service::s3 ? "The provided token has expired."
                                         : "The security token included in the request is expired",
                  codes.status_of_token);
  return principal;
}

ApiResult<void> authorize(const Principal& principal, std::string_view action, std::string_view resource) {
  const auto denied = [&](std::string_view because) {
    return refuse("AccessDeniedException", "User: " + principal.arn +
                                               " is not authorized to perform: " + std::string(action) +
                                               " on resource: " + std::string(resource) + " " + std::string(because));
  };
  const std::string name(action);
  for (const auto& [policy, kind] :
       {std::pair{&principal.policy, "identity-based"}, {&principal.session_policy, "session"}}) {
    if (!*policy) continue;
    switch ((*policy)->judge(action, resource)) {
      case Verdict::allowed:
        break;
      case Verdict::denied:
        return denied(std::string("with an explicit deny in a") + (kind[0] == 'i' ? "n " : " ") + kind + " policy");
      case Verdict::not_allowed:
        return denied("because no " + std::string(kind) + " policy allows the " + name + " action");
    }
  }
  return {};
}

}  // namespace kinesim
