#include "kinesim/sts.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/text.h"
#include "kinesim/wire.h"

namespace kinesim {
namespace {

constexpr std::int64_t kDefaultSession_s = 3600, kShortestSession_s = 900, kLongestSession_s = 43'200;
constexpr std::int64_t kChainedSession_s = 3600;
constexpr std::size_t kMostPolicyCharacters = 2048;

std::string_view field(const Form& form, std::string_view name) {
  const auto found = form.find(name);
  return found == form.end() ? std::string_view{} : std::string_view(found->second);
}

tl::unexpected<ApiError> invalid_parameter(std::string_view value, std::string_view where,
                                           std::string_view constraint) {
  return refuse("ValidationError", "1 validation error detected: Value '" + std::string(value) + "' at '" +
                                       std::string(where) +
                                       "' failed to satisfy constraint: " + std::string(constraint));
}

bool only_of(std::string_view text, std::string_view extra) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || extra.find(c) != extra.npos;
  });
}

struct AssumeRequest {
  std::string role_arn, session_name, external_id;
  std::int64_t duration_s = kDefaultSession_s;
  std::optional<Policy> policy;
};

ApiResult<void> read_policy(const Form& form, AssumeRequest& out) {
  const std::string_view policy = field(form, "Policy");
  if (policy.empty()) return {};
  if (policy.size() > kMostPolicyCharacters)
    return invalid_parameter(policy, "policy", "Member must have length less than or equal to 2048");
  auto parsed = parse_policy(policy);
  if (!parsed) return refuse("MalformedPolicyDocument", parsed.error().message);
  out.policy = std::move(*parsed);
  return {};
}

ApiResult<AssumeRequest> read_request(const Form& form) {
  AssumeRequest out;
  out.role_arn = field(form, "RoleArn");
  out.session_name = field(form, "RoleSessionName");
  out.external_id = field(form, "ExternalId");
  if (out.role_arn.empty()) return invalid_parameter("null", "roleArn", "Member must not be null");
  if (out.role_arn.size() < 20)
    return invalid_parameter(out.role_arn, "roleArn", "Member must have length greater than or equal to 20");
  if (!out.role_arn.starts_with("arn:")) return refuse("ValidationError", out.role_arn + " is invalid_parameter");
  if (out.session_name.size() < 2)
    return invalid_parameter(out.session_name, "roleSessionName", "Member must have length greater than or equal to 2");
  if (out.session_name.size() > 64)
    return invalid_parameter(out.session_name, "roleSessionName", "Member must have length less than or equal to 64");
  if (!only_of(out.session_name, "_+=,.@-"))
    return invalid_parameter(out.session_name, "roleSessionName",
                             "Member must satisfy regular expression pattern: [\\w+=,.@-]*");
  if (form.contains("ExternalId")) {
    if (out.external_id.size() < 2)
      return invalid_parameter(out.external_id, "externalId", "Member must have length greater than or equal to 2");
    if (!only_of(out.external_id, "_+=,.@:/-"))
      return invalid_parameter(out.external_id, "externalId",
                               "Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*");
  }
  if (const auto text = field(form, "DurationSeconds"); !text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.duration_s);
    if (error != std::errc{} || end != text.data() + text.size())
      return refuse("MalformedInput", "DurationSeconds must be a number, not '" + std::string(text) + "'.");
    if (out.duration_s < kShortestSession_s)
      return invalid_parameter(text, "durationSeconds", "Member must have value greater than or equal to 900");
    if (out.duration_s > kLongestSession_s)
      return invalid_parameter(text, "durationSeconds", "Member must have value less than or equal to 43200");
  }
  if (const auto ok = read_policy(form, out); !ok) return tl::unexpected(ok.error());
  return out;
}

bool trusts(const Role& role, const Principal& caller) {
  if (role.trusted.empty()) return true;
  return std::any_of(role.trusted.begin(), role.trusted.end(), [&](const std::string& trusted) {
    if (matches_glob(trusted, caller.arn, false) || matches_glob(trusted, caller.access_key, false)) return true;
    if (!caller.role_arn.empty() && matches_glob(trusted, caller.role_arn, false)) return true;
    // An account trusts all of its principals: "123456789012" or "arn:aws:iam::123456789012:root".
    return trusted == arn_account(caller.arn) ||
           (trusted.ends_with(":root") && arn_account(trusted) == arn_account(caller.arn));
  });
}

std::string session_xml(const SessionCredentials& session) {
  return "    <Credentials>\n      <AccessKeyId>" + session.access_key + "</AccessKeyId>\n      <SecretAccessKey>" +
         xml_text(session.secret_key) + "</SecretAccessKey>\n      <SessionToken>" + xml_text(session.token) +
         "</SessionToken>\n      <Expiration>" + sluice::iso_time_ms(session.expires_ms).substr(0, 19) +
         "Z</Expiration>\n    </Credentials>\n    <AssumedRoleUser>\n      <AssumedRoleId>" +
         xml_text(session.assumed_role_id) + "</AssumedRoleId>\n      <Arn>" + xml_text(session.assumed_role_arn) +
         "</Arn>\n    </AssumedRoleUser>\n";
}

std::string answer_xml(std::string_view action, const std::string& result, const std::string& request_id) {
  const std::string name(action);
  return "<" + name + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <" + name + "Result>\n" +
         result + "  </" + name + "Result>\n  <ResponseMetadata>\n    <RequestId>" + request_id +
         "</RequestId>\n  </ResponseMetadata>\n</" + name + "Response>\n";
}

ApiResult<std::string> assume_role(Simulator& simulator, const StsCall& call) {
  auto request = read_request(call.form);
  if (!request) return tl::unexpected(request.error());
  const Principal& caller = *call.caller;
  const auto denied = [&] {
    return refuse(
        "AccessDenied",
        "User: " + caller.arn + " is not authorized to perform: sts:AssumeRole on resource: " + request->role_arn, 403);
  };
  const auto role = simulator.directory().role(request->role_arn);
  if (!role || !trusts(*role, caller)) return denied();
  if (!role->external_id.empty() && role->external_id != request->external_id) return denied();
  if (const auto ok = authorize(caller, "sts:AssumeRole", request->role_arn); !ok)
    return refuse("AccessDenied", ok.error().message, 403);
  if (!caller.role_arn.empty() && request->duration_s > kChainedSession_s)
    return refuse("ValidationError",
                  "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining");
  if (request->duration_s > role->max_session_s)
    return refuse("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  const auto session = simulator.directory().open_session(*role, request->session_name, call.now_ms,
                                                          request->duration_s * 1000, std::move(request->policy));
  return answer_xml("AssumeRole", session_xml(session), call.request_id);
}

struct WebToken {
  std::string issuer, subject;
  std::vector<std::string> audiences;
  std::int64_t expires_s = 0;
};

// The claims of a JWT; its signature is not checked.
std::optional<WebToken> read_token(std::string_view text) {
  const auto first = text.find('.');
  if (first == text.npos) return std::nullopt;
  const auto second = text.find('.', first + 1);
  if (second == text.npos) return std::nullopt;
  const auto claims = sluice::base64_decode(text.substr(first + 1, second - first - 1));
  if (!claims) return std::nullopt;
  const auto json = nlohmann::json::parse(*claims, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto string = [&](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  WebToken out;
  out.issuer = string("iss");
  out.subject = string("sub");
  if (const auto audience = json.find("aud"); audience != json.end()) {
    if (audience->is_string()) out.audiences = {audience->get<std::string>()};
    if (audience->is_array())
      for (const auto& item : *audience)
        if (item.is_string()) out.audiences.push_back(item.get<std::string>());
  }
  if (const auto expires = json.find("exp"); expires != json.end() && expires->is_number())
    out.expires_s = expires->get<std::int64_t>();
  return out;
}

bool trusts(const WebIdentityTrust& trust, const WebToken& token) {
  const auto fits = [](const std::string& pattern, const std::string& text) {
    return pattern.empty() || matches_glob(pattern, text, false);
  };
  return fits(trust.issuer, token.issuer) && fits(trust.subject, token.subject) &&
         (trust.audience.empty() || std::any_of(token.audiences.begin(), token.audiences.end(),
                                                [&](const auto& audience) { return fits(trust.audience, audience); }));
}

ApiResult<std::string> assume_role_with_web_identity(Simulator& simulator, const StsCall& call) {
  auto request = read_request(call.form);
  if (!request) return tl::unexpected(request.error());
  const auto token = read_token(field(call.form, "WebIdentityToken"));
  if (!token)
    return refuse("InvalidIdentityToken",
                  "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)");
  if (token->expires_s != 0 && token->expires_s * 1000 <= call.now_ms)
    return refuse("ExpiredTokenException", "Token expired: current date/time " + std::to_string(call.now_ms / 1000) +
                                               " must be before the expiration date/time " +
                                               std::to_string(token->expires_s));
  const auto role = simulator.directory().role(request->role_arn);
  if (!role || !role->web_identity || !trusts(*role->web_identity, *token))
    return refuse("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403);
  if (request->duration_s > role->max_session_s)
    return refuse("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  const auto session = simulator.directory().open_session(*role, request->session_name, call.now_ms,
                                                          request->duration_s * 1000, std::move(request->policy));
  return answer_xml("AssumeRoleWithWebIdentity",
                    session_xml(session) + "    <SubjectFromWebIdentityToken>" + xml_text(token->subject) +
                        "</SubjectFromWebIdentityToken>\n    <Provider>" + xml_text(token->issuer) + "</Provider>\n",
                    call.request_id);
}

}  // namespace

bool sts_needs_signature(std::string_view action) { return action != "AssumeRoleWithWebIdentity"; }

ApiResult<std::string> run_sts(Simulator& simulator, const StsCall& call) {
  const std::string_view action = field(call.form, "Action");
  if (action == "AssumeRole") return assume_role(simulator, call);
  if (action == "AssumeRoleWithWebIdentity") return assume_role_with_web_identity(simulator, call);
  if (action == "GetCallerIdentity")
    return answer_xml(action,
                      "    <Arn>" + xml_text(call.caller->arn) + "</Arn>\n    <UserId>" + call.caller->access_key +
                          "</UserId>\n    <Account>" + std::string(arn_account(call.caller->arn)) + "</Account>\n",
                      call.request_id);
  return refuse("InvalidAction", "Could not find operation " + std::string(action) + " for version 2011-06-15");
}

}  // namespace kinesim
