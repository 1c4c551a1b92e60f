// Drives the connections until the time or the payloads are over, and keeps what came of each payload. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "loadgen/connection.h"
#include "loadgen/histogram.h"
#include "loadgen/payload.h"

namespace loadgen {

struct RunSettings {
  PayloadShape shape;
  std::string address = "127.0.0.1";
  std::uint16_t port = 8030;
  bool tls = false;  // any certificate is taken: this is a tool for one's own server
  unsigned connections = 16;
  double events_per_s = 0;     // 0: as fast as answers come back
  double seconds = 10;         // 0: until the payloads are over
  std::uint64_t payloads = 0;  // 0: until the time is over
  unsigned retries = 1;        // of a failed payload; SDKs try once more
  std::int64_t retry_delay_ms = 1000;
  std::int64_t timeout_ms = 10'000;  // of one request
};

struct RunReport {
  std::uint64_t payloads_started = 0, payloads_acknowledged = 0, payloads_failed = 0, retries = 0;
  std::uint64_t connection_errors = 0, timeouts = 0, bytes_sent = 0;
  std::map<unsigned, std::uint64_t> statuses;
  Histogram acknowledged_us;  // from when a payload was due (paced) or first sent to its 202
  double seconds = 0;
  std::vector<bool> acknowledged;  // by payload; its events are payload * events + 0 …
};

class Runner {
 public:
  Runner(const RunSettings& settings, const sluice::Clock& clock);
  ~Runner();
  // Ends early, after what is in flight, when *stop becomes true.
  sluice::Result<RunReport> run(const volatile bool& stop);

 private:
  struct Job {
    std::uint64_t payload;
    std::int64_t due_us;
    unsigned attempts = 0;
  };
  struct Slot {
    std::unique_ptr<Connection> connection;
    std::unique_ptr<Payload> payload;
    std::optional<Job> job;
    std::int64_t wait_until_us = 0;  // before the next try
    std::int64_t sent_us = 0;
    bool in_flight = false;
    std::uint32_t watched = 0;  // epoll events
  };

  bool may_start(std::int64_t now_us, const volatile bool& stop) const;
  std::int64_t next_due_us() const;
  void pump(std::size_t slot, std::int64_t now_us, const volatile bool& stop);
  void start(std::size_t slot, std::int64_t now_us);
  void finish(std::size_t slot, Connection::Outcome outcome, std::int64_t now_us);
  void watch(std::size_t slot);

  const RunSettings settings_;
  const sluice::Clock& clock_;
  int epoll_ = -1;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> tls_{nullptr, SSL_CTX_free};
  std::vector<Slot> slots_;
  std::int64_t began_us_ = 0;
  RunReport report_;
};

// Ranges "first-id count", a line each, as kinesim's /_kinesim/ledger/missing takes them.
std::string acknowledged_ranges(const RunReport& report, const PayloadShape& shape);

}  // namespace loadgen
