// How fast a stream, or one shard of it, is sent to, learned from what it takes. A refusal is a fact about capacity and
// no punishment: the rate follows what is accepted, is probed upwards while something waits, and goes down only when
// that lowers the share of refusals. docs/decisions/0006-pacing-by-what-a-stream-takes.md has the reasons and the
// measurements.
//
//   free ──refusals above the noise──▶ probing (just below what is accepted) ──the share fell──▶ free, limited there
//     ▲                                   │
//     └──the share stayed: it is noise────┘ back to the rate before
//
// Free and limited, it grows: a little every second, so that several senders become equal, and faster after some
// seconds without refusals, so that new capacity is used soon. Pure; one thread; times in steady microseconds.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "base/random.h"
#include "destinations/kinesis/capacity.h"

namespace sluice::kinesis {

inline constexpr double kNoLimit = std::numeric_limits<double>::infinity();

class RateController {
 public:
  // `most`: units (capacity.h) that are known to be all there is.
  explicit RateController(double most = kNoLimit, double first = kNoLimit) : most_(most), limit_(first) {}

  // Units of all shards that the rate is for, as far as known: growth is a share of them, so that unequal senders
  // become equal.
  void set_scale(double units) { scale_ = units; }
  // Of a call that was sent at `sent_us` and answered now.
  void answered(const Load& accepted, const Load& refused, std::int64_t sent_us, std::int64_t now_us, Random& random);
  // Something that was due had to wait for the limit.
  void held_back(std::int64_t now_us) { held_back_us_ = now_us; }

  // Units a second that may be sent now.
  double limit(std::int64_t now_us);
  // Counts the times that the limit was lowered: what was saved up before is not to be used.
  std::uint32_t cuts() const { return cuts_; }
  // The share of refusals that lowering the rate does not change: others on the same shards, or chance.
  double noise() const { return noise_; }

 private:
  struct Sample {  // of calls that were sent since the limit changed
    double accepted = 0, refused = 0;
    std::int64_t from_us = 0;
    double sent() const { return accepted + refused; }
    double share() const { return sent() > 0 ? refused / sent() : 0; }
  };
  void evaluate(std::int64_t now_us, Random& random);
  void begin_probe(double share, std::int64_t now_us);
  void end_probe(double share, double margin, std::int64_t now_us, Random& random);
  void begin_sample(std::int64_t now_us) { sample_ = {0, 0, now_us}; }
  void grow(std::int64_t now_us);
  double accepted_units_per_s(std::int64_t now_us) const;

  const double most_;
  double scale_ = 1;
  double limit_;
  double noise_ = 0;
  Sample sample_;
  bool probing_ = false;
  double share_before_ = 0, limit_before_ = kNoLimit, accepted_before_ = 0;
  std::int64_t probe_again_us_ = std::numeric_limits<std::int64_t>::max();  // while there is noise
  std::int64_t probe_pause_us_ = 0;
  std::int64_t grown_us_ = 0, clean_since_us_ = 0;
  std::int64_t held_back_us_ = std::numeric_limits<std::int64_t>::min() / 2;
  std::uint32_t cuts_ = 0;

  // What was accepted lately, in slots of a tenth of a second.
  static constexpr std::size_t kSlots = 10;
  static constexpr std::int64_t kSlotUs = 100'000;
  std::array<Load, kSlots> slots_{};
  std::int64_t slot_ = 0;  // the number of the newest
  std::int64_t first_slot_ = 0;
};

}  // namespace sluice::kinesis
