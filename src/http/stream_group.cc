#include "http/stream_group.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>
#include <vector>

namespace sluice::http {
namespace {

std::int64_t steady_now_ms() {
  using std::chrono::duration_cast;
  return duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

void StreamGroup::join(const std::shared_ptr<HttpStream>& stream, const StateSource& state) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      if (const StreamBlock block = state ? state() : nullptr) stream->append(block, BlockKind::state);
      members_[stream.get()].stream = stream;
    }
    if (closed_) stream->close();
  }
  // Without the lock: of a stream that is over already it is called now.
  stream->on_end([group = weak_from_this(), gone = stream.get()](StreamEnd) {
    if (const auto here = group.lock()) here->leave(*gone);
  });
}

void StreamGroup::leave(const HttpStream& stream) {
  Member gone;  // let go of without the lock
  const std::lock_guard lock(mutex_);
  const auto found = members_.find(&stream);
  if (found == members_.end()) return;
  gone = std::move(found->second);
  members_.erase(found);
}

std::size_t StreamGroup::publish(const StreamBlock& block, BlockKind kind) {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<HttpStream>> streams;
  streams.reserve(members_.size());
  // A part must not overtake a state that is still due: that state, as it is then, has it.
  for (const auto& [key, member] : members_)
    if (!member.has_turn || kind == BlockKind::state) streams.push_back(member.stream);
  return HttpStream::append_to_all(streams, block, kind);
}

void StreamGroup::publish_staggered(StateSource state, std::int64_t duration_ms) {
  const std::lock_guard lock(mutex_);
  staggered_state_ = std::move(state);
  std::vector<Turn> turns;
  std::vector<std::shared_ptr<HttpStream>> starting;
  for (auto& [key, member] : members_) {
    if (member.has_turn) continue;
    member.has_turn = member.stream->loop() != nullptr;
    if (member.has_turn)
      turns.push_back({0, member.stream});
    else
      starting.push_back(member.stream);
  }
  if (const StreamBlock block = starting.empty() ? nullptr : staggered_state_())
    HttpStream::append_to_all(starting, block, BlockKind::state);
  const std::int64_t now_ms = steady_now_ms();
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
  const std::int64_t due_ms = std::max(turns_.front().due_ms, steady_now_ms());
  for (const auto& [key, member] : members_) {
    const std::shared_ptr<StreamLoop> loop = member.stream->loop();
    if (!loop) continue;
    armed_ = loop->run_at(due_ms, [group = weak_from_this()] {
      if (const auto here = group.lock()) here->run_turns();
    });
    if (armed_) return;
  }
}

void StreamGroup::run_turns() {
  const std::lock_guard lock(mutex_);
  armed_ = false;
  const std::int64_t until_ms = steady_now_ms() + kStepMs;
  std::vector<std::shared_ptr<HttpStream>> due;
  for (; !turns_.empty() && turns_.front().due_ms <= until_ms; turns_.pop_front()) {
    const std::shared_ptr<HttpStream> stream = turns_.front().stream.lock();
    const auto member = members_.find(stream.get());
    if (member == members_.end()) continue;
    member->second.has_turn = false;
    due.push_back(stream);
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
    for (const auto& [key, member] : members_) streams.push_back(member.stream);
  }
  for (const std::shared_ptr<HttpStream>& stream : streams) stream->close();
}

std::size_t StreamGroup::count() const {
  const std::lock_guard lock(mutex_);
  return members_.size();
}

}  // namespace sluice::http
