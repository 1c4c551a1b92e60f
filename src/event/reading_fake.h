// A payload read from first to last, for tests: what came of it, in values that own their bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "event/entry.h"
#include "event/payload_reader.h"

namespace sluice::event {

struct ReadEvent {
  std::string json;
  std::string key;
  EventKind kind = EventKind::other;
  int version = 0;
  bool in_experiment = false;
  std::string record;  // with its newline
};

struct ReadPayload {
  std::string error;  // empty: it was read
  std::vector<ReadEvent> events;
  std::vector<std::string> unusable_reasons;
};

// Project and environment are those of docs/events.md, the time of receipt is 1700000000000, ids count from …000000.
// The body stands in a buffer of its own whose padding is bait for whoever reads it.
ReadPayload read_payload(std::string_view body, int schema = 4);

// The one event of `[` + event + `]`; it must be readable.
ReadEvent read_event(std::string_view event, int schema = 4);

}  // namespace sluice::event
