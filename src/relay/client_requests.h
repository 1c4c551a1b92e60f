// What mobile apps and browsers ask about flags. They do not evaluate: LaunchDarkly (or an ld-relay) does, so each
// request is passed on to the environment's source, and its answer changed on its way back: tracking is switched on for
// the flags whose evaluations are exported. Nothing is kept. What cannot be read goes through as it came.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catalog/snapshot.h"
#include "flags/flag_registry.h"
#include "http/server.h"
#include "http_client/http_transport.h"
#include "relay/flag_feed.h"
#include "relay/relay_routes.h"

namespace sluice::relay {

// Requests that wait for upstream at the same time, and their paths and bodies together; one more is answered 503, and
// its SDK is told to ask again. They wait for kUpstreamTimeoutMs at most, in which the transport's connections to one
// host take some 3,000 if each answer takes 100 ms.
inline constexpr std::uint32_t kMaxPassedOn = 4'096;
inline constexpr std::uint64_t kMaxPassedOnBytes = 16u << 20;
inline constexpr std::int64_t kUpstreamTimeoutMs = 10'000;
// An answer of upstream: a browser's flags have tens of kB.
inline constexpr std::size_t kMaxEvaluationBytes = 16u << 20;
// Of a REPORT's body: a context. A path is held to the limit of all headers, which is the same.
inline constexpr std::size_t kMaxContextBytes = 64u << 10;
// Sluices that pass a request on to each other, at most: more is a circle.
inline constexpr unsigned kMaxHops = 4;

// Any thread. References outlive it, and `transport` is stopped before it goes.
class ClientRequests {
 public:
  ClientRequests(http_client::HttpTransport& transport, const flags::FlagRegistry& flags,
                 const http_client::OutboundPolicy* policy)
      : transport_(transport), flags_(flags), policy_(policy) {}

  using Headers = std::vector<std::pair<std::string, std::string>>;
  // `with`: headers that the answer gets whatever it is. `feed`: the environment's, or null; it is told of failures.
  void pass_on(const http::HttpRequest& request, const RelayRoute& route, const catalog::Environment& environment,
               Headers with, std::shared_ptr<FlagFeed> feed, http::HttpResponder responder);
  // Answers of upstream that could not be read, and went to SDKs as they came; since the process started.
  std::uint64_t unreadable() const { return unreadable_->load(std::memory_order_relaxed); }

 private:
  struct Waiting {
    std::atomic<std::uint32_t> requests{0};
    std::atomic<std::uint64_t> bytes{0};
    bool enter(std::uint64_t size);
    void leave(std::uint64_t size);
  };

  http_client::HttpTransport& transport_;
  const flags::FlagRegistry& flags_;
  const http_client::OutboundPolicy* const policy_;
  const std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();
  const std::shared_ptr<std::atomic<std::uint64_t>> unreadable_ = std::make_shared<std::atomic<std::uint64_t>>(0);
};

}  // namespace sluice::relay
