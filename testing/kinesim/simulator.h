// The state that all loops of the simulator share: streams, identities, faults, counters, the simulator's own clock.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "kinesim/authentication.h"
#include "kinesim/buckets.h"
#include "kinesim/cbor_support.h"
#include "kinesim/directory.h"
#include "kinesim/faults.h"
#include "kinesim/ledger.h"
#include "kinesim/stream.h"

namespace kinesim {

class Archive;

struct SimulatorSettings {
  std::string account = "123456789012";
  std::string region = "us-east-1";
  AuthenticationSettings authentication;
  LedgerSettings ledger;
  RateLimits limits;             // of new streams
  std::int64_t create_ms = 200;  // how long a stream made by CreateStream is CREATING, a changed one UPDATING
  bool print_records = false;    // to standard output
  std::string instance_role;     // ARN that instance metadata gives credentials for; empty: no role
  std::string container_role;    // the same for the container endpoint
  std::string container_token;   // what its Authorization header must be; empty: none
  bool imds_v1 = false;          // answer metadata requests without a token
  std::int64_t metadata_session_ms = 6 * 3'600'000;
};

// How often what was called and how it ended. Any thread.
class Stats {
 public:
  struct Operation {
    std::uint64_t calls = 0;
    std::map<std::string, std::uint64_t, std::less<>> errors;
    std::uint64_t records = 0, records_failed = 0, bytes = 0;
  };
  void count(std::string_view operation, std::string_view error, std::uint64_t records = 0,
             std::uint64_t records_failed = 0, std::uint64_t bytes = 0);
  void count_record_error(std::string_view operation, std::string_view code);
  std::map<std::string, Operation, std::less<>> operations() const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Operation, std::less<>> operations_;
};

class Simulator {
 public:
  Simulator(SimulatorSettings settings, const sluice::Clock& clock);
  ~Simulator();

  const SimulatorSettings& settings() const { return settings_; }
  Directory& directory() { return directory_; }
  FaultPlan& faults() { return faults_; }
  Stats& stats() { return stats_; }
  Buckets& buckets() { return buckets_; }
  const Buckets& buckets() const { return buckets_; }
  // None without --data-dir.
  Archive* archive() { return archive_.get(); }
  void set_archive(std::unique_ptr<Archive> archive);

  // The simulator's time, which may be set apart from the machine's.
  std::int64_t now_ms() const { return clock_.wall_ms() + skew_ms_; }
  std::int64_t steady_us() const { return clock_.steady_us(); }
  std::int64_t skew_ms() const { return skew_ms_; }
  void set_skew_ms(std::int64_t skew_ms) { skew_ms_ = skew_ms; }

  CborSupport cbor_support() const { return cbor_support_; }
  void set_cbor_support(CborSupport support) { cbor_support_ = support; }

  // Ready at once with `ready_in_ms` 0. Null when the name is taken.
  std::shared_ptr<Stream> create_stream(StreamSettings settings, std::int64_t ready_in_ms);
  std::shared_ptr<Stream> find_stream(std::string_view name) const;
  bool remove_stream(std::string_view name);
  std::vector<std::shared_ptr<Stream>> streams() const;  // by name

  std::string stream_arn(std::string_view name) const;
  // The name in an ARN of this account and region; empty when it is none.
  std::string_view name_in_arn(std::string_view arn) const;
  // Writes what was changed about streams to the archive.
  void streams_changed();

 private:
  const SimulatorSettings settings_;
  const sluice::Clock& clock_;
  std::atomic<std::int64_t> skew_ms_{0};
  std::atomic<CborSupport> cbor_support_{CborSupport::answered};
  Directory directory_;
  FaultPlan faults_;
  Stats stats_;
  Buckets buckets_;
  std::unique_ptr<Archive> archive_;
  mutable std::shared_mutex streams_mutex_;
  std::map<std::string, std::shared_ptr<Stream>, std::less<>> streams_;
};

}  // namespace kinesim
