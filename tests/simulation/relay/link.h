// A listener without sockets: the server's own connections and loop (http/connection.h), whose bytes go to a reader
// in the same thread, through a buffer that holds little.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "http/connection.h"
#include "http/loop.h"
#include "scheduler.h"

namespace sluice::relay_simulation {

using simulation::Scheduler;

class SimulatedConnection;

// Both ends of one connection, as the reader has it.
class Link : public std::enable_shared_from_this<Link> {
 public:
  // What fits between the two: a slow reader holds up a stream soon.
  static constexpr std::size_t kBufferBytes = 2'000;

  // What came and was not read yet; `received` is called when there is more, or it is over.
  std::function<void()> received;
  // Takes at most so many bytes.
  std::string read(std::size_t most);
  std::size_t waiting() const { return to_reader_.size(); }
  // Since when the server waits for the reader to take something, by the loop's clock; 0: it does not.
  std::int64_t blocked_since_us() const { return server_closed_ ? 0 : blocked_since_us_; }
  // The server closed it, and all was read.
  bool over() const { return server_closed_ && to_reader_.empty(); }
  // The reader leaves.
  void close();

 private:
  friend class SimulatedConnection;
  std::weak_ptr<SimulatedConnection> server_;
  std::string to_reader_;
  bool server_closed_ = false;
  std::int64_t blocked_since_us_ = 0;
};

class SimulatedLoop final : public http::Loop, public std::enable_shared_from_this<SimulatedLoop> {
 public:
  SimulatedLoop(const http::HttpLimits& limits, Scheduler& scheduler, ManualClock& clock, std::uint64_t seed)
      : Loop(std::make_shared<http::ServerShared>(limits)), scheduler_(scheduler), clock_(clock), random_(seed) {}
  // Its connections are gone, and nothing is called any more: a process that died.
  void stop();

  // It ticks from now on.
  void start(std::unique_ptr<http::HttpHandler> handler);
  // A connection that sends this request.
  std::shared_ptr<Link> connect(std::string request);

  const Clock& clock() const override { return clock_; }
  void hand_over(std::shared_ptr<http::Connection> connection, http::HttpResponse response) override;
  bool on_this_thread() const override { return true; }
  void wake_streams(std::vector<std::shared_ptr<http::HttpStream>> streams) override;
  bool run_at(std::int64_t due_ms, std::function<void()> job) override;

  // After some microseconds of simulated time, if it lives.
  void later(std::function<void()> call, std::int64_t most_us = kTurnUs);
  Random& random() { return random_; }

 private:
  // Until a loop comes to what it has to do.
  static constexpr std::int64_t kTurnUs = 2'000;
  // As often as the server's (http/asio_loop.cc).
  static constexpr std::int64_t kTickUs = 500'000;

  void arm_wait_timer() override;
  void tick_later();
  void at(std::int64_t due_us, std::function<void()> call);

  Scheduler& scheduler_;
  ManualClock& clock_;
  Random random_;
  bool stopped_ = false;
};

}  // namespace sluice::relay_simulation
