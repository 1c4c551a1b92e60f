// The flags and segments of one environment and payload filter, as an upstream tells them: LaunchDarkly, an ld-relay,
// or another Sluice. Events of its `/all` stream (`put`, `patch`, `delete`) and whole documents (`/sdk/latest-all`) go
// in, immutable snapshots come out.
//
// As in SDKs (go-server-sdk streaming_data_source_events.go, python-server-sdk streaming.py), a `put` replaces all
// there is, whatever its versions are; a `patch` or `delete` counts if its version is newer than the one that is there,
// be that of a deleted item. What SDKs do not know, they do not get:
//   - events of another name, and paths of kinds other than flags and segments, are ignored;
//   - members of a put's data beside `flags` and `segments` are ignored, as a patch of them could not be kept;
//   - a `patch` or `delete` before the first `put` is ignored: served alone it would be an environment without its
//     other flags;
//   - an item that is null is none; one that says `"deleted":true` is deleted.
// Anything else is an error that names what is wrong, and leaves all as it was. A `put` without `flags` is one: to SDKs
// it would delete every flag.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/published.h"
#include "base/result.h"
#include "relay/flag_snapshot.h"

namespace sluice::relay {

struct FlagDataLimits {
  // Of a document, and of all items that are held. The largest environments have tens of MB of flag data.
  std::size_t bytes = 128u << 20;
  // Flags and segments together: twice the flags of which Sluice keeps descriptions.
  std::size_t items = 100'000;
  // LaunchDarkly's keys have 256 characters at most.
  std::size_t key_bytes = 1024;
  // Deleted items whose version is remembered. Without room a deletion is in force, and its version forgotten: the
  // events of one stream come in order, so that nothing older follows it.
  std::size_t deleted = 10'000;
};

struct FlagChange {
  enum class Kind : std::uint8_t { none, put, patch, remove };
  Kind kind = Kind::none;
  ItemKind item = ItemKind::flag;  // of a patch or removal
  std::string key;                 // of a patch or removal
  std::string_view ignored;        // why nothing changed, for the log
};

// One thread changes it, any thread takes snapshots.
class FlagData {
 public:
  explicit FlagData(const FlagDataLimits& limits = {}) : limits_(limits) {}

  // An event of the stream: its name and its data.
  Result<FlagChange> apply(std::string_view event, std::string_view data, std::int64_t now_ms);
  // The body of `/sdk/latest-all`: in place of all there is.
  Result<FlagChange> apply_document(std::string_view json, std::int64_t now_ms);
  // What was held before a restart, or what flag data files say: in place of all there is.
  void restore(FlagSnapshotPtr snapshot) { published_.set(std::move(snapshot)); }

  // Null before the first put.
  FlagSnapshotPtr snapshot() const { return published_.get(); }

 private:
  Result<FlagChange> put(std::string_view json, bool wrapped, std::int64_t now_ms);
  Result<FlagChange> patch(std::string_view data, std::int64_t now_ms);
  Result<FlagChange> remove(std::string_view data, std::int64_t now_ms);
  Result<FlagChange> replace(ItemKind kind, std::string key, std::string_view json, const ItemFacts& facts,
                             std::int64_t now_ms);

  // With what an error leaves in force.
  Result<FlagChange> said(Result<FlagChange> change) const;

  const FlagDataLimits limits_;
  Published<FlagSnapshot> published_;
};

}  // namespace sluice::relay
