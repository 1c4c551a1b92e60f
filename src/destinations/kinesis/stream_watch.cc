#include "destinations/kinesis/stream_watch.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "destinations/retry_policy.h"

namespace sluice::kinesis {
namespace {

std::string naming(std::string_view stream_arn, std::string_view stream_name) {
  return stream_arn.empty() ? R"("StreamName":)" + nlohmann::json(stream_name).dump()
                            : R"("StreamARN":)" + nlohmann::json(stream_arn).dump();
}

// Streams have at most some tens of thousands of shards.
constexpr std::size_t kMaxShards = 100'000;

}  // namespace

StreamWatch::StreamWatch(std::string_view stream_arn, std::string_view stream_name, StreamWatchOptions options)
    : stream_(naming(stream_arn, stream_name)), options_(options) {}

StreamWatch::Request StreamWatch::next_request() const {
  if (step_ == Step::describe) return {"DescribeStreamSummary", "{" + stream_ + "}"};
  // With a token, AWS refuses everything else that would choose shards.
  if (!next_token_.empty()) return {"ListShards", R"({"NextToken":)" + nlohmann::json(next_token_).dump() + "}"};
  return {"ListShards", "{" + stream_ + R"(,"ShardFilter":{"Type":"AT_LATEST"},"MaxResults":1000})"};
}

void StreamWatch::take(const http_client::HttpResponse& response, std::int64_t now_us, Random& random) {
  const bool answered = response.fault == http_client::TransportFault::none && response.status == 200;
  if (!answered) {
    destinations::CallError error = call_error(response);
    if (error.code.starts_with("ResourceNotFound")) summary_.reset();
    if (error.code.starts_with("AccessDenied")) {
      denied_now_ = std::move(error);
    } else {
      failed_ = true;
    }
  }
  if (step_ == Step::describe) {
    if (answered) take_summary(response);
    step_ = Step::list;
    pages_.clear();
    next_token_.clear();
    return;
  }
  if (answered && take_page(response)) return;
  if (failed_) {
    finish(options_.retry_least_us, options_.retry_most_us, now_us, random);
  } else {
    finish(options_.refresh_least_us, options_.refresh_most_us, now_us, random);
  }
}

void StreamWatch::take_summary(const http_client::HttpResponse& response) {
  auto summary = parse_stream_summary(response.body);
  if (summary) {
    summary_ = std::move(*summary);
  } else {
    failed_ = true;
    log_warn("kinesis.describe_unreadable", {{"reason", summary.error().message}});
  }
}

// True when there is another page.
bool StreamWatch::take_page(const http_client::HttpResponse& response) {
  auto page = parse_list_shards(response.body);
  if (!page) {
    failed_ = true;
    log_warn("kinesis.list_shards_unreadable", {{"reason", page.error().message}});
    return false;
  }
  std::move(page->shards.begin(), page->shards.end(), std::back_inserter(pages_));
  next_token_ = std::move(page->next_token);
  if (!next_token_.empty() && pages_.size() < kMaxShards) return true;
  ShardMap map(std::move(pages_));
  pages_.clear();
  if (!(map == map_)) {
    map_ = std::move(map);
    ++map_version_;
  }
  return false;
}

void StreamWatch::finish(std::int64_t least_us, std::int64_t most_us, std::int64_t now_us, Random& random) {
  finished_us_ = now_us;
  due_us_ = now_us + destinations::jittered_us(least_us, most_us, random);
  denied_ = std::exchange(denied_now_, std::nullopt);
  failed_ = false;
  step_ = Step::describe;
}

void StreamWatch::refresh_soon(std::int64_t now_us) {
  due_us_ = std::min(due_us_, std::max(now_us, finished_us_ + options_.soonest_us));
}

}  // namespace sluice::kinesis
