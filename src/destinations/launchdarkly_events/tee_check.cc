#include "destinations/launchdarkly_events/tee_check.h"

#include <fmt/format.h>

#include <utility>

#include "destinations/launchdarkly_events/answer.h"
#include "destinations/launchdarkly_events/forward.h"
#include "destinations/launchdarkly_events/settings.h"
#include "event/original.h"
#include "http_client/blocking_http.h"

namespace sluice::launchdarkly_events {
namespace {

using destinations::CheckStatus;
using destinations::CheckStep;

constexpr std::int64_t kCheckTimeoutMs = 10'000;

std::string_view path_of(CredentialKind kind) {
  return kind == CredentialKind::sdk_key ? "/bulk" : kind == CredentialKind::mobile_key ? "/mobile" : "/events/bulk/{}";
}

// An empty payload: the service checks the credential and stores nothing.
CheckStep try_credential(CredentialKind kind, const catalog::Environment& environment, const TeeSettings& settings,
                         const destinations::KindParts& parts) {
  CheckStep step;
  step.name = credential_kind_name(kind);
  step.title = fmt::format("The environment's {}", lane_name(kind));
  const std::string credential = credential_of(environment, kind);
  if (credential.empty()) {
    step.message = fmt::format("The environment has no {}: payloads cannot come with one.", lane_name(kind));
    return step;
  }
  std::string head;
  const event::OriginalHeader type{"content-type", "application/json"};
  event::append_original_head({"POST", path_of(kind), ""}, {&type, 1}, "", head);
  const auto original = event::read_original(head);
  if (!original) {
    step.status = CheckStatus::unknown;
    step.message = original.error().message;
    return step;
  }
  http_client::HttpRequest request = forward_request(*original, "[]", "", settings.uri_for(kind), kind, credential);
  request.timeout_ms = kCheckTimeoutMs;
  request.policy = parts.policy;
  const http_client::HttpResponse response = http_client::send_and_wait(parts.transport, std::move(request));
  const AnswerMeaning meaning = meaning_of(response, parts.clock.wall_ms());
  // 400 for a payload without events: the credential was taken.
  if (meaning.verdict == Verdict::done || meaning.verdict == Verdict::reject) {
    step.status = CheckStatus::ok;
    step.message = fmt::format("{} takes payloads with it.", settings.uri_for(kind));
    return step;
  }
  const exporting::Problem problem = problem_of(meaning, kind, settings.uri_for(kind));
  // A browser's id or a mobile key that nobody uses does not stop the others.
  step.status = kind == CredentialKind::sdk_key ? CheckStatus::failed : CheckStatus::warning;
  step.message = problem.message;
  step.remedy = problem.remedy;
  step.code = problem.code;
  return step;
}

}  // namespace

std::vector<CheckStep> check_tee(const catalog::Destination& destination, const destinations::KindParts& parts,
                                 const std::function<exporting::TestEventOutcome()>& put) {
  const TeeSettings& settings = settings_of(destination);
  std::vector<CheckStep> steps;
  const catalog::CatalogPointer catalog = parts.catalog();
  const catalog::Environment* environment = catalog ? catalog->environment(destination.environment_id) : nullptr;
  if (environment == nullptr) return steps;
  for (const CredentialKind kind :
       {CredentialKind::sdk_key, CredentialKind::mobile_key, CredentialKind::client_side_id})
    steps.push_back(try_credential(kind, *environment, settings, parts));
  CheckStep test;
  test.name = "testEvent";
  test.title = "A test event";
  test.message = "Skipped: the SDK key was not accepted.";
  if (steps.front().status == CheckStatus::ok) {
    const exporting::TestEventOutcome outcome = put();
    test.status = outcome.delivered ? CheckStatus::ok : CheckStatus::failed;
    if (outcome.delivered) {
      test.message = "Delivered to " + (outcome.receipt ? outcome.receipt->text : settings.events_uri) + ".";
    } else if (outcome.problem) {
      test.message = outcome.problem->message;
      test.remedy = outcome.problem->remedy;
      test.code = outcome.problem->code;
    } else {
      test.message = outcome.refused ? outcome.refused->reason : "No answer in time.";
    }
  }
  steps.push_back(std::move(test));
  return steps;
}

}  // namespace sluice::launchdarkly_events
