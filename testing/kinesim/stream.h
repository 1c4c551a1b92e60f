// A data stream: its shards with their hash ranges, rate limits and records. Any thread; one lock a stream.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kinesim/foreign_producer.h"
#include "kinesim/hash_key.h"
#include "kinesim/ledger.h"
#include "kinesim/token_bucket.h"

namespace kinesim {

// A shard: 1 MiB/s and 1,000 records/s; bursts as AWS describes them since October 2025, a tank of 10 MiB for bytes.
struct RateLimits {
  bool on = true;
  double bytes_per_s = 1 << 20;
  double records_per_s = 1000;
  double burst_bytes = 10 << 20;
  double burst_records = 1000;
  bool operator==(const RateLimits&) const = default;
};

// Where a record stands: 56 digits made of the shard's creation, the record's number in the shard, and the shard's
// index. They grow within a shard, and from a shard to its children.
struct SequenceNumber {
  std::uint64_t epoch_us = 0;
  std::uint64_t number = 0;
  std::uint32_t shard = 0;

  static constexpr std::size_t kDigits = 56;
  void write(char* out_56) const;
  std::string text() const;
  static std::optional<SequenceNumber> parse(std::string_view text);
};

constexpr std::size_t kShardIdBytes = 20;
std::string shard_id(std::uint32_t index);  // shardId-000000000000
void write_shard_id(char* out_20, std::uint32_t index);
std::optional<std::uint32_t> parse_shard_id(std::string_view text);

struct StoredRecord {
  std::uint64_t number;
  std::int64_t arrival_ms;
  std::string partition_key;
  std::string data;
};

struct Shard {
  std::uint32_t index = 0;
  HashKey low = 0, high = 0;  // both included
  std::uint64_t epoch_us = 0;
  std::uint64_t next = 1;            // the next record's number
  std::uint64_t trimmed_before = 1;  // numbers below it are gone
  std::int64_t created_ms = 0;
  std::int64_t closed_ms = 0;  // 0: open
  std::optional<std::uint32_t> parent, adjacent_parent;
  std::uint64_t accepted = 0, throttled = 0;
  std::uint64_t retained_bytes = 0;
  TokenBucket bytes, records;
  std::optional<ForeignProducer> foreign;
  std::deque<StoredRecord> stored;

  bool open() const { return closed_ms == 0; }
};

struct StreamSettings {
  std::string name;
  std::uint32_t shards = 1;
  std::uint32_t max_record_kib = 1024;
  std::uint32_t retention_hours = 24;
  bool on_demand = false;
  std::string kms_key_id;  // empty: not encrypted
  RateLimits limits;
};

struct PutEntry {
  std::string_view data;  // decoded
  std::string_view partition_key;
  HashKey hash = 0;
};

struct PutOutcome {
  std::string error_code;  // empty: accepted
  std::string error_message;
  std::uint32_t shard = 0;
  std::uint64_t epoch_us = 0;
  std::uint64_t number = 0;
};
// A fault for one record that goes to `shard`: true when it sets the outcome's error.
using RecordFault = std::function<bool(std::uint32_t shard, PutOutcome&)>;

enum class StreamStatus : std::uint8_t { creating, active, updating, deleting };
const char* stream_status_text(StreamStatus status);

class Stream {
 public:
  Stream(StreamSettings settings, const LedgerSettings& ledger, std::string account, std::int64_t now_ms,
         std::int64_t active_at_ms);

  const std::string& name() const { return name_; }
  StreamSettings settings() const;
  void set_settings(const StreamSettings& settings);
  // Other producers of an open shard, in place of the one before; a rate of 0 ends it. False: there is no such shard.
  // It ends with the shard.
  bool set_foreign(std::uint32_t shard, ForeignRate rate, std::int64_t now_us);
  std::uint32_t max_record_bytes() const;
  std::int64_t created_ms() const { return created_ms_; }

  StreamStatus status(std::int64_t now_ms) const;
  void set_updating_until(std::int64_t wall_ms);
  void set_deleting();

  // Commits the entries that the limits (and `fault`, when given) let pass; one outcome each.
  void put(std::span<const PutEntry> entries, std::span<const FoundId> ids, std::int64_t now_ms, std::int64_t now_us,
           const RecordFault& fault, std::span<PutOutcome> outcomes);
  // Puts back a record read from disk.
  void restore(std::uint32_t shard, StoredRecord record);

  // Shards as they are, without their records.
  std::vector<Shard> shards() const;
  void visit_shard(std::uint32_t index, const std::function<void(const Shard&)>& visit) const;
  void visit_ledger(const std::function<void(Ledger&)>& visit);

  // Resharding; errors are AWS's InvalidArgumentException texts.
  sluice::Result<void> split(std::uint32_t shard, HashKey new_low, std::int64_t now_ms);
  sluice::Result<void> merge(std::uint32_t shard, std::uint32_t adjacent, std::int64_t now_ms);
  void set_shard_count(std::uint32_t count, std::int64_t now_ms);
  // For a stream read from disk.
  void replace_shards(std::vector<Shard> shards);

 private:
  Shard& add_shard(HashKey low, HashKey high, std::int64_t now_ms);
  void close(Shard& shard, std::int64_t now_ms);
  void rebuild_open();
  Shard& route(HashKey hash);
  void store(Shard& shard, const PutEntry& entry, std::int64_t now_ms);
  void trim(Shard& shard, std::int64_t now_ms);

  const std::string name_;
  const std::string account_;
  const LedgerSettings ledger_settings_;
  const std::int64_t created_ms_;
  mutable std::mutex mutex_;
  StreamSettings settings_;
  std::int64_t updating_until_ms_ = 0;
  std::int64_t active_at_ms_ = 0;
  bool deleting_ = false;
  std::uint64_t last_epoch_us_ = 0;
  std::vector<std::unique_ptr<Shard>> shards_;  // by index
  std::vector<Shard*> open_;                    // by hash range
  Ledger ledger_;
};

}  // namespace kinesim
