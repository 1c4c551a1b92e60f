// Keep-alive connections that send one payload after the other, in one thread on epoll.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "loadgen/payload.h"

namespace loadgen {

struct LoadOptions {
  std::string address = "127.0.0.1:8030";
  PayloadShape shape;
  std::size_t connections = 16;
  double events_per_second = 0;  // over all connections; 0: as fast as answers come
  double seconds = 5;            // no new payload is begun after this
  std::uint64_t payloads = 0;    // nor after this many; 0: no such limit
  unsigned retries =
      1;  // of a payload that was not answered 202, each after retry_ms, with the same payload id; as SDKs do
  std::int64_t retry_ms = 1000;
};

struct LoadReport {
  std::uint64_t acknowledged = 0, dropped = 0, sent = 0;  // payloads; sent counts each attempt
  std::map<int, std::uint64_t> statuses;                  // 0: no answer
  double seconds = 0;
  double p50_ms = 0, p99_ms = 0, max_ms = 0;  // from sending to a 202
};

// Blocks until every payload begun is acknowledged or dropped. `acknowledged` is told each payload's number. Errors end
// the process with a message.
LoadReport run_load(const LoadOptions& options, const std::function<void(std::uint64_t number)>& acknowledged);

}  // namespace loadgen
