#include "destinations/launchdarkly_events/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/time_text.h"
#include "destinations/call_error.h"

namespace sluice::launchdarkly_events {
namespace {

// Of another Sluice, or this one (intake/handler.cc); other servers mean something else by the same status.
constexpr int kMisdirected = 421, kTooEarly = 425;
constexpr std::string_view kWordsOfSluice = "forwarded by a Sluice";

// Seconds, or a date (RFC 9110, 10.2.3).
std::int64_t retry_after_us(std::string_view text, std::int64_t now_ms) {
  if (text.empty()) return 0;
  std::int64_t seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size())
    return std::clamp<std::int64_t>(seconds, 0, kMaxRetryAfterUs / 1'000'000) * 1'000'000;
  const auto date_ms = parse_http_date_ms(text);
  return date_ms ? std::clamp<std::int64_t>((*date_ms - now_ms) * 1'000, 0, kMaxRetryAfterUs) : 0;
}

// Statuses that are about one payload: its content, its headers or its length.
constexpr std::array kAboutThePayload = {400, 406, 411, 412, 414, 415, 417, 422, 431};

Verdict verdict_of(int status) {
  if (status >= 200 && status < 300) return Verdict::done;
  if (std::ranges::find(kAboutThePayload, status) != kAboutThePayload.end()) return Verdict::reject;
  if (status == 413) return Verdict::too_large;
  // A server that is not responsible for the address, and one that wants no early data: another try may meet another.
  if (status == kMisdirected || status == kTooEarly) return Verdict::again;
  if (status == 408 || status == 429 || status >= 500) return Verdict::again;
  // Redirects are not followed, and every other refusal is about the address or the credential, not about a payload.
  return Verdict::park;
}

}  // namespace

AnswerMeaning meaning_of(const http_client::HttpResponse& response, std::int64_t now_ms) {
  AnswerMeaning meaning;
  // It has the payload, though the rest of its answer is too long or never ends. One that broke off in the middle of
  // its answer may have broken down before it stored the payload: it knows a repeated one by its id.
  if (response.status_of_part >= 200 && response.status_of_part < 300 && !response.is_cut) {
    meaning.verdict = Verdict::done;
    meaning.code = fmt::format("http_{}", response.status_of_part);
    return meaning;
  }
  if (response.fault != http_client::TransportFault::none) {
    const destinations::CallError error = destinations::error_of_fault(response);
    meaning.code = error.code;
    meaning.reason = error.message;
    const bool for_a_person = response.fault == http_client::TransportFault::forbidden || error.status != 0;
    meaning.verdict = for_a_person ? Verdict::park : Verdict::again;
    return meaning;
  }
  meaning.verdict = verdict_of(response.status);
  meaning.status = response.status;
  const bool sluice = response.status == kMisdirected && response.body.find(kWordsOfSluice) != std::string::npos;
  meaning.code = sluice ? "target_is_sluice" : fmt::format("http_{}", response.status);
  if (sluice) meaning.verdict = Verdict::park;
  if (meaning.verdict != Verdict::done) meaning.reason = destinations::words_of_body(response.body);
  if (meaning.verdict == Verdict::again) meaning.not_before_us = retry_after_us(response.header("retry-after"), now_ms);
  return meaning;
}

std::string_view lane_name(CredentialKind lane) {
  constexpr std::array<std::string_view, 4> kNames = {"SDK key", "mobile key", "client-side id", "no credential"};
  return kNames[static_cast<std::size_t>(lane)];
}

exporting::Problem problem_of(const AnswerMeaning& meaning, CredentialKind lane, std::string_view uri) {
  using Weight = exporting::Problem::Weight;
  const std::string_view key = lane_name(lane);
  const std::string said = meaning.reason.empty() ? "" : fmt::format(" It said: {}", meaning.reason);
  exporting::Problem problem;
  problem.weight = meaning.verdict == Verdict::park ? Weight::setup : Weight::transient;
  problem.code = meaning.code;
  if (meaning.code == "target_is_sluice") {
    problem.message = fmt::format("{} is a Sluice, not LaunchDarkly: payloads would go in circles.", uri);
    problem.remedy = "Set the address of LaunchDarkly's event service, or of a Relay Proxy that forwards events to it.";
  } else if (meaning.code == "http_401" || meaning.code == "http_403") {
    problem.message =
        fmt::format("{} refuses the environment's {} ({}). Payloads of other credentials are not affected.{}", uri, key,
                    meaning.code.substr(5), said);
    problem.remedy = lane == CredentialKind::client_side_id
                         ? "Give the environment the client-side id that it has at LaunchDarkly as its id."
                         : fmt::format(
                               "Set the environment's {} to the one that it has at LaunchDarkly. It is tried "
                               "again every minute.",
                               key);
  } else if (meaning.code == "http_404") {
    problem.message = fmt::format("{} does not know the path or the environment's {} (404).{}", uri, key, said);
    problem.remedy = "Check the destination's address, and that the environment has the same keys at LaunchDarkly.";
  } else if (problem.weight == Weight::setup && meaning.code.starts_with("http_")) {
    problem.message = fmt::format("{} answers payloads of the {} with {}.{}", uri, key, meaning.code.substr(5), said);
    problem.remedy =
        "Check the destination's address: redirects are not followed, and a proxy on the way may answer "
        "in LaunchDarkly's place.";
  } else if (meaning.not_before_us > 0) {
    problem.message = fmt::format("{} asks Sluice to wait with payloads of the {} (HTTP {}, Retry-After).{}", uri, key,
                                  meaning.status, said);
    problem.remedy = "Nothing to do: Sluice sends none of them until then, for 5 minutes at most, and tries again.";
  } else if (meaning.code.starts_with("http_")) {
    problem.message =
        fmt::format("{} takes no payloads of the {} for the moment ({}).{}", uri, key, meaning.code.substr(5), said);
    problem.remedy = "Nothing to do: Sluice tries again until it does.";
  } else {
    problem.message = meaning.reason.empty() ? fmt::format("{} cannot be reached.", uri) : meaning.reason;
    if (!problem.message.ends_with('.')) problem.message += '.';
    problem.remedy = problem.weight == Weight::setup
                         ? "Fix the address, the setting or the proxy that the message names."
                         : "Check the network and the proxy between Sluice and LaunchDarkly. Sluice tries again until "
                           "it answers.";
  }
  return problem;
}

exporting::Problem problem_of_one_payload(const AnswerMeaning& meaning, CredentialKind lane, std::string_view uri) {
  exporting::Problem problem = problem_of(meaning, lane, uri);
  problem.weight = exporting::Problem::Weight::note;
  problem.code = kOneNotAccepted;
  problem.message = fmt::format("A payload is not accepted, and others are. {}", problem.message);
  problem.remedy =
      meaning.status >= 300 && meaning.verdict == Verdict::park
          ? "It is tried again, and becomes a dead letter when it is refused once more among others that "
            "are accepted."
          : "It is tried again until it is accepted. Until then it holds the destination's position in the "
            "journal. If it lasts, the answer's words and the payload's events say why.";
  return problem;
}

exporting::Problem problem_of_missing_credential(CredentialKind lane) {
  exporting::Problem problem;
  problem.weight = exporting::Problem::Weight::setup;
  problem.code = "no_credential";
  problem.message = fmt::format("Payloads came with a {}, and the environment has none any more.", lane_name(lane));
  problem.remedy = fmt::format("Give the environment its {} of LaunchDarkly.", lane_name(lane));
  return problem;
}

}  // namespace sluice::launchdarkly_events
