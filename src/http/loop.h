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
#include "http/byte_budget.h"
#include "http/server.h"

namespace sluice::http {

class Connection;

// What the loops of one server share.
struct ServerShared {
  explicit ServerShared(const HttpLimits& server_limits)
      : limits(server_limits),
        body_budget(server_limits.max_buffered_bytes),
        addresses(server_limits.max_connections_per_address) {}
  const HttpLimits limits;
  ByteBudget body_budget;
  AddressCount addresses;
  std::atomic<std::uint64_t> open{0};
  // Notified when `open` falls to zero, for drain().
  std::mutex mutex;
  std::condition_variable none_open;
};

// Written by one loop, read by any thread.
struct alignas(64) LoopCounters {
  std::atomic<std::uint64_t> accepted{0}, refused{0}, requests{0}, faults{0}, timeouts{0}, bytes_in{0}, bytes_out{0};
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

  // Any thread: gives `response` to the connection on its loop. Answers given in quick succession wake the loop once.
  virtual void hand_over(std::shared_ptr<Connection> connection, HttpResponse response) = 0;
  virtual bool on_this_thread() const = 0;

 protected:
  std::unique_ptr<HttpHandler> handler_;

 private:
  std::shared_ptr<ServerShared> shared_;
  LoopCounters counters_;
  std::vector<std::shared_ptr<Connection>> connections_;
  bool draining_ = false, closing_ = false;
  std::int64_t date_second_ = -1;
  std::string date_;
};

}  // namespace sluice::http
