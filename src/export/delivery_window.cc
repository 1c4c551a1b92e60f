#include "export/delivery_window.h"

#include <utility>

#include "base/check.h"

namespace sluice::exporting {

void DeliveryWindow::begin_entry(journal::Position position, journal::Position next, std::int64_t received_ms,
                                 std::uint64_t bytes, std::uint32_t events, std::uint64_t lost) {
  // Between the cursor and this entry lay other environments' entries, or what retention gave up, or the disk lost.
  move_to(position);
  if (entries_.empty()) lost_ += std::exchange(lost, 0);
  entries_.push_back({position, next, received_ms, bytes, events, 0, lost});
}

void DeliveryWindow::add_delivered(std::uint64_t events, std::uint64_t bytes) {
  SLUICE_CHECK(entries_.empty(), "what the journal lost is counted once all that it has is finished");
  cursor_.delivered_events += events;
  cursor_.delivered_bytes += bytes;
}

void DeliveryWindow::move_to(journal::Position position) {
  if (!entries_.empty() || position <= cursor_.position) return;
  cursor_.position = position;
  cursor_.events_done = 0;
}

void DeliveryWindow::rewind() {
  first_ticket_ += events_.size();
  entries_.clear();
  events_.clear();
  pending_ = 0;
}

void DeliveryWindow::add_passed() { events_.push_back({0, State::passed, event::EventKind::other}); }

void DeliveryWindow::add_filtered() { events_.push_back({0, State::filtered, event::EventKind::other}); }

std::uint64_t DeliveryWindow::add_pending(event::EventKind kind) {
  events_.push_back({0, State::pending, kind});
  ++pending_;
  return first_ticket_ + events_.size() - 1;
}

void DeliveryWindow::finish(std::uint64_t ticket, bool delivered, std::uint32_t bytes) {
  SLUICE_CHECK(ticket >= first_ticket_ && ticket - first_ticket_ < events_.size(),
               "a sink finishes what it was given, once");
  Event& event = events_[ticket - first_ticket_];
  SLUICE_CHECK(event.state == State::pending, "a sink finishes an event once");
  event.bytes = bytes;
  event.state = delivered ? State::delivered : State::dead_lettered;
  --pending_;
}

void DeliveryWindow::pass(const Event& event) {
  if (event.state == State::delivered) {
    ++cursor_.delivered_events;
    cursor_.delivered_bytes += event.bytes;
    ++entries_.front().delivered;
    ++delivered_by_kind_[static_cast<std::size_t>(event.kind)];
  } else if (event.state == State::filtered) {
    ++cursor_.filtered_events;
  } else if (event.state == State::dead_lettered) {
    ++cursor_.dead_lettered_events;
    cursor_.dead_lettered_bytes += event.bytes;
  }
}

void DeliveryWindow::advance(std::vector<PassedEntry>& passed) {
  while (!entries_.empty()) {
    Entry& entry = entries_.front();
    while (cursor_.events_done < entry.events && !events_.empty() && events_.front().state != State::pending) {
      pass(events_.front());
      events_.pop_front();
      ++first_ticket_;
      ++cursor_.events_done;
    }
    if (cursor_.events_done < entry.events) return;
    passed.push_back({entry.received_ms, entry.bytes, entry.delivered});
    const journal::Position behind = entry.next;
    entries_.pop_front();
    // Where the next entry begins, not where this one ends: others' entries may lie between, and events_done counts
    // from the entry that the cursor stands in.
    cursor_.position = entries_.empty() ? behind : entries_.front().position;
    if (!entries_.empty()) lost_ += std::exchange(entries_.front().lost, 0);
    cursor_.events_done = 0;
  }
}

}  // namespace sluice::exporting
