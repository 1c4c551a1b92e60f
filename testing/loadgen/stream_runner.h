// Opens many streams of server-sent events and reads all that comes, as that many SDKs would, or as somebody who means
// harm would. It says as JSON, a line each, when all of them have had so many events. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "loadgen/histogram.h"
#include "loadgen/stream_reader.h"

namespace loadgen {

struct StreamSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8030;
  std::string host;  // header
  std::string path = "/all";
  std::string authorization;  // header; empty: none
  unsigned streams = 1000;
  unsigned at_a_time = 64;        // connections without an answer
  unsigned source_addresses = 1;  // 127.0.0.2 and those after it, in turn; 0: the system chooses
  double connects_per_s = 0;      // 0: as fast as answers come
  std::int64_t reconnect_ms = 0;  // a stream that ended comes again after half of this to all of it; 0: never
  bool read = true;               // false: nothing that comes is read
  bool churn = false;             // a stream that had an answer is closed, and another one opened
};

struct StreamCounts {
  std::uint64_t connects = 0, connect_errors = 0, ended = 0, bytes = 0, events = 0;
  std::map<unsigned, std::uint64_t> statuses;  // of answers
  unsigned open = 0;
  Histogram first_event_us;  // from the begin of the connection
};

class StreamRunner {
 public:
  // `all_had` is called when each stream has had so many events on the connection that it has.
  StreamRunner(const StreamSettings& settings, const sluice::Clock& clock,
               std::function<void(unsigned events)> all_had);
  ~StreamRunner();

  // Runs until `on_input`, called when descriptor `input` has something, says false.
  sluice::Result<void> run(int input, const std::function<bool()>& on_input);
  const StreamCounts& counts() const { return counts_; }

 private:
  static constexpr std::size_t kEventsTold = 64;
  struct Stream {
    int socket = -1;
    bool connecting = false, answered = false;
    std::int64_t begun_us = 0;
    StreamReader reader;
  };
  struct Turn {
    std::int64_t due_us;
    std::uint32_t stream;
    bool operator>(const Turn& other) const { return due_us > other.due_us; }
  };

  void open_due(std::int64_t now_us);
  void open(std::uint32_t at, std::int64_t now_us);
  void on_ready(std::uint32_t at, bool writable);
  void read(std::uint32_t at);
  void answered(Stream& stream);
  void end(std::uint32_t at);

  const StreamSettings settings_;
  const sluice::Clock& clock_;
  const std::function<void(unsigned events)> all_had_;
  const std::string request_;
  sluice::Random random_;
  int epoll_ = -1;
  std::vector<Stream> streams_;
  std::vector<char> buffer_;
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns_;
  std::array<unsigned, kEventsTold + 1> had_{};  // how many streams have had so many events
  unsigned without_answer_ = 0;
  double next_connect_us_ = 0;
  std::uint32_t source_ = 0;
  StreamCounts counts_;
};

}  // namespace loadgen
