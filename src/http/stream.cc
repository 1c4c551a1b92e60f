#include "http/stream.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::http {

StreamBlock stream_block(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

std::shared_ptr<HttpStream> HttpStream::make(const StreamOptions& options) {
  return std::shared_ptr<HttpStream>(new HttpStream(options));
}

bool HttpStream::append(StreamBlock block, BlockKind kind) {
  Wakes wakes;
  const bool taken = append(block, kind, wakes);
  wake(wakes);
  return taken;
}

std::size_t HttpStream::append_to_all(std::span<const std::shared_ptr<HttpStream>> streams, const StreamBlock& block,
                                      BlockKind kind) {
  Wakes wakes;
  std::size_t taken = 0;
  for (const std::shared_ptr<HttpStream>& stream : streams)
    if (stream->append(block, kind, wakes)) ++taken;
  wake(wakes);
  return taken;
}

bool HttpStream::append(const StreamBlock& block, BlockKind kind, Wakes& wakes) {
  SLUICE_CHECK(block && !block->empty(), "a block of a stream has text");
  const std::lock_guard lock(mutex_);
  if (ended_ || lags_ || ending_ != Ending::no) return false;
  if (kind == BlockKind::state) {
    waiting_.clear();
    waiting_bytes_ = 0;
    superseded_ = true;
  }
  lags_ = (waiting_bytes_ > 0 && waiting_bytes_ + block->size() > max_waiting_bytes_) ||
          waiting_.size() >= kMaxWaitingBlocks;
  if (!lags_) {
    waiting_.push_back(block);
    waiting_bytes_ += block->size();
  }
  if (loop_ && (lags_ || !std::exchange(woken_, true))) add_wake(wakes, loop_, shared_from_this());
  return !lags_;
}

void HttpStream::add_wake(Wakes& wakes, const std::shared_ptr<StreamLoop>& loop, std::shared_ptr<HttpStream> stream) {
  auto found = std::find_if(wakes.begin(), wakes.end(), [&](const auto& each) { return each.first == loop; });
  if (found == wakes.end()) found = wakes.insert(wakes.end(), {loop, {}});
  found->second.push_back(std::move(stream));
}

void HttpStream::wake(Wakes& wakes) {
  for (auto& [loop, streams] : wakes) loop->wake_streams(std::move(streams));
}

void HttpStream::finish() { end_with(StreamEnd::finished, Ending::after_all); }
void HttpStream::close() { end_with(StreamEnd::finished, Ending::now); }

void HttpStream::end_with(StreamEnd reason, Ending how) {
  Wakes wakes;
  {
    const std::lock_guard lock(mutex_);
    if (ended_ || ending_ >= how) return;
    if (ending_ == Ending::no) reason_ = reason;
    ending_ = how;
    if (how == Ending::now) {
      waiting_.clear();
      waiting_bytes_ = 0;
    }
    if (loop_ && !std::exchange(woken_, true)) add_wake(wakes, loop_, shared_from_this());
  }
  wake(wakes);
}

void HttpStream::on_end(std::function<void(StreamEnd)> ended) {
  {
    const std::lock_guard lock(mutex_);
    if (!ended_) return on_end_.push_back(std::move(ended));
  }
  ended(reason_);  // does not change any more
}

bool HttpStream::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

std::uint64_t HttpStream::unsent_bytes() const {
  const std::lock_guard lock(mutex_);
  return waiting_bytes_ + sending_bytes_;
}

std::shared_ptr<StreamLoop> HttpStream::loop() const {
  const std::lock_guard lock(mutex_);
  return loop_;
}

void HttpStream::begin() {
  const std::lock_guard lock(mutex_);
  begun_ = true;
}

void HttpStream::drop_unless_begun() {
  {
    const std::lock_guard lock(mutex_);
    if (begun_) return;
  }
  detach(StreamEnd::not_started);
}

void HttpStream::attach(std::shared_ptr<StreamLoop> loop, Connection& connection, std::uint64_t max_waiting_bytes) {
  connection_ = &connection;
  const std::lock_guard lock(mutex_);
  loop_ = std::move(loop);
  max_waiting_bytes_ = max_waiting_bytes;
}

void HttpStream::detach(StreamEnd reason) {
  connection_ = nullptr;
  std::vector<std::function<void(StreamEnd)>> told;
  std::vector<StreamBlock> dropped;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(ended_, true)) return;
    if (ending_ == Ending::no || reason != StreamEnd::left) reason_ = reason;
    loop_.reset();
    dropped.swap(waiting_);
    waiting_bytes_ = sending_bytes_ = 0;
    told.swap(on_end_);
  }
  for (const auto& each : told) each(reason_);
}

std::vector<StreamBlock> HttpStream::take(bool& last) {
  std::vector<StreamBlock> out;
  const std::lock_guard lock(mutex_);
  woken_ = superseded_ = false;
  std::size_t count = 0, bytes = 0;
  while (count < std::min(waiting_.size(), kBatchBlocks)) {
    const std::size_t size = waiting_[count]->size();
    if (count > 0 && bytes + size > kBatchBytes) break;
    bytes += size;
    ++count;
  }
  if (count == waiting_.size()) {
    out.swap(waiting_);  // an idle stream keeps no memory for what waits
  } else {
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
    out.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
  }
  waiting_bytes_ -= bytes;
  sending_bytes_ = bytes;
  last = out.empty() && ending_ != Ending::no;
  return out;
}

void HttpStream::put_back(std::vector<StreamBlock> blocks) {
  const std::lock_guard lock(mutex_);
  sending_bytes_ = 0;
  if (superseded_ || ending_ == Ending::now) return;
  for (const StreamBlock& each : blocks) waiting_bytes_ += each->size();
  blocks.insert(blocks.end(), std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
  waiting_.swap(blocks);
}

void HttpStream::note_sending(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  sending_bytes_ = bytes;
}

bool HttpStream::lags() const {
  const std::lock_guard lock(mutex_);
  return lags_;
}

StreamStart::StreamStart(std::shared_ptr<HttpStream> stream) {
  if (!stream) return;
  started_ = {new std::shared_ptr<HttpStream>(std::move(stream)), [](std::shared_ptr<HttpStream>* held) {
                (*held)->drop_unless_begun();
                delete held;
              }};
}

}  // namespace sluice::http
