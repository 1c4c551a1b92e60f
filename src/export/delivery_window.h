// What one destination has read from the journal and not yet finished, and how far its cursor may move: past every
// event that is delivered, dead-lettered or not for it, up to the first that is still on its way. Pure bookkeeping; one
// thread.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "journal/cursor_store.h"

namespace sluice::exporting {

class DeliveryWindow {
 public:
  explicit DeliveryWindow(const journal::Cursor& start) : cursor_(start) {}

  // An entry begins; its `events` events are added next, in order. Of the entry that the cursor stands in, only those
  // from cursor().events_done on. `bytes` is its size in the journal. `lost`: events that the journal lost between the
  // entry before and this one.
  void begin_entry(journal::Position position, journal::Position next, std::int64_t received_ms, std::uint64_t bytes,
                   std::uint32_t events, std::uint64_t lost = 0);
  // An event that this destination does not get, by its kind.
  void add_passed();
  // One of its kinds that its filter leaves out.
  void add_filtered();
  // An event that goes out; the ticket names it in finish().
  std::uint64_t add_pending(event::EventKind kind = event::EventKind::other);

  void finish(std::uint64_t ticket, bool delivered, std::uint32_t bytes);

  // Moves the cursor as far as it goes. Entries passed entirely are appended to `passed`.
  struct PassedEntry {
    std::int64_t received_ms;
    std::uint64_t bytes;
    std::uint32_t delivered;  // its events that were delivered since begin_entry
  };
  void advance(std::vector<PassedEntry>& passed);

  // Of begin_entry()'s `lost` those that the cursor has passed since the last call: behind it nothing tells of them, so
  // they are to be saved with it.
  std::uint64_t take_lost() { return std::exchange(lost_, 0); }

  // Everything behind the cursor is read and added again. Tickets that were given out mean nothing any more.
  void rewind();

  // Events that were delivered and never added: the journal does not have them any more. Only while the window is
  // empty.
  void add_delivered(std::uint64_t events, std::uint64_t bytes);

  // Nothing before `position` concerns this destination any more. Only while the window is empty.
  void move_to(journal::Position position);

  const journal::Cursor& cursor() const { return cursor_; }
  std::size_t size() const { return events_.size(); }
  std::size_t pending() const { return pending_; }
  // That the cursor has passed since this was made, by kind.
  const event::EventKindCounts& delivered_by_kind() const { return delivered_by_kind_; }
  // When the oldest entry in the window was received; 0 when the window is empty.
  std::int64_t oldest_received_ms() const { return entries_.empty() ? 0 : entries_.front().received_ms; }

 private:
  enum class State : std::uint8_t { pending, passed, filtered, delivered, dead_lettered };
  struct Event {
    std::uint32_t bytes;
    State state;
    event::EventKind kind;
  };
  struct Entry {
    journal::Position position, next;
    std::int64_t received_ms;
    std::uint64_t bytes;
    std::uint32_t events;     // in all
    std::uint32_t delivered;  // of those the cursor has passed
    std::uint64_t lost;       // in front of it
  };
  void pass(const Event& event);

  journal::Cursor cursor_;
  std::deque<Entry> entries_;
  std::deque<Event> events_;
  std::uint64_t first_ticket_ = 0;  // of events_.front()
  std::size_t pending_ = 0;
  std::uint64_t lost_ = 0;
  event::EventKindCounts delivered_by_kind_{};
};

}  // namespace sluice::exporting
