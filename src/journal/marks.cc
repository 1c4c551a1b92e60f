#include "journal/marks.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace sluice::journal {

// Every number is stored with release and loaded with acquire: a number of a change comes after the odd count, and the
// second look at the count after the numbers.
void MarkedEnvironment::add(const event::EventKindCounts& counts, std::uint64_t bytes, std::int64_t received_ms,
                            Position position, Position end) {
  const std::uint64_t changes = changes_.load(std::memory_order_relaxed);
  changes_.store(changes + 1, std::memory_order_relaxed);
  const auto grow = [](std::atomic<std::uint64_t>& number, std::uint64_t by) {
    number.store(number.load(std::memory_order_relaxed) + by, std::memory_order_release);
  };
  for (std::size_t kind = 0; kind < counts.size(); ++kind)
    if (counts[kind] > 0) grow(appended_[kind], counts[kind]);
  grow(appended_bytes_, bytes);
  last_received_ms_.store(received_ms, std::memory_order_release);
  end_.store(end.value, std::memory_order_release);
  ring_[entries_++ % kRecentEntries] = position;
  const Position oldest = entries_ < kRecentEntries ? ring_[0] : ring_[entries_ % kRecentEntries];
  recent_.store(oldest.value, std::memory_order_release);
  changes_.store(changes + 2, std::memory_order_release);
}

EnvironmentMark MarkedEnvironment::mark() const {
  while (true) {
    const std::uint64_t before = changes_.load(std::memory_order_acquire);
    EnvironmentMark mark;
    for (std::size_t kind = 0; kind < appended_.size(); ++kind)
      mark.appended[kind] = appended_[kind].load(std::memory_order_acquire);
    mark.appended_bytes = appended_bytes_.load(std::memory_order_acquire);
    mark.last_received_ms = last_received_ms_.load(std::memory_order_acquire);
    mark.end.value = end_.load(std::memory_order_acquire);
    mark.recent.value = recent_.load(std::memory_order_acquire);
    if (before % 2 == 0 && changes_.load(std::memory_order_relaxed) == before) return mark;
    std::this_thread::yield();
  }
}

const MarkedEnvironment* Marks::find(const ObjectId& id) const {
  const MarkedEnvironment* at = buckets_[bucket_of(id)].first.load(std::memory_order_acquire);
  while (at != nullptr && at->id() != id) at = at->next_.load(std::memory_order_acquire);
  return at;
}

MarkedEnvironment& Marks::environment(const ObjectId& id) {
  Bucket& bucket = buckets_[bucket_of(id)];
  MarkedEnvironment* last = bucket.owned.get();
  while (last != nullptr && last->id() != id && last->next_owned_) last = last->next_owned_.get();
  if (last != nullptr && last->id() == id) return *last;
  auto made = std::make_unique<MarkedEnvironment>(id);
  MarkedEnvironment& environment = *made;
  if (last == nullptr) {
    bucket.owned = std::move(made);
    bucket.first.store(&environment, std::memory_order_release);
  } else {
    last->next_owned_ = std::move(made);
    last->next_.store(&environment, std::memory_order_release);
  }
  return environment;
}

// The end is read first: all of the environment before it is in the numbers, which may know of more by now.
EnvironmentMark Marks::mark(const ObjectId& id) const {
  const Position end = this->end();
  const MarkedEnvironment* const found = find(id);
  EnvironmentMark mark = found != nullptr ? found->mark() : EnvironmentMark{};
  mark.end = std::max(end, mark.end);
  return mark;
}

Position Marks::last_end(const ObjectId& id) const {
  const MarkedEnvironment* const found = find(id);
  return found != nullptr ? Position{found->end_.load(std::memory_order_acquire)} : Position{};
}

}  // namespace sluice::journal
