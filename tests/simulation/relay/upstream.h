// An upstream of flags, as LaunchDarkly is one: it changes its flags, tells its streams, and fails as its weather has
// it. It remembers all that it ever had, so that what is served can be compared.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "http_client/http_stream_fake.h"
#include "scheduler.h"

namespace sluice::relay_simulation {

using simulation::kSecondUs;
using simulation::Scheduler;

// A flag or a segment at one version. No two have the same version.
struct UpstreamItem {
  bool is_flag = true;
  std::string key;
  std::string json;
  std::string tracked_json;  // of a flag: the same with its `trackEvents` on; `json`, if it is on already
};

class Upstream {
 public:
  Upstream(Scheduler& scheduler, ManualClock& clock, std::uint64_t seed);

  http_client::HttpStreamTransport& transport() { return transport_; }

  // One change, which its streams are told.
  void change();
  // Some of its answers fail, and some of its streams.
  void set_stormy(bool stormy) { stormy_ = stormy; }
  // Nobody is answered, and all streams break.
  void set_away(bool away);

  // By version. Null: it never had it.
  const UpstreamItem* item(std::int64_t version) const;
  // Numbers of states, counted from 1. After something was deleted, all may be as it was before it came.
  struct States {
    std::size_t first = 0, last = 0;
  };
  // Those that had exactly these versions; nothing: it never had such a state.
  std::optional<States> states_with(const std::vector<std::int64_t>& versions) const;
  std::size_t newest_state() const { return states_; }
  std::size_t opened() const { return transport_.opened(); }
  // The key by which the connection that it tells changes asked. Empty: there is none.
  std::string told_key() const;
  // Most connections within ten seconds, but for those that it asked for by a redirect; and a new count.
  std::size_t most_in_ten_s() const { return most_in_ten_s_; }
  void expect_new_client() { asked_us_.clear(); }
  static std::string flag_key(std::uint64_t number) { return "flag-" + std::to_string(number); }
  static constexpr std::uint64_t kFlags = 6, kSegments = 2;

 private:
  using Now = std::map<std::string, std::int64_t>;  // versions by path, as "/flags/KEY"

  std::int64_t new_item(bool is_flag, const std::string& key);
  void remember();
  std::string put_event() const;
  std::string patch_event(const std::string& path) const;
  std::string patch_of_any();
  void serve(http_client::ServedStreamFake& stream);
  void begin(std::size_t stream);
  void tell(const std::string& event);
  void tell_old();
  // In pieces, over some time; with `whole` false it may end early.
  void send(std::size_t stream, std::string text, bool whole);
  void expire_later(std::size_t stream, std::int64_t ms);
  void talk_nonsense(std::size_t stream);

  Scheduler& scheduler_;
  ManualClock& clock_;
  Random random_;
  http_client::HttpStreamTransportFake transport_;
  Now now_;
  std::map<std::int64_t, UpstreamItem> items_;
  std::map<std::vector<std::int64_t>, States> known_;  // states by their versions
  std::size_t states_ = 0;
  std::int64_t version_ = 0;
  bool stormy_ = false, away_ = false;
  std::set<std::size_t> told_;                 // streams that had a put and are told changes
  std::map<std::size_t, std::string> unsent_;  // what is on its way
  std::deque<std::int64_t> asked_us_;          // in the last ten seconds
  std::size_t most_in_ten_s_ = 0;
};

}  // namespace sluice::relay_simulation
