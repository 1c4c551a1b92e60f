// What mobile apps and browsers ask about flags. They do not evaluate: LaunchDarkly (or an ld-relay) does, so each
// request is passed on to the environment's source, and its answer changed on its way back: tracking is switched on for
// the flags whose evaluations are exported. Nothing is kept. What cannot be read goes through as it came.
//
// Everybody has the key of an app or a page: where a call failed, its client is told only that the flag source does not
// answer; why, and at which address, is for owners (relay/evaluation_health.h). And relay/fair_queue.h says how many of
// their requests upstream is asked at a time, and whose come first.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/object_id.h"
#include "catalog/snapshot.h"
#include "flags/flag_registry.h"
#include "http/server.h"
#include "http_client/http_transport.h"
#include "relay/evaluation_health.h"
#include "relay/fair_queue.h"
#include "relay/flag_feed.h"
#include "relay/relay_routes.h"
#include "relay/unsent_answers.h"

namespace sluice::relay {

// How long a request may wait for its turn, and from then to the answer of upstream as a whole: SDKs give up after 5 to
// 15 s. One that waited for longer is answered 503, and its SDK is told to ask again.
inline constexpr std::int64_t kUpstreamTimeoutMs = 10'000;
// What upstream has of it at least, for a request whose turn comes late.
inline constexpr std::int64_t kLeastCallMs = 2'000;
// Answered so in a tick: thousands at a time would hold up a loop's other requests.
inline constexpr std::size_t kMaxLatePerTick = 256;
// An answer of upstream: a browser's flags have tens of kB.
inline constexpr std::size_t kMaxEvaluationBytes = 16u << 20;
// Of a REPORT's body: a context. A path is held to the limit of all headers, which is the same.
inline constexpr std::size_t kMaxContextBytes = 64u << 10;

struct ClientRequestParts {
  // Of its own: calls for strangers take no connection from deliveries. It has kMaxCallsOfSource for a host, and
  // kMaxCalls in all; with fewer, calls wait there, in the order in which they came.
  http_client::HttpTransport& transport;
  const Clock& clock;
  const flags::FlagRegistry& flags;
  const http_client::OutboundPolicy* policy = nullptr;
  // False where all SDKs come through one proxy, whose address says nothing about who asks.
  bool addresses_tell = true;
  // Failed calls of one environment are logged this often at most.
  std::int64_t log_interval_ms = 10'000;
};

// Any thread. References outlive it, and the transport is stopped before it goes.
class ClientRequests {
 public:
  explicit ClientRequests(ClientRequestParts parts)
      : calls_(std::make_shared<Calls>(parts)),
        flags_(parts.flags),
        policy_(parts.policy),
        addresses_tell_(parts.addresses_tell),
        health_(std::make_shared<EvaluationHealth>(parts.clock, parts.log_interval_ms)) {}

  using Headers = std::vector<std::pair<std::string, std::string>>;
  // `with`: headers that the answer gets whatever it is. `feed`: the environment's, or null; it is told of failures.
  void pass_on(const http::HttpRequest& request, const RelayRoute& route, const catalog::Environment& environment,
               Headers with, std::shared_ptr<FlagFeed> feed, http::HttpResponder responder);
  // Answers those that wait for too long. Twice a second or more often.
  void tick() { calls_->tick(); }
  // Answers of upstream that could not be read, and went to SDKs as they came; since the process started.
  std::uint64_t unreadable() const { return unreadable_->load(std::memory_order_relaxed); }
  const UnsentAnswers& unsent() const { return *unsent_; }
  const EvaluationHealth& health() const { return *health_; }

 private:
  struct Work {
    http_client::HttpRequest call;
    std::function<void(http_client::HttpResponse)> done;
  };
  using Queue = FairQueue<Work>;
  // What calls that are under way hold.
  class Calls : public std::enable_shared_from_this<Calls> {
   public:
    explicit Calls(const ClientRequestParts& parts) : transport_(parts.transport), clock_(parts.clock) {}
    // False: too many wait.
    bool put(Queue::Call&& call);
    void tick();
    std::int64_t now_us() const { return clock_.steady_us(); }

   private:
    void begin_calls();
    void begin(Queue::Call call);

    http_client::HttpTransport& transport_;
    const Clock& clock_;
    std::mutex mutex_;
    Queue queue_;             // guarded by mutex_, as the next
    bool beginning_ = false;  // somebody begins calls, and looks for more until there are none
  };

  const std::shared_ptr<Calls> calls_;
  const std::shared_ptr<UnsentAnswers> unsent_ = std::make_shared<UnsentAnswers>();
  const flags::FlagRegistry& flags_;
  const http_client::OutboundPolicy* const policy_;
  const bool addresses_tell_;
  const std::shared_ptr<EvaluationHealth> health_;
  const std::shared_ptr<std::atomic<std::uint64_t>> unreadable_ = std::make_shared<std::atomic<std::uint64_t>>(0);
};

}  // namespace sluice::relay
