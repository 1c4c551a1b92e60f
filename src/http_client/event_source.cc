#include "http_client/event_source.h"

#include <algorithm>

#include "base/text.h"
#include "base/worker.h"
#include "http_client/redirect.h"

namespace sluice::http_client {

namespace {

// What may stand in a header. Bytes above ASCII may: ids are UTF-8.
bool fits_header(const std::string& value) {
  return std::all_of(value.begin(), value.end(), [](unsigned char c) { return c >= ' ' && c != 0x7f; });
}

bool is_sent_anyway(const std::string& header) {
  return equals_ignoring_case(header, "accept") || equals_ignoring_case(header, "cache-control") ||
         equals_ignoring_case(header, "last-event-id");
}

}  // namespace

EventSource::EventSource(EventSourceSettings settings, HttpStreamTransport& transport, const Clock& clock,
                         Random random, Notifier& notifier, EventSourceReceiver& receiver)
    : settings_(std::move(settings)),
      transport_(transport),
      clock_(clock),
      notifier_(notifier),
      receiver_(receiver),
      delay_(settings_.first_delay_ms, settings_.most_delay_ms, random),
      next_attempt_us_(clock.steady_us()) {
  enter(Phase::waiting);
}

EventSource::~EventSource() = default;

void EventSource::cancel() {
  {
    const std::lock_guard lock(mutex_);
    command_ = Command::cancel;
  }
  notifier_.notify();
}

void EventSource::restart() {
  {
    const std::lock_guard lock(mutex_);
    if (command_ == Command::none) command_ = Command::restart;
  }
  notifier_.notify();
}

void EventSource::restart(EventSourceSettings settings) {
  {
    const std::lock_guard lock(mutex_);
    new_settings_ = std::move(settings);
  }
  restart();
}

void EventSource::obey() {
  Command command = Command::none;
  std::optional<EventSourceSettings> settings;
  {
    const std::lock_guard lock(mutex_);
    command = std::exchange(command_, Command::none);
    settings = std::exchange(new_settings_, std::nullopt);
  }
  if (command == Command::none) return;
  stream_.reset();
  if (command == Command::cancel) return enter(Phase::cancelled);
  if (settings) {
    // An id of one server says nothing to another.
    if (settings->url != settings_.url) now_.last_event_id.clear();
    settings_ = std::move(*settings);
    delay_.set_times(settings_.first_delay_ms, settings_.most_delay_ms);
  }
  delay_.reset();
  next_attempt_us_ = clock_.steady_us();
  enter(Phase::waiting);
}

std::int64_t EventSource::step() {
  if (now_.phase == Phase::cancelled) return kWorkerDone;
  obey();
  if (now_.phase == Phase::waiting && clock_.steady_us() >= next_attempt_us_) connect();
  if (stream_ != nullptr) take(stream_->take());
  return wait_us();
}

std::int64_t EventSource::wait_us() const {
  if (now_.phase == Phase::cancelled) return kWorkerDone;
  if (now_.phase != Phase::waiting) return kUntilNotified;
  return std::max<std::int64_t>(next_attempt_us_ - clock_.steady_us(), 0);
}

EventSourceProgress EventSource::progress() const {
  EventSourceProgress progress = progress_;
  progress.phase = now_.phase;
  progress.unfinished_bytes = now_.phase == Phase::connected ? parser_.unfinished_data_bytes() : 0;
  return progress;
}

std::int64_t EventSource::give_up(EventSourceProblem problem) {
  if (stream_ != nullptr) fail_with(std::move(problem));
  return wait_us();
}

void EventSource::connect() {
  redirects_ = 0;
  progress_ = {};
  progress_.begun_us = clock_.steady_us();
  enter(Phase::connecting);
  open(settings_.url);
}

void EventSource::open(const std::string& url) {
  stream_.reset();
  url_ = url;
  HttpStreamRequest stream;
  HttpRequest& request = stream.request;
  request.method = "GET";
  request.url = url;
  request.policy = settings_.policy;
  request.connect_timeout_ms = settings_.connect_timeout_ms;
  request.timeout_ms = settings_.headers_timeout_ms;
  stream.idle_timeout_ms = settings_.idle_timeout_ms;
  request.headers = {{"Accept", "text/event-stream"}, {"Cache-Control", "no-cache"}};
  const std::string& id = now_.last_event_id;
  if (!id.empty() && fits_header(id)) request.headers.emplace_back("Last-Event-ID", id);
  if (may_send_secrets(settings_.url, url)) {
    for (const auto& header : settings_.headers) {
      if (!is_sent_anyway(header.first)) request.headers.push_back(header);
    }
  }
  stream_ = transport_.open(std::move(stream), [to = &notifier_] { to->notify(); });
}

void EventSource::take(HttpStreamPart part) {
  if (part.head) take_head(std::move(*part.head));
  if (!part.bytes.empty() && now_.phase == Phase::connected) take_bytes(part.bytes);
  // Neither is of a stream that was given up.
  if (part.end && (now_.phase == Phase::connected || (now_.phase == Phase::connecting && !part.head)))
    fail_with(problem_of_end(*part.end, now_.phase == Phase::connected && parser_.is_inside_event()));
}

void EventSource::take_head(HttpStreamHead head) {
  if (is_redirect(head.status)) return follow(head);
  if (!is_event_stream(head)) return fail_with(problem_of_answer(head, clock_.wall_ms()));
  parser_ = EventStreamParser(now_.last_event_id, settings_.max_data_bytes);
  progress_.connected_us = clock_.steady_us();
  ++now_.connections;
  enter(Phase::connected);
  if (auto refused = receiver_.on_connected(head)) fail_with(std::move(*refused));
}

void EventSource::follow(const HttpStreamHead& head) {
  const auto target = redirect_target(url_, head.header("location"));
  if (!target) return fail_with(problem_of_redirect(head, target.error().message));
  if (++redirects_ > kMaxEventSourceRedirects)
    return fail_with(problem_of_redirect(
        head, "it is the last of more than " + std::to_string(kMaxEventSourceRedirects) + " in a row"));
  open(*target);
}

void EventSource::take_bytes(const std::string& bytes) {
  now_.last_byte_ms = clock_.wall_ms();
  refused_event_ = false;
  progress_.bytes += bytes.size();
  const std::size_t unfinished = parser_.unfinished_data_bytes();
  const auto taken = parser_.feed(bytes, [this](ServerSentEvent event) { return take_event(std::move(event)); });
  if (const auto retry_ms = parser_.retry_ms()) delay_.set_base(*retry_ms);
  if (parser_.unfinished_data_bytes() != unfinished) progress_.unfinished_us = clock_.steady_us();
  if (taken) {
    now_.last_event_id = parser_.last_event_id();
    return publish();
  }
  fail_with(refused_event_ ? problem_of_event(taken.error().message) : problem_of_size(taken.error().message));
}

Result<void> EventSource::take_event(ServerSentEvent event) {
  std::string id = event.id;
  auto accepted = receiver_.on_event(std::move(event));
  refused_event_ = !accepted;
  if (refused_event_) return accepted;
  now_.last_event_id = std::move(id);
  now_.last_event_ms = clock_.wall_ms();
  ++now_.events;
  return accepted;
}

EventSourceProblem EventSource::completed(EventSourceProblem problem) const {
  problem.place = shown_place(url_);
  if (redirects_ > 0)
    add_redirect(problem, settings_.url, url_, !settings_.headers.empty() && !may_send_secrets(settings_.url, url_));
  return problem;
}

void EventSource::fail_with(EventSourceProblem problem) {
  stream_.reset();
  const std::int64_t now_us = clock_.steady_us();
  if (now_.phase == Phase::connected && now_us - progress_.connected_us >= settings_.healthy_ms * 1000) delay_.reset();
  const std::int64_t delay_ms = problem.is_final ? delay_.spread_ms(settings_.final_delay_ms) : delay_.next_ms();
  const std::int64_t wait_ms = std::max(delay_ms, problem.retry_after_ms);
  next_attempt_us_ = now_us + wait_ms * 1000;
  problem = completed(std::move(problem));
  problem.at_ms = clock_.wall_ms();
  problem.next_attempt_ms = problem.at_ms + wait_ms;
  now_.last_problem = problem;
  enter(Phase::waiting);
  receiver_.on_problem(problem);
}

void EventSource::enter(Phase phase) {
  now_.phase = phase;
  now_.since_ms = clock_.wall_ms();
  now_.next_attempt_ms = 0;
  if (phase == Phase::waiting)
    now_.next_attempt_ms = now_.since_ms + std::max<std::int64_t>(next_attempt_us_ - clock_.steady_us(), 0) / 1000;
  publish();
}

void EventSource::publish() { state_.set(std::make_shared<const EventSourceState>(now_)); }

}  // namespace sluice::http_client
