// AWS and LaunchDarkly as a seed makes them: an STS whose sessions expire, and Kinesis streams that throttle, fail,
// refuse, reshard, take their time, and lose requests and answers; a list of flags that limits the rate, fails and is
// lost. It remembers every record that it took. Time is its own: what the machine under test thinks the time is does
// not matter to it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "decode.h"
#include "destinations/kinesis/scripted_kinesis_fake.h"
#include "http_client/http_transport.h"
#include "scheduler.h"
#include "service.h"
#include "takings.h"

namespace sluice::simulation {

// Chances are of one; all zero: a stream as it should be.
struct StreamFaults {
  double record_fails = 0;     // one record of a call
  double call_fails = 0;       // a call, with a 500 or a throttle: nothing is taken
  double answer_is_lost = 0;   // a call whose records are all taken
  double request_is_lost = 0;  // a call that never arrives
  bool unreachable = false;
  bool denied = false;
  std::uint32_t records_per_s = 0;  // of a shard; 0: as many as there are
  std::int64_t latency_us = 8'000;  // there and back, at least
  std::int64_t latency_spread_us = 20'000;
  double bytes_per_s = 0;                    // of a shard, which saves up kBurstS of it; 0: as many as there are
  std::uint64_t record_bytes = UINT64_MAX;   // a larger record is refused, and its call, whatever the stream says
  std::uint64_t request_bytes = UINT64_MAX;  // a longer request is answered 413
};

// What answers a call in CBOR where CBOR is not understood: destinations/kinesis/wire_format.h. Of these, all but the
// last store nothing.
enum class CborAnswer : std::uint8_t {
  unsupported,    // 415
  unknown,        // 404 in XML
  serialization,  // 400 SerializationException
  page_400,
  page_403,
  page_406,
  page_501,
  page_500,
  page_502,
  read_nothing,  // 400 ValidationException in JSON
  cut_off,       // 200, not whole
};
inline constexpr std::uint64_t kCborAnswers = 11;

struct Stream : Takings {
  kinesis::ScriptedKinesis kinesis;
  StreamFaults faults;
  std::uint32_t shards = 4;
  std::map<std::int64_t, std::array<std::uint32_t, 64>> used;  // by second and shard
  // From this call in CBOR on, none is understood; UINT64_MAX: all are.
  std::uint64_t cbor_understood = UINT64_MAX, cbor_calls = 0;
  CborAnswer cbor_answer = CborAnswer::unsupported;
  struct Room {
    double bytes = 0;
    std::int64_t filled_us = INT64_MIN / 2;
  };
  std::map<std::string, Room> room;  // by shard
  // For the sum of a run.
  std::uint64_t records = 0, packed = 0, throttled = 0, cbor_records = 0, refused_large = 0;
};

// Of LaunchDarkly's list of flags; all zero: as it should be.
struct FlagFaults {
  double limited = 0, fails = 0, is_lost = 0;
};

class Cloud final : public http_client::HttpTransport {
 public:
  Cloud(Scheduler& scheduler, const ManualClock& clock, std::uint64_t seed, std::uint64_t flag_seed,
        std::uint64_t packing_seed);

  Stream& stream(std::size_t number);  // made when it is new
  // The far end of a destination of another kind, by the same numbers. Null: it is a stream.
  Service* service(std::size_t number);
  Service& make_service(Kind kind, std::size_t number, std::uint64_t seed);
  // Of either.
  Takings& takings(std::size_t number);

  // What STS does.
  bool sts_unreachable = false, sts_denies = false;
  std::int64_t session_s = 3600;
  void expire_sessions();

  FlagFaults flag_faults;
  // Flags of the project at LaunchDarkly, and what the first of them is called there.
  static constexpr std::size_t kFlags = 7;
  static constexpr const char* kFirstFlagName = "Named at LaunchDarkly 0";
  std::uint64_t flag_pages() const { return flag_pages_; }  // given so far

  // The process that asked is gone: no answer reaches it any more. What is on its way may still arrive.
  void forget_callers() { ++generation_; }
  // Requests that did not arrive yet at far ends that are no streams, whoever sent them.
  std::uint64_t on_the_way() const { return on_the_way_; }

  void send(http_client::HttpRequest request, std::function<void(http_client::HttpResponse)> done) override;

 private:
  std::int64_t true_ms() const;
  http_client::HttpResponse sts(const http_client::HttpRequest& request);
  http_client::HttpResponse put(Stream& stream, const http_client::HttpRequest& request);
  http_client::HttpResponse put_as_sent(Stream& stream, const http_client::HttpRequest& request);
  std::optional<kinesis::ScriptedKinesis::Failure> throttle(Stream& stream,
                                                            const kinesis::ScriptedKinesis::Record& record);
  std::optional<http_client::HttpResponse> refuse(const http_client::HttpRequest& request);
  Signature signature_of(const http_client::HttpRequest& request) const;
  Service* service_at(std::string_view url);
  void carry(Service& to, http_client::HttpRequest request, std::function<void(http_client::HttpResponse)> done);
  void send_flags(const http_client::HttpRequest& request, std::function<void(http_client::HttpResponse)> done);
  http_client::HttpResponse flag_page(std::string_view url);
  http_client::HttpResponse dated(http_client::HttpResponse response) const;

  Scheduler& scheduler_;
  const ManualClock& clock_;
  Random random_;
  Random flag_random_;     // of the list of flags alone
  Random packing_random_;  // of what came with packed records
  std::uint64_t generation_ = 0, sessions_made_ = 0, flag_pages_ = 0, on_the_way_ = 0;
  std::map<std::string, std::int64_t> sessions_;  // access key id → true time it expires, ms
  std::map<std::size_t, std::unique_ptr<Stream>> streams_;
  std::map<std::size_t, std::unique_ptr<Service>> services_;
};

}  // namespace sluice::simulation
