// An event source whose clock stands still and whose server a test plays.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/worker.h"
#include "http_client/event_source.h"
#include "http_client/http_stream_fake.h"

namespace sluice::http_client {

class RecordingReceiver final : public EventSourceReceiver {
 public:
  std::optional<EventSourceProblem> on_connected(const HttpStreamHead& head) override {
    connected.push_back(head.status);
    return refusal;
  }
  Result<void> on_event(ServerSentEvent event) override {
    if (event.data == "bad") return fail("The event is no JSON.");
    events.push_back(std::move(event));
    return {};
  }
  void on_problem(const EventSourceProblem& problem) override { problems.push_back(problem); }

  std::optional<EventSourceProblem> refusal;
  std::vector<int> connected;
  std::vector<ServerSentEvent> events;
  std::vector<EventSourceProblem> problems;
};

class EventSourceRig : public testing::Test {
 protected:
  using Phase = EventSourceState::Phase;

  EventSourceRig() { settings_.url = "https://stream.example.com/all?filter=f"; }
  void start() {
    source_ = std::make_unique<EventSource>(settings_, transport_, clock_, Random(1), notifier_, receiver_);
    step();
  }
  std::int64_t step() {
    notifier_.take();
    return source_->step();
  }
  // Steps as a worker does: when it is notified.
  void run() {
    while (notifier_.take()) source_->step();
  }
  void pass_ms(std::int64_t ms) {
    clock_.advance_us(ms * 1000);
    transport_.expire();
    step();
  }
  ServedStreamFake& server() { return transport_.last(); }
  void serve(const char* bytes) {
    server().event_stream();
    server().bytes(bytes);
    run();
  }
  // From the problem to the next attempt.
  std::int64_t delay_ms() const { return receiver_.problems.back().next_attempt_ms - receiver_.problems.back().at_ms; }
  std::shared_ptr<const EventSourceState> state() const { return source_->state(); }

  ManualClock clock_;
  HttpStreamTransportFake transport_{&clock_};
  Notifier notifier_;
  RecordingReceiver receiver_;
  EventSourceSettings settings_;
  std::unique_ptr<EventSource> source_;
};

}  // namespace sluice::http_client
