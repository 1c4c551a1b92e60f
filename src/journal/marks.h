// What anybody may ask of the journal at any moment: where it begins and ends, and what each environment got. One
// thread writes (the journal's writer; open() before it); any thread reads, and no reader ever holds up the writer.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "journal/journal.h"

namespace sluice::journal {

// One environment's numbers. A reader that meets a change under way reads again.
class MarkedEnvironment {
 public:
  explicit MarkedEnvironment(const ObjectId& id) : id_(id) {}
  const ObjectId& id() const { return id_; }

  // The writer: an entry that starts at `position` and ends at `end` is durable.
  void add(const event::EventKindCounts& counts, std::uint64_t bytes, std::int64_t received_ms, Position position,
           Position end);
  // Any thread. `end`: behind the newest entry; zero: none since the process started.
  EnvironmentMark mark() const;

 private:
  friend class Marks;
  const ObjectId id_;
  std::atomic<std::uint64_t> changes_{0};  // odd: a change is under way
  std::array<std::atomic<std::uint64_t>, event::kEventKindLimit> appended_{};
  std::atomic<std::uint64_t> appended_bytes_{0}, end_{0}, recent_{0};
  std::atomic<std::int64_t> last_received_ms_{0};
  // The writer's own: where the last entries start, as a ring.
  std::array<Position, kRecentEntries> ring_{};
  std::size_t entries_ = 0;
  std::unique_ptr<MarkedEnvironment> next_owned_;
  std::atomic<MarkedEnvironment*> next_{nullptr};
};

class Marks {
 public:
  // The writer.
  MarkedEnvironment& environment(const ObjectId& id);
  // After the environments' numbers of what lies before it.
  void set_end(Position end) { end_.store(end.value, std::memory_order_release); }
  void set_oldest(Position oldest) { oldest_.store(oldest.value, std::memory_order_release); }

  // Any thread.
  Position end() const { return {end_.load(std::memory_order_acquire)}; }
  Position oldest() const { return {oldest_.load(std::memory_order_acquire)}; }
  EnvironmentMark mark(const ObjectId& id) const;
  // Behind the environment's newest entry; zero: it has none since the process started.
  Position last_end(const ObjectId& id) const;

 private:
  static constexpr std::size_t kBuckets = 4096;  // some thousand environments, a few in each
  static std::size_t bucket_of(const ObjectId& id) { return ObjectIdHash{}(id) % kBuckets; }
  const MarkedEnvironment* find(const ObjectId& id) const;

  struct Bucket {
    std::unique_ptr<MarkedEnvironment> owned;
    std::atomic<MarkedEnvironment*> first{nullptr};
  };
  std::array<Bucket, kBuckets> buckets_;
  std::atomic<std::uint64_t> end_{0}, oldest_{0};
};

}  // namespace sluice::journal
