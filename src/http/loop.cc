#include "http/loop.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "http/connection.h"
#include "http/response_text.h"

namespace sluice::http {
namespace {

// Of a loop's connections, one in so many is closed at a time when there are too many.
constexpr std::size_t kRecycledFraction = 64;
// In the order in which they go: ranks 0 and 1 belong to addresses with more than their part.
constexpr int kWithoutRequest = 1, kWithinItsPart = 2;
constexpr std::size_t kRelievedAtOnce = 16;
// Multiples of it, without their whole parts, are spread over 0 to 1 evenly, however many there are.
constexpr double kGoldenRatio = 0.618033988749895;

}  // namespace

std::string_view Loop::date() {
  const auto second = clock().wall_ms() / 1000;
  if (second != date_second_) {
    date_second_ = second;
    date_ = http_date(second);
  }
  return date_;
}

void Loop::put_on(Connections& list, std::shared_ptr<Connection> connection) {
  connection->place_ = list.size();
  list.push_back(std::move(connection));
}

void Loop::take_off(Connections& list, Connection& connection) {
  const std::size_t place = connection.place_;
  SLUICE_CHECK(place < list.size() && list[place].get() == &connection,
               "a connection leaves the loop that it is on, once");
  const std::shared_ptr<Connection> keeps_it_alive = std::move(list[place]);
  if (place + 1 != list.size()) {
    list[place] = std::move(list.back());
    list[place]->place_ = place;
  }
  list.pop_back();
}

void Loop::add(std::shared_ptr<Connection> connection) { put_on(connections_, std::move(connection)); }

void Loop::remove(Connection& connection) {
  const bool is_stream = connection.is_stream();
  take_off(is_stream ? streams_ : connections_, connection);
  if (!is_stream) count_closed();
}

void Loop::turn_into_stream(Connection& connection) {
  std::shared_ptr<Connection> held = connections_[connection.place_];
  take_off(connections_, connection);
  put_on(streams_, std::move(held));
  count_closed();
}

void Loop::count_closed() {
  shared_->open.fetch_sub(1);
  notify_closed();
}

void Loop::notify_closed() {
  if (!shared_->none()) return;
  const std::lock_guard lock(shared_->mutex);
  shared_->none_open.notify_all();
}

// The walks go backwards because closing one connection puts the last one in its place.
void Loop::tick() {
  const std::int64_t now = now_ms();
  for (Connections* list : {&connections_, &streams_})
    for (std::size_t i = list->size(); i-- > 0;)
      if (i < list->size()) std::shared_ptr((*list)[i])->tick(now);
  drain_streams(now);
  try {
    handler_->tick();
  } catch (const std::exception& error) {
    log_error("http.tick_failed", {{"error", error.what()}});
  }
}

void Loop::say_close(std::int64_t grace_ms) {
  draining_ = true;
  drain_since_ms_ = now_ms();
  drain_ms_ = grace_ms;
  drained_of_ = streams_.size();
}

void Loop::drain_streams(std::int64_t now_ms) {
  if (!draining_ || closing_ || drain_ms_ <= 0) return;
  const auto elapsed = std::min(now_ms - drain_since_ms_, drain_ms_);
  const auto may_stay =
      static_cast<std::size_t>(static_cast<std::int64_t>(drained_of_) * (drain_ms_ - elapsed) / drain_ms_);
  // The first ones, so that one that ends by itself does not make another end sooner. One that is told to end is gone
  // once its reader took all.
  for (std::size_t i = 0, open = streams_.size(); i < streams_.size() && open > may_stay; --open) {
    const std::shared_ptr<Connection> each = streams_[i];
    each->drain();
    if (i < streams_.size() && streams_[i] == each) ++i;
  }
}

void Loop::make_ready(HttpStream& stream) {
  if (stream.connection_ != nullptr) std::shared_ptr(stream.connection_->shared_from_this())->stream_ready();
}

std::int64_t Loop::first_heartbeat_ms(std::int64_t interval_ms) {
  heartbeat_place_ += kGoldenRatio;
  if (heartbeat_place_ >= 1) heartbeat_place_ -= 1;
  return static_cast<std::int64_t>(static_cast<double>(interval_ms) * heartbeat_place_);
}

void Loop::count_cut(Cut cut, std::string_view peer) {
  LoopCounters::add(counters_.cuts[static_cast<std::size_t>(cut)]);
  shared_->cut_log.note(cut, peer, now_ms());
}

bool Loop::recycle(const Connection& asking, std::string_view only) {
  struct Candidate {
    std::uint8_t rank;
    std::int64_t since_ms;
    std::shared_ptr<Connection> connection;
  };
  const std::size_t part = limits().max_connections / std::max<std::size_t>(shared_->addresses.addresses(), 1);
  std::vector<Candidate> candidates;
  for (const std::shared_ptr<Connection>& each : connections_) {
    const auto idle = each->idleness();
    if (!idle || each.get() == &asking) continue;
    const AddressShare* address = each->account_.address();
    if (!only.empty() && (address == nullptr || address->address != only)) continue;
    const bool above_its_part = address != nullptr && address->connections > part;
    candidates.push_back({static_cast<std::uint8_t>((above_its_part ? 0 : kWithinItsPart) +
                                                    (*idle == Cut::idle_recycled ? 0 : kWithoutRequest)),
                          each->phase_since_ms_, each});
  }
  if (candidates.empty()) return false;
  const auto before = [](const Candidate& a, const Candidate& b) {
    return std::pair(a.rank, a.since_ms) < std::pair(b.rank, b.since_ms);
  };
  const std::size_t most =
      std::min(candidates.size(), std::max<std::size_t>(1, connections_.size() / kRecycledFraction));
  std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(most), candidates.end(),
                    before);
  // Several, so that a flood of new connections does not look at all of them for each; but of those that have no more
  // than their part, the one that is needed.
  for (std::size_t i = 0; i < most && (i == 0 || candidates[i].rank < kWithinItsPart); ++i) {
    Connection& connection = *candidates[i].connection;
    count_cut(*connection.idleness(), connection.peer_);
    connection.close();
  }
  return true;
}

bool Loop::relieve(const Connection& asking) {
  const std::int64_t now = now_ms();
  if (now - relieved_ms_ < kWaitTickMs) return false;
  relieved_ms_ = now;
  using Full = BodyAccount::Full;
  const BodyAccount& wants = asking.account_;
  std::vector<std::shared_ptr<Connection>> slow;
  for (const std::shared_ptr<Connection>& each : connections_) {
    if (each.get() == &asking || !each->is_slow()) continue;
    if (wants.full() == Full::address && each->account_.address() != wants.address()) continue;
    if (wants.full() == Full::owner && each->account_.owner() != wants.owner()) continue;
    slow.push_back(each);
  }
  if (slow.empty()) return false;
  const std::size_t most = std::min(slow.size(), kRelievedAtOnce);
  std::partial_sort(slow.begin(), slow.begin() + static_cast<std::ptrdiff_t>(most), slow.end(),
                    [](const auto& a, const auto& b) { return a->bytes_per_s_ < b->bytes_per_s_; });
  for (std::size_t i = 0; i < most; ++i) slow[i]->evict();
  return true;
}

void Loop::wait(std::shared_ptr<Connection> connection) {
  ++shared_->memory.waiting;
  waiting_.push_back(std::move(connection));
  if (std::exchange(wait_timer_armed_, true)) return;
  arm_wait_timer();
}

void Loop::retry_waiting() {
  wait_timer_armed_ = false;
  const std::int64_t now = now_ms();
  for (std::shared_ptr<Connection>& each : std::exchange(waiting_, {})) {
    --shared_->memory.waiting;
    if (each->retry(now)) wait(std::move(each));
  }
}

void Loop::drain() {
  draining_ = closing_ = true;
  for (Connections* list : {&connections_, &streams_})
    for (std::size_t i = list->size(); i-- > 0;)
      if (i < list->size()) std::shared_ptr((*list)[i])->drain();
}

void Loop::abort_all() {
  for (Connections* list : {&connections_, &streams_})
    while (!list->empty()) std::shared_ptr(list->back())->close();
  shared_->memory.waiting -= std::exchange(waiting_, {}).size();
}

}  // namespace sluice::http
