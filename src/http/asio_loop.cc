#include <algorithm>
#include <boost/asio/post.hpp>

#include "http/sockets.h"

namespace sluice::http {
namespace {

// Fine enough for a tenth of the shortest time to wait for, coarse enough to cost nothing when idle.
std::chrono::milliseconds tick_length(const HttpLimits& limits) {
  const std::int64_t shortest = std::min({limits.header_timeout_ms, limits.body_timeout_ms, limits.body_grace_ms,
                                          limits.keep_alive_ms, limits.write_timeout_ms});
  return std::chrono::milliseconds(std::clamp<std::int64_t>(shortest / 10, 5, 500));
}

}  // namespace

void AsioLoop::start(std::unique_ptr<HttpHandler> handler) {
  handler_ = std::move(handler);
  work_.emplace(context_.get_executor());
  arm_timer();
  thread_ = std::thread([this] {
    thread_id_ = std::this_thread::get_id();
    context_.run();
  });
}

void AsioLoop::arm_timer() {
  timer_.expires_after(tick_length(limits()));
  timer_.async_wait([this](ErrorCode error) {
    if (error || stopping_) return;
    tick();
    arm_timer();
  });
}

void AsioLoop::arm_wait_timer() {
  wait_timer_.expires_after(std::chrono::milliseconds(kWaitTickMs));
  wait_timer_.async_wait([this](ErrorCode error) {
    if (!error && !stopping_) retry_waiting();
  });
}

void AsioLoop::stop() {
  if (thread_.joinable()) {
    boost::asio::post(context_, [this] {
      stopping_ = true;
      abort_all();
      timer_.cancel();
      wait_timer_.cancel();
      work_.reset();
    });
    thread_.join();
  }
  std::vector<std::pair<std::shared_ptr<Connection>, HttpResponse>> undelivered;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    undelivered.swap(mailbox_);
  }
  undelivered.clear();
  handler_.reset();
}

void AsioLoop::hand_over(std::shared_ptr<Connection> connection, HttpResponse response) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  const bool wake = mailbox_.empty();
  mailbox_.emplace_back(std::move(connection), std::move(response));
  // `this` and not a shared pointer: the loop must not be kept alive by its own queue.
  if (wake) boost::asio::post(context_, [this] { deliver(); });
}

void AsioLoop::deliver() {
  std::vector<std::pair<std::shared_ptr<Connection>, HttpResponse>> arrived;
  {
    const std::lock_guard lock(mutex_);
    arrived.swap(mailbox_);
  }
  for (auto& [connection, response] : arrived) connection->answer(std::move(response));
}

}  // namespace sluice::http
