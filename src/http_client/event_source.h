// A client of one event stream (text/event-stream) that connects, and connects again for as long as it is wanted.
//
// It has no thread: its owner calls step() as a worker's (base/worker.h), and what the receiver is told it is told
// within. Several may share one worker and one notifier. The bytes are parsed there, too, never on the transport's
// thread: while step() is not called, the transport holds a bounded part of the stream and the server waits.
//
// Where the standard (https://html.spec.whatwg.org/multipage/server-sent-events.html) leaves things open, or
// LaunchDarkly does not follow it, this does what the SDKs do (launchdarkly/eventsource as go-server-sdk's
// StreamProcessor uses it, launchdarkly/js-eventsource):
//   - Delays: 1 s, doubled up to 30 s, less up to half at random; from 1 s again after a failure that comes 60 s or
//   more
//     after it connected. (The Go library counts the 60 s from the last event; a stream without changes would never
//     be healthy.)
//   - `retry` sets the first delay, between 1 s and 10 min, and does not begin the doubling anew: a server that sends
//   it
//     first and then fails would be called at that pace for ever. Retry-After puts the next attempt off, 10 min at
//     most.
//   - Five minutes without a byte: LaunchDarkly sends a comment every three.
//   - Statuses: http_client/event_source_problem.h. After a final one it tries every minute; the SDKs give up.
//   - The Content-Type of a 200 has to be right, as the standard says; the SDKs do not look. A proxy's page with 200 is
//     a problem like a 502.
//   - An event that the receiver refuses ends the connection: as in the SDKs, later events cannot be understood without
//     it, and the next connection begins with all of it.
//   - Last-Event-ID is the last id of which all was accepted. LaunchDarkly sends none.
//   - Redirects are followed, five in a row at most; each attempt begins at the address that was set, so that a wrong
//     permanent redirect is no longer than it lasts. (js-eventsource keeps the target of a 301.) The caller's headers
//     go to another host, port or scheme only from http to https of the same host (http_client/redirect.h): all of them
//     are taken for secret. (js-eventsource sends them to any host, Go all but Authorization and cookies.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/published.h"
#include "base/random.h"
#include "http_client/event_source_problem.h"
#include "http_client/event_stream_parser.h"
#include "http_client/http_stream.h"
#include "http_client/outbound_policy.h"
#include "http_client/reconnect_delay.h"

namespace sluice::http_client {

inline constexpr int kMaxEventSourceRedirects = 5;
// After a final problem, less up to half at random. A minute: a key that was created a moment ago is unknown for a
// while at the far side, too, and there is nobody to call restart(). What remedies say of it has to agree.
inline constexpr std::int64_t kFinalDelayMs = 60'000;

struct EventSourceSettings {
  std::string url = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  // more than those it sends itself
  const OutboundPolicy* policy = nullptr;                         // HttpRequest::policy; it outlives the source
  std::int64_t connect_timeout_ms = 10'000;
  std::int64_t headers_timeout_ms = 30'000;  // from the call to the last header
  std::int64_t idle_timeout_ms = 300'000;
  std::int64_t first_delay_ms = 1'000;
  std::int64_t most_delay_ms = 30'000;
  std::int64_t healthy_ms = 60'000;  // a connection of this age makes the next failure the first one
  std::int64_t final_delay_ms = kFinalDelayMs;
  std::size_t max_data_bytes = kMaxEventDataBytes;
};

// All within step().
class EventSourceReceiver {
 public:
  virtual ~EventSourceReceiver() = default;
  // A problem refuses the stream, for which the source connects again.
  virtual std::optional<EventSourceProblem> on_connected(const HttpStreamHead& head) = 0;
  // An error refuses the event, and becomes the problem for which the source connects again.
  virtual Result<void> on_event(ServerSentEvent event) = 0;
  // There is no stream, and the next attempt comes at problem.next_attempt_ms.
  virtual void on_problem(const EventSourceProblem& problem) = 0;
};

// Times in ms since 1970; 0: it was not yet, or does not apply.
struct EventSourceState {
  enum class Phase : std::uint8_t { connecting, connected, waiting, cancelled };
  Phase phase = Phase::connecting;
  std::int64_t since_ms = 0;      // when this phase began
  std::int64_t last_byte_ms = 0;  // of any stream, comments included
  std::int64_t last_event_ms = 0;
  std::uint64_t events = 0;          // accepted
  std::uint64_t connections = 0;     // that became streams
  std::int64_t next_attempt_ms = 0;  // while it waits
  std::string last_event_id = {};
  std::optional<EventSourceProblem> last_problem = {};  // kept when it has passed
};

// How far the attempt under way has come, for an owner who does not wait for all that a server can make of it. Times by
// Clock::steady_us().
struct EventSourceProgress {
  EventSourceState::Phase phase = EventSourceState::Phase::connecting;
  std::int64_t begun_us = 0;         // when it was asked, before redirects
  std::int64_t connected_us = 0;     // when its stream began
  std::uint64_t bytes = 0;           // of its stream, comments included
  std::size_t unfinished_bytes = 0;  // of them, data of an event that is not complete
  std::int64_t unfinished_us = 0;    // when there was more of that last
};

class EventSource {
 public:
  // Connects with the first step. All references outlive it; `notifier` is that of the worker that calls step().
  EventSource(EventSourceSettings settings, HttpStreamTransport& transport, const Clock& clock, Random random,
              Notifier& notifier, EventSourceReceiver& receiver);
  // Gives its connection up. Not while step() runs.
  ~EventSource();

  // Does what there is to do now; returns as a worker's step does. One thread at a time. kWorkerDone after cancel().
  std::int64_t step();

  // Of whoever steps, between two steps.

  EventSourceProgress progress() const;
  // A problem as it is told: with where the address redirected, if it did.
  EventSourceProblem completed(EventSourceProblem problem) const;
  // Gives up the attempt under way, or its stream, for a problem that its owner finds. The receiver is told, and the
  // next attempt comes as after any other problem. Returns as step() does.
  std::int64_t give_up(EventSourceProblem problem);

  // Any thread; they have their effect with the next step, which they ask for.
  void cancel();  // for good: nothing is told to the receiver after a step that began later
  // Connects immediately, with new settings if given, whatever it did or waited for; the receiver is told of no
  // problem.
  void restart();
  void restart(EventSourceSettings settings);

  std::shared_ptr<const EventSourceState> state() const { return state_.get(); }  // any thread

 private:
  using Phase = EventSourceState::Phase;
  enum class Command : std::uint8_t { none, restart, cancel };

  void obey();
  std::int64_t wait_us() const;
  void connect();
  void open(const std::string& url);
  void take(HttpStreamPart part);
  void take_head(HttpStreamHead head);
  void follow(const HttpStreamHead& head);
  void take_bytes(const std::string& bytes);
  Result<void> take_event(ServerSentEvent event);
  void fail_with(EventSourceProblem problem);
  void enter(Phase phase);
  void publish();

  // Of whoever steps.
  EventSourceSettings settings_;
  HttpStreamTransport& transport_;
  const Clock& clock_;
  Notifier& notifier_;
  EventSourceReceiver& receiver_;
  ReconnectDelay delay_;
  std::unique_ptr<HttpStream> stream_;
  std::string url_;  // of the stream: that of the settings, or where a redirect led
  int redirects_ = 0;
  EventStreamParser parser_;
  bool refused_event_ = false;
  EventSourceProgress progress_;  // but for what the parser and now_ know
  std::int64_t next_attempt_us_ = 0;
  EventSourceState now_;

  std::mutex mutex_;
  Command command_ = Command::none;                  // guarded by mutex_
  std::optional<EventSourceSettings> new_settings_;  // guarded by mutex_

  Published<EventSourceState> state_;
};

}  // namespace sluice::http_client
