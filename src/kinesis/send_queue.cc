#include "kinesis/send_queue.h"

#include <algorithm>
#include <utility>

#include "kinesis/put_records_request.h"

namespace sluice::kinesis {

void SendQueue::put(exporting::OutboundEvent event) {
  const auto bytes = static_cast<std::uint32_t>(event.record_size());
  fresh_.push_back({std::move(event), bytes, 0, kNoShard});
  ready_bytes_ += counted_bytes(bytes);
}

void SendQueue::retry(HeldEvent event, std::int64_t not_before_us) {
  waiting_.push_back({not_before_us, std::move(event)});
  std::push_heap(waiting_.begin(), waiting_.end(), Waiting::later);
}

void SendQueue::put_back(HeldEvent event) {
  ready_bytes_ += counted_bytes(event.bytes);
  retries_.push_front(std::move(event));
}

void SendQueue::put_fresh_first() {
  if (fresh_.empty()) return;
  retries_.push_front(std::move(fresh_.front()));
  fresh_.pop_front();
}

void SendQueue::advance(std::int64_t now_us) {
  while (!waiting_.empty() && waiting_.front().due_us <= now_us) {
    std::pop_heap(waiting_.begin(), waiting_.end(), Waiting::later);
    ready_bytes_ += counted_bytes(waiting_.back().event.bytes);
    retries_.push_back(std::move(waiting_.back().event));
    waiting_.pop_back();
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

HeldEvent SendQueue::take() {
  std::deque<HeldEvent>& from = retries_.empty() ? fresh_ : retries_;
  HeldEvent event = std::move(from.front());
  from.pop_front();
  ready_bytes_ -= counted_bytes(event.bytes);
  // What is left became ready about now, or it would have been taken before.
  ready_stamped_ = false;
  return event;
}

}  // namespace sluice::kinesis
