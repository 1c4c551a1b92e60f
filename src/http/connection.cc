#include "http/connection.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/dispose.h"
#include "base/log.h"
#include "http/response_text.h"

namespace sluice::http {
namespace {

// Buffers of an idle connection above this are given back.
constexpr std::size_t kKeptBytes = 4096;
// What one read brings of a header while memory is short.
constexpr std::size_t kShortReadBytes = 16 << 10;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

void shrink(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKeptBytes) std::string().swap(buffer);
}

}  // namespace

Connection::Connection(std::shared_ptr<Loop> loop, std::string peer)
    : loop_(std::move(loop)),
      peer_(std::move(peer)),
      account_(loop_->shared().memory),
      parser_(loop_->limits(), account_) {}

Connection::~Connection() { drop_stash(); }

void Connection::start(bool refused) {
  accepted_ms_ = phase_since_ms_ = loop_->now_ms();
  AddressCount& addresses = loop_->shared().addresses;
  std::shared_ptr<AddressShare> address;
  if (!refused || loop_->recycle(*this, {})) {
    address = addresses.enter(peer_);
    if (!address && loop_->recycle(*this, counted_address(peer_))) address = addresses.enter(peer_);
  }
  if (!address) {
    LoopCounters::add(loop_->counters().refused);
    loop_->count_cut(Cut::too_many_connections, peer_);
    fault(503, "too_many_connections",
          "The server, or your address, has as many connections as it may; try again in a second.");
    return run();
  }
  account_.set_address(std::move(address));
  open();
}

void Connection::on_open(bool ok) {
  if (phase_ != Phase::opening) return;
  if (!ok) return close();
  phase_ = Phase::idle;
  phase_since_ms_ = loop_->now_ms();
  if (loop_->closing()) return close();
  run();
}

void Connection::on_read(bool ok, std::string_view bytes) {
  reading_ = false;
  if (phase_ == Phase::closed) return;
  LoopCounters::add(loop_->counters().bytes_in, bytes.size());
  if (phase_ == Phase::lingering) {
    if (!ok) return close();
    want_bytes();
    return read_wanted();
  }
  if (stream_) {
    if (!ok) return close();
    want_bytes();  // nothing more is answered, but so its end is seen
    return read_wanted();
  }
  if (faulted_) return;  // was under way when the request failed
  if (!ok) return close();
  if (input_.empty()) {
    input_ = bytes;
  } else {
    const auto consumed = static_cast<std::size_t>(input_.data() - stash_.data());
    stash_.append(bytes);
    input_ = std::string_view(stash_).substr(consumed);
  }
  measured_bytes_ += bytes.size();
  if (phase_ == Phase::body) {
    body_received_ += bytes.size();
    progress_ms_ = loop_->now_ms();
  }
  run();
}

void Connection::on_written(bool ok) {
  if (phase_ == Phase::closed) return;
  if (!ok) return close();
  if (phase_ == Phase::continuing)
    phase_ = Phase::body;
  else
    finish_answer();
  run();
}

// Everything that can be done without waiting is done here, in a loop and not by calls within calls, so that a thousand
// pipelined requests take no more stack than one.
void Connection::run() {
  if (running_) return;
  running_ = true;
  while (step()) {
  }
  running_ = false;
  if (phase_ == Phase::closed) return;
  keep_input();
  read_wanted();
}

bool Connection::step() {
  if (waiting_) return false;
  switch (phase_) {
    case Phase::idle:
    case Phase::header:
    case Phase::body:
      return parse();
    case Phase::answered:
      return write_answer();
    case Phase::opening:
    case Phase::continuing:
    case Phase::held:
    case Phase::handling:
    case Phase::writing:
    case Phase::streaming:
    case Phase::lingering:
    case Phase::closed:
      return false;
  }
  return false;
}

bool Connection::parse() {
  if (phase_ == Phase::idle) {
    // RFC 9112, 2.2: empty lines before a request are passed over.
    while (input_.starts_with("\r\n")) input_.remove_prefix(2);
    if (input_.empty() || input_ == "\r") return want_bytes();
    parser_.begin();
    phase_ = Phase::header;
    phase_since_ms_ = measured_ms_ = loop_->now_ms();
    bytes_per_s_ = kNotMeasured;
    measured_bytes_ = 0;
    waited_ms_ = 0;
    admitted_ = false;
  }
  if (phase_ == Phase::header) return input_.empty() ? want_bytes() : parsed(parser_.feed(input_));
  if (input_.empty() && !admitted_ && !admit()) return phase_ == Phase::answered;
  if (!has_room() && !room_as_it_is_whole()) return (loop_->relieve(*this) && has_room()) || wait();
  return input_.empty() ? want_bytes() : parsed(parser_.feed(input_));
}

bool Connection::parsed(RequestParser::Step step) {
  switch (step) {
    case RequestParser::Step::need_more:
      if (phase_ == Phase::body && !admitted_ && !admit()) return phase_ == Phase::answered;
      return want_bytes();
    case RequestParser::Step::more:
      return true;
    case RequestParser::Step::header:
      return begin_body();
    case RequestParser::Step::complete:
      return dispatch();
    case RequestParser::Step::failed:
      break;
  }
  return fault(parser_.fault().status, parser_.fault().code, parser_.fault().message);
}

bool Connection::begin_body() {
  phase_ = Phase::body;
  phase_since_ms_ = progress_ms_ = loop_->now_ms();
  body_received_ = input_.size();
  const bool says_continue = input_.empty() && parser_.expects_continue();
  if ((says_continue || loop_->handler().admits_all()) && !admit()) return phase_ == Phase::answered;
  if (!says_continue) return true;
  phase_ = Phase::continuing;
  switch (start_write(kContinue)) {
    case Io::done:
      phase_ = Phase::body;
      return true;
    case Io::pending:
      return false;
    case Io::failed:
      close();
      return false;
  }
  return false;
}

// Before more of the body is read. False: the request is refused.
bool Connection::admit() {
  admitted_ = true;
  request_ = {};
  request_.peer = peer_;
  parser_.describe(request_);
  request_.body = {};
  const Admission admission = loop_->handler().admit(request_);
  if (admission.refused) {
    faulted_ = true;  // what comes is a body that nobody reads
    input_ = {};
    drop_stash();
    LoopCounters::add(loop_->counters().requests);
    call_handler();
    return false;
  }
  if (admission.max_body_bytes > 0 && !parser_.limit_body(admission.max_body_bytes)) {
    fault(parser_.fault().status, parser_.fault().code, parser_.fault().message);
    return false;
  }
  if (admission.owner != 0) account_.set_owner(loop_->shared().memory.owner_share(admission.owner));
  return true;
}

bool Connection::dispatch() {
  LoopCounters::add(loop_->counters().requests);
  request_ = {};
  request_.peer = peer_;
  parser_.describe(request_);
  if (!loop_->handler().ready(request_)) {
    phase_ = Phase::held;
    return wait();
  }
  return call_handler();
}

bool Connection::call_handler() {
  phase_ = Phase::handling;
  fresh_ = false;
  try {
    // Thrown out of, the responder answers 500 on its way down.
    loop_->handler().handle(request_, HttpResponder(shared_from_this()));
  } catch (const std::exception& error) {
    log_error("http.handler_failed", {{"method", request_.method}, {"path", request_.path}, {"error", error.what()}});
  }
  return phase_ == Phase::answered;
}

void Connection::respond(HttpResponse response) {
  if (loop_->on_this_thread())
    answer(std::move(response));
  else
    loop_->hand_over(shared_from_this(), std::move(response));
}

void Connection::answer(HttpResponse response) {
  if (phase_ != Phase::handling) return;  // a stream in it ends unstarted
  response_ = std::move(response);
  phase_ = Phase::answered;
  run();
}

bool Connection::fault(unsigned status, std::string_view code, std::string_view message) {
  LoopCounters::add(loop_->counters().faults);
  faulted_ = true;
  request_ = {};
  request_.peer = peer_;
  parser_.describe(request_);
  request_.body = {};
  try {
    response_ = loop_->handler().fault(status, code, message, request_);
  } catch (const std::exception& error) {
    log_error("http.handler_failed", {{"fault", code}, {"error", error.what()}});
    dispose(response_);
    response_.status = status;
  }
  input_ = {};
  drop_stash();
  phase_ = Phase::answered;
  return true;
}

bool Connection::write_answer() {
  if (response_.abort && response_.body.empty()) {
    close();
    return false;
  }
  const bool head = request_.method == "HEAD";
  const bool endless = bool(response_.stream) && !response_.abort;
  if (endless && !head && !begin_stream()) return true;
  close_after_ =
      faulted_ || last_request_ || response_.close || is_stream() || !parser_.keep_alive() || loop_->draining();
  output_.clear();
  append_response(output_, response_,
                  {.date = loop_->date(),
                   .head = head,
                   .close = close_after_,
                   .endless = endless,
                   .chunked = endless && !parser_.is_http_1_0(),
                   .say_keep_alive = parser_.is_http_1_0()});
  if (response_.abort) {
    output_.resize(output_.size() - response_.body.size() / 2);
    close_after_ = true;
  }
  request_ = {};
  while_unsent_ = std::move(response_.while_unsent);
  dispose(response_);
  if (stream_) {
    parser_.retire();
    input_ = {};
    drop_stash();
  } else {
    parser_.release();
  }
  return write_output();
}

bool Connection::write_output() {
  phase_ = Phase::writing;
  phase_since_ms_ = loop_->now_ms();
  switch (start_write(output_)) {
    case Io::done:
      return finish_answer();
    case Io::pending:
      return false;
    case Io::failed:
      close();
      return false;
  }
  return false;
}

bool Connection::finish_answer() {
  LoopCounters::add(loop_->counters().bytes_out, output_.size());
  shrink(output_);
  while_unsent_.reset();
  phase_since_ms_ = loop_->now_ms();
  if (stream_) return start_stream();
  if (faulted_ || (close_after_ && needs_close_notify())) {
    phase_ = Phase::lingering;
    shut_down();
    return phase_ == Phase::lingering && want_bytes();
  }
  if (close_after_ || (loop_->closing() && input_.empty() && !bytes_waiting())) {
    close();
    return false;
  }
  phase_ = Phase::idle;
  return true;
}

// Always false: there is nothing to do until bytes come.
bool Connection::want_bytes() {
  wants_bytes_ = true;
  return false;
}

// After keep_input(): the loop's buffer is used again.
void Connection::read_wanted() {
  if (!std::exchange(wants_bytes_, false) || reading_ || phase_ == Phase::closed) return;
  reading_ = true;
  start_read();
}

std::size_t Connection::read_limit() const {
  if (phase_ == Phase::body) return std::min(parser_.next_read(), kReadBytes);
  return loop_->shared().memory.waiting > 0 ? kShortReadBytes : kReadBytes;
}

// What the handled read left over has to outlive it.
void Connection::keep_input() {
  if (input_.empty()) return drop_stash();
  const bool in_stash = input_.data() >= stash_.data() && input_.data() < stash_.data() + stash_.size();
  if (!in_stash) {
    stash_.assign(input_);
    input_ = stash_;
  } else if (input_.size() < stash_.size() / 2) {
    stash_.erase(0, stash_.size() - input_.size());
    input_ = stash_;
  }
  if (stash_.size() <= stash_counted_) {
    account_.give_back(stash_counted_ - stash_.size());
    stash_counted_ = stash_.size();
    return;
  }
  if (waiting_ || account_.take(stash_.size() - stash_counted_)) {
    if (!waiting_) stash_counted_ = stash_.size();
    return;
  }
  if (phase_ == Phase::header || phase_ == Phase::body) {
    // It is kept all the same, and nothing is read until there is room for it: one read of a connection is not counted.
    wants_bytes_ = false;
    wait();
    return;
  }
  // Requests that were sent ahead of an answer: the client sends them again after "Connection: close".
  input_ = {};
  drop_stash();
  last_request_ = true;
}

void Connection::drop_stash() {
  shrink(stash_);
  account_.give_back(std::exchange(stash_counted_, 0));
}

// A request that already waits in the socket is still answered.
void Connection::drain() {
  if (stream_) return stream_->source->end_with(StreamEnd::drained, HttpStream::Ending::after_all);
  if (phase_ == Phase::opening || (phase_ == Phase::idle && !bytes_waiting())) close();
}

void Connection::close(StreamEnd stream_end) {
  if (phase_ == Phase::closed) return;
  const std::shared_ptr<Connection> keeps_it_alive = shared_from_this();
  // A handler that has not answered yet may read the request until it does.
  if (phase_ != Phase::handling) parser_.release();
  phase_ = Phase::closed;
  waiting_ = false;
  if (AddressShare* address = account_.leave_address()) loop_->shared().addresses.leave(*address);
  close_socket();
  input_ = {};
  drop_stash();
  shrink(output_);
  while_unsent_.reset();
  loop_->remove(*this);
  if (!stream_) return;
  // The slot first, so that who learns of the end finds it free.
  const std::unique_ptr<Stream> over = std::move(stream_);
  over->slot.reset();
  over->source->detach(stream_end);
  loop_->notify_closed();
}

}  // namespace sluice::http
