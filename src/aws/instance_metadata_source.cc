#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "aws/clock_skew.h"
#include "aws/credentials_json.h"
#include "aws/endpoints.h"
#include "aws/source_support.h"
#include "base/text.h"
#include "http_client/blocking_http.h"

namespace sluice::aws {

namespace {

constexpr std::string_view kMetadataService = "the EC2 instance metadata service";
constexpr std::string_view kRolePath = "/latest/meta-data/iam/security-credentials/";
constexpr std::int64_t kTokenLifeS = 21'600;
constexpr std::int64_t kExtensionMs = 15 * 60'000;

Result<std::string> endpoint_of(const ProcessEnvironment& environment) {
  if (const auto url = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT")) return checked_endpoint(*url);
  const std::string mode = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").value_or("IPv4");
  return std::string(equals_ignoring_case(mode, "IPv6") ? "http://[fd00:ec2::254]" : "http://169.254.169.254");
}

// How often, and how long each time. AWS's own tools take the same two variables, but give up after one second: a
// service that is slow for a while then looks as if there were none.
struct Patience {
  std::int64_t timeout_ms = 2'500;
  std::int64_t attempts = 3;
};
constexpr std::int64_t kMetadataConnectMs = 1'000;  // it is one hop away, or there is none
constexpr std::int64_t kSlowMetadataMs = 1'000;     // worth telling
constexpr double kMostTimeoutS = 60;
constexpr double kMostAttempts = 10;

// A number from more than 0 to `most`; an error that names the variable.
Result<double> number_of(const ProcessEnvironment& environment, const char* variable, double fallback, double most) {
  const std::optional<std::string> text = environment(variable);
  if (!text) return fallback;
  char* end = nullptr;
  const double number = std::strtod(text->c_str(), &end);
  if (end == text->c_str() || *end != '\0' || !(number > 0 && number <= most))
    return fail(fmt::format("{} must be a number above 0 and up to {}, not '{}'.", variable, most, shown_words(*text)));
  return number;
}

Result<Patience> patience_of(const ProcessEnvironment& environment) {
  Patience patience;
  const auto timeout_s = number_of(environment, "AWS_METADATA_SERVICE_TIMEOUT",
                                   static_cast<double>(patience.timeout_ms) / 1000, kMostTimeoutS);
  if (!timeout_s) return tl::unexpected(timeout_s.error());
  const auto attempts = number_of(environment, "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
                                  static_cast<double>(patience.attempts), kMostAttempts);
  if (!attempts) return tl::unexpected(attempts.error());
  patience.timeout_ms = std::max<std::int64_t>(static_cast<std::int64_t>(*timeout_s * 1000), 1);
  patience.attempts = std::max<std::int64_t>(static_cast<std::int64_t>(*attempts), 1);
  return patience;
}

std::string tenths_of_seconds(std::int64_t ms) { return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000); }

// One fetch's conversation with the service.
class Conversation {
 public:
  Conversation(const SourceContext& context, std::string endpoint, Patience patience)
      : context_(context), endpoint_(std::move(endpoint)), patience_(patience) {}

  http_client::HttpResponse ask(const char* method, const std::string& path, const char* header, std::string value) {
    http_client::HttpRequest request;
    request.method = method;
    request.url = endpoint_ + path;
    request.headers = {{header, std::move(value)}};
    request.connect_timeout_ms = std::min(kMetadataConnectMs, patience_.timeout_ms);
    request.timeout_ms = patience_.timeout_ms;
    request.use_proxy = false;
    request.link_local = true;
    for (std::int64_t attempt = 1;; ++attempt) {
      const std::int64_t began_us = context_.clock.steady_us();
      http_client::HttpResponse response = http_client::send_and_wait(context_.transport, request);
      took_ms_ = (context_.clock.steady_us() - began_us) / 1000;
      const bool failed = response.fault != http_client::TransportFault::none;
      if (!failed) slowest_ms_ = std::max(slowest_ms_, took_ms_);
      if (attempt >= patience_.attempts || (failed ? !response.request_sent : !may_pass(response.status)))
        return response;
    }
  }

  // That it gave nothing, which concerns the service or the way there.
  CredentialsError failure_of(const http_client::HttpResponse& response) const {
    if (response.fault == http_client::TransportFault::none) {
      CredentialsError error = refused_by(kMetadataService, response, took_ms_);
      error.remedy =
          "Look at what answers at " + endpoint_ +
          ": the service of EC2, or an agent in its place. On EC2, check that the instance metadata service is on and "
          "that the instance has an IAM role.";
      return error;
    }
    CredentialsError error{CredentialsError::Kind::unreachable, "", "", ""};
    if (response.fault == http_client::TransportFault::timeout) {
      error.code = "metadata_slow";
      error.message = fmt::format("{} is too slow: no answer within {} in {} tries.", kMetadataService,
                                  tenths_of_seconds(patience_.timeout_ms), patience_.attempts);
      error.remedy =
          "Raise AWS_METADATA_SERVICE_TIMEOUT (seconds) or AWS_METADATA_SERVICE_NUM_ATTEMPTS. In a container on EC2, "
          "set "
          "the instance's metadata hop limit to 2. Sluice keeps retrying.";
    } else {
      error.message = fmt::format("{} broke off: {}.", kMetadataService, response.fault_text);
    }
    return error;
  }

  std::int64_t slowest_ms() const { return slowest_ms_; }
  std::int64_t took_ms() const { return took_ms_; }

 private:
  static bool may_pass(int status) { return status >= 500 || status == 429; }
  const SourceContext& context_;
  const std::string endpoint_;
  const Patience patience_;
  std::int64_t took_ms_ = 0;  // the last request
  std::int64_t slowest_ms_ = 0;
};

CredentialsNote slow_note(std::int64_t took_ms) {
  return {"metadata_slow", fmt::format("{} answers slowly: after {}.", kMetadataService, tenths_of_seconds(took_ms)),
          "Look for load on the instance, or on the agent that answers in the service's place. Raise "
          "AWS_METADATA_SERVICE_TIMEOUT if it gets worse."};
}

// A name that goes into a URL and a message: the service is reached over plain http.
bool fit_for_role(std::string_view name) {
  return !name.empty() && name.size() <= 256 && std::all_of(name.begin(), name.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '?' && c != '#' && c != '/';
  });
}

}  // namespace

CredentialsResult<Credentials> InstanceMetadataSource::fetch() {
  const auto disabled = context_.environment("AWS_EC2_METADATA_DISABLED");
  if (disabled && equals_ignoring_case(*disabled, "true")) return none_found("AWS_EC2_METADATA_DISABLED is set");
  const Result<std::string> endpoint = endpoint_of(context_.environment);
  if (!endpoint) return invalid_setting("AWS_EC2_METADATA_SERVICE_ENDPOINT: " + endpoint.error().message);

  const Result<Patience> patience = patience_of(context_.environment);
  if (!patience) return invalid_setting(patience.error().message);
  Conversation conversation(context_, *endpoint, *patience);

  http_client::HttpResponse roles;
  for (const bool renewed : {false, true}) {
    const bool had_token = !token_.empty() && context_.clock.steady_us() < token_expires_us_;
    if (!had_token) {
      const http_client::HttpResponse response = conversation.ask(
          "PUT", "/latest/api/token", "x-aws-ec2-metadata-token-ttl-seconds", std::to_string(kTokenLifeS));
      // Off EC2 nothing answers there, or what answers knows no such thing: this is how it is found out.
      if (response.fault != http_client::TransportFault::none) {
        if (response.request_sent) return tl::unexpected(conversation.failure_of(response));
        return none_found(std::string(kMetadataService) + " does not answer (" + response.fault_text +
                          "); in a container on EC2 its hop limit must be 2");
      }
      if (response.status >= 400 && response.status < 500 && response.status != 401 && response.status != 429) {
        return none_found(refused_by(kMetadataService, response, conversation.took_ms()).message);
      }
      if (response.status != 200 || response.body.empty()) return tl::unexpected(conversation.failure_of(response));
      token_ = response.body.substr(0, response.body.find_first_of("\r\n"));
      token_expires_us_ = context_.clock.steady_us() + (kTokenLifeS - 300) * 1'000'000;
    }
    roles = conversation.ask("GET", std::string(kRolePath), "x-aws-ec2-metadata-token", token_);
    // 401: the token was of another boot of the instance.
    if (roles.fault != http_client::TransportFault::none || roles.status != 401 || !had_token || renewed) break;
    token_.clear();
  }
  if (roles.fault != http_client::TransportFault::none || roles.status != 200) {
    token_.clear();
    if (roles.fault == http_client::TransportFault::none && roles.status == 404) {
      return none_found(std::string(kMetadataService) + " says that the instance has no IAM role");
    }
    return tl::unexpected(conversation.failure_of(roles));
  }
  const std::string role = roles.body.substr(0, roles.body.find_first_of("\r\n"));
  if (!fit_for_role(role))
    return invalid_setting(std::string(kMetadataService) + " answered with something else than a role's name.");

  const http_client::HttpResponse answer =
      conversation.ask("GET", std::string(kRolePath) + role, "x-aws-ec2-metadata-token", token_);
  if (answer.fault != http_client::TransportFault::none || answer.status != 200)
    return tl::unexpected(conversation.failure_of(answer));
  CredentialsResult<Credentials> credentials =
      credentials_of_json(answer.body, kMetadataService, notable_clock_offset_ms(answer, context_.clock.wall_ms()));
  if (!credentials) return credentials;
  credentials->source = "EC2 instance role " + role;
  if (conversation.slowest_ms() >= kSlowMetadataMs) credentials->notes.push_back(slow_note(conversation.slowest_ms()));
  const std::int64_t now_ms = context_.clock.wall_ms();
  if (credentials->expires_ms != 0 && credentials->expires_ms < now_ms + kExtensionMs / 3) {
    // The service is behind with its rotation; AWS accepts such credentials for longer than they say.
    credentials->expires_ms = now_ms + kExtensionMs;
  }
  return credentials;
}

}  // namespace sluice::aws
