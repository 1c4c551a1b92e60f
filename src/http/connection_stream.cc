// What a connection does once its answer became a stream: it sends what is appended, as the socket takes it.
#include <algorithm>
#include <utility>

#include "http/connection.h"

namespace sluice::http {
namespace {

// What one stream sends in a turn, so that a large block to many streams leaves the loop time for other connections: as
// much as the kernel takes of a socket that was empty (keep_little_unsent).
constexpr std::size_t kTurnBytes = 128 << 10;

const StreamBlock& heartbeat() {
  static const StreamBlock block = stream_block(":\n");
  return block;
}

}  // namespace

// False: there is no slot, and a 503 stands in its place.
bool Connection::begin_stream() {
  std::shared_ptr<HttpStream> source = response_.stream.stream();
  auto slot = loop_->shared().streams.take(peer_, source->options().owner);
  if (!slot) {
    LoopCounters::add(loop_->counters().faults);
    loop_->count_cut(Cut::too_many_streams, peer_);
    response_ = loop_->handler().fault(503, "too_many_streams", slot.error().message, request_);
    return false;
  }
  source->begin();
  stream_ = std::make_unique<Stream>(Stream{std::move(source), std::move(*slot), StreamOutput(!parser_.is_http_1_0())});
  loop_->turn_into_stream(*this);
  if (AddressShare* address = account_.leave_address()) loop_->shared().addresses.leave(*address);
  return true;
}

// The head is sent.
bool Connection::start_stream() {
  phase_ = Phase::streaming;
  std::string().swap(output_);
  settle();
  const std::int64_t heartbeat_ms = stream_->source->options().heartbeat_ms;
  if (heartbeat_ms > 0) stream_->next_heartbeat_ms = loop_->now_ms() + loop_->first_heartbeat_ms(heartbeat_ms);
  stream_->source->attach(loop_, *this, loop_->limits().max_stream_waiting_bytes);
  if (loop_->closing()) drain();
  pump_stream();
  return phase_ == Phase::streaming && want_bytes();
}

void Connection::stream_ready() {
  if (phase_ != Phase::streaming) return;
  if (stream_->source->lags()) return cut_stream(Cut::stream_lagging);
  if (!stream_->waits_writable) pump_stream();
}

void Connection::on_writable(bool ok) {
  if (phase_ != Phase::streaming) return;
  stream_->waits_writable = false;
  if (!ok) return close();
  // In its turn: thousands become writable together, and a request must not wait for all of them.
  loop_->wake_streams({stream_->source});
}

void Connection::pump_stream() {
  Stream& stream = *stream_;
  StreamOutput& output = stream.output;
  for (std::size_t written = 0; written < kTurnBytes;) {
    if (output.empty() && !next_of_stream()) return;
    StreamOutput::Pieces pieces;
    const std::size_t count = output.pieces(pieces);
    const std::optional<std::size_t> taken = write_some({pieces.data(), count});
    if (!taken) return close();
    if (*taken == 0) break;
    stream.blocked_since_ms = 0;
    written += *taken;
    output.advance(*taken);
    LoopCounters::add(loop_->counters().bytes_out, *taken);
    stream.source->note_sending(output.left_bytes());
    if (output.is_end() && output.empty()) return end_stream();
  }
  if (output.untouched() && !output.is_end() && may_write_others()) {
    // So that a newer state can still take its place.
    stream.source->put_back(output.take_back());
  }
  if (stream.blocked_since_ms == 0) stream.blocked_since_ms = loop_->now_ms();
  stream.waits_writable = true;
  wait_writable();
}

// False: there is nothing to send for now, or the stream is over.
bool Connection::next_of_stream() {
  bool last = false;
  std::vector<StreamBlock> blocks = stream_->source->take(last);
  stream_->chunk_since_ms = loop_->now_ms();
  if (!blocks.empty()) {
    stream_->output.start(std::move(blocks));
    return true;
  }
  if (!last) {
    // A turn may have ended with the last byte: then nobody waits for the reader.
    stream_->blocked_since_ms = 0;
    return false;
  }
  stream_->output.start_end();
  if (!stream_->output.empty()) return true;
  end_stream();
  return false;
}

// All of it is sent.
void Connection::end_stream() {
  if (!needs_close_notify()) return close();
  phase_ = Phase::lingering;
  phase_since_ms_ = loop_->now_ms();
  shut_down();
  if (phase_ != Phase::lingering) return;
  want_bytes();
  read_wanted();
}

void Connection::tick_stream(std::int64_t now_ms) {
  Stream& stream = *stream_;
  const HttpLimits& limits = loop_->limits();
  const std::int64_t blocked_ms = stream.blocked_since_ms == 0 ? 0 : now_ms - stream.blocked_since_ms;
  const std::int64_t chunk_ms = stream.output.empty() ? 0 : now_ms - stream.chunk_since_ms;
  const auto due_ms = static_cast<std::int64_t>(stream.output.due_bytes()) * 1000 / limits.min_stream_bytes_per_s;
  if (blocked_ms > limits.write_timeout_ms || chunk_ms > limits.write_timeout_ms + due_ms)
    return cut_stream(Cut::stream_not_read);
  const std::int64_t heartbeat_ms = stream.source->options().heartbeat_ms;
  if (heartbeat_ms == 0 || now_ms < stream.next_heartbeat_ms) return;
  stream.next_heartbeat_ms = std::max(stream.next_heartbeat_ms, now_ms - heartbeat_ms) + heartbeat_ms;
  if (stream.source->unsent_bytes() == 0) stream.source->append(heartbeat());
}

void Connection::cut_stream(Cut cut) {
  if (cut == Cut::stream_not_read) LoopCounters::add(loop_->counters().timeouts);
  loop_->count_cut(cut, peer_);
  close(StreamEnd::cut);
}

}  // namespace sluice::http
