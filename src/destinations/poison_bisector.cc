#include "destinations/poison_bisector.h"

#include <iterator>
#include <utility>

#include "base/check.h"

namespace sluice::destinations {
namespace {

// No limit of a destination lies below this, so a smaller call was not refused for its size as a whole.
constexpr std::uint64_t kSurelySmallCallBytes = 1'000'000;

std::uint64_t bytes_of(const std::vector<HeldRecord>& events) {
  std::uint64_t sum = 0;
  for (const HeldRecord& event : events) sum += event.bytes;
  return sum;
}

}  // namespace

PoisonBisector::PoisonBisector(std::vector<HeldRecord> refused, CallError error, std::int64_t suspected_us,
                               std::optional<std::size_t> named, bool retest)
    : suspects_(std::move(refused)),
      error_(std::move(error)),
      named_(named),
      refused_bytes_(bytes_of(suspects_)),
      suspected_us_(suspected_us),
      must_test_(retest),
      refused_alone_(suspects_.size() == 1) {
  if (named_ && *named_ >= suspects_.size()) named_.reset();
}

std::vector<HeldRecord> PoisonBisector::next_test() {
  SLUICE_CHECK(!suspects_.empty() && !found(), "a bisector that is over tests nothing");
  std::vector<HeldRecord> test;
  if (named_ && suspects_.size() > 1) {
    const auto at = suspects_.begin() + static_cast<std::ptrdiff_t>(*named_);
    test.push_back(std::move(*at));
    suspects_.erase(at);
    named_.reset();
    return test;
  }
  const auto half = static_cast<std::ptrdiff_t>((suspects_.size() + 1) / 2);
  const auto from = suspects_.end() - half;
  test.assign(std::make_move_iterator(from), std::make_move_iterator(suspects_.end()));
  suspects_.erase(from, suspects_.end());
  return test;
}

void PoisonBisector::accepted() {}

void PoisonBisector::refused(std::vector<HeldRecord> tested, CallError error, std::optional<std::size_t> named,
                             std::vector<HeldRecord>& released) {
  must_test_ = false;
  std::move(suspects_.begin(), suspects_.end(), std::back_inserter(released));
  suspects_ = std::move(tested);
  error_ = std::move(error);
  refused_bytes_ = bytes_of(suspects_);
  refused_alone_ = suspects_.size() == 1;
  named_ = named;
  if (named_ && *named_ >= suspects_.size()) named_.reset();
}

void PoisonBisector::unknown(std::vector<HeldRecord> tested) {
  std::move(tested.begin(), tested.end(), std::back_inserter(suspects_));
}

bool PoisonBisector::found() const {
  return suspects_.size() == 1 && !must_test_ && (refused_alone_ || refused_bytes_ < kSurelySmallCallBytes);
}

HeldRecord PoisonBisector::take_found() {
  SLUICE_CHECK(found(), "asked before");
  HeldRecord event = std::move(suspects_.front());
  suspects_.clear();
  return event;
}

std::vector<HeldRecord> PoisonBisector::release() { return std::exchange(suspects_, {}); }

}  // namespace sluice::destinations
