// What SDKs are served of a snapshot: the items as upstream told them, with tracking switched on for selected flags, as
// texts of the endpoints that server-side SDKs ask. Immutable; a change of the data or of the selection is a new one,
// which takes over from the one before it all items that came out the same, so that a switch or a patch rewrites only
// what it concerns. A text is built when it is first asked for, once, and shared by all who are served it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/flag_rewrite.h"
#include "relay/flag_snapshot.h"

namespace sluice::relay {

using SharedText = std::shared_ptr<const std::string>;

// Which flags are exported in full, and whether their events carry reasons.
struct FlagSelection {
  IsSelected is_selected;
  bool reasons = false;
};

// One item, and its ETag: a quoted string.
struct ServedItem {
  SharedText body;
  std::string etag;
};

// What became of a flag on its way to SDKs that evaluate.
enum class ServedAs : std::uint8_t {
  unknown,     // there is no such flag, or it was deleted
  as_it_came,  // it is not selected
  switched_on,
  unreadable,  // it is selected and could not be rewritten: served as it came
};

// Any thread.
class ServedFlags {
 public:
  // `snapshot` is not null; `before` may be, and is not needed afterwards. Calls `selection.is_selected` for each flag.
  ServedFlags(FlagSnapshotPtr snapshot, const FlagSelection& selection, const ServedFlags* before);

  const FlagSnapshot& snapshot() const { return *snapshot_; }

  SharedText all_put() const;          // the `put` event of `/all`
  SharedText flags_put() const;        // that of the old `/flags` stream: flags alone
  SharedText latest_all() const;       // the body of `/sdk/latest-all`
  SharedText latest_all_gzip() const;  // the same, compressed
  SharedText flags() const;            // of `/sdk/flags` and `/sdk/latest-flags`
  // Of each of these bodies: a hash of all items as they are served. The same data and selection have the same one
  // after a restart, too; a switch that changes no byte does not change it.
  const std::string& etag() const { return etag_; }

  // The body of `/sdk/flags/KEY` or `/sdk/segments/KEY` (and of `latest-flags`, `latest-segments`); nothing when there
  // is none, or it was deleted.
  std::optional<ServedItem> item(ItemKind kind, std::string_view key) const;

  // What an open stream is told of an item that changed: a `patch`, or a `delete` of one that was deleted; null when
  // there is no such item. On the old `/flags` stream (`flags_only`) paths are keys.
  SharedText change_event(ItemKind kind, std::string_view key, bool flags_only) const;

  ServedAs served_as(std::string_view key) const;
  // Flags that are selected and could not be rewritten: they are served as they came.
  std::size_t unreadable() const { return unreadable_; }
  // Items that `before` had as they are, and that are served otherwise now, because the selection is another one.
  std::size_t reselected() const { return reselected_; }

 private:
  struct Served {
    FlagItemPtr item;
    SharedText body;         // the item's own JSON, or what it was rewritten to
    std::uint64_t hash = 0;  // of the key and the body
    bool selected = false;
    bool unreadable = false;
  };
  class LazyText {
   public:
    template <typename Build>
    SharedText get(Build&& build) const {
      std::call_once(once_, [&] { text_ = std::make_shared<const std::string>(build()); });
      return text_;
    }

   private:
    mutable std::once_flag once_;
    mutable SharedText text_;
  };

  const Served* find(ItemKind kind, std::string_view key) const;
  static Served serve(const FlagItemPtr& item, bool selected, bool reasons);
  void take(ItemKind kind, const FlagSelection& selection, const ServedFlags* before);
  void append_items(std::string& out, ItemKind kind, bool on_one_line) const;
  // Flags and segments as an object, between two texts.
  std::string document(bool on_one_line, std::string_view before, std::string_view behind) const;

  const FlagSnapshotPtr snapshot_;
  const bool reasons_;
  std::vector<Served> served_[2];  // by kind; by key, without deleted ones
  std::size_t unreadable_ = 0, reselected_ = 0;
  std::string etag_;
  LazyText all_put_, flags_put_, latest_all_, latest_all_gzip_, flags_;
};

}  // namespace sluice::relay
