#include "destinations/send_queue.h"

#include <algorithm>
#include <utility>

namespace sluice::destinations {
namespace {

// Kept when nothing waits any more: after an outage there may have been very many.
constexpr std::size_t kMostFreePlaces = 4096;

}  // namespace

void SendQueue::put(HeldRecord record) {
  ready_bytes_ += counted(record);
  fresh_.push_back(std::move(record));
}

void SendQueue::retry(HeldRecord record, std::int64_t not_before_us) {
  if (free_places_.empty()) {
    free_places_.push_back(static_cast<std::uint32_t>(waiting_records_.size()));
    waiting_records_.emplace_back();
  }
  const std::uint32_t place = free_places_.back();
  free_places_.pop_back();
  waiting_records_[place] = std::move(record);
  waiting_.push_back({not_before_us, place});
  std::push_heap(waiting_.begin(), waiting_.end(), Waiting::later);
}

void SendQueue::put_back(HeldRecord record) {
  ready_bytes_ += counted(record);
  retries_.push_front(std::move(record));
}

void SendQueue::put_fresh_first() {
  if (fresh_.empty()) return;
  retries_.push_front(std::move(fresh_.front()));
  fresh_.pop_front();
}

void SendQueue::advance(std::int64_t now_us) {
  while (!waiting_.empty() && waiting_.front().due_us <= now_us) {
    std::pop_heap(waiting_.begin(), waiting_.end(), Waiting::later);
    const std::uint32_t place = waiting_.back().place;
    waiting_.pop_back();
    free_places_.push_back(place);
    HeldRecord record = std::move(waiting_records_[place]);
    ready_bytes_ += counted(record);
    retries_.push_back(std::move(record));
  }
  if (waiting_.empty() && waiting_records_.size() > kMostFreePlaces) {
    waiting_records_ = {};
    free_places_ = {};
  }
  if (ready() == 0) {
    ready_stamped_ = false;
  } else if (!ready_stamped_) {
    ready_stamped_ = true;
    ready_since_us_ = now_us;
  }
}

void SendQueue::expedite(std::int64_t now_us, std::int64_t spread_us, Random& random) {
  const auto bound = static_cast<std::uint64_t>(spread_us) + 1;
  for (Waiting& each : waiting_)
    each.due_us = std::min(each.due_us, now_us + static_cast<std::int64_t>(random.below(bound)));
  std::make_heap(waiting_.begin(), waiting_.end(), Waiting::later);
}

HeldRecord SendQueue::take() {
  std::deque<HeldRecord>& from = retries_.empty() ? fresh_ : retries_;
  HeldRecord record = std::move(from.front());
  from.pop_front();
  ready_bytes_ -= counted(record);
  // What is left became ready about now, or it would have been taken before.
  ready_stamped_ = false;
  return record;
}

}  // namespace sluice::destinations
