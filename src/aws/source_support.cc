#include "aws/source_support.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "aws/clock_skew.h"
#include "aws/credentials_json.h"
#include "aws/endpoints.h"
#include "base/text.h"
#include "base/text_file.h"
#include "http_client/blocking_http.h"

namespace sluice::aws {

tl::unexpected<CredentialsError> none_found(std::string message) {
  return tl::unexpected(CredentialsError{CredentialsError::Kind::none_found, "", std::move(message), ""});
}

tl::unexpected<CredentialsError> invalid_setting(std::string message) {
  return tl::unexpected(CredentialsError{CredentialsError::Kind::invalid, "", std::move(message), ""});
}

std::optional<CredentialsError> fault_of_credentials(const Credentials& credentials, std::string_view place,
                                                     const std::array<const char*, 3>& names) {
  const std::array<const std::string*, 3> values = {&credentials.access_key_id, &credentials.secret_access_key,
                                                    &credentials.session_token};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (is_visible_ascii(*values[i])) continue;
    CredentialsError error{CredentialsError::Kind::invalid, "", "", ""};
    error.message =
        fmt::format("{}{} has a space, a line end or another sign inside that no AWS credential has.", place, names[i]);
    error.remedy = fmt::format("Set {} again, without anything around it or inside.", names[i]);
    return error;
  }
  return std::nullopt;
}

CredentialsResult<std::unique_ptr<StsClient>> sts_of(const SourceContext& context) {
  std::string region = region_of_environment(context.environment).value_or(context.region);
  if (region.empty()) region = "us-east-1";
  const Result<std::string> endpoint = sts_endpoint({region, false, false, ""}, context.environment);
  if (!endpoint) return invalid_setting(endpoint.error().message);
  return std::make_unique<StsClient>(context.transport, context.clock, *endpoint, region);
}

CredentialsResult<Credentials> assume_with_token_file(const SourceContext& context, const std::string& role_arn,
                                                      const std::string& token_file, const std::string& session_name) {
  const Result<std::string> token = read_token_file(token_file);
  if (!token) {
    return invalid_setting("The web identity token file cannot be used: " + token.error().message +
                           ". In Kubernetes, check that the pod's service account is the annotated one.");
  }
  CredentialsResult<std::unique_ptr<StsClient>> sts = sts_of(context);
  if (!sts) return tl::unexpected(std::move(sts.error()));
  AssumeRole role;
  role.role_arn = role_arn;
  role.role_session_name = session_name.empty() ? "sluice" : session_name;
  return (*sts)->assume_role_with_web_identity(role, *token);
}

std::string words_of(const http_client::HttpResponse& response) {
  const nlohmann::json body = nlohmann::json::parse(response.body, nullptr, false);
  for (const char* name : {"message", "Message", "code", "Code"}) {
    const auto found = body.is_object() ? body.find(name) : body.end();
    if (found != body.end() && found->is_string()) return shown_words(found->get<std::string>());
  }
  return shown_words(response.body);
}

CredentialsError refused_by(std::string_view place, const http_client::HttpResponse& response, std::int64_t took_ms) {
  const bool later = response.status >= 500 || response.status == 429 || response.status == 408;
  CredentialsError error;
  error.kind = later ? CredentialsError::Kind::unreachable : CredentialsError::Kind::denied;
  error.code = "http_" + std::to_string(response.status);
  const std::string words = words_of(response);
  error.message = fmt::format("{} answered {} after {}{}{}", place, response.status, human_duration_ms(took_ms),
                              words.empty() ? "" : ": ", words);
  if (!error.message.ends_with('.')) error.message += '.';
  return error;
}

CredentialsResult<Credentials> get_credentials(const SourceContext& context, http_client::HttpRequest request,
                                               std::string_view source) {
  request.method = "GET";
  const std::int64_t began_us = context.clock.steady_us();
  const http_client::HttpResponse response = http_client::send_and_wait(context.transport, std::move(request));
  const std::int64_t took_ms = (context.clock.steady_us() - began_us) / 1000;
  if (response.fault != http_client::TransportFault::none) {
    return tl::unexpected(CredentialsError{CredentialsError::Kind::unreachable, "",
                                           std::string(source) + " does not answer: " + response.fault_text + ".", ""});
  }
  if (response.status != 200) return tl::unexpected(refused_by(source, response, took_ms));
  return credentials_of_json(response.body, source, notable_clock_offset_ms(response, context.clock.wall_ms()));
}

}  // namespace sluice::aws
