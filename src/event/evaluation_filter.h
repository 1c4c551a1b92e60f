// What the reader needs to know about each evaluation of a flag: whether it is selected for export, and the name of its
// variation; and what it reports about flags in a summary. Implemented by intake/flag_cache.h.
#pragma once

#include <cstdint>
#include <string_view>

#include "event/kind.h"

namespace sluice::event {

struct FlagEvaluation {
  EventKind kind = EventKind::feature;  // feature, debug or migration_op
  std::string_view key;                 // between its quotes, escapes and all
  std::int64_t variation = -1;          // -1: none, the default was served
  std::string_view value;               // the JSON text as sent; empty: none
  bool in_experiment = false;
  bool track_events = false;  // the event says of itself that it is wanted in full, as PHP's do
};

struct FlagVerdict {
  bool exported = true;
  std::string_view variation_name;  // JSON with its quotes; empty: not known. Valid until the next question
};

class EvaluationFilter {
 public:
  virtual ~EvaluationFilter() = default;
  virtual FlagVerdict verdict(const FlagEvaluation& evaluation) = 0;
  // A summary counts this many evaluations of the flag; `key` between its quotes, escapes and all.
  virtual void summarized(std::string_view key, std::uint64_t evaluations) = 0;
};

}  // namespace sluice::event
