// A stream and those who send to it, in simulated time, for the pacer: shards with AWS's limits and bursts, refusals by
// chance, foreign producers, reshards, outages, round trips with noise. Each sender is a Pacer with a queue of equal
// records; a refused record waits and goes again. Deterministic by its seed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <vector>

#include "base/random.h"
#include "destinations/kinesis/pacer.h"

namespace sluice::kinesis {

struct StreamModelOptions {
  std::uint64_t seed = 1;
  std::uint32_t shards = 1;
  double refused_by_chance = 0;
  std::int64_t round_trip_us = 20'000;  // up to half of it more, by chance
  double record_bytes = 400;
  bool map_known = true;
  std::size_t calls_in_flight = 32;
};

class StreamModel {
 public:
  explicit StreamModel(const StreamModelOptions& options);

  // A sender to which so many records a second come. Returns its number.
  std::size_t add_sender(double offered_per_s);
  void offer(std::size_t sender, double per_s) { senders_[sender]->offered_per_s = per_s; }
  // Records a second that others send to one shard.
  void set_foreign(std::uint32_t shard, double per_s) { shards_[shard].foreign_per_s = per_s; }
  void set_refused_by_chance(double share) { options_.refused_by_chance = share; }
  void set_out(bool out) { out_ = out; }  // calls fail as a whole
  void reshard(std::uint32_t shards);     // senders that know the map learn of it two seconds later

  void run_for(std::int64_t us);
  std::int64_t now_us() const { return now_us_; }

  struct Counts {
    std::uint64_t offered = 0, delivered = 0, refused = 0, sent = 0;
    std::int64_t first_delivery_after_outage_us = 0;
    std::vector<std::int64_t> waited_us;  // of each delivered record, from its arrival
  };
  // Since the last call.
  Counts take_counts(std::size_t sender);
  std::uint64_t waiting(std::size_t sender) const { return senders_[sender]->waiting(); }
  Pacer& pacer(std::size_t sender) { return senders_[sender]->pacer; }

 private:
  struct StreamShard {
    Load room{kBurstRecords, kBurstBytes};
    std::int64_t filled_us = 0;
    double foreign_per_s = 0, foreign_due = 0;
  };
  struct Sent {
    std::int64_t came_us;
    std::uint32_t shard;  // aimed at; kNoShard
    std::uint32_t failures;
  };
  struct Call {
    std::vector<Sent> records;
    std::int64_t sent_us;
  };
  struct Sender {
    explicit Sender(std::uint64_t seed) : random(seed) {}
    Pacer pacer;
    Random random;
    double offered_per_s = 0, offered_due = 0;
    std::queue<Sent> fresh;
    std::multimap<std::int64_t, Sent> retries;  // by when
    std::multimap<std::int64_t, Call> calls;    // by when they are answered
    std::int64_t learn_map_us = INT64_MAX, not_before_us = 0, failed_until_us = 0;
    Counts counts;
    std::uint64_t waiting() const { return fresh.size() + retries.size(); }
  };
  void step();
  void send(Sender& sender);
  void answer(Sender& sender, Call call);
  bool take(std::uint32_t shard);
  ShardMap map() const;

  StreamModelOptions options_;
  Random random_;
  std::vector<StreamShard> shards_;
  std::vector<std::unique_ptr<Sender>> senders_;
  std::int64_t now_us_ = 1'000'000;
  bool out_ = false;
};

}  // namespace sluice::kinesis
