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
#include "http/stream.h"
#include "http/stream_slots.h"

namespace sluice::http {

class Connection;

// What the loops of one server share.
struct ServerShared {
  explicit ServerShared(const HttpLimits& server_limits)
      : limits(server_limits),
        memory(server_limits.max_buffered_bytes, server_limits.max_body_bytes),
        addresses(server_limits.max_connections_per_address, BodyMemory::share_of(server_limits.max_buffered_bytes)),
        streams(server_limits) {}
  const HttpLimits limits;
  BodyMemory memory;
  AddressCount addresses;
  StreamSlots streams;
  CutLog cut_log;
  // When somebody who waited last got room for a body, and a handler that was ready; steady clock.
  std::atomic<std::int64_t> room_found_ms{0}, handler_ready_ms{0};
  std::atomic<std::uint64_t> open{0};  // without streams
  bool none() const { return open.load() == 0 && streams.open() == 0; }
  // Notified when there may be none, for drain().
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

class Loop : public StreamLoop {
 public:
  explicit Loop(std::shared_ptr<ServerShared> shared) : shared_(std::move(shared)) {}
  ~Loop() override = default;

  ServerShared& shared() { return *shared_; }
  const HttpLimits& limits() const { return shared_->limits; }
  HttpHandler& handler() { return *handler_; }
  LoopCounters& counters() { return counters_; }
  const LoopCounters& counters() const { return counters_; }
  // Every answer says `Connection: close`.
  bool draining() const { return draining_; }
  // And connections without a request are closed.
  bool closing() const { return closing_; }

  // Of this second, as a Date header has it.
  std::string_view date();

  void add(std::shared_ptr<Connection> connection);
  void remove(Connection& connection);
  // From now on it is a stream, and no connection of requests.
  void turn_into_stream(Connection& connection);
  void tick();
  // Streams end one after the other, all of them `grace_ms` from now.
  void say_close(std::int64_t grace_ms);
  void drain();
  void abort_all();
  // A connection that was counted as open is so no more; a stream's slot was given back.
  void count_closed();
  void notify_closed();
  // How long after it began a stream sends its first heartbeat, of one each `interval_ms`: another for each stream.
  std::int64_t first_heartbeat_ms(std::int64_t interval_ms);
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
  static void make_ready(HttpStream& stream);
  std::unique_ptr<HttpHandler> handler_;

 private:
  using Connections = std::vector<std::shared_ptr<Connection>>;
  static void take_off(Connections& list, Connection& connection);
  static void put_on(Connections& list, std::shared_ptr<Connection> connection);
  void drain_streams(std::int64_t now_ms);

  std::shared_ptr<ServerShared> shared_;
  LoopCounters counters_;
  Connections connections_, streams_;
  // Of a drain: when it began and is to be over, and of how many streams.
  std::int64_t drain_since_ms_ = 0, drain_ms_ = 0;
  std::size_t drained_of_ = 0;
  double heartbeat_place_ = 0;
  std::vector<std::shared_ptr<Connection>> waiting_;  // in the order in which they came
  bool wait_timer_armed_ = false;
  std::int64_t relieved_ms_ = 0;
  bool draining_ = false, closing_ = false;
  std::int64_t date_second_ = -1;
  std::string date_;
};

}  // namespace sluice::http
