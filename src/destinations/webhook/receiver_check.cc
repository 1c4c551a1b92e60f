#include "destinations/webhook/receiver_check.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "destinations/blocked_sink.h"
#include "destinations/webhook/answer.h"
#include "destinations/webhook/settings.h"
#include "destinations/webhook/signature.h"
#include "destinations/webhook/webhook_sink.h"
#include "http_client/blocking_http.h"
#include "http_client/outbound_policy.h"
#include "http_client/url.h"

namespace sluice::webhook {
namespace {

using destinations::CheckStatus;
using destinations::CheckStep;
using http_client::TransportFault;

constexpr std::int64_t kConnectTimeoutMs = 15'000;
// Of the example: the signature of an old time is worth nothing to whoever reads it.
constexpr std::int64_t kExampleTime = 1'000'000'000;
constexpr std::string_view kExampleId = "msg_example", kExampleBody = "[]";

class Check {
 public:
  Check(const catalog::Destination& destination, const destinations::KindParts& parts,
        const std::function<exporting::TestEventOutcome()>& put)
      : parts_(parts),
        put_(put),
        settings_(settings_of(destination)),
        host_(http_client::host_header_of(settings_.url)) {}

  std::vector<CheckStep> run() {
    address();
    connection();
    authentication();
    put();
    return std::move(steps_);
  }

 private:
  CheckStep& step(const char* name, const char* title) {
    steps_.push_back({name, title, CheckStatus::skipped, "Skipped: an earlier step failed.", "", "", "", ""});
    return steps_.back();
  }
  void fail(CheckStep& step, const exporting::Problem& problem) {
    step.status = CheckStatus::failed;
    step.message = problem.message;
    step.remedy = problem.remedy;
    step.code = problem.code;
    blocked_ = true;
  }
  static void report(CheckStep& step, CheckStatus status, std::string message, std::string remedy = {}) {
    step.status = status;
    step.message = std::move(message);
    step.remedy = std::move(remedy);
  }

  void address() {
    CheckStep& step = this->step("address", "URL");
    if (parts_.policy != nullptr) {
      if (const auto allowed = parts_.policy->check_url(settings_.url); !allowed)
        return fail(step, destinations::problem_of_settings(allowed.error().message));
    }
    report(step, CheckStatus::ok, fmt::format("Sluice may call {}.", host_));
  }

  // Any answer to OPTIONS, which sends nothing and changes nothing, shows that the receiver is reached.
  void connection() {
    std::optional<http_client::HttpResponse> response;
    if (!blocked_) {
      http_client::HttpRequest request;
      request.method = "OPTIONS";
      request.url = settings_.url;
      request.timeout_ms = kConnectTimeoutMs;
      request.policy = parts_.policy;
      request.max_response_bytes = kMaxAnswerBytes;
      response = http_client::send_and_wait(parts_.transport, std::move(request));
    }
    const TransportFault fault = response ? response->fault : TransportFault::none;
    const auto failed_here = [&](CheckStep& step, bool here) {
      if (here) fail(step, judge(*response, {settings_.url, 1, 0, {}}, parts_.clock.wall_ms()).problem);
      return here;
    };
    CheckStep& resolve = step("resolve", "Name");
    if (!response) {
      step("connect", "Connection");
      step("tls", "Encryption");
      return;
    }
    if (!failed_here(resolve, fault == TransportFault::resolve))
      report(resolve, CheckStatus::ok, fmt::format("{} has an address.", http_client::host_of(settings_.url)));
    CheckStep& connect = step("connect", "Connection");
    const bool reached = response->status != 0 || response->status_of_part != 0;
    if (!blocked_ && !failed_here(connect, !reached && fault != TransportFault::tls))
      report(connect, CheckStatus::ok, fmt::format("{} answers.", host_));
    CheckStep& tls = step("tls", "Encryption");
    if (blocked_ || failed_here(tls, fault == TransportFault::tls)) return;
    if (settings_.url.starts_with("https:"))
      return report(tls, CheckStatus::ok, "The receiver's certificate is valid for its host.");
    report(tls, CheckStatus::warning, "The URL is http: others on the way can read and change events and credentials.",
           "Use https.");
  }

  void authentication() {
    CheckStep& step = this->step("authentication", "Authentication");
    switch (settings_.auth) {
      case Auth::none:
        return report(step, CheckStatus::warning,
                      "Requests carry no signature and no credentials of their own: anyone who knows the URL can send "
                      "events to the receiver.",
                      "Set auth to signature, unless a header of the destination authenticates it.");
      case Auth::bearer:
        return report(step, CheckStatus::ok, "Requests carry the token as \"Authorization: Bearer …\".");
      case Auth::basic:
        return report(step, CheckStatus::ok,
                      fmt::format("Requests carry \"Authorization: Basic …\" of the user {}.", settings_.username));
      case Auth::signature:
        return signature(step);
    }
  }

  void signature(CheckStep& step) const {
    std::vector<SigningSecret> secrets;
    for (const std::string& text : settings_.signing_secrets)
      if (auto secret = SigningSecret::parse(text)) secrets.push_back(*std::move(secret));
    const auto headers = signature_headers(secrets, kExampleId, kExampleTime, kExampleBody);
    report(step, CheckStatus::ok,
           fmt::format("Requests are signed with {} as Standard Webhooks says. To compare with the receiver's secret: "
                       "with webhook-id {}, webhook-timestamp {} and the body {} the header is \"webhook-signature: "
                       "{}\".",
                       secrets.size() == 1 ? "one secret" : "both secrets", kExampleId, kExampleTime, kExampleBody,
                       headers.back().second));
  }

  void put() {
    CheckStep& step = this->step("put", "Send an event");
    if (blocked_) return;
    const exporting::TestEventOutcome outcome = put_();
    if (outcome.delivered)
      return report(step, CheckStatus::ok,
                    fmt::format("The receiver accepted the test event {}{}.", exporting::kTestEventKey,
                                outcome.receipt ? ": " + outcome.receipt->text : std::string()));
    if (outcome.problem) return fail(step, *outcome.problem);
    if (outcome.refused) {
      report(step, CheckStatus::failed, outcome.refused->reason);
      step.code = outcome.refused->code;
      return;
    }
    report(step, CheckStatus::unknown, "The receiver did not answer in time.",
           "Try again. Check the receiver, the network and the proxy.");
  }

  const destinations::KindParts& parts_;
  const std::function<exporting::TestEventOutcome()>& put_;
  const WebhookSettings settings_;
  const std::string host_;
  std::vector<CheckStep> steps_;
  bool blocked_ = false;  // an event need not be tried
};

}  // namespace

std::vector<CheckStep> check_receiver(const catalog::Destination& destination, const destinations::KindParts& parts,
                                      const std::function<exporting::TestEventOutcome()>& put) {
  return Check(destination, parts, put).run();
}

}  // namespace sluice::webhook
