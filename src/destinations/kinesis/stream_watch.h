// Keeps the stream's description up to date: DescribeStreamSummary, then ListShards page by page, every few minutes and
// when there is a sign of change. Both are optional: without the permission delivery continues. Pure: it says which
// call comes next and reads the answers; the sink makes the calls.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "destinations/kinesis/error_class.h"
#include "destinations/kinesis/shard_map.h"
#include "http_client/http_transport.h"

namespace sluice::kinesis {

struct StreamWatchOptions {
  std::int64_t refresh_least_us = 240'000'000;
  std::int64_t refresh_most_us = 360'000'000;
  // DescribeStreamSummary has 20 calls a second for the whole account: after a sign of change the next
  // refresh begins this soon at the earliest.
  std::int64_t soonest_us = 10'000'000;
  std::int64_t retry_least_us = 30'000'000;  // after a failed refresh
  std::int64_t retry_most_us = 60'000'000;
};

class StreamWatch {
 public:
  struct Request {
    std::string_view operation;
    std::string body;
  };

  StreamWatch(std::string_view stream_arn, std::string_view stream_name, StreamWatchOptions options);

  // When the next request is due.
  std::int64_t due_us() const { return due_us_; }
  Request next_request() const;
  void take(const http_client::HttpResponse& response, std::int64_t now_us, Random& random);
  // Something may have changed.
  void refresh_soon(std::int64_t now_us);

  const std::optional<StreamSummary>& summary() const { return summary_; }
  const ShardMap& map() const { return map_; }
  // Counts the changes of map().
  std::uint64_t map_version() const { return map_version_; }
  // Why there is no summary or map: the permission is missing.
  const std::optional<destinations::CallError>& denied() const { return denied_; }

 private:
  enum class Step : std::uint8_t { describe, list };
  void take_summary(const http_client::HttpResponse& response);
  bool take_page(const http_client::HttpResponse& response);
  void finish(std::int64_t least_us, std::int64_t most_us, std::int64_t now_us, Random& random);

  const std::string stream_;  // "StreamARN":"…" or "StreamName":"…"
  const StreamWatchOptions options_;
  Step step_ = Step::describe;
  std::int64_t due_us_ = 0;
  std::int64_t finished_us_ = INT64_MIN / 2;
  std::string next_token_;
  std::vector<Shard> pages_;
  bool failed_ = false;  // in this refresh
  std::optional<destinations::CallError> denied_now_;

  std::optional<StreamSummary> summary_;
  ShardMap map_;
  std::uint64_t map_version_ = 0;
  std::optional<destinations::CallError> denied_;
};

}  // namespace sluice::kinesis
