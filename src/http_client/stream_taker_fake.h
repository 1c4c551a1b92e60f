// Takes a stream on the test's thread, and waits there for what the test expects.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/notifier.h"
#include "http_client/http_stream.h"

namespace sluice::http_client {

class StreamTaker {
 public:
  StreamTaker(HttpStreamTransport& transport, HttpStreamRequest request)
      : stream_(transport.open(std::move(request), [this] { notifier_.notify(); })) {}

  // Takes until `enough`; false: that did not come within half a minute.
  bool take_until(const std::function<bool()>& enough) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (;;) {
      HttpStreamPart part = stream_->take();
      if (part.head) head = std::move(part.head);
      bytes += part.bytes;
      largest_part = std::max(largest_part, part.bytes.size());
      if (part.end) end = std::move(part.end);
      if (enough()) return true;
      if (std::chrono::steady_clock::now() > deadline) return false;
      notifier_.wait_us(1'000'000);
    }
  }
  bool take_all() {
    return take_until([this] { return end.has_value(); });
  }
  // Waits without taking.
  bool wait_for_ready() { return notifier_.wait_us(30'000'000); }
  HttpStream& stream() { return *stream_; }
  void drop() { stream_.reset(); }

  std::optional<HttpStreamHead> head;
  std::string bytes;
  std::size_t largest_part = 0;
  std::optional<HttpStreamEnd> end;

 private:
  Notifier notifier_;
  std::unique_ptr<HttpStream> stream_;  // last: it calls the notifier
};

}  // namespace sluice::http_client
