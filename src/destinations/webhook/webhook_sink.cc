#include "destinations/webhook/webhook_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <tuple>

#include "base/base64.h"
#include "base/check.h"
#include "base/counted.h"
#include "base/log.h"
#include "destinations/retry_policy.h"
#include "destinations/webhook/webhook_details.h"
#include "http_client/url.h"

namespace sluice::webhook {
namespace {

BatchOptions batch_options(const WebhookSettings& settings, std::string recipient) {
  BatchOptions options;
  options.format = settings.format;
  options.compression = settings.compression;
  options.max_events = settings.max_events;
  options.max_bytes = settings.max_bytes;
  options.linger_us = settings.linger_ms * 1'000;
  options.recipient = std::move(recipient);
  return options;
}

std::vector<SigningSecret> secrets_of(const WebhookSettings& settings) {
  std::vector<SigningSecret> secrets;
  for (const std::string& text : settings.signing_secrets) {
    auto secret = SigningSecret::parse(text);
    SLUICE_CHECK(secret.has_value(), "settings without a fault have secrets that can be read");
    secrets.push_back(*std::move(secret));
  }
  return secrets;
}

std::string credentials_of(const WebhookSettings& settings) {
  if (settings.auth == Auth::bearer) return "Bearer " + settings.token;
  std::string text = "Basic ";
  base64_append(text, settings.username + ':' + settings.password);
  return text;
}

bool is_authorized(const WebhookSettings& settings) {
  return settings.auth == Auth::bearer || settings.auth == Auth::basic;
}

std::vector<std::string> hidden_texts(const WebhookSettings& settings) {
  std::vector<std::string> texts = settings.signing_secrets;
  for (const auto& [name, value] : settings.headers) texts.push_back(value);
  if (is_authorized(settings)) {
    const std::string credentials = credentials_of(settings);
    texts.push_back(credentials.substr(credentials.find(' ') + 1));
    texts.push_back(settings.password);
  }
  return texts;
}

}  // namespace

WebhookSink::WebhookSink(const WebhookSettings& settings, std::string destination_name,
                         http_client::HttpTransport& transport, const Clock& clock, Notifier& notifier,
                         exporting::DeadLetterStore& dead_letters, WebhookSinkOptions options)
    : settings_(settings),
      name_(std::move(destination_name)),
      clock_(clock),
      policy_(options.policy),
      max_events_inside_(std::size_t{2} * settings.max_calls_in_flight * settings.max_events),
      signing_secrets_(secrets_of(settings)),
      hidden_(hidden_texts(settings)),
      random_(options.seed),
      mailbox_(transport, clock, notifier),
      builder_(batch_options(settings, std::move(options.recipient))),
      breaker_(options.breaker),
      rejected_(name_, dead_letters, clock_) {
  fixed_headers_ = builder_.content_headers();
  fixed_headers_.insert(fixed_headers_.end(), settings_.headers.begin(), settings_.headers.end());
  if (is_authorized(settings_)) fixed_headers_.emplace_back("authorization", credentials_of(settings_));
}

bool WebhookSink::has_room() const {
  return events_inside_ < max_events_inside_ + std::min(refused_alone_, kMostRefusedAlone) &&
         bytes_inside_ < kMaxBytesInside;
}

void WebhookSink::put(exporting::OutboundEvent event) {
  ++events_inside_;
  bytes_inside_ += event.record_size();
  builder_.put(std::move(event));
  if (!breaker_.closed() && breaker_.why() == destinations::ErrorClass::setup && waiting_.size() < kFailedOfAll)
    breaker_.probe_now(clock_.steady_us());
}

std::int64_t WebhookSink::step(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) {
  builder_.advance(now_us);
  take_answers(now_us, finished);
  if (!stopped_) {
    begin_calls(now_us);
    check_progress(now_us);
  }
  flush_rejected(now_us, finished);
  return stopped_ ? INT64_MAX : next_step_us(now_us);
}

void WebhookSink::begin_calls(std::int64_t now_us) {
  while (!gone_ && now_us >= pause_until_us_ && calls_.size() < calls_at_most() &&
         breaker_.may_begin(now_us, calls_.size())) {
    auto parcel = next_parcel(now_us);
    if (!parcel) return;
    begin_call(*std::move(parcel), now_us);
  }
}

// While the breaker is open a batch that was not sent before comes first: one that failed may be the cause itself. Only
// so many of them, or an outage would make a heap of small batches; those that are suspected themselves do not count.
std::optional<WebhookSink::Parcel> WebhookSink::next_parcel(std::int64_t now_us) {
  const bool probing = !breaker_.closed();
  const auto failed = static_cast<std::size_t>(std::ranges::count_if(waiting_, std::not_fn(&Parcel::is_suspect)));
  const bool fresh_first = probing && failed < std::size_t{2} * settings_.max_calls_in_flight;
  if (!fresh_first) {
    if (auto parcel = take_waiting(now_us, probing)) return parcel;
  }
  if (auto batch = builder_.take(now_us, probing)) {
    Parcel parcel;
    parcel.body_bytes = batch->body.size();
    parcel.batch = *std::move(batch);
    return parcel;
  }
  return fresh_first ? take_waiting(now_us, probing) : std::nullopt;
}

// A probe need not wait for its turn, unless it is held: its failure would show nothing.
std::int64_t WebhookSink::due_us(const Parcel& parcel) const {
  return !breaker_.closed() && parcel.held == 0 ? 0 : parcel.not_before_us;
}

// The one whose turn is next.
std::optional<WebhookSink::Parcel> WebhookSink::take_waiting(std::int64_t now_us, bool probing) {
  const auto next = std::ranges::min_element(waiting_, {}, [&](const Parcel& parcel) {
    return std::tuple(due_us(parcel) > now_us, probing && parcel.is_suspect(), parcel.not_before_us);
  });
  if (next == waiting_.end() || now_us < due_us(*next)) return std::nullopt;
  Parcel parcel = std::move(*next);
  waiting_.erase(next);
  return parcel;
}

void WebhookSink::begin_call(Parcel parcel, std::int64_t now_us) {
  if (parcel.batch.body.empty()) builder_.restore_body(parcel.batch);
  http_client::HttpRequest request;
  request.url = settings_.url;
  request.headers = fixed_headers_;
  auto signature = signature_headers(signing_secrets_, parcel.batch.id, clock_.wall_ms() / 1'000, parcel.batch.body);
  request.headers.insert(request.headers.end(), std::make_move_iterator(signature.begin()),
                         std::make_move_iterator(signature.end()));
  request.body = std::exchange(parcel.batch.body, {});
  request.timeout_ms = settings_.timeout_ms;
  request.policy = policy_;
  request.max_response_bytes = kMaxAnswerBytes;
  call_stats_.sent(1);
  parcel.unanswered.attempt_begins(now_us);
  const std::uint64_t number = mailbox_.send(std::move(request));
  calls_.emplace(number, Call{std::move(parcel), now_us});
}

// Whether there are events that could show that the receiver accepts any.
bool WebhookSink::has_others() const {
  return builder_.events() > 0 ||
         std::ranges::any_of(waiting_, [](const Parcel& parcel) { return !parcel.refused_alone; }) ||
         std::ranges::any_of(calls_, [](const auto& call) { return !call.second.parcel.refused_alone; });
}

std::int64_t WebhookSink::next_step_us(std::int64_t now_us) const {
  std::int64_t next = rejected_.due_us();
  next = std::min(next, unanswered_.due_us());
  if (!gone_ && calls_.size() < calls_at_most()) {
    const bool probing = !breaker_.closed();
    std::int64_t due = probing && builder_.events() > 0 ? 0 : builder_.due_us();
    for (const Parcel& parcel : waiting_) due = std::min(due, due_us(parcel));
    next =
        std::min(next, due == INT64_MAX ? due : std::max({due, pause_until_us_, probing ? breaker_.next_try_us() : 0}));
  }
  return std::max(next, now_us);
}

// A batch that has no answer is told before its call has failed: that takes as long as `timeout`.
void WebhookSink::check_progress(std::int64_t now_us) {
  unanswered_.begin(now_us);
  for (auto& [number, call] : calls_)
    unanswered_.in_flight(call.parcel.unanswered, call.started_us, call.parcel.batch.events.size());
  if (unanswered_.is_telling())
    for (const Parcel& parcel : waiting_)
      unanswered_.waiting(parcel.unanswered, std::max(parcel.not_before_us, pause_until_us_),
                          parcel.batch.events.size());
  destinations::UnansweredWords words;
  const std::string host = http_client::host_header_of(settings_.url);
  if (const auto& oldest = unanswered_.oldest()) {
    words.who = host;
    words.what = fmt::format("a batch of {}", counted(oldest->size, "event"));
    words.timeout_ms = settings_.timeout_ms;
    words.advice =
        "The receiver has to answer in time: accept the batch, answer, and process it afterwards. Smaller batches help "
        "too.";
  }
  if (const auto reason = unanswered_.tell(words, problems_, clock_.wall_ms()))
    log_warn("webhook.no_answer", {{"destination", name_}, {"reason", *reason}});
}

void WebhookSink::finish(const std::vector<exporting::OutboundEvent>& events, bool delivered,
                         std::vector<exporting::FinishedEvent>& finished) {
  for (const exporting::OutboundEvent& event : events) {
    const auto bytes = static_cast<std::uint32_t>(event.record_size());
    finished.push_back({event.ticket, delivered, bytes});
    --events_inside_;
    bytes_inside_ -= bytes;
  }
}

void WebhookSink::flush_rejected(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) {
  stored_.clear();
  rejected_.flush(now_us, problems_, stored_);
  for (const destinations::HeldRecord& record : stored_) finish(record.events, false, finished);
}

exporting::SinkStats WebhookSink::stats() const {
  exporting::SinkStats stats;
  call_stats_.fill(stats);
  stats.calls_in_flight = calls_.size();
  stats.events_inside = events_inside_;
  stats.bytes_inside = bytes_inside_;
  auto details = std::make_shared<WebhookDetails>();
  details->last_status = last_status_;
  details->gone = gone_;
  stats.details = std::move(details);
  return stats;
}

std::optional<exporting::Receipt> WebhookSink::last_receipt() const {
  if (delivered_id_.empty()) return std::nullopt;
  return exporting::Receipt{{{"httpStatus", std::to_string(delivered_status_)}, {"webhookId", delivered_id_}},
                            fmt::format("HTTP {}, webhook-id {}", delivered_status_, delivered_id_)};
}

}  // namespace sluice::webhook
