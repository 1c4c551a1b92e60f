// One run: a world made from a seed, in which a server lives, dies and lives again while SDKs send, owners change
// their minds, and disk, clock and cloud misbehave; then all is repaired, what waits is delivered, and the ledger is
// compared. The same seed gives the same run.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "cloud.h"
#include "database.h"
#include "ledger.h"
#include "process.h"
#include "scheduler.h"
#include "sdk.h"
#include "storage/file_system_fake.h"

namespace sluice::simulation {

struct Outcome {
  std::optional<std::string> broken;  // nothing: every promise was kept
  std::uint64_t payloads = 0, acknowledged_events = 0, taken_records = 0, repeats = 0;
  std::uint64_t records = 0, packed = 0, throttled = 0, cbor_records = 0, refused_large = 0;  // of the streams
  std::uint64_t payloads_forwarded = 0, payloads_divided = 0, objects = 0, found_there = 0, batches = 0;  // of others
  std::uint64_t refused = 0;  // answers 503 and the like: the SDK keeps it, or sends it again
  Happened happened;
  std::uint64_t steps = 0, fingerprint = 0, most_steps_per_s = 0;
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
  // ever. `kinds`: those that destinations have; empty: drawn.
  Run(std::uint64_t seed, std::function<void(const std::string&)> tell, std::int64_t outage_ms = 0,
      std::vector<Kind> kinds = {});
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
  // Before a start: an operator's slip (losses.cc).
  void lose_files();
  void lose_cursor();
  void lose_segment();
  void live_without(Tracked& destination);
  void check_lost_cursor();
  void die(const std::string& why, storage::FakeFileSystem::Crash how);
  void use_disk(std::unique_ptr<storage::FakeFileSystem> disk);
  void before_change();
  void end_life();     // the process is gone, whatever it was told to do
  void count_usage();  // of this life, against what it delivered

  // What happens
  void act();
  void send(std::size_t payload);
  void answered(std::size_t payload, unsigned status);
  void trouble_disk();
  void trouble_reads();
  void trouble_database();
  void trouble_cloud();
  // Records of several events (packing.cc)
  void draw_packing(Tracked& destination);
  void draw_stream(std::size_t number);
  void trouble_packing();

  // Tees, buckets and webhooks (services.cc)
  Kind draw_kind();
  nlohmann::json draw_service(Tracked& made);
  bool has_kind(Kind kind) const;
  bool is_only_kinesis() const { return kinds_.size() == 1 && kinds_.front() == Kind::kinesis; }
  void change_service(Tracked& destination);
  static bool is_set(const Tracked& destination, const catalog::Destination& known);
  void trouble_service(Service& service);
  void send_plain();
  std::uint64_t service_files_limit_bytes() const;

  // What owners do (owners.cc)
  void make_catalog();
  // A call to the REST API. `made` when it is done: also when the process dies after that, before it can answer. True:
  // it was.
  bool ask_for(std::string_view method, const std::string& path, const std::string& body,
               const std::function<void()>& made);
  void change_catalog();
  void make_destination();
  static std::string path_of(const Tracked& destination);
  void turn(Tracked& destination);
  void change_kinds(Tracked& destination);
  void change_encoding(Tracked& destination);
  void remove(Tracked& destination);
  void reset_key();
  void learn_keys();
  void note_start();
  bool key_is_good(const Payload& payload) const;
  void replay();
  void retry_dead_letters();
  void look_at_replays();
  bool is_in_force() const;
  Tracked* any_destination();

  // What strangers see (onlookers.cc)
  void look();
  void look_at(const char* page);
  void look_from_outside();
  void take_page(std::string_view page, const http::HttpResponse& response);
  void take_status(const std::string& body);
  void take_metrics(const std::string& body);
  std::optional<std::string> untrue(const Tracked& destination, const nlohmann::json& shown);
  void note_shown();
  void note_in_force();
  void check_shown();
  void look_at_rest();

  const std::uint64_t seed_;
  const std::function<void(const std::string&)> tell_;
  const std::int64_t outage_ms_;
  Random random_;
  // Each of what came later, alone: an earlier seed keeps the rest of its weather.
  Random read_random_, database_random_, key_random_, look_random_, lost_random_, large_random_, packing_random_,
      kind_random_;
  bool loses_files_;
  // Destinations have an encoding; streams have limits of bytes and of records' sizes, and may not understand CBOR.
  const bool packs_, throttles_bytes_, refuses_large_, surges_;
  ObjectId lost_cursor_;  // before the start under way; zero: none
  const std::vector<Kind> kinds_;
  const Weather weather_;
  ManualClock clock_;
  Scheduler scheduler_;
  Cloud cloud_;
  Sdk sdk_;
  Database database_;
  Ledger ledger_;
  Happened happened_;
  journal::Position end_at_start_{UINT64_MAX};  // of the journal, when the process began this life
  journal::JournalLimits limits_;
  intake::IntakeLimits intake_limits_;
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
  bool reads_flags_;
  Database::Usage usage_at_start_;
  std::int64_t changed_at_us_ = 0;  // since when a change of the catalog is not in force; 0: it is
  struct Key {
    std::size_t environment = 0;
    std::int64_t until_ms = 0;  // 0: until it is reset
  };
  std::map<std::string, Key> keys_;
  struct Look {
    const char* page;
    std::int64_t asked_us;
  };
  std::map<std::uint64_t, Look> looks_;  // that wait for an answer
  std::uint64_t looks_made_ = 0;
  struct Shown {
    std::int64_t at_us;
    std::map<ObjectId, std::uint64_t> delivered;
  };
  std::deque<Shown> shown_;  // by the exporter, in this life
  bool at_rest_ = false;     // for longer than anything that is shown may be old
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
