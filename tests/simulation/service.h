// The far end of a destination that is no Kinesis stream, as a seed makes it: what fails at it and on the way to it,
// whatever its kind. A kind's own is in event_service.h, bucket.h and receiver.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "http_client/http_transport.h"
#include "takings.h"

namespace sluice::simulation {

enum class Kind : std::uint8_t { kinesis, tee, s3, webhook };
inline constexpr std::size_t kKinds = 4;
// As configuration and API call them.
inline constexpr std::array<std::string_view, kKinds> kKindNames = {"kinesis", "launchdarkly-events", "s3", "webhook"};
// Of a destination, its far end, and its host: "stream-3", "events-3", "bucket-3", "hook-3".
std::string far_name(Kind kind, std::size_t number);

// Chances are of one; all zero: a service as it should be.
struct ServiceFaults {
  double limited = 0;          // 429, or SlowDown
  double fails = 0;            // 5xx and the like: nothing is taken
  double refuses = 0;          // 400: nothing is taken
  double request_is_lost = 0;  // it never arrives
  double answer_is_lost = 0;   // of a request that was taken
  double answer_is_cut = 0;    // its status came, and the rest did not
  double answer_is_wrong = 0;  // a proxy on the way gives another one
  bool unreachable = false;
  bool denied = false;              // 401, 403 and the like: a person has to fix it
  bool denies_mobile = false;       // 401 for mobile keys alone
  bool gone = false;                // 410
  std::int64_t latency_us = 8'000;  // there and back, at least
  std::int64_t latency_spread_us = 20'000;
};

// What AWS thinks of a request's signature.
enum class Signature : std::uint8_t { good, skewed, expired };

class Service : public Takings {
 public:
  explicit Service(std::uint64_t seed) : random_(seed) {}
  virtual ~Service() = default;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  ServiceFaults faults;

  // A request arrived, with its body.
  virtual http_client::HttpResponse answer(const http_client::HttpRequest& request, Signature signature) = 0;
  // What a proxy answers in place of it.
  virtual http_client::HttpResponse wrong_answer() = 0;
  // The first thing that came and should not have; empty: nothing.
  const std::string& broken() const { return broken_; }
  // Of whatever is drawn for it.
  Random& random() { return random_; }

 protected:
  void breaks(std::string what) {
    if (broken_.empty()) broken_ = std::move(what);
  }
  // What an HTTP service answers while it has trouble; nothing: it looks at the request.
  std::optional<http_client::HttpResponse> http_trouble();

 private:
  Random random_;
  std::string broken_;
};

http_client::HttpResponse plain_answer(int status, std::string body = {});
http_client::HttpResponse fault_answer(http_client::TransportFault fault);
// Of a request; empty: it has none.
std::string_view header_of(const http_client::HttpRequest& request, std::string_view name);
// Of the events in a text of SDKs' or of ours.
std::vector<std::uint64_t> marks_in(std::string_view text);

}  // namespace sluice::simulation
