#include "http/loop.h"

#include <chrono>
#include <ctime>

#include "base/check.h"
#include "http/connection.h"
#include "http/response_text.h"

namespace sluice::http {

std::int64_t Loop::now_ms() const {
  using std::chrono::duration_cast;
  return duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string_view Loop::date() {
  const auto second = static_cast<std::int64_t>(std::time(nullptr));
  if (second != date_second_) {
    date_second_ = second;
    date_ = http_date(second);
  }
  return date_;
}

void Loop::add(std::shared_ptr<Connection> connection) {
  connection->place_ = connections_.size();
  connections_.push_back(std::move(connection));
}

void Loop::remove(Connection& connection) {
  const std::size_t place = connection.place_;
  SLUICE_CHECK(place < connections_.size() && connections_[place].get() == &connection,
               "a connection leaves the loop that it is on, once");
  const std::shared_ptr<Connection> keeps_it_alive = std::move(connections_[place]);
  if (place + 1 != connections_.size()) {
    connections_[place] = std::move(connections_.back());
    connections_[place]->place_ = place;
  }
  connections_.pop_back();
  count_closed();
}

void Loop::count_closed() {
  if (shared_->open.fetch_sub(1) == 1) {
    const std::lock_guard lock(shared_->mutex);
    shared_->none_open.notify_all();
  }
}

// The walks go backwards because closing one connection puts the last one in its place.
void Loop::tick() {
  const std::int64_t now = now_ms();
  for (std::size_t i = connections_.size(); i-- > 0;)
    if (i < connections_.size()) std::shared_ptr(connections_[i])->tick(now);
}

void Loop::drain() {
  draining_ = closing_ = true;
  for (std::size_t i = connections_.size(); i-- > 0;)
    if (i < connections_.size()) std::shared_ptr(connections_[i])->drain();
}

void Loop::abort_all() {
  while (!connections_.empty()) std::shared_ptr(connections_.back())->close();
}

}  // namespace sluice::http
