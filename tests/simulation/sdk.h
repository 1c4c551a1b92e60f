// SDKs as a seed makes them: payloads of events of all sizes, sent with an id, and once more after a second when the
// answer is an error or none. Each event carries a mark in its context's key, by which it is known again.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "event/kind.h"

namespace sluice::simulation {

struct SentEvent {
  std::uint64_t mark;
  event::EventKind kind;
  bool poison = false;   // Kinesis refuses any call that holds it
  bool exported = true;  // false: of a flag whose events its owner does not want
};

struct Payload {
  std::size_t environment;
  std::string request;  // as it goes over the connection
  std::string_view body() const { return std::string_view(request).substr(request.find("\r\n\r\n") + 4); }
  std::string sdk_key;
  std::vector<SentEvent> events;
  std::uint64_t number = 0;
  std::uint64_t sent_at = 0, answered_at = 0;  // logical times: Ledger::now()
  std::int64_t sent_ms = 0, answered_ms = 0;   // the machine's wall clock
  std::uint64_t stored_from = 0;  // the journal's end when it first reached a process: none of it lies before
  int tries = 0;
  bool acknowledged = false;
};

class Sdk {
 public:
  explicit Sdk(std::uint64_t seed) : random_(seed) {}
  // Largest event, bytes.
  std::uint64_t pad_bytes = 200;
  std::uint64_t events_at_most = 20;
  double poison = 0;
  double mobile = 0;  // payloads of mobile SDKs, which have a key of their own

  Payload make(std::size_t environment, std::int64_t wall_ms);
  // Of one small event, which nobody refuses.
  Payload make_plain(std::size_t environment, std::int64_t wall_ms);

  // The environment's first one.
  static std::string sdk_key(std::size_t environment);
  static std::string mobile_key(std::size_t environment);
  // What the environment's SDKs send from now on.
  void use_key(std::size_t environment, const std::string& key) { keys_[environment] = key; }
  static constexpr const char* kUnwantedFlag = "unwanted";
  static constexpr const char* kUserAgent = "Simulated/1";
  // The id that a payload is sent under, and the payload that has one; 0: none has.
  static std::string payload_id(std::uint64_t number);
  static std::uint64_t number_of(std::string_view payload_id);

 private:
  Payload payload_of(std::size_t environment, std::vector<SentEvent> events, const std::string& body);
  std::string event(SentEvent& sent, std::int64_t wall_ms);
  Random random_;
  std::map<std::size_t, std::string> keys_;  // where it is not the first
  std::uint64_t marks_ = 0, payloads_ = 0;
};

}  // namespace sluice::simulation
