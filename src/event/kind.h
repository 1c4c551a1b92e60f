// The kinds of event that SDKs send, in one table: a new kind is one row here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::event {

// The numbers are stored in journals: they never change meaning, new ones are added at the end.
enum class EventKind : std::uint8_t {
  unusable = 0,  // not an event (no object, no kind): kept for the dead letters of intake, exported nowhere
  other = 1,     // a kind that this version does not know: passed through
  feature = 2,
  debug = 3,
  identify = 4,
  custom = 5,
  click = 6,
  pageview = 7,
  index = 8,
  summary = 9,
  alias = 10,
  migration_op = 11,
  original = 12,  // no event: the payload as it was sent (event/original.h), for destinations that repeat it
};

// The journal counts events by kind and has room for this many (journal/journal.h).
inline constexpr std::size_t kEventKindLimit = 16;

struct EventKindRow {
  EventKind kind;
  std::string_view name;     // as in an event's "kind"
  bool exported_by_default;  // when a destination does not say otherwise
};

inline constexpr std::array<EventKindRow, 13> kEventKinds = {{
    {EventKind::unusable, "(unusable)", false},
    {EventKind::other, "(other)", true},
    {EventKind::feature, "feature", true},
    {EventKind::debug, "debug", true},
    {EventKind::identify, "identify", true},
    {EventKind::custom, "custom", true},
    {EventKind::click, "click", true},
    {EventKind::pageview, "pageview", true},
    {EventKind::index, "index", false},
    {EventKind::summary, "summary", false},
    {EventKind::alias, "alias", true},
    {EventKind::migration_op, "migration_op", true},
    {EventKind::original, "(original)", false},
}};

constexpr std::string_view event_kind_name(EventKind kind) { return kEventKinds[static_cast<std::size_t>(kind)].name; }

// Kinds that report one evaluation of a flag.
constexpr bool is_evaluation(EventKind kind) {
  return kind == EventKind::feature || kind == EventKind::debug || kind == EventKind::migration_op;
}

// Kinds that are exported as events, and shown as such: the rest is stored for other reasons.
constexpr bool is_export_event(EventKind kind) { return kind != EventKind::unusable && kind != EventKind::original; }

// The kind of that name; `other` for a name that is not in the table. Names in parentheses are ours and never match.
constexpr EventKind event_kind_named(std::string_view name) {
  for (const EventKindRow& row : kEventKinds)
    if (row.name == name && name.front() != '(') return row.kind;
  return EventKind::other;
}

// A set of kinds, as a destination selects them.
class EventKindSet {
 public:
  constexpr EventKindSet() = default;
  static constexpr EventKindSet defaults() {
    EventKindSet set;
    for (const EventKindRow& row : kEventKinds) set.set(row.kind, row.exported_by_default);
    return set;
  }
  constexpr bool has(EventKind kind) const { return (bits_ >> static_cast<unsigned>(kind)) & 1u; }
  constexpr void set(EventKind kind, bool on) {
    const auto bit = static_cast<std::uint16_t>(1u << static_cast<unsigned>(kind));
    bits_ = static_cast<std::uint16_t>(on ? (bits_ | bit) : (bits_ & ~bit));
  }
  constexpr bool operator==(const EventKindSet&) const = default;

 private:
  std::uint16_t bits_ = 0;
};

// Events counted by kind; index with static_cast<size_t>(kind).
using EventKindCounts = std::array<std::uint64_t, kEventKindLimit>;

// All events among what is counted. An original is a payload, and its events are counted already.
constexpr std::uint64_t event_total(const EventKindCounts& counts) {
  std::uint64_t events = 0;
  for (const std::uint64_t count : counts) events += count;
  return events - counts[static_cast<std::size_t>(EventKind::original)];
}

}  // namespace sluice::event
