// What a connection needs of the event loop that it lives on, without naming a socket library. All but hand_over()
// belong to the loop's thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http/address_count.h"
#include "http/body_memory.h"
#include "http/cut_log.h"
#include "http/server.h"

namespace sluice::http {

class Connection;

// What the loops of one server share.
struct ServerShared {
  explicit ServerShared(const HttpLimits& server_limits)
      : limits(server_limits),
        memory(server_limits.max_buffered_bytes, server_limits.max_body_bytes),
        addresses(server_limits.max_connections_per_address, BodyMemory::share_of(server_limits.max_buffered_bytes)) {}
  const HttpLimits limits;
  BodyMemory memory;
  AddressCount addresses;
  CutLog cut_log;
  std::atomic<std::uint64_t> open{0};
  // Notified when `open` falls to zero, for drain().
  std::mutex mutex;
  std::condition_variable none_open;
};

// Written by one loop, read by any thread.
struct alignas(64) LoopCounters {
  std::atomic<std::uint64_t> accepted{0}, refused{0}, requests{0}, faults{0}, timeouts{0}, bytes_in{0}, bytes_out{0};
  std::array<std::atomic<std::uint64_t>, kCuts> cuts{};
  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t more = 1) {
    counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
};

class Loop {
 public:
  explicit Loop(std::shared_ptr<ServerShared> shared) : shared_(std::move(shared)) {}
  virtual ~Loop() = default;

  ServerShared& shared() { return *shared_; }
  const HttpLimits& limits() const { return shared_->limits; }
  HttpHandler& handler() { return *handler_; }
  LoopCounters& counters() { return counters_; }
  const LoopCounters& counters() const { return counters_; }
  // Every answer says `Connection: close`.
  bool draining() const { return draining_; }
  // And connections without a request are closed.
  bool closing() const { return closing_; }

  std::int64_t now_ms() const;  // steady
  // Of this second, as a Date header has it.
  std::string_view date();

  void add(std::shared_ptr<Connection> connection);
  void remove(Connection& connection);
  void tick();
  void say_close() { draining_ = true; }
  void drain();
  void abort_all();
  // A connection that was counted as open is so no more.
  void count_closed();
  // Counts it, and logs it now and then.
  void count_cut(Cut cut, std::string_view peer);

  // Makes room for a new connection: closes some that do nothing. Those of addresses with more than their part go
  // first, then those between two requests, then those that are longest without a complete header. `only`: of this
  // address (counted_address), empty: of any. False: all are at work.
  bool recycle(const Connection& asking, std::string_view only);
  // Makes room in the memory for bodies: ends the slowest that hold what `asking` could not get. False: there is none,
  // or it was tried within kWaitTickMs.
  bool relieve(const Connection& asking);
  // Asks `connection` again every kWaitTickMs until it does not wait any more (Connection::retry).
  void wait(std::shared_ptr<Connection> connection);

  // Any thread: gives `response` to the connection on its loop. Answers given in quick succession wake the loop once.
  virtual void hand_over(std::shared_ptr<Connection> connection, HttpResponse response) = 0;
  virtual bool on_this_thread() const = 0;

 protected:
  static constexpr std::int64_t kWaitTickMs = 5;
  // Calls retry_waiting() in kWaitTickMs.
  virtual void arm_wait_timer() = 0;
  void retry_waiting();
  std::unique_ptr<HttpHandler> handler_;

 private:
  std::shared_ptr<ServerShared> shared_;
  LoopCounters counters_;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::vector<std::shared_ptr<Connection>> waiting_;  // in the order in which they came
  bool wait_timer_armed_ = false;
  std::int64_t relieved_ms_ = 0;
  bool draining_ = false, closing_ = false;
  std::int64_t date_second_ = -1;
  std::string date_;
};

}  // namespace sluice::http
