#include "aws/sts.h"

#include <algorithm>
#include <array>

#include "aws/arn.h"
#include "aws/xml_text.h"
#include "base/text.h"
#include "base/time_text.h"
#include "http_client/blocking_http.h"

namespace sluice::aws {

namespace {

constexpr std::int64_t kConnectTimeoutMs = 5'000;
constexpr std::int64_t kTimeoutMs = 15'000;
constexpr std::size_t kMaxSessionPolicy = 2048;

// application/x-www-form-urlencoded, with %20 for spaces as AWS's own tools write it.
void form_add(std::string& form, std::string_view name, std::string_view value) {
  if (!form.empty()) form += '&';
  form += name;
  form += '=';
  form += percent_encoded(value);
}

std::string form_of(std::string_view action) {
  std::string form;
  form_add(form, "Action", action);
  form_add(form, "Version", "2011-06-15");
  return form;
}

void form_add_role(std::string& form, const AssumeRole& role) {
  form_add(form, "RoleArn", role.role_arn);
  form_add(form, "RoleSessionName", session_name_from(role.role_session_name));
  form_add(form, "DurationSeconds", std::to_string(role.duration_s));
  if (!role.session_policy.empty()) form_add(form, "Policy", role.session_policy);
}

std::string form_of_role(const AssumeRole& role) {
  std::string form = form_of("AssumeRole");
  form_add_role(form, role);
  if (!role.external_id.empty()) form_add(form, "ExternalId", role.external_id);
  return form;
}

CredentialsNote policy_left_out() {
  return {"session_policy_left_out",
          "The role was assumed without the session policy that limits it to the destination's stream: AWS finds the "
          "policies and tags of the session too large together.",
          "No action needed. The role's own permission policy is what limits it."};
}

std::optional<CredentialsError> fault_of_settings(const AssumeRole& role) {
  const auto invalid = [](std::string message) {
    CredentialsError error{CredentialsError::Kind::denied, "", std::move(message), ""};
    error.of_role = true;
    return error;
  };
  if (const auto arn = parse_role_arn(role.role_arn); !arn) return invalid(arn.error().message);
  if (!role.external_id.empty()) {
    if (const auto checked = check_external_id(role.external_id); !checked) return invalid(checked.error().message);
  }
  return std::nullopt;
}

// Every role allows it, reached through another role or not.
constexpr std::int64_t kShortSession_s = 3600;

bool asks_to_wait(int status, std::string_view code) {
  static constexpr std::array<std::string_view, 8> kCodes = {
      "Throttling",      "ThrottlingException", "RequestLimitExceeded", "IDPCommunicationError",
      "InternalFailure", "ServiceUnavailable",  "ExpiredToken",         "TooManyRequestsException"};
  return status >= 500 || status == 429 || status == 408 ||
         std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

std::string remedy_of(std::string_view code, std::string_view message, const AssumeRole& role) {
  if (code == "AccessDenied") {
    if (message.find("identity-based policy") != std::string_view::npos)
      return "Allow sts:AssumeRole on " + role.role_arn + " to that identity.";
    return "The trust policy of " + role.role_arn + " must allow sts:AssumeRole to the identity that assumes it" +
           std::string(role.external_id.empty() ? "" : ", with the external id " + role.external_id) +
           ", and that identity must itself be allowed sts:AssumeRole on the role.";
  }
  if (code == "RegionDisabledException")
    return "An administrator must activate STS for this region in the AWS account.";
  if (code == "PackedPolicyTooLarge")
    return "The session tags that the identity passes on are too long for STS together: shorten them, or make fewer "
           "of them transitive.";
  if (blames_caller(code)) return "Check that the access key exists, is active, and that its secret is right.";
  return {};
}

std::string remedy_of_web_identity(std::string_view code, const AssumeRole& role) {
  if (code.starts_with("ExpiredToken"))
    return "The token in AWS_WEB_IDENTITY_TOKEN_FILE has expired, so nothing renews the file. In Kubernetes, restart "
           "the "
           "pod, and check that the token is a projected service account token.";
  if (code == "InvalidIdentityToken" || code == "IDPRejectedClaim")
    return "Check that the token's issuer is registered as an OIDC provider in IAM, and that the token's audience is "
           "sts.amazonaws.com.";
  if (code == "AccessDenied")
    return "The trust policy of " + role.role_arn +
           " must name the cluster's OIDC provider and this service account, with sts:AssumeRoleWithWebIdentity.";
  return "Check AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE.";
}

// What STS answers to a session that is longer than the role allows, or than an hour for a role that was reached
// through a role.
bool refuses_duration(const CredentialsError& error) {
  return error.code == "ValidationError" && error.message.find("DurationSeconds") != std::string::npos &&
         error.message.find("exceeds") != std::string::npos;
}

// What STS knows of the role that is assumed: once a session policy did not fit, or the duration.
enum class Shortened : std::uint8_t { none, policy, duration };

Shortened shorten(AssumeRole& role, const CredentialsError& error) {
  if (error.code.starts_with("PackedPolicyTooLarge") && !role.session_policy.empty()) {
    role.session_policy.clear();
    return Shortened::policy;
  }
  if (refuses_duration(error) && role.duration_s > kShortSession_s) {
    role.duration_s = kShortSession_s;
    return Shortened::duration;
  }
  return Shortened::none;
}

}  // namespace

bool blames_caller(std::string_view code) {
  static constexpr std::array<std::string_view, 6> kCodes = {"InvalidClientTokenId", "SignatureDoesNotMatch",
                                                             "IncompleteSignature",  "MissingAuthenticationToken",
                                                             "UnrecognizedClient",   "ExpiredToken"};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

std::string principal_of(std::string_view caller_arn) {
  const std::size_t sts = caller_arn.find(":sts::");
  const std::size_t role = caller_arn.find(":assumed-role/");
  if (sts == std::string_view::npos || role == std::string_view::npos || role < sts) return std::string(caller_arn);
  std::string_view name = caller_arn.substr(role + std::string_view(":assumed-role/").size());
  name = name.substr(0, name.find('/'));
  return std::string(caller_arn.substr(0, sts)) + ":iam::" + std::string(caller_arn.substr(sts + 6, role - sts - 6)) +
         ":role/" + std::string(name);
}

// Keys of KMS are left to the role's own policy: the stream's key is not known here, and the session can only do what
// the role may.
StsClient::StsClient(http_client::HttpTransport& transport, const Clock& clock, std::string endpoint,
                     std::string region)
    : transport_(transport), clock_(clock), endpoint_(std::move(endpoint)), region_(std::move(region)) {}

CredentialsResult<Credentials> StsClient::assume_role(const Credentials& as, const AssumeRole& wanted) {
  if (auto fault = fault_of_settings(wanted)) return tl::unexpected(std::move(*fault));
  AssumeRole role = wanted;
  if (role.session_policy.size() > kMaxSessionPolicy) role.session_policy.clear();
  CredentialsResult<std::string> xml = call(form_of_role(role), &as);
  // Both at most: the policy that does not fit, and the duration.
  while (!xml && shorten(role, xml.error()) != Shortened::none) xml = call(form_of_role(role), &as);
  if (!xml) {
    CredentialsError error = std::move(xml.error());
    error.of_role = error.kind == CredentialsError::Kind::denied && !blames_caller(error.code) &&
                    !error.code.starts_with("proxy_") && error.code != "PackedPolicyTooLarge";
    if (error.remedy.empty()) error.remedy = remedy_of(error.code, error.message, role);
    error.message = blames_caller(error.code) ? "AWS STS refuses Sluice's own credentials, which come from " +
                                                    as.source + ": " + error.message
                                              : "Could not assume the role " + role.role_arn + ": " + error.message;
    return tl::unexpected(std::move(error));
  }
  CredentialsResult<Credentials> credentials = credentials_of_answer(*xml, answer_offset_ms_);
  if (!credentials) return credentials;
  credentials->source = "role " + role.role_arn;
  if (role.session_policy.empty() && !wanted.session_policy.empty()) credentials->notes.push_back(policy_left_out());
  return credentials;
}

CredentialsResult<Credentials> StsClient::assume_role_with_web_identity(const AssumeRole& wanted,
                                                                        std::string_view token) {
  if (auto fault = fault_of_settings(wanted)) {
    fault->of_role = false;  // Sluice's own
    return tl::unexpected(std::move(*fault));
  }
  AssumeRole role = wanted;
  const auto form = [&] {
    std::string text = form_of("AssumeRoleWithWebIdentity");
    form_add_role(text, role);
    form_add(text, "WebIdentityToken", token);
    return text;
  };
  CredentialsResult<std::string> xml = call(form(), nullptr);
  while (!xml && shorten(role, xml.error()) != Shortened::none) xml = call(form(), nullptr);
  if (!xml) {
    CredentialsError error = std::move(xml.error());
    if (error.code.starts_with("ExpiredToken"))
      error.kind = CredentialsError::Kind::denied;  // of the token, not of keys
    if (error.remedy.empty()) error.remedy = remedy_of_web_identity(error.code, role);
    error.message = "Could not assume the role " + role.role_arn + " with the web identity token: " + error.message;
    return tl::unexpected(std::move(error));
  }
  CredentialsResult<Credentials> credentials = credentials_of_answer(*xml, answer_offset_ms_);
  if (credentials) credentials->source = "web identity, role " + role.role_arn;
  return credentials;
}

CredentialsResult<CallerIdentity> StsClient::get_caller_identity(const Credentials& as) {
  CredentialsResult<std::string> xml = call(form_of("GetCallerIdentity"), &as);
  if (!xml) {
    CredentialsError error = std::move(xml.error());
    error.message = "Could not get Sluice's identity from AWS STS: " + error.message;
    if (error.remedy.empty()) error.remedy = remedy_of(error.code, error.message, {});
    return tl::unexpected(std::move(error));
  }
  CallerIdentity identity{xml_text(*xml, "Account").value_or(""), xml_text(*xml, "Arn").value_or(""),
                          xml_text(*xml, "UserId").value_or("")};
  if (identity.account.empty() || identity.arn.empty()) {
    return tl::unexpected(CredentialsError{CredentialsError::Kind::invalid, "",
                                           "AWS STS answered GetCallerIdentity without an account and an ARN.", ""});
  }
  return identity;
}

http_client::HttpResponse StsClient::exchange(const std::string& form, const Credentials* as) {
  http_client::HttpRequest request;
  request.url = endpoint_ + "/";
  request.headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}};
  request.body = form;
  request.connect_timeout_ms = kConnectTimeoutMs;
  request.timeout_ms = kTimeoutMs;
  if (as != nullptr) {
    sign_request(request, sha256_hex(form), {"sts", region_, skew_.corrected_ms(clock_.wall_ms())}, *as, keys_);
  }
  http_client::HttpResponse response = http_client::send_and_wait(transport_, std::move(request));
  answer_offset_ms_ = notable_clock_offset_ms(response, clock_.wall_ms());
  return response;
}

CredentialsResult<std::string> StsClient::call(const std::string& form, const Credentials* as) {
  http_client::HttpResponse response = exchange(form, as);
  if (response.fault == http_client::TransportFault::none && response.status != 200 && as != nullptr) {
    const CredentialsError error = error_of_answer(response.status, response.body);
    if (is_clock_skew_error(error.code, error.message) && skew_.learn(response, clock_.wall_ms())) {
      response = exchange(form, as);
    }
  }
  if (response.fault != http_client::TransportFault::none) {
    return tl::unexpected(error_of_fault(response));
  }
  if (response.status == 407) {
    CredentialsError error{CredentialsError::Kind::denied, "proxy_credentials",
                           "The proxy in front of " + endpoint_ + " answered 407: " + shown_words(response.body), ""};
    error.remedy = http_client::proxy_remedy(407);
    return tl::unexpected(std::move(error));
  }
  if (response.status != 200) return tl::unexpected(error_of_answer(response.status, response.body));
  return std::move(response.body);
}

CredentialsResult<Credentials> credentials_of_answer(std::string_view xml, std::int64_t offset_ms) {
  Credentials credentials;
  credentials.access_key_id = xml_text(xml, "AccessKeyId").value_or("");
  credentials.secret_access_key = xml_text(xml, "SecretAccessKey").value_or("");
  credentials.session_token = xml_text(xml, "SessionToken").value_or("");
  const std::optional<std::int64_t> expires = parse_iso_time_ms(xml_text(xml, "Expiration").value_or(""));
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty() || credentials.session_token.empty() ||
      !expires) {
    return tl::unexpected(CredentialsError{CredentialsError::Kind::invalid, "",
                                           "AWS STS answered 200 without AccessKeyId, SecretAccessKey, SessionToken "
                                           "and Expiration. Does the endpoint belong to STS?",
                                           ""});
  }
  credentials.expires_ms = *expires - offset_ms;
  return credentials;
}

CredentialsError error_of_fault(const http_client::HttpResponse& response) {
  CredentialsError error{CredentialsError::Kind::unreachable, "", response.fault_text, ""};
  error.remedy = http_client::proxy_remedy(response.proxy_status);
  if (!error.remedy.empty()) {
    error.kind = CredentialsError::Kind::denied;
    error.code = response.proxy_status == 407 ? "proxy_credentials" : "proxy_refused";
  }
  return error;
}

CredentialsError error_of_answer(int status, std::string_view xml) {
  CredentialsError error;
  error.code = xml_text(xml, "Code").value_or("");
  error.request_id = xml_text(xml, "RequestId").value_or("");
  const std::string message = xml_text(xml, "Message").value_or("");
  error.kind = asks_to_wait(status, error.code) ? CredentialsError::Kind::unreachable : CredentialsError::Kind::denied;
  if (error.code.empty()) {
    error.message = "AWS STS answered " + std::to_string(status) + " without an error code";
    error.message += xml.empty() ? "." : ": " + shown_words(xml);
    if (error.kind == CredentialsError::Kind::denied) error.kind = CredentialsError::Kind::invalid;
    return error;
  }
  error.message = error.code + (message.empty() ? "" : ": " + message);
  if (!error.message.ends_with('.')) error.message += '.';
  return error;
}

}  // namespace sluice::aws
