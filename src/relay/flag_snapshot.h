// The flags and segments of one environment and payload filter at one moment, each as the bytes in which upstream told
// it. Immutable: a change is a new snapshot that shares all items that did not change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/upstream_tracking.h"
#include "relay/json_scan.h"

namespace sluice::relay {

enum class ItemKind : std::uint8_t { flag, segment };
std::string_view item_kind_name(ItemKind kind);  // "flag", "segment"

struct TrackedVersion {
  std::int64_t version = 0;
  event::TrackedEvaluations tracked;
  bool operator==(const TrackedVersion&) const = default;
};
// Versions of a flag whose tracking is remembered, the current one among them. SDKs send events of an older version for
// as long as they take to hear of a newer one, which is seconds; events that wait for their delivery are of any age.
inline constexpr std::size_t kTrackedVersions = 8;

struct FlagItem {
  std::string key;   // the text that it stands for
  std::string json;  // as it came; empty: deleted, and nothing but its version is known
  std::int64_t version = 0;
  std::vector<TrackedVersion> tracked;  // of flags: the newest first

  bool deleted() const { return json.empty(); }
  std::size_t bytes() const { return key.size() + json.size(); }
};
using FlagItemPtr = std::shared_ptr<const FlagItem>;
// By key, each once.
using FlagItems = std::vector<FlagItemPtr>;

// Null: there is none.
FlagItemPtr find_item(const FlagItems& items, std::string_view key);

struct FlagSnapshot {
  FlagItems flags, segments;  // deleted ones among them
  std::size_t flag_count = 0, segment_count = 0, deleted_count = 0;
  std::size_t bytes = 0;        // of all keys and all JSON
  std::int64_t changed_ms = 0;  // when the last change came

  const FlagItems& of(ItemKind kind) const { return kind == ItemKind::flag ? flags : segments; }
  FlagItems& of(ItemKind kind) { return kind == ItemKind::flag ? flags : segments; }
  // Counts all items; one that came or went.
  void count();
  void count_in(ItemKind kind, const FlagItem& item);
  void count_out(ItemKind kind, const FlagItem& item);
  // Of one of the last kTrackedVersions versions of a flag that is there, or was deleted not long ago.
  event::TrackedEvaluations tracked_upstream(std::string_view key, std::int64_t version) const;

 private:
  std::size_t& counter(ItemKind kind, const FlagItem& item);
};
using FlagSnapshotPtr = std::shared_ptr<const FlagSnapshot>;

// What SDKs go by in an item's JSON; of a member that comes twice the last one counts.
struct ItemFacts {
  std::int64_t version = 0;  // as SDKs take it when there is none
  bool deleted = false;
  event::TrackedEvaluations tracked{event::TrackedEvaluations::Which::none};
};
// Steps over a version; SDKs read it as a double or as JavaScript's number: 12.0 is 12.
bool read_version(JsonScan& scan, std::int64_t& version);
// Steps over an item; false, after failing(), for one that is no object or whose version is no number.
bool read_item(JsonScan& scan, ItemFacts& facts);
// An item of these facts; `json` is not kept of a deleted one. `before`: the item that it replaces, or null.
FlagItemPtr make_item(ItemKind kind, std::string key, std::string_view json, const ItemFacts& facts,
                      const FlagItem* before);

}  // namespace sluice::relay
