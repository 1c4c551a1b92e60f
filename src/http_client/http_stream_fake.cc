#include "http_client/http_stream_fake.h"

#include "base/check.h"
#include "base/text.h"

namespace sluice::http_client {

ServedStreamFake::ServedStreamFake(HttpStreamRequest request, std::function<void()> ready, const Clock* clock)
    : request_(std::move(request)),
      clock_(clock),
      pipe_(std::make_shared<StreamPipe>(request_.max_buffered_bytes, std::move(ready), [this] { push(); })),
      quiet_since_us_(clock == nullptr ? 0 : clock->steady_us()) {}

std::string ServedStreamFake::header(std::string_view name) const {
  for (const auto& [header, value] : request_.request.headers) {
    if (equals_ignoring_case(header, name)) return value;
  }
  return {};
}

void ServedStreamFake::head(int status, std::vector<std::pair<std::string, std::string>> headers) {
  SLUICE_CHECK(!has_head_ && !has_ended_, "a stream has one head, before its end");
  has_head_ = true;
  if (clock_ != nullptr) quiet_since_us_ = clock_->steady_us();
  pipe_->put_head({status, std::move(headers)});
}

void ServedStreamFake::bytes(std::string_view bytes) {
  SLUICE_CHECK(has_head_ && !has_ended_, "a body comes after a head and before the end");
  held_ += bytes;
  push();
}

void ServedStreamFake::end(TransportFault fault, std::string text) {
  if (has_ended_) return;
  has_ended_ = true;
  end_ = HttpStreamEnd{fault, std::move(text)};
  push();
}

// In pieces of the size that the real transport receives.
void ServedStreamFake::push() {
  constexpr std::size_t kPieceBytes = 16 << 10;
  std::size_t pushed = 0;
  while (pushed < held_.size()) {
    const std::string_view piece = std::string_view(held_).substr(pushed, kPieceBytes);
    if (!pipe_->put(piece)) break;
    pushed += piece.size();
  }
  held_.erase(0, pushed);
  if (clock_ != nullptr && pushed > 0) quiet_since_us_ = clock_->steady_us();
  if (held_.empty() && end_) pipe_->end(*std::exchange(end_, std::nullopt));
}

void ServedStreamFake::stop() {
  held_.clear();
  end(TransportFault::other, "stopped");
  push();
}

void ServedStreamFake::expire() {
  if (clock_ == nullptr || !is_open() || !held_.empty()) return;
  const std::int64_t quiet_ms = (clock_->steady_us() - quiet_since_us_) / 1000;
  const std::int64_t most_ms = has_head_ ? request_.idle_timeout_ms : request_.request.timeout_ms;
  if (most_ms != 0 && quiet_ms >= most_ms) end(TransportFault::timeout, has_head_ ? "no byte came" : "no headers came");
}

bool ServedStreamFake::is_cancelled() const { return pipe_->is_cancelled(); }

bool ServedStreamFake::is_open() const { return !has_ended_ && !is_cancelled(); }

std::size_t ServedStreamFake::held_bytes() const { return held_.size(); }

HttpStreamTransportFake::~HttpStreamTransportFake() {
  for (const auto& stream : streams_) stream->stop();
}

void HttpStreamTransportFake::serve_by(std::function<void(ServedStreamFake&)> server) { server_ = std::move(server); }

std::unique_ptr<HttpStream> HttpStreamTransportFake::open(HttpStreamRequest request, std::function<void()> ready) {
  const auto stream = std::make_shared<ServedStreamFake>(std::move(request), std::move(ready), clock_);
  streams_.push_back(stream);
  if (server_) server_(*stream);
  return stream_of(stream->pipe_);
}

std::size_t HttpStreamTransportFake::opened() const { return streams_.size(); }

ServedStreamFake& HttpStreamTransportFake::stream(std::size_t index) const { return *streams_.at(index); }

void HttpStreamTransportFake::expire() {
  for (const auto& stream : std::vector(streams_)) stream->expire();  // who is told may open another
}

}  // namespace sluice::http_client
