// What tests of a CurlTransport share: the request that they send, and a gate in the server that they send it to.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>

#include "http_client/http_transport.h"

namespace sluice::http_client {

inline HttpRequest request_to(const std::string& url, std::string body = "{}") {
  HttpRequest request;
  request.url = url;
  request.body = std::move(body);
  return request;
}

// Lets a test hold a server's answers back until it has seen what it waits for.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    notifier_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    notifier_.notify_all();
    notifier_.wait(lock, [this] { return open_; });
  }
  void wait_for_arrivals(int count) {
    std::unique_lock lock(mutex_);
    notifier_.wait(lock, [&] { return arrived_ >= count; });
  }
  int arrived() {
    const std::lock_guard lock(mutex_);
    return arrived_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable notifier_;
  bool open_ = false;
  int arrived_ = 0;
};

}  // namespace sluice::http_client
