// Reads the names of flags and variations from LaunchDarkly's REST API and keeps them fresh, for the flag registry. Off
// unless a token is given. A failing read changes nothing: the names last read stay.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/worker.h"
#include "catalog/snapshot.h"
#include "flags/flag_registry.h"
#include "http_client/http_transport.h"

namespace sluice::launchdarkly {

struct FlagReaderSettings {
  std::string api_token;  // a reader's access token or a service token; empty: nothing is read
  std::string base_url = "https://app.launchdarkly.com";
  std::int64_t refresh_ms = 300'000;
  bool operator==(const FlagReaderSettings&) const = default;
};

// Of one project, to show.
struct ProjectReading {
  std::string project_key;   // Sluice's
  std::int64_t read_ms = 0;  // when it was last read whole; 0: not yet
  std::size_t flags = 0;     // read then
  std::string problem;       // why the last try failed and what to do; empty: it did not
};

// How long to wait before the next request, by the answer to the last one: LaunchDarkly's X-Ratelimit-Reset (ms since
// 1970) when the limit of this route or of the account is used up, Retry-After (s) on 429. Never more than
// kMostWaitMs. (https://launchdarkly.com/docs/api#rate-limiting)
inline constexpr std::int64_t kMostWaitMs = 120'000;
std::int64_t wait_before_next_ms(const http_client::HttpResponse& response, std::int64_t now_ms);

class FlagReader {
 public:
  // Reads at once and then `refresh_ms` after each round, from a worker of its own. References outlive it.
  FlagReader(FlagReaderSettings settings, http_client::HttpTransport& transport, const Clock& clock,
             const catalog::Catalog& catalog, flags::FlagRegistry& registry, Workers& workers = worker_threads());
  // Waits for no request: the answer to one that is under way is dropped.
  ~FlagReader();

  std::vector<ProjectReading> readings() const;  // any thread

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::launchdarkly
