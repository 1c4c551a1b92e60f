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

std::optional<CredentialsError> fault_of_settings(const AssumeRole& role) {
  const auto invalid = [](std::string message) {
    return CredentialsError{CredentialsError::Kind::denied, "", std::move(message), ""};
  };
  if (const auto arn = parse_role_arn(role.role_arn); !arn) return invalid(arn.error().message);
  if (!role.external_id.empty()) {
    if (const auto checked = check_external_id(role.external_id); !checked) return invalid(checked.error().message);
  }
  if (role.session_policy.size() > kMaxSessionPolicy) {
    return invalid("The session policy has " + std::to_string(role.session_policy.size()) +
                   " characters; AWS STS accepts at most 2,048.");
  }
  return std::nullopt;
}

bool asks_to_wait(int status, std::string_view code) {
  static constexpr std::array<std::string_view, 8> kCodes = {
      "Throttling",      "ThrottlingException", "RequestLimitExceeded", "IDPCommunicationError",
      "InternalFailure", "ServiceUnavailable",  "ExpiredToken",         "TooManyRequestsException"};
  return status >= 500 || status == 429 || status == 408 ||
         std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

std::string hint_of(std::string_view code, const AssumeRole& role) {
  if (code == "AccessDenied") {
    return " The role's trust policy must allow sts:AssumeRole to the identity that Sluice runs as" +
           std::string(role.external_id.empty() ? "" : ", with this destination's external id") +
           ", and that identity must itself be allowed sts:AssumeRole on the role.";
  }
  if (code == "RegionDisabledException")
    return " An administrator must activate STS for this region in the AWS account.";
  if (code == "InvalidClientTokenId" || code == "SignatureDoesNotMatch") {
    return " Check the access key that Sluice runs with.";
  }
  return {};
}

}  // namespace

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
std::string session_policy_for_stream(std::string_view stream_arn) {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kinesis:PutRecord","kinesis:PutRecords",)"
         R"("kinesis:DescribeStreamSummary","kinesis:ListShards"],"Resource":")" +
         std::string(stream_arn) + R"("},{"Effect":"Allow","Action":"kms:GenerateDataKey","Resource":"*"}]})";
}

StsClient::StsClient(http_client::HttpTransport& transport, const Clock& clock, std::string endpoint,
                     std::string region)
    : transport_(transport), clock_(clock), endpoint_(std::move(endpoint)), region_(std::move(region)) {}

CredentialsResult<Credentials> StsClient::assume_role(const Credentials& as, const AssumeRole& role) {
  if (auto fault = fault_of_settings(role)) return tl::unexpected(std::move(*fault));
  std::string form = form_of("AssumeRole");
  form_add_role(form, role);
  if (!role.external_id.empty()) form_add(form, "ExternalId", role.external_id);
  CredentialsResult<std::string> xml = call(form, &as);
  if (!xml) {
    CredentialsError error = std::move(xml.error());
    error.message = "Could not assume the role " + role.role_arn + ": " + error.message + hint_of(error.code, role);
    return tl::unexpected(std::move(error));
  }
  CredentialsResult<Credentials> credentials = credentials_of_answer(*xml, answer_offset_ms_);
  if (credentials) credentials->source = "role " + role.role_arn;
  return credentials;
}

CredentialsResult<Credentials> StsClient::assume_role_with_web_identity(const AssumeRole& role,
                                                                        std::string_view token) {
  if (auto fault = fault_of_settings(role)) return tl::unexpected(std::move(*fault));
  std::string form = form_of("AssumeRoleWithWebIdentity");
  form_add_role(form, role);
  form_add(form, "WebIdentityToken", token);
  CredentialsResult<std::string> xml = call(form, nullptr);
  if (!xml) {
    CredentialsError error = std::move(xml.error());
    error.message = "Could not assume the role " + role.role_arn + " with the web identity token: " + error.message;
    if (error.code == "AccessDenied") {
      error.message += " The role's trust policy must name the cluster's OIDC provider and this service account.";
    }
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
    error.message = "Could not get Sluice's identity from AWS STS:  " + error.message + hint_of(error.code, {});
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
    return tl::unexpected(CredentialsError{CredentialsError::Kind::unreachable, "", response.fault_text, ""});
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

CredentialsError error_of_answer(int status, std::string_view xml) {
  CredentialsError error;
  error.code = xml_text(xml, "Code").value_or("");
  error.request_id = xml_text(xml, "RequestId").value_or("");
  const std::string message = xml_text(xml, "Message").value_or("");
  error.kind = asks_to_wait(status, error.code) ? CredentialsError::Kind::unreachable : CredentialsError::Kind::denied;
  if (error.code.empty()) {
    error.message = "AWS STS answered " + std::to_string(status) + " without an error code.";
    if (error.kind == CredentialsError::Kind::denied) error.kind = CredentialsError::Kind::invalid;
    return error;
  }
  error.message = error.code + (message.empty() ? "" : ": " + message);
  if (!error.message.ends_with('.')) error.message += '.';
  return error;
}

}  // namespace sluice::aws
