#include "http_client/stream_pipe.h"

#include <algorithm>
#include <utility>

namespace sluice::http_client {

std::string_view HttpStreamHead::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

StreamPipe::Call::Call(std::function<void()> function)
    : function_(std::make_shared<const std::function<void()>>(std::move(function))) {}

void StreamPipe::Call::operator()() {
  const std::lock_guard lock(mutex_);
  const auto function = function_;  // it may forget itself
  if (function != nullptr) (*function)();
}

void StreamPipe::Call::forget() {
  const std::lock_guard lock(mutex_);
  function_ = nullptr;
}

StreamPipe::StreamPipe(std::size_t max_buffered_bytes, std::function<void()> ready, std::function<void()> wanted)
    : max_buffered_bytes_(std::max<std::size_t>(max_buffered_bytes, 1)),
      ready_(std::move(ready)),
      wanted_(std::move(wanted)) {}

void StreamPipe::put_head(HttpStreamHead head) {
  {
    const std::lock_guard lock(mutex_);
    part_.head = std::move(head);
  }
  notify();
}

bool StreamPipe::put(std::string_view bytes) {
  {
    const std::lock_guard lock(mutex_);
    has_refused_ = part_.bytes.size() >= max_buffered_bytes_;
    if (has_refused_) return false;
    if (!is_cancelled_) part_.bytes += bytes;
  }
  notify();
  return true;
}

void StreamPipe::end(HttpStreamEnd end) {
  wanted_.forget();
  {
    const std::lock_guard lock(mutex_);
    part_.end = std::move(end);
  }
  notify();
}

bool StreamPipe::is_cancelled() const {
  const std::lock_guard lock(mutex_);
  return is_cancelled_;
}

void StreamPipe::notify() {
  {
    const std::lock_guard lock(mutex_);
    if (is_notified_) return;
    is_notified_ = true;
  }
  ready_();
}

HttpStreamPart StreamPipe::take() {
  HttpStreamPart part;
  bool is_wanted = false;
  {
    const std::lock_guard lock(mutex_);
    if (!is_cancelled_) part = std::exchange(part_, HttpStreamPart());
    is_notified_ = false;
    is_wanted = std::exchange(has_refused_, false);
  }
  if (is_wanted) wanted_();
  return part;
}

void StreamPipe::cancel() {
  {
    const std::lock_guard lock(mutex_);
    is_cancelled_ = true;
    part_ = HttpStreamPart();
  }
  ready_.forget();
  wanted_();
}

namespace {

class PipedStream final : public HttpStream {
 public:
  explicit PipedStream(std::shared_ptr<StreamPipe> pipe) : pipe_(std::move(pipe)) {}
  PipedStream(const PipedStream&) = delete;
  PipedStream& operator=(const PipedStream&) = delete;
  ~PipedStream() override { pipe_->cancel(); }
  HttpStreamPart take() override { return pipe_->take(); }
  void cancel() override { pipe_->cancel(); }

 private:
  const std::shared_ptr<StreamPipe> pipe_;
};

}  // namespace

std::unique_ptr<HttpStream> stream_of(std::shared_ptr<StreamPipe> pipe) {
  return std::make_unique<PipedStream>(std::move(pipe));
}

}  // namespace sluice::http_client
