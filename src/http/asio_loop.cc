#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

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

// Streams that get their turn before other connections do: together they write a megabyte, which takes a third of a
// millisecond.
constexpr std::size_t kStreamsPerTurn = 8;
// What the kernel holds of a stream beyond what is on its way: as much as goes between two turns of a busy loop.
constexpr int kUnsentBytes = 128 << 10;

}  // namespace

void keep_little_unsent(Socket& socket) {
  // A failure leaves the kernel's own bound.
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytes, sizeof kUnsentBytes);
}

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
      job_timer_.cancel();
      ready_streams_.clear();
      work_.reset();
    });
    thread_.join();
  }
  std::vector<std::pair<std::shared_ptr<Connection>, HttpResponse>> undelivered;
  std::vector<std::shared_ptr<HttpStream>> unwoken;
  std::multimap<std::int64_t, std::function<void()>> undone;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    undelivered.swap(mailbox_);
    unwoken.swap(woken_streams_);
    undone.swap(jobs_);
  }
  undelivered.clear();
  unwoken.clear();
  undone.clear();
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

void AsioLoop::wake_streams(std::vector<std::shared_ptr<HttpStream>> streams) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  if (woken_streams_.empty())
    woken_streams_ = std::move(streams);
  else
    woken_streams_.insert(woken_streams_.end(), std::make_move_iterator(streams.begin()),
                          std::make_move_iterator(streams.end()));
  // Once at a time: with more of them, other connections would wait for all.
  if (!std::exchange(streams_run_, true)) boost::asio::post(context_, [this] { run_streams(); });
}

// Some at a time: a large block to ten thousand streams takes seconds.
void AsioLoop::run_streams() {
  {
    const std::lock_guard lock(mutex_);
    for (std::shared_ptr<HttpStream>& each : woken_streams_) ready_streams_.push_back(std::move(each));
    std::vector<std::shared_ptr<HttpStream>>().swap(woken_streams_);
  }
  for (std::size_t i = 0; i < kStreamsPerTurn && !ready_streams_.empty(); ++i) {
    const std::shared_ptr<HttpStream> stream = std::move(ready_streams_.front());
    ready_streams_.pop_front();
    make_ready(*stream);
  }
  const std::lock_guard lock(mutex_);
  streams_run_ = !stopping_ && !(ready_streams_.empty() && woken_streams_.empty());
  if (streams_run_) boost::asio::post(context_, [this] { run_streams(); });
}

bool AsioLoop::run_at(std::int64_t due_ms, std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  const bool first = jobs_.empty() || due_ms < jobs_.begin()->first;
  jobs_.emplace(due_ms, std::move(job));
  if (first) boost::asio::post(context_, [this] { arm_jobs(); });
  return true;
}

void AsioLoop::arm_jobs() {
  std::int64_t due_ms = 0;
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.empty() || stopping_) return;
    due_ms = jobs_.begin()->first;
  }
  job_timer_.expires_after(std::chrono::milliseconds(std::max<std::int64_t>(due_ms - now_ms(), 0)));
  job_timer_.async_wait([this](ErrorCode error) {
    if (!error && !stopping_) run_jobs();
  });
}

void AsioLoop::run_jobs() {
  std::vector<std::function<void()>> due;
  {
    const std::lock_guard lock(mutex_);
    const auto end = jobs_.upper_bound(now_ms());
    for (auto each = jobs_.begin(); each != end; ++each) due.push_back(std::move(each->second));
    jobs_.erase(jobs_.begin(), end);
  }
  for (const auto& job : due) job();
  arm_jobs();
}

}  // namespace sluice::http
