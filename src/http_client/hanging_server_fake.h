// A transport whose server never answers some requests: these time out. It answers all others with 200 inside send().
#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "base/clock.h"
#include "http_client/http_transport.h"

namespace sluice::http_client {

class HangingServerFake final : public HttpTransport {
 public:
  HangingServerFake(const Clock& clock, std::function<bool(const HttpRequest&)> hangs)
      : clock_(clock), hangs_(std::move(hangs)) {}

  void send(HttpRequest request, std::function<void(HttpResponse)> done) override {
    if (!hangs_(request)) {
      HttpResponse response;
      response.status = 200;
      return done(std::move(response));
    }
    ++hung_;
    const std::int64_t timeout_us = request.timeout_ms * 1'000;
    waiting_.emplace_back(clock_.steady_us() + timeout_us, std::move(done));
  }

  // Call it when time has passed. All requests have the same timeout.
  void time_out() {
    while (!waiting_.empty() && waiting_.front().first <= clock_.steady_us()) {
      HttpResponse response;
      response.fault = TransportFault::timeout;
      response.fault_text = "no answer";
      const auto done = std::move(waiting_.front().second);
      waiting_.pop_front();
      done(std::move(response));
    }
  }
  std::size_t hung() const { return hung_; }  // requests in all

 private:
  const Clock& clock_;
  const std::function<bool(const HttpRequest&)> hangs_;
  std::deque<std::pair<std::int64_t, std::function<void(HttpResponse)>>> waiting_;
  std::size_t hung_ = 0;
};

}  // namespace sluice::http_client
