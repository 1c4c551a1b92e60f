#include "export/sink_fake.h"

#include <cstdint>

#include "base/check.h"

namespace sluice::exporting {

void FakeSink::put(OutboundEvent event) {
  SLUICE_CHECK(has_room(), "a pipeline puts in no more than there is room for");
  const std::lock_guard lock(mutex_);
  places_put_.push_back(event.place());
  inside_.push_back(std::move(event));
}

void FakeSink::finish(const OutboundEvent& event, std::vector<FinishedEvent>& finished) {
  std::string record;
  event.entry->envelope.append(record, event.slot);
  const bool delivered = refused_.empty() || record.find(refused_) == std::string::npos;
  finished.push_back({event.ticket, delivered, static_cast<std::uint32_t>(record.size())});
  if (delivered) delivered_.push_back(std::move(record));
}

std::optional<HeldAlone> FakeSink::take_held_alone(const EventPlace& before) {
  const std::lock_guard lock(mutex_);
  if (before <= held_place_) return HeldAlone{};
  const auto held = held_;
  if (held && held->waiting == 0) held_ = HeldAlone{};
  return held;
}

bool FakeSink::may_hold_alone(const EventPlace& from, const EventPlace& to) const {
  const std::lock_guard lock(mutex_);
  const bool some = !held_ || held_->waiting + held_->delivered > 0;
  return some && from <= held_place_ && held_place_ < to;
}

void FakeSink::begin(const EventPlace& cursor) {
  const std::lock_guard lock(mutex_);
  begun_at_.push_back(cursor);
  inside_.clear();
  lost_ = false;
}

std::int64_t FakeSink::step(std::int64_t, std::vector<FinishedEvent>& finished) {
  const std::lock_guard lock(mutex_);
  for (; answer_newest_ > 0 && !inside_.empty(); --answer_newest_) {
    finish(inside_.back(), finished);
    inside_.pop_back();
  }
  for (; answer_all_ && !inside_.empty(); inside_.pop_front()) finish(inside_.front(), finished);
  return INT64_MAX;
}

std::size_t FakeSink::inside() const {
  const std::lock_guard lock(mutex_);
  return inside_.size();
}

SinkStats FakeSink::stats() const {
  SinkStats stats;
  stats.events_inside = inside();
  stats.calls_in_flight = stats.events_inside == 0 ? 0 : 1;
  return stats;
}

}  // namespace sluice::exporting
