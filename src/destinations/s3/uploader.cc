#include "destinations/s3/uploader.h"

#include <algorithm>
#include <utility>

#include "aws/sha256.h"
#include "base/check.h"
#include "base/log.h"
#include "destinations/s3/object_key.h"

namespace sluice::s3 {
namespace {

constexpr std::int64_t kClockNoteMs = 3'600'000;
// An upload that takes longer than kNoAnswerUs and its bytes at this rate is reported, long before it times out.
constexpr std::uint64_t kUsualUploadBytesPerS = 1u << 20;

destinations::ErrorClass class_for_breaker(ErrorClass why) {
  switch (why) {
    case ErrorClass::throttle:
      return destinations::ErrorClass::throttle;
    case ErrorClass::transient:
    case ErrorClass::bytes:
      return destinations::ErrorClass::transient;
    case ErrorClass::credentials:
    case ErrorClass::clock:
      return destinations::ErrorClass::credentials;
    case ErrorClass::setup:
      break;
  }
  return destinations::ErrorClass::setup;
}

std::int64_t slow_after_us(std::uint64_t bytes) {
  return destinations::kNoAnswerUs + static_cast<std::int64_t>(bytes * 1'000'000 / kUsualUploadBytesPerS);
}

}  // namespace

Uploader::Uploader(std::string destination_name, http_client::HttpTransport& transport,
                   std::shared_ptr<destinations::CredentialsView> credentials, const Clock& clock, Notifier& notifier,
                   UploaderOptions options)
    : name_(std::move(destination_name)),
      clock_(clock),
      options_(std::move(options)),
      bucket_(options_.bucket),
      facts_(options_.facts),
      random_(options_.seed),
      mailbox_(transport, clock, notifier),
      credentials_(std::move(credentials), clock),
      breaker_(options_.breaker) {}

bool Uploader::may_begin(std::int64_t now_us) {
  if (facts_.identity.empty() && options_.identity) facts_.identity = options_.identity();
  const destinations::CallerFacts caller{facts_.role_arn, options_.external_id, facts_.identity};
  if (!credentials_.take(now_us, caller, problems_, breaker_)) return false;
  return flights_.size() < kMaxUploads && breaker_.may_begin(now_us, flights_.size());
}

void Uploader::begin(std::uint64_t number, Manifest manifest, std::shared_ptr<const http_client::HttpBody> body,
                     std::int64_t now_us) {
  SLUICE_CHECK(credentials_.usable() != nullptr, "the owner asks before it begins an upload");
  send({number, std::move(manifest), std::move(body), Upload(bucket_.conditional), now_us, nullptr}, now_us);
}

void Uploader::send(Flight flight, std::int64_t now_us) {
  // What was asked first may be signed with others than what is asked next.
  if (credentials_.usable() != nullptr) flight.credentials = credentials_.usable();
  flight.started_us = now_us;
  const bool put = flight.upload.next() == Upload::Call::put;
  const Manifest& manifest = flight.manifest;
  http_client::HttpRequest request =
      put ? put_request(bucket_, {manifest.key, manifest.sha256_hex, manifest.content_type, flight.body})
          : head_request(bucket_, manifest.key, flight.upload.next() == Upload::Call::head);
  const aws::SigningScope scope{"s3", options_.region, skew_.corrected_ms(clock_.wall_ms()), true};
  aws::sign_request(request, put ? manifest.sha256_hex : aws::sha256_hex(""), scope, *flight.credentials, keys_);
  if (put) call_stats_.sent(1);
  const std::uint64_t call = mailbox_.send(std::move(request));
  flights_.emplace(call, std::move(flight));
}

void Uploader::take_answers(std::int64_t now_us, std::vector<EndedUpload>& ended) {
  mailbox_.take(answers_);
  for (const destinations::CallAnswer& answer : answers_) {
    const auto found = flights_.find(answer.call);
    if (found == flights_.end()) continue;
    Flight flight = std::move(found->second);
    flights_.erase(found);
    call_stats_.answered(answer.arrived_us - flight.started_us);
    take(std::move(flight), answer, now_us, ended);
  }
  answers_.clear();
}

void Uploader::take(Flight flight, const destinations::CallAnswer& call_answer, std::int64_t now_us,
                    std::vector<EndedUpload>& ended) {
  const Asked asked = flight.upload.next() == Upload::Call::put ? Asked::put : Asked::head;
  const ObjectAnswer answer = read_answer(call_answer.response, asked == Asked::head);
  // A HEAD's refusal has no body that names a wrong time: its status is 403, and its Date tells.
  const bool may_be_time = classify(answer) == ErrorClass::clock || (asked == Asked::head && answer.status == 403);
  if (!answer.ok() && may_be_time && skew_.learn(call_answer.response, clock_.wall_ms())) {
    // Signed again with S3's time, at once.
    problems_.note(destinations::note_of_clock(skew_.offset_ms()), clock_.wall_ms(), kClockNoteMs);
    call_stats_.again(answer.code, 1);
    send(std::move(flight), now_us);
    return;
  }
  switch (flight.upload.take(answer, flight.manifest)) {
    case Upload::Outcome::call:
      send(std::move(flight), now_us);
      return;
    case Upload::Outcome::done:
      close_breaker();
      call_stats_.delivered(flight.manifest.size_bytes);
      ended.push_back({flight.number, EndedUpload::How::done, flight.upload.version_id()});
      return;
    case Upload::Outcome::conflict:
      call_stats_.failed();
      if (flight.upload.name_is_taken() && next_key(flight.manifest.key)) {
        ended.push_back({flight.number, EndedUpload::How::taken, ""});
        return;
      }
      open_breaker(answer, problem_of_conflict(flight.manifest.key, facts_), ErrorClass::setup, flight.started_us,
                   now_us);
      ended.push_back({flight.number, EndedUpload::How::failed, ""});
      return;
    case Upload::Outcome::failed:
      fail(flight, flight.upload.error(), asked, now_us, ended);
      return;
  }
}

void Uploader::fail(const Flight& flight, const ObjectAnswer& answer, Asked asked, std::int64_t now_us,
                    std::vector<EndedUpload>& ended) {
  call_stats_.failed();
  call_stats_.again(answer.code, 1);
  const ErrorClass why = classify(answer);
  if (answer.code == "NotImplemented" && bucket_.conditional && options_.may_look_first) {
    bucket_.conditional = false;
    facts_.looks_first = true;
    problems_.note(note_of_looking_first(facts_), clock_.wall_ms());
    log_info("s3.if_none_match_unknown", {{"destination", name_}, {"endpoint", facts_.endpoint}});
    ended.push_back({flight.number, EndedUpload::How::failed, ""});
    return;
  }
  if (why == ErrorClass::credentials || why == ErrorClass::clock) credentials_.refuse(flight.credentials);
  exporting::Problem problem = problem_of_answer(answer, asked, facts_);
  if (why == ErrorClass::credentials)
    if (const auto refresh = credentials_.error())
      problem =
          destinations::problem_of_credentials(*refresh, {facts_.role_arn, options_.external_id, facts_.identity});
  open_breaker(answer, std::move(problem), why, flight.started_us, now_us);
  const bool doubtful = why == ErrorClass::bytes || answer.fault == http_client::TransportFault::body ||
                        answer.fault == http_client::TransportFault::other;
  ended.push_back({flight.number,
                   doubtful                        ? EndedUpload::How::doubtful
                   : answer.code == "AccessDenied" ? EndedUpload::How::denied
                                                   : EndedUpload::How::failed,
                   ""});
}

void Uploader::open_breaker(const ObjectAnswer& answer, exporting::Problem problem, ErrorClass why,
                            std::int64_t started_us, std::int64_t now_us) {
  const bool was_closed = breaker_.closed();
  const destinations::ErrorClass for_breaker = class_for_breaker(why);
  breaker_.failed(for_breaker, started_us, now_us, random_);
  if (was_closed || breaker_.failures() == 2)
    log_warn("s3.upload_failed", {{"destination", name_},
                                  {"class", error_class_name(why)},
                                  {"code", problem.code},
                                  {"reason", answer.message},
                                  {"request_id", answer.request_id}});
  // A single failure that the next call recovers from is not reported, nor is one refusal.
  const bool needs_person =
      for_breaker == destinations::ErrorClass::setup || for_breaker == destinations::ErrorClass::credentials;
  if (needs_person ? !breaker_.refused_again() : breaker_.failures() < 2) return;
  problems_.set(destinations::Trouble::calls, std::move(problem), clock_.wall_ms(),
                clock_.wall_ms() + (breaker_.next_try_us() - now_us) / 1000);
}

void Uploader::close_breaker() {
  problems_.clear(destinations::Trouble::progress);
  if (!breaker_.succeeded()) return;
  credentials_.accepted();
  problems_.clear(destinations::Trouble::calls);
  log_info("s3.upload_succeeded_again", {{"destination", name_}});
}

std::int64_t Uploader::step(std::int64_t now_us, bool waiting) {
  std::int64_t due_us = INT64_MAX;
  for (const auto& [call, flight] : flights_) {
    const std::int64_t slow_us = flight.started_us + slow_after_us(flight.manifest.size_bytes);
    if (now_us < slow_us) {
      due_us = std::min(due_us, slow_us);
    } else if (!problems_.has(destinations::Trouble::progress)) {
      const std::int64_t for_ms = (now_us - flight.started_us) / 1000;
      problems_.set(destinations::Trouble::progress, problem_of_no_answer(for_ms, facts_), clock_.wall_ms() - for_ms);
    }
  }
  if (flights_.empty()) problems_.clear(destinations::Trouble::progress);
  if (!waiting || flights_.size() >= kMaxUploads) return due_us;
  if (credentials_.usable() == nullptr) return std::min(due_us, now_us + destinations::kCredentialsPollUs);
  if (!breaker_.closed() && flights_.empty()) due_us = std::min(due_us, std::max(breaker_.next_try_us(), now_us));
  return due_us;
}

}  // namespace sluice::s3
