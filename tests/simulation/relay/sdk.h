// Those who are served: server-side SDKs that stream or poll, slow ones and such that stop reading among them, and apps
// that are told by pings. Each holds the flags as an SDK does, and checks what it is told.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "http_client/event_stream_parser.h"
#include "link.h"
#include "upstream.h"

namespace sluice::relay_simulation {

// What holds of all that is served. A broken promise is told to `broken`, once.
class Promises {
 public:
  Promises(const Upstream& upstream, ManualClock& clock) : upstream_(upstream), clock_(clock) {}

  using Selection = std::set<std::string>;
  void select(Selection selection);
  const Selection& selection() const { return selections_.back().second; }
  // A process begins, which serves this of upstream's states at least.
  void begin_life(std::size_t least_state) { life_ = {life_.number + 1, least_state, false}; }
  // The environment has no flag source any more: what comes after it is like another process, without flags.
  void forget_flags() {
    forgotten_life_ = life_.number;
    begin_life(0);
  }
  // One that connected before that may be answered after it: that there are none, or older ones.
  bool has_forgotten(std::uint64_t life) const { return life <= forgotten_life_; }
  struct Life {
    std::uint64_t number = 0;
    std::size_t least_state = 0;
    bool has_served = false;  // it has flags, and does not answer any more that it has none
  };
  const Life& life() const { return life_; }
  void note_served(std::uint64_t life) { life_.has_served |= life == life_.number; }

  // One item as it is served; its version, or nothing after a broken promise. `fresh`: it was sent a moment ago.
  std::optional<std::int64_t> check_item(const std::string& key, std::string_view json, bool fresh);
  // The states of upstream's that have these versions, as upstream is now: what is added and deleted again leaves the
  // same behind.
  std::optional<Upstream::States> states_with(const std::map<std::string, std::int64_t>& held) const;
  // All versions that somebody holds, who was served in this life.
  Upstream::States check_state(const std::map<std::string, std::int64_t>& held, const Life& life);
  // Whether this text of a flag has its tracking as the selection now says.
  bool is_current(const std::string& key, std::string_view json) const;

  void fail(std::string what);
  const std::optional<std::string>& broken() const { return broken_; }

 private:
  bool was_selected(const std::string& key, bool selected) const;

  const Upstream& upstream_;
  ManualClock& clock_;
  std::vector<std::pair<std::int64_t, Selection>> selections_ = {{INT64_MIN, {}}};  // since when
  Life life_;
  std::uint64_t forgotten_life_ = 0;
  std::optional<std::string> broken_;
};

// The parts of an answer: its head, and its body without chunks.
class AnswerReader {
 public:
  // Appends to body() what is complete.
  void take(std::string_view bytes);
  int status() const { return status_; }
  std::string header(std::string_view lower_case_name) const;
  std::string& body() { return body_; }
  // Of one with a length.
  bool complete() const { return status_ != 0 && !chunked_ && body_.size() >= length_; }

 private:
  std::string raw_, body_;
  std::map<std::string, std::string> headers_;
  int status_ = 0;
  bool chunked_ = false;
  std::size_t length_ = 0;
};

enum class SdkKind : std::uint8_t { stream, slow_stream, poll, ping };

class Sdk {
 public:
  // `loop`: of the process that runs now; null: there is none.
  Sdk(SdkKind kind, Scheduler& scheduler, ManualClock& clock, Promises& promises, std::uint64_t seed,
      std::function<std::shared_ptr<SimulatedLoop>()> loop);
  ~Sdk();

  // If it is connected: it leaves, and comes again without a delay.
  void come_again();
  // Reads as all do, from now on, also what it stalls at.
  void calm();
  // What it holds is this state of upstream's with the selection in force; an error says what is not.
  std::string check_at_rest(std::size_t state) const;
  SdkKind kind() const { return kind_; }
  std::uint64_t events() const { return events_; }
  std::uint64_t refused() const { return refused_; }
  std::int64_t last_ping_us() const { return last_ping_us_; }
  bool is_connected() const { return link_ != nullptr; }
  // Of all bytes that it was sent.
  std::uint32_t fingerprint() const { return fingerprint_; }

 private:
  void connect_later();
  void connect();
  void read_later();
  void read();
  void check_heartbeat() const;
  void check_not_cut() const;
  void ended();
  void on_answer();
  Result<void> on_event(const http_client::ServerSentEvent& event);
  void replace_all(std::string_view json, bool fresh);
  void put_item(const std::string& path, std::string_view json);
  void check_held();

  const SdkKind kind_;
  Scheduler& scheduler_;
  ManualClock& clock_;
  Promises& promises_;
  Random random_;
  const std::function<std::shared_ptr<SimulatedLoop>()> loop_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  std::shared_ptr<Link> link_;
  AnswerReader answer_;
  std::unique_ptr<http_client::EventStreamParser> parser_;
  bool calm_ = false, reading_ = false, connecting_ = false;
  std::string etag_;
  std::map<std::string, std::int64_t> held_;     // versions by path
  std::map<std::string, std::int64_t> deleted_;  // the same
  std::map<std::string, std::string> texts_;     // of flags, by key
  Upstream::States states_;                      // what that is of upstream's
  std::uint64_t held_of_ = 0;                    // the life of the process that served it
  Promises::Life life_;                          // of that to which it is connected, as it was then
  std::uint64_t events_ = 0, refused_ = 0;
  std::int64_t last_ping_us_ = 0;
  std::int64_t last_bytes_us_ = 0;  // of the stream that it has; 0: it has none
  std::uint32_t fingerprint_ = 0;
};

}  // namespace sluice::relay_simulation
