// What a stream accepted, in the detail asked for: counters; the ids of the events; or the records themselves (those
// are kept by the shards). Not thread-safe: a stream guards its own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinesim/event_ids.h"
#include "kinesim/id_set.h"

namespace kinesim {

enum class LedgerMode : std::uint8_t { count, ids, full };
std::optional<LedgerMode> parse_ledger_mode(std::string_view text);

struct LedgerSettings {
  LedgerMode mode = LedgerMode::full;
  std::vector<std::string> fields = {"id"};     // whose values are ids of 24 hex digits
  std::uint64_t retained_bytes = 256ull << 20;  // of data and keys, per shard, in mode full

  std::string needle(std::size_t field) const { return "\"" + fields[field] + "\":\""; }
};

// An id found in one record of a call.
struct FoundId {
  std::uint32_t record;
  std::uint32_t field;
  sluice::ObjectId id;
};

struct LedgerCounts {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;               // data and partition keys
  std::uint64_t records_without_id = 0;  // of the first field
  std::int64_t first_ms = 0, last_ms = 0;
};

struct Ledger {
  LedgerCounts counts;
  std::vector<IdSet> ids;  // one for each field
  void clear() {
    counts = {};
    for (auto& set : ids) set.clear();
  }
};

}  // namespace kinesim
