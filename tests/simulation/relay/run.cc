#include "run.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/log.h"
#include "process.h"
#include "relay/flag_store.h"
#include "relay/relay.h"
#include "sdk.h"
#include "storage/file_system_fake.h"
#include "system_random.h"
#include "upstream.h"

namespace sluice::relay_simulation {
namespace {

using simulation::ProcessDied;
using storage::FakeFileSystem;

constexpr std::int64_t kLiveUs = 90 * kSecondUs;
// After the storm: a stream that sends no flags is given up after a minute, and the next attempt comes 30 s later at
// most; an upstream that refused the key is asked again after a minute.
constexpr std::int64_t kRecoverUs = 120 * kSecondUs;
// A change is on disk a second later, unless writing fails.
constexpr std::int64_t kSavedAfterUs = 1'500'000;
constexpr std::uint64_t kMostStepsPerS = 5'000;
// Of one process with one key: after half a second, one, two and four, at the least (http_client/reconnect_delay.h).
constexpr std::size_t kMostConnectionsInTenS = 6;
// Less than what a switch may take: one that comes during a stop is in force with the next process.
constexpr std::int64_t kMostGraceMs = 1'000;
constexpr std::int64_t kMostBetweenUs = 50'000;
// From when a source is asked, until it has sent its flags or it is said why not (relay/put_wait.h).
constexpr std::int64_t kSaidWithinUs = relay::kSayAfterMs * 1'000 + 2 * kMostBetweenUs;
// What is left at the end of a stop's grace is closed within.
constexpr std::int64_t kClosedWithinUs = 600'000;

class Run {
 public:
  Run(std::uint64_t seed, const std::function<void(const std::string&)>& say)
      : say_(say),
        random_(seed),
        scheduler_(clock_, random_.next()),
        upstream_(scheduler_, clock_, random_.next()),
        promises_(upstream_, clock_),
        disk_(std::make_unique<FakeFileSystem>(random_.next())) {
    (void)disk_->make_directory(kDataDirectory);
    (void)disk_->sync_directory("/");
    kills_ = random_.below(3) != 0;
    disk_fails_ = random_.below(3) == 0;
    outages_ = random_.below(2) == 0;
    upstream_.set_stormy(random_.below(4) != 0);
    for (const SdkKind kind : {SdkKind::stream, SdkKind::stream, SdkKind::stream, SdkKind::slow_stream,
                               SdkKind::slow_stream, SdkKind::poll, SdkKind::poll, SdkKind::ping})
      sdks_.push_back(std::make_unique<Sdk>(kind, scheduler_, clock_, promises_, random_.next(),
                                            [this] { return process_ && !stops_ ? process_->loop() : nullptr; }));
  }

  Outcome go() {
    const std::int64_t begun_ms = clock_.wall_ms();
    begin();
    later_change();
    later_switch();
    later_trouble();
    later_catalog_change();
    live(kLiveUs);
    end_faults();
    rest();
    outcome_.broken = promises_.broken();
    for (const auto& sdk : sdks_) {
      outcome_.events += sdk->events();
      outcome_.refused += sdk->refused();
      outcome_.fingerprint = outcome_.fingerprint * 31 + sdk->fingerprint();
    }
    sdks_.clear();
    if (process_) outcome_.cut_off += process_->cut_off();
    process_.reset();
    if (!outcome_.broken && scheduler_.most_steps_per_s() > kMostStepsPerS)
      outcome_.broken =
          fmt::format("{} stepped {} times in a second", scheduler_.busiest(), scheduler_.most_steps_per_s());
    if (!outcome_.broken && upstream_.most_in_ten_s() > kMostConnectionsInTenS)
      outcome_.broken = fmt::format("upstream was asked {} times in ten seconds", upstream_.most_in_ten_s());
    outcome_.connections = upstream_.opened();
    outcome_.steps = scheduler_.steps();
    outcome_.fingerprint ^= scheduler_.fingerprint();
    outcome_.simulated_ms = clock_.wall_ms() - begun_ms;
    return outcome_;
  }

 private:
  void say(const std::string& what) {
    if (say_) say_(fmt::format("{:10.3f} s  {}", static_cast<double>(clock_.steady_us()) / 1e6, what));
  }
  std::int64_t within_us(std::int64_t us) {
    return clock_.steady_us() + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(us)));
  }

  // What happens, each at its own pace, until the storm is over.
  void later_change() {
    scheduler_.at(within_us(6 * kSecondUs), [this] {
      if (calm_) return;
      change();
      later_change();
    });
  }
  void later_switch() {
    scheduler_.at(within_us(10 * kSecondUs), [this] {
      if (calm_) return;
      switch_some();
      later_switch();
    });
  }
  void later_trouble() {
    scheduler_.at(within_us(20 * kSecondUs), [this] {
      if (calm_) return;
      trouble();
      later_trouble();
    });
  }

  void later_catalog_change() {
    scheduler_.at(within_us(60 * kSecondUs), [this] {
      if (calm_) return;
      change_catalog();
      later_catalog_change();
    });
  }

  void change() {
    ++outcome_.changes;
    upstream_.change();
    say(fmt::format("upstream: state {}", upstream_.newest_state()));
  }

  void switch_some() {
    ++outcome_.switches;
    wanted_.as_sent = random_.below(8) == 0;
    // One thing at a time: flags' switches and that all are as sent come into force one after the other.
    Promises::Selection selection = wanted_.as_sent ? wanted_.selection : Promises::Selection();
    for (std::uint64_t i = 0; !wanted_.as_sent && i < Upstream::kFlags; ++i)
      if (random_.below(2) == 0) selection.insert(Upstream::flag_key(i));
    choose(std::move(selection));
  }

  void choose(Promises::Selection selection) {
    wanted_.selection = std::move(selection);
    promises_.select(wanted_.as_sent ? Promises::Selection() : wanted_.selection);
    say(fmt::format("switch: {}{}", fmt::join(wanted_.selection, " "), wanted_.as_sent ? ", all as sent" : ""));
    wants_publish_ = true;  // by live(): a process may die within
  }

  // Another SDK key, or no flag source for some time, or for none at all.
  void change_catalog() {
    if (random_.below(2) == 0) {
      ++outcome_.keys;
      ++wanted_.key;
      new_client_ = true;
      say("a new SDK key: " + wanted_.key_text());
      wants_publish_ = true;
      return;
    }
    if (!wanted_.has_source) return;
    ++outcome_.removals;
    say("no flag source");
    wants_removal_ = true;
    const std::int64_t for_us = random_.below(2) == 0 ? 0 : within_us(10 * kSecondUs) - clock_.steady_us();
    scheduler_.at(clock_.steady_us() + for_us, [this] { restore_source(); });
  }

  void restore_source() {
    if (wanted_.has_source && !wants_removal_) return;
    say("the flag source is there again");
    wants_source_ = true;
  }

  void remove_source() {
    wanted_.has_source = false;
    promises_.forget_flags();
    least_state_ = 0;
    removed_us_ = clock_.steady_us();
    publish();
  }

  void trouble() {
    const std::uint64_t what = random_.below(8);
    if (what < 2 && outages_) {
      say("upstream is away");
      upstream_.set_away(true);
      scheduler_.at(within_us(40 * kSecondUs), [this] {
        say("upstream is there");
        upstream_.set_away(false);
      });
    } else if (what < 4 && disk_fails_) {
      ++outcome_.disk_faults;
      const auto fault = random_.below(2) == 0 ? storage::FileFault::no_space : storage::FileFault::other;
      if (random_.below(2) == 0)
        disk_->fail_write(random_.below(3), fault);
      else
        disk_->fail_sync(random_.below(3), fault);
    } else if (what < 6 && kills_) {
      wants_death_ = true;
    } else if (what == 6 && kills_) {
      death_in_changes_ = 1 + random_.below(6);
    } else if (what == 7 && kills_) {
      wants_restart_ = true;
    }
  }

  // Calls the process here, between what the scheduler runs: it may die in them.
  void live(std::int64_t us) {
    const std::int64_t until_us = clock_.steady_us() + us;
    while (clock_.steady_us() < until_us && !promises_.broken()) {
      try {
        scheduler_.run_for(std::min<std::int64_t>(50'000, until_us - clock_.steady_us()));
        if (std::exchange(wants_removal_, false)) remove_source();
        if (std::exchange(wants_source_, false)) wanted_.has_source = wants_publish_ = new_client_ = true;
        if (std::exchange(new_client_, false)) {
          upstream_.expect_new_client();
          explained_us_ = clock_.steady_us();
        }
        if (std::exchange(wants_publish_, false))
          publish([this] { scheduler_.run_for(static_cast<std::int64_t>(random_.below(kMostBetweenUs))); });
        if (std::exchange(wants_restart_, false)) restart();
        expect_a_reason();
      } catch (const ProcessDied& died) {
        die(died.why);
        continue;
      }
      if (std::exchange(wants_death_, false)) die_now();
    }
  }

  void expect_a_reason() {
    const auto status = process_->relay().status(kEnvironment);
    if (status.empty() || status[0].is_connected || !status[0].problem.empty()) explained_us_ = clock_.steady_us();
    if (clock_.steady_us() - explained_us_ > kSaidWithinUs)
      promises_.fail("it is not said why the flag source sends no flags");
  }

  void die_now() {
    const bool loses_power = std::exchange(loses_power_, false) || random_.below(3) == 0;
    if (loses_power) left_behind_ = after_power_cut();
    die(loses_power ? "power cut" : "kill -9");
  }

  void publish(const std::function<void()>& between = [] {}) { process_->publish(catalog_of(wanted_), between); }

  void begin() {
    stops_ = false;
    disk_->before_each_change([this] {
      if (death_in_changes_ == 0 || --death_in_changes_ > 0) return;
      left_behind_ = after_power_cut();
      scheduler_.kill();
      throw ProcessDied{"in a change to the disk"};
    });
    while (true) {
      try {
        process_ = std::make_unique<Process>(*disk_, upstream_, scheduler_, clock_, random_.next());
        promises_.begin_life(least_state_);
        upstream_.expect_new_client();
        explained_us_ = clock_.steady_us();
        publish();
        if (least_state_ > 0 && !promises_.broken() && !process_->relay().served(kEnvironment))
          promises_.fail("the flags that were on disk are not served by the next process");
        return;
      } catch (const ProcessDied& died) {
        die(died.why);
      }
    }
  }

  std::unique_ptr<FakeFileSystem> after_power_cut() {
    static constexpr FakeFileSystem::Crash kAll[] = {FakeFileSystem::Crash::lose_all, FakeFileSystem::Crash::keep_all,
                                                     FakeFileSystem::Crash::keep_some, FakeFileSystem::Crash::loose};
    const FakeFileSystem::Crash crash = kAll[random_.below(std::size(kAll))];
    return disk_->after_crash(crash, random_.next());
  }

  // What was served, and `after_us` ago, is on disk: the next process serves it, or something newer.
  void note_saved(std::int64_t after_us) {
    const auto served = process_ ? process_->relay().feed(kEnvironment, "").feed : nullptr;
    const auto flags = served ? served->served() : nullptr;
    if (!flags) return;
    const std::int64_t since_us = (clock_.wall_ms() - flags->snapshot().changed_ms) * 1'000;
    // A failure that was ordered may come with any later write.
    if (since_us < after_us || outcome_.disk_faults > 0) return;
    // What a feed loaded just before the one before it was told to forget the same is written again.
    if (clock_.steady_us() - removed_us_ < after_us) return;
    std::vector<std::int64_t> versions;
    for (const auto* items : {&flags->snapshot().flags, &flags->snapshot().segments})
      for (const auto& item : *items)
        if (!item->deleted()) versions.push_back(item->version);
    std::sort(versions.begin(), versions.end());
    if (const auto states = upstream_.states_with(versions)) least_state_ = std::max(least_state_, states->first);
  }

  void die(const std::string& why) {
    ++outcome_.deaths;
    say("dies: " + why);
    note_saved(kSavedAfterUs);
    death_in_changes_ = 0;
    scheduler_.kill();
    auto disk =
        left_behind_ ? std::move(left_behind_) : disk_->after_crash(FakeFileSystem::Crash::keep_all, random_.next());
    if (process_) outcome_.cut_off += process_->cut_off();
    disk_->before_each_change(nullptr);
    process_.reset();
    disk_ = std::move(disk);
    begin();
    if (calm_ || random_.below(3) != 0) return;
    // What it loaded may not be safe yet.
    loses_power_ = true;
    scheduler_.at(within_us(kSecondUs), [this] { wants_death_ = !calm_; });
  }

  void restart() {
    ++outcome_.restarts;
    const std::int64_t grace_ms = random_.below(2) == 0 ? 0 : static_cast<std::int64_t>(random_.below(kMostGraceMs));
    say(fmt::format("restart in order, with {} ms of grace", grace_ms));
    if (grace_ms == 0) sdks_[random_.below(sdks_.size())]->come_again();  // its answer begins while the server stops
    stops_ = true;
    process_->begin_stop(grace_ms);
    scheduler_.run_for(grace_ms * 1'000);
    process_->close_streams();
    scheduler_.run_for(kClosedWithinUs);
    for (const auto& sdk : sdks_)
      if (sdk->kind() != SdkKind::slow_stream && sdk->is_connected())
        promises_.fail("a connection is open after a stop in order");
    process_->end();
    note_saved(0);
    outcome_.cut_off += process_->cut_off();
    process_.reset();
    begin();
  }

  void end_faults() {
    say("no more faults");
    calm_ = true;
    death_in_changes_ = 0;
    restore_source();
    upstream_.set_stormy(false);
    scheduler_.at(clock_.steady_us() + 41 * kSecondUs, [this] { upstream_.set_away(false); });
    for (const auto& sdk : sdks_) sdk->calm();
    const std::int64_t until_us = clock_.steady_us() + kRecoverUs;
    live(45 * kSecondUs);
    while (clock_.steady_us() < until_us && !promises_.broken() &&
           !(what_is_wrong().empty() && process_->relay().status(kEnvironment)[0].is_connected))
      live(5 * kSecondUs);
  }

  // All have the newest state; then a switch reaches all of them within two seconds, and a restart without upstream
  // serves the same.
  void rest() {
    if (promises_.broken()) return;
    expect_all("after the faults");
    change();
    live(3 * kSecondUs);
    expect_all("after a change");
    wanted_.as_sent = false;
    Promises::Selection others;
    for (std::uint64_t i = 0; i < Upstream::kFlags; ++i)
      if (!wanted_.selection.contains(Upstream::flag_key(i))) others.insert(Upstream::flag_key(i));
    const auto etag = [this] { return process_->relay().feed(kEnvironment, "").feed->served()->etag(); };
    const std::string before = promises_.broken() ? "" : etag();
    const std::int64_t switched_us = clock_.steady_us();
    choose(std::move(others));
    if (random_.below(2) == 0) scheduler_.at(within_us(2 * kMostBetweenUs), [this] { change(); });
    live(2 * kSecondUs);
    expect_all("two seconds after a switch");
    if (promises_.broken()) return;
    const auto expect_ping_since = [&](std::int64_t since_us, const char* when) {
      for (const auto& sdk : sdks_)
        if (sdk->kind() == SdkKind::ping && etag() != before && sdk->last_ping_us() < since_us)
          promises_.fail(fmt::format("{} after a switch an app was not told", when));
    };
    expect_ping_since(switched_us, "two seconds");
    if (promises_.broken()) return;
    // A write that fails is tried again after ten seconds, and three of them may fail.
    live(outcome_.disk_faults > 0 ? 35 * kSecondUs : 4 * kSecondUs);
    expect_ping_since(switched_us + relay::kPingAfterChangeMs * 1'000, "five seconds");
    if (promises_.broken()) return;
    say("upstream is away for good");
    upstream_.set_away(true);
    left_behind_ = after_power_cut();
    die("killed, or a power cut, at rest");
    live(5 * kSecondUs);
    expect_all("after a restart without upstream");
    if (promises_.broken()) return;
    relay::FlagStore store(std::string(kDataDirectory) + "/relay", {kEnvironment, "", kUpstream}, *disk_);
    const auto stored = store.load();
    if (!stored || !stored->snapshot || !stored->damage.empty()) promises_.fail("the flags are not on disk at rest");
  }

  void expect_all(const std::string& when) {
    if (promises_.broken()) return;
    if (const std::string wrong = what_is_wrong(); !wrong.empty()) promises_.fail(when + ": " + wrong);
  }

  std::string what_is_wrong() const {
    const auto status = process_->relay().status(kEnvironment);
    if (status.size() != 1 || !status[0].has_flags) return "there are no flags";
    if (status[0].is_connected && upstream_.told_key() != wanted_.key_text())
      return fmt::format("upstream is asked with \"{}\", expected {}", upstream_.told_key(), wanted_.key_text());
    std::size_t streams = 0;
    for (std::size_t i = 0; i < sdks_.size(); ++i) {
      streams += sdks_[i]->kind() == SdkKind::stream || sdks_[i]->kind() == SdkKind::slow_stream;
      if (const std::string wrong = sdks_[i]->check_at_rest(upstream_.newest_state()); !wrong.empty())
        return fmt::format("SDK {} {}", i, wrong);
    }
    return status[0].streams == streams
               ? ""
               : fmt::format("{} streams are counted, expected {}", status[0].streams, streams);
  }

  const std::function<void(const std::string&)>& say_;
  Random random_;
  ManualClock clock_;
  Scheduler scheduler_;
  Upstream upstream_;
  Promises promises_;
  std::unique_ptr<FakeFileSystem> disk_, left_behind_;
  std::unique_ptr<Process> process_;
  std::vector<std::unique_ptr<Sdk>> sdks_;
  Wanted wanted_;
  bool stops_ = false;  // in order: nobody can connect
  bool kills_ = false, disk_fails_ = false, outages_ = false, calm_ = false;
  bool wants_publish_ = false, wants_removal_ = false, wants_source_ = false;
  bool wants_death_ = false, wants_restart_ = false;
  bool loses_power_ = false;  // the next death is a power cut
  bool new_client_ = false;   // another connection to upstream, without a delay: by a new key or source
  std::uint64_t death_in_changes_ = 0;
  std::size_t least_state_ = 0;
  std::int64_t removed_us_ = -kSavedAfterUs;
  std::int64_t explained_us_ = 0;  // when flags came, or it was said why not, or they were asked for
  Outcome outcome_;
};

}  // namespace

Outcome run(std::uint64_t seed, const std::function<void(const std::string&)>& say) {
  simulation::seed_system_random(seed);
  return Run(seed, say).go();
}

}  // namespace sluice::relay_simulation
