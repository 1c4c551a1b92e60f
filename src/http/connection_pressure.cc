// What a connection does about time and memory: it waits for room, is measured, and ends when it takes too long.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "http/connection.h"
#include "http/turn.h"

namespace sluice::http {
namespace {

// How long a client may keep sending after it was refused. Closing at once would reset the connection and could take
// the answer away from it before it was read.
constexpr std::int64_t kLingerMs = 3000;
// Over how long the rate of a body is measured, and from which on nobody calls it slow: a body of an SDK has passed.
constexpr std::int64_t kMeasureMs = 1000;
constexpr std::int64_t kFastBytesPerS = 256 << 10;

}  // namespace

// For what is kept of the input, and for what of a body is to be read or fed next.
bool Connection::has_room() {
  if (stash_.size() > stash_counted_) {
    if (!account_.take(stash_.size() - stash_counted_)) return false;
    stash_counted_ = stash_.size();
  }
  return phase_ != Phase::body || parser_.make_room(input_.empty() ? parser_.next_read() : input_.size());
}

bool Connection::room_as_it_is_whole() {
  const auto length = parser_.content_length();
  const bool whole =
      phase_ == Phase::body && !admitted_ && (length ? input_.size() >= *length : input_.ends_with("\r\n0\r\n\r\n"));
  return whole && account_.grant_whole(length.value_or(input_.size()) + PaddedBuffer::kKeptBytes) && has_room();
}

bool Connection::room_to_finish() {
  const std::uint64_t missing = phase_ == Phase::body ? parser_.still_needed() : loop_->limits().max_header_bytes;
  return account_.grant(missing + kReadBytes) && has_room();
}

bool Connection::wait() {
  waiting_ = true;
  waiting_since_ms_ = loop_->now_ms();
  loop_->wait(shared_from_this());
  return false;
}

void Connection::stop_waiting(std::int64_t now_ms) {
  waiting_ = false;
  const std::int64_t waited = now_ms - waiting_since_ms_;
  waited_ms_ += waited;
  phase_since_ms_ += waited;
  progress_ms_ = measured_ms_ = now_ms;
  measured_bytes_ = 0;
}

std::int64_t Connection::waited_ms(std::int64_t now_ms) const {
  return waited_ms_ + (waiting_ ? now_ms - waiting_since_ms_ : 0);
}

bool Connection::retry(std::int64_t now_ms) {
  if (!waiting_) return false;
  ServerShared& shared = loop_->shared();
  if (phase_ == Phase::held) {
    const bool ready = loop_->handler().ready(request_);
    if (!ready && !waited_enough(loop_->limits(), waited_ms(now_ms), now_ms - shared.handler_ready_ms)) return true;
    if (ready) shared.handler_ready_ms = now_ms;
    stop_waiting(now_ms);
    call_handler();
    run();
    return false;
  }
  const bool room = has_room() || (loop_->relieve(*this) && has_room()) || room_to_finish();
  if (!room && !waited_enough(loop_->limits(), waited_ms(now_ms), now_ms - shared.room_found_ms)) return true;
  if (room) shared.room_found_ms = now_ms;
  stop_waiting(now_ms);
  if (!room) {
    loop_->count_cut(Cut::memory_full, peer_);
    fault(503, "overloaded", "The server holds as many bodies as it may; try again in a second.");
  }
  run();
  return false;
}

void Connection::time_out(Cut cut, std::string_view message) {
  LoopCounters::add(loop_->counters().timeouts);
  loop_->count_cut(cut, peer_);
  fault(408, cut_name(cut), message);
  run();
}

void Connection::measure(std::int64_t now_ms) {
  const std::int64_t elapsed = now_ms - measured_ms_;
  if (elapsed < kMeasureMs) return;
  bytes_per_s_ = static_cast<std::int64_t>(measured_bytes_) * 1000 / elapsed;
  measured_ms_ = now_ms;
  measured_bytes_ = 0;
}

std::optional<Cut> Connection::idleness() {
  if (phase_ == Phase::lingering) return Cut::idle_recycled;
  if (phase_ == Phase::idle && !fresh_) return bytes_waiting() ? std::nullopt : std::optional(Cut::idle_recycled);
  // Connections that fill the memory for bodies, and wait for their turn at it, do not keep others out for as long.
  if (waiting_ && waited_ms(loop_->now_ms()) > loop_->limits().max_wait_ms) return Cut::header_recycled;
  const bool no_request = phase_ == Phase::opening || phase_ == Phase::idle || phase_ == Phase::header;
  return no_request && !waiting_ ? std::optional(Cut::header_recycled) : std::nullopt;
}

bool Connection::is_slow() const {
  return (phase_ == Phase::header || phase_ == Phase::body) && !waiting_ && account_.held() > 0 &&
         bytes_per_s_ != kNotMeasured && bytes_per_s_ < kFastBytesPerS;
}

void Connection::evict() {
  loop_->count_cut(Cut::body_evicted, peer_);
  fault(503, "overloaded", "The server has no memory left for slow bodies; try again in a second.");
  run();
}

void Connection::tick_body(std::int64_t now_ms) {
  const HttpLimits& limits = loop_->limits();
  const std::int64_t elapsed = now_ms - phase_since_ms_;
  if (now_ms - progress_ms_ > limits.body_timeout_ms)
    return time_out(Cut::body_timeout,
                    "Nothing more of the body came for " + human_duration_ms(limits.body_timeout_ms) + ".");
  if (elapsed > limits.body_grace_ms &&
      static_cast<std::int64_t>(body_received_) * 1000 < limits.min_body_bytes_per_s * elapsed)
    time_out(Cut::body_too_slow, "The body came at less than " +
                                     human_bytes(static_cast<std::uint64_t>(limits.min_body_bytes_per_s)) +
                                     " a second.");
}

void Connection::tick(std::int64_t now_ms) {
  const HttpLimits& limits = loop_->limits();
  const std::int64_t elapsed = now_ms - (fresh_ ? std::min(accepted_ms_, phase_since_ms_) : phase_since_ms_);
  if (waiting_) return;  // retry() ends that
  switch (phase_) {
    case Phase::opening:
    case Phase::idle:
      if (elapsed <= (fresh_ ? limits.header_timeout_ms : limits.keep_alive_ms)) return;
      if (fresh_) loop_->count_cut(Cut::header_timeout, peer_);
      return close();
    case Phase::header:
      measure(now_ms);
      if (elapsed > limits.header_timeout_ms)
        time_out(Cut::header_timeout,
                 "The header was not complete after " + human_duration_ms(limits.header_timeout_ms) + ".");
      return;
    case Phase::body:
      measure(now_ms);
      return tick_body(now_ms);
    case Phase::continuing:
    case Phase::writing:
      if (now_ms - phase_since_ms_ > limits.write_timeout_ms) {
        if (stream_) return cut_stream(Cut::stream_not_read);
        LoopCounters::add(loop_->counters().timeouts);
        loop_->count_cut(Cut::write_timeout, peer_);
        close();
      }
      return;
    case Phase::lingering:
      if (now_ms - phase_since_ms_ > kLingerMs) close();
      return;
    case Phase::streaming:
      return tick_stream(now_ms);
    case Phase::held:
    case Phase::handling:
    case Phase::answered:
    case Phase::closed:
      return;
  }
}

}  // namespace sluice::http
