#include "http/stream_group.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace sluice::http {

void StreamGroup::join(const std::shared_ptr<HttpStream>& stream, const StateSource& state) {
  Number number = 0;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return stream->close();
    if (const StreamBlock block = state ? state() : nullptr) stream->append(block, BlockKind::state);
    number = ++joined_;
    members_[number].stream = stream;
  }
  // Without the lock: of a stream that is over already it is called now.
  stream->on_end([group = weak_from_this(), number](StreamEnd) {
    if (const auto here = group.lock()) here->leave(number);
  });
}

void StreamGroup::leave(Number member) {
  Member gone;  // let go of without the lock
  const std::lock_guard lock(mutex_);
  const auto found = members_.find(member);
  if (found == members_.end()) return;
  gone = std::move(found->second);
  members_.erase(found);
}

std::size_t StreamGroup::publish(const StreamBlock& block, BlockKind kind) {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<HttpStream>> streams;
  streams.reserve(members_.size());
  // A part must not overtake a state that is still due: that state, as it is then, has it.
  for (const auto& [number, member] : members_)
    if (!member.has_turn || kind == BlockKind::state) streams.push_back(member.stream);
  return HttpStream::append_to_all(streams, block, kind);
}

void StreamGroup::publish_staggered(StateSource state, std::int64_t duration_ms) {
  const std::lock_guard lock(mutex_);
  staggered_state_ = std::move(state);
  std::vector<Turn> turns;
  std::vector<std::shared_ptr<HttpStream>> starting;
  std::int64_t now_ms = 0;
  for (auto& [number, member] : members_) {
    if (member.has_turn) continue;
    const std::shared_ptr<StreamLoop> loop = member.stream->loop();
    member.has_turn = loop != nullptr;
    if (loop && turns.empty()) now_ms = loop->now_ms();
    if (loop)
      turns.push_back({0, number});
    else
      starting.push_back(member.stream);
  }
  if (const StreamBlock block = starting.empty() ? nullptr : staggered_state_())
    HttpStream::append_to_all(starting, block, BlockKind::state);
  for (std::size_t i = 0; i < turns.size(); ++i)
    turns[i].due_ms = now_ms + static_cast<std::int64_t>(i) * duration_ms / static_cast<std::int64_t>(turns.size());
  std::deque<Turn> merged;
  std::merge(std::make_move_iterator(turns_.begin()), std::make_move_iterator(turns_.end()),
             std::make_move_iterator(turns.begin()), std::make_move_iterator(turns.end()), std::back_inserter(merged),
             [](const Turn& a, const Turn& b) { return a.due_ms < b.due_ms; });
  turns_.swap(merged);
  arm();
}

// With the lock. On the loop of any stream that is left: where there is none, there is nobody to wait for a turn.
void StreamGroup::arm() {
  if (armed_ || turns_.empty()) return;
  for (const auto& [number, member] : members_) {
    const std::shared_ptr<StreamLoop> loop = member.stream->loop();
    if (!loop) continue;
    const std::int64_t due_ms = std::max(turns_.front().due_ms, loop->now_ms());
    // The loop that calls it is there.
    armed_ = loop->run_at(due_ms, [group = weak_from_this(), on = loop.get()] {
      if (const auto here = group.lock()) here->run_turns(on->now_ms());
    });
    if (armed_) return;
  }
}

void StreamGroup::run_turns(std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  armed_ = false;
  const std::int64_t until_ms = now_ms + kStepMs;
  std::vector<std::shared_ptr<HttpStream>> due;
  for (; !turns_.empty() && turns_.front().due_ms <= until_ms; turns_.pop_front()) {
    const auto member = members_.find(turns_.front().member);
    if (member == members_.end()) continue;
    member->second.has_turn = false;
    due.push_back(member->second.stream);
  }
  if (const StreamBlock block = due.empty() ? nullptr : staggered_state_())
    HttpStream::append_to_all(due, block, BlockKind::state);
  arm();
}

void StreamGroup::close() {
  std::vector<std::shared_ptr<HttpStream>> streams;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& [number, member] : members_) streams.push_back(member.stream);
  }
  for (const std::shared_ptr<HttpStream>& stream : streams) stream->close();
}

std::size_t StreamGroup::count() const {
  const std::lock_guard lock(mutex_);
  return members_.size();
}

}  // namespace sluice::http
