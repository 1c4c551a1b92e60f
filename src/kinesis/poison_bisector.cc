#include "kinesis/poison_bisector.h"

#include <charconv>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "kinesis/put_records_request.h"

namespace sluice::kinesis {
namespace {

// No limit of AWS lies below this, so a smaller call was not refused for its size as a whole.
constexpr std::uint64_t kSurelySmallCallBytes = 1'000'000;

std::uint64_t bytes_of(const std::vector<HeldRecord>& events) {
  std::uint64_t sum = 0;
  for (const HeldRecord& event : events) sum += counted_bytes(event.bytes);
  return sum;
}

}  // namespace

std::optional<std::size_t> record_named_in(std::string_view message) {
  constexpr std::string_view kBefore = "records.";
  constexpr std::string_view kAfter = ".member";
  const auto at = message.find(kBefore);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = message.substr(at + kBefore.size());
  std::size_t number = 0;
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  const std::string_view after(parsed.ptr, static_cast<std::size_t>(rest.data() + rest.size() - parsed.ptr));
  if (parsed.ec != std::errc() || number == 0 || !after.starts_with(kAfter)) return std::nullopt;
  return number - 1;
}

PoisonBisector::PoisonBisector(std::vector<HeldRecord> refused, CallError error, std::int64_t suspected_us, bool retest)
    : suspects_(std::move(refused)),
      error_(std::move(error)),
      named_(record_named_in(error_.message)),
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

void PoisonBisector::refused(std::vector<HeldRecord> tested, CallError error, std::vector<HeldRecord>& released) {
  must_test_ = false;
  std::move(suspects_.begin(), suspects_.end(), std::back_inserter(released));
  suspects_ = std::move(tested);
  error_ = std::move(error);
  refused_bytes_ = bytes_of(suspects_);
  refused_alone_ = suspects_.size() == 1;
  named_ = record_named_in(error_.message);
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

}  // namespace sluice::kinesis
