#include "destinations/kinesis/rate_controller.h"

#include <algorithm>
#include <cmath>

namespace sluice::kinesis {
namespace {

// Above this share of refusals, beyond the noise, the stream is asked whether less would be refused less. A busy stream
// refuses a little all the time.
constexpr double kTroubleShare = 0.02;
// Of what was accepted: so that what has piled up at the stream's limits is let go.
constexpr double kBelowAccepted = 0.9;
// A share says something after so many records, and so long.
constexpr double kLeastRecords = 50;
constexpr std::int64_t kLeastSampleUs = 250'000;
constexpr std::int64_t kProbeUs = 500'000;
constexpr std::int64_t kSureUs = 1'500'000;      // what may be trouble and is not surely so yet is counted on so long
constexpr std::int64_t kPatienceUs = 2'000'000;  // with fewer records, such as large ones, so long
constexpr double kFewRecords = 5;
constexpr double kSigmas = 2;
// The share fell to this part of what it was: the stream is at its capacity. It fell to less than the other: neither.
constexpr double kFell = 0.5, kStayed = 0.75;
// More than this is never taken for noise: it could be many senders who all believe that of each other.
constexpr double kMostNoise = 0.5;
// What was taken for noise is looked at again after the first, then twice that, up to the second.
constexpr std::int64_t kLookAgainUs = 10'000'000, kLookAgainAtMostUs = 60'000'000;

// Of the stream's capacity, and so the same for all who send to it: with cuts in proportion to the rate, unequal
// senders become equal (additive increase, multiplicative decrease: https://doi.org/10.1016/0169-7552(89)90019-6).
constexpr double kGrowthPerS = 0.04;
// After so long without trouble, this much a second: twice the shards are in use within 5 s.
constexpr std::int64_t kCleanUs = 2'500'000;
constexpr double kFastGrowthPerS = 0.5;
constexpr double kLeastLimit = 0.02;  // units: enough to find out by
// Who was not held back for so long does not need a limit.
constexpr std::int64_t kHeldBackLatelyUs = 500'000, kForgetUs = 60'000'000;

}  // namespace

void RateController::answered(const Load& accepted, const Load& refused, std::int64_t sent_us, std::int64_t now_us,
                              Random& random) {
  const std::int64_t slot = now_us / kSlotUs;
  if (first_slot_ == 0) first_slot_ = slot;
  for (std::int64_t i = std::max(slot_ + 1, slot - static_cast<std::int64_t>(kSlots) + 1); i <= slot; ++i)
    slots_[static_cast<std::size_t>(i) % kSlots] = {};
  slot_ = std::max(slot_, slot);
  slots_[static_cast<std::size_t>(slot) % kSlots].add(accepted);
  if (sent_us < sample_.from_us) return;
  sample_.accepted += accepted.records;
  sample_.refused += refused.records;
  evaluate(now_us, random);
}

// Over the whole slots before this one, and this one's part.
double RateController::accepted_units_per_s(std::int64_t now_us) const {
  Load sum;
  const std::int64_t newest = now_us / kSlotUs;
  std::int64_t oldest = newest;
  for (std::int64_t i = newest; i > newest - static_cast<std::int64_t>(kSlots) && i >= first_slot_; --i) {
    if (i <= slot_) sum.add(slots_[static_cast<std::size_t>(i) % kSlots]);
    oldest = i;
  }
  const auto us = static_cast<double>(std::max<std::int64_t>(now_us - oldest * kSlotUs, kSlotUs));
  return sum.units() * 1e6 / us;
}

void RateController::evaluate(std::int64_t now_us, Random& random) {
  const std::int64_t for_us = now_us - sample_.from_us;
  const bool enough = sample_.sent() >= kLeastRecords && for_us >= (probing_ ? kProbeUs : kLeastSampleUs);
  if (!enough && (for_us < kPatienceUs || sample_.sent() < kFewRecords)) return;
  const double share = sample_.share();
  const double spread = std::max(share, kTroubleShare);
  const double sigma = std::sqrt(spread * (1 - std::min(spread, 0.99)) / sample_.sent());
  const double margin = kTroubleShare + kSigmas * sigma;
  if (probing_) {
    end_probe(share, margin, now_us, random);
  } else {
    const bool trouble = share > noise_ + kTroubleShare + sigma;
    if (trouble || (noise_ > kTroubleShare && now_us >= probe_again_us_)) {
      begin_probe(share, now_us);
    } else {
      // Too few to tell: more come.
      if (share > noise_ + kTroubleShare && for_us < kSureUs) return;
      noise_ = std::min(noise_, share + kSigmas * sigma);  // the least of many samples is below the truth
      if (share > noise_ + kTroubleShare / 2) clean_since_us_ = now_us;
    }
  }
  begin_sample(now_us);
}

// What is taken for noise is not believed here: it would confirm itself.
void RateController::begin_probe(double share, std::int64_t now_us) {
  probing_ = true;
  share_before_ = share;
  limit_before_ = limit_;
  accepted_before_ = accepted_units_per_s(now_us);
  limit_ = std::min(limit_, std::max(kLeastLimit, kBelowAccepted * accepted_before_));
  clean_since_us_ = grown_us_ = now_us;
  held_back_us_ = now_us;  // so that the limit is kept at first
  ++cuts_;
}

void RateController::end_probe(double share, double margin, std::int64_t now_us, Random& random) {
  if (share > share_before_ + margin) {  // what an idle stream had saved up is used up only now
    const double before = limit_before_;
    begin_probe(share, now_us);
    limit_before_ = before;
    return;
  }
  probing_ = false;
  clean_since_us_ = grown_us_ = now_us;
  const bool fell = share <= std::max(margin, share_before_ * kFell);
  const bool stayed = !fell && share >= share_before_ * kStayed - margin / 2 && share <= kMostNoise;
  if (fell) noise_ = std::min(noise_, share);
  if (!stayed) return;
  const bool known = std::abs(share - noise_) <= margin && share_before_ > noise_ + margin;
  limit_ = known ? std::max(limit_, kBelowAccepted * accepted_before_ / (1 - share)) : limit_before_;
  noise_ = share;
  probe_pause_us_ = std::clamp(probe_pause_us_ * 2, kLookAgainUs, kLookAgainAtMostUs);
  probe_again_us_ = now_us + probe_pause_us_ / 2 +
                    static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(probe_pause_us_)));
}

double RateController::limit(std::int64_t now_us) {
  grow(now_us);
  return limit_;
}

void RateController::grow(std::int64_t now_us) {
  if (limit_ == kNoLimit) return;
  const double seconds = std::min(static_cast<double>(now_us - grown_us_) / 1e6, 1.0);
  if (seconds <= 0) return;
  grown_us_ = now_us;
  if (now_us - held_back_us_ > kForgetUs && most_ == kNoLimit) {
    limit_ = kNoLimit;
    return;
  }
  if (probing_ || now_us - held_back_us_ > kHeldBackLatelyUs) return;
  const bool clean = now_us - clean_since_us_ > kCleanUs;
  limit_ += seconds * (kGrowthPerS * scale_ + (clean ? kFastGrowthPerS * limit_ : 0));
  limit_ = std::min(limit_, most_);
}

}  // namespace sluice::kinesis
