// One run: a world made from a seed, in which a server lives, dies and lives again while SDKs send, owners change
// their minds, and disk, clock and cloud misbehave; then all is repaired, what waits is delivered, and the ledger is
// compared. The same seed gives the same run.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "cloud.h"
#include "ledger.h"
#include "process.h"
#include "scheduler.h"
#include "sdk.h"
#include "storage/file_system_fake.h"

namespace sluice::simulation {

struct Outcome {
  std::optional<std::string> broken;  // nothing: every promise was kept
  std::uint64_t payloads = 0, acknowledged_events = 0, taken_records = 0, repeats = 0;
  std::uint64_t refused = 0;  // answers 503 and the like: the SDK keeps it, or sends it again
  Happened happened;
  std::uint64_t steps = 0, fingerprint = 0;
  std::int64_t simulated_ms = 0;
};

// What may go wrong in a run; each seed has its own few, so that each combination comes to be tried.
struct Weather {
  bool crashes, disk_errors, full_disk, slow_disk, rot;
  bool throttling, failures, lost_answers, outages, resharding, expiring, clock_jumps;
  bool lost_client_answers, restarts, catalog_changes, on_and_off, replays, poison, one_slow;
  bool read_errors;  // drawn apart: an earlier seed keeps the rest of its weather
  static Weather draw(Random& random, Random& read_random);
  Weather at_home() const;  // of our own machine alone: what AWS and owners do is left out
  std::string text() const;
};

class Run {
 public:
  // `tell` gets a line for each thing that is done to the world; null: nobody listens. With `outage_ms`, every stream
  // is out of reach for that long, from the first payload on, while SDKs go on sending and our own machine fails as
  // ever.
  Run(std::uint64_t seed, std::function<void(const std::string&)> tell, std::int64_t outage_ms = 0);
  Outcome go();

 private:
  // The world
  void live();                                     // a while, with what the weather brings
  void repair();                                   // all is well from here on
  bool settle();                                   // false: it does not come to rest
  void guarded(const std::function<void()>& act);  // a death inside is taken in
  void check_limits();
  void tell(const std::string& line) const;

  // The server
  void try_start();
  void die(const std::string& why, storage::FakeFileSystem::Crash how);
  void use_disk(std::unique_ptr<storage::FakeFileSystem> disk);
  void before_change();
  catalog::CatalogPointer snapshot() const;
  void publish();

  // What happens
  void act();
  void send(std::size_t payload);
  void answered(std::size_t payload, unsigned status);
  void trouble_disk();
  void trouble_reads();
  void trouble_cloud();
  void change_catalog();
  void make_destination();
  void turn(Tracked& destination);
  void replay();
  void retry_dead_letters();
  void look_at_replays();
  Tracked* any_destination();

  const std::uint64_t seed_;
  const std::function<void(const std::string&)> tell_;
  const std::int64_t outage_ms_;
  Random random_;
  Random read_random_;  // of read errors alone
  const Weather weather_;
  ManualClock clock_;
  Scheduler scheduler_;
  Cloud cloud_;
  Sdk sdk_;
  Ledger ledger_;
  Happened happened_;
  journal::Position end_at_start_{UINT64_MAX};  // of the journal, when the process began this life
  journal::JournalLimits limits_;
  std::size_t environments_;
  std::unique_ptr<storage::FakeFileSystem> disk_;
  std::unique_ptr<Process> process_;
  std::uint64_t life_ = 0;        // answers of an earlier one reach nobody
  std::int64_t start_at_us_ = 0;  // while there is no process
  bool dying_ = false;
  bool repaired_ = false;
  std::uint64_t crash_after_changes_ = 0;  // 0: not planned
  storage::FakeFileSystem::Crash planned_crash_{};
  std::unique_ptr<storage::FakeFileSystem> left_behind_;  // the disk at the moment of a crash
  std::set<std::size_t> in_flight_;                       // payloads that wait for an answer
  std::int64_t publish_again_at_us_ = INT64_MAX;
  bool clock_jumped_ = false;
  std::int64_t heal_disk_at_us_ = 0;
  std::uint64_t destinations_made_ = 0, refused_ = 0;
  struct Asked {
    Replayed replay;
    journal::Position oldest;
  };
  std::map<ObjectId, Asked> asked_replays_;
  std::optional<std::string> broken_;
};

}  // namespace sluice::simulation
