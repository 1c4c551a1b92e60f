#include "relay/flag_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/text.h"

namespace sluice::relay {
namespace {

FlagChange ignored(std::string_view why) {
  FlagChange change;
  change.ignored = why;
  return change;
}

tl::unexpected<Error> unreadable(std::string_view what, const JsonScan& scan) {
  return fail(fmt::format("{}, byte {}: {}.", what, scan.at(), scan.fault()));
}

// Reads all of a put's data, against what is there.
class PutReader {
 public:
  PutReader(std::string_view json, const FlagDataLimits& limits, const FlagSnapshot* before)
      : scan_(json),
        limits_(limits),
        before_(before),
        expected_key_(fmt::format("a key of 1 to {} bytes", grouped(limits.key_bytes))),
        expected_items_(fmt::format("at most {} flags and segments", grouped(limits.items))) {}

  // `wrapped`: the data is the member "data" of what comes.
  bool read(bool wrapped) {
    bool has_data = !wrapped;
    const bool readable = !wrapped ? read_data() : scan_.object([&](std::string_view name) {
      if (!json_stands_for(name, "data")) return scan_.skip();
      has_data = true;
      return read_data();
    });
    if (!readable || !scan_.end()) return false;
    if (!has_data) return scan_.failing("a member \"data\"");
    return has_flags_ || scan_.failing("a member \"flags\" in the data");
  }
  FlagSnapshot take() {
    snapshot_.count();
    return std::move(snapshot_);
  }
  const JsonScan& scan() const { return scan_; }
  // Of the item at which reading ended; empty: outside of items.
  const std::string& item() const { return item_; }

 private:
  bool read_data() {
    snapshot_ = {};
    has_flags_ = false;
    return scan_.object([&](std::string_view name) {
      if (json_stands_for(name, "segments")) return read_items(ItemKind::segment);
      if (!json_stands_for(name, "flags")) return scan_.skip();
      has_flags_ = true;
      return read_items(ItemKind::flag);
    });
  }

  bool read_items(ItemKind kind) {
    FlagItems& items = snapshot_.of(kind);
    items.clear();
    const bool readable = scan_.object([&](std::string_view name) { return read_one(kind, name, items); });
    if (!readable) return false;
    item_.clear();
    const auto by_key = [](const FlagItemPtr& a, const FlagItemPtr& b) { return a->key < b->key; };
    std::stable_sort(items.begin(), items.end(), by_key);
    // The last one of a key counts: the first of them, seen from behind.
    const auto same_key = [](const FlagItemPtr& a, const FlagItemPtr& b) { return a->key == b->key; };
    items.erase(items.begin(), std::unique(items.rbegin(), items.rend(), same_key).base());
    return true;
  }

  bool read_one(ItemKind kind, std::string_view name, FlagItems& items) {
    std::string key = json_unescaped(name);
    item_ = fmt::format("{} \"{}\"", item_kind_name(kind), shown_value(key));
    if (key.empty() || key.size() > limits_.key_bytes) return scan_.failing(expected_key_.c_str());
    if (scan_.next() == 'n') return scan_.skip();
    if (snapshot_.flags.size() + snapshot_.segments.size() >= limits_.items)
      return scan_.failing(expected_items_.c_str());
    const std::size_t begin = scan_.at();
    ItemFacts facts;
    if (!read_item(scan_, facts)) return false;
    const std::string_view json = scan_.from(begin);
    const FlagItemPtr there = before_ == nullptr ? nullptr : find_item(before_->of(kind), key);
    const bool same = there != nullptr && !facts.deleted && there->json == json;
    items.push_back(same ? there : make_item(kind, std::move(key), json, facts, there.get()));
    return true;
  }

  JsonScan scan_;
  const FlagDataLimits& limits_;
  const FlagSnapshot* before_;
  const std::string expected_key_, expected_items_;
  FlagSnapshot snapshot_;
  bool has_flags_ = false;
  std::string item_;
};

// The members of a patch or a delete.
struct ItemEvent {
  std::optional<std::string> path;
  std::optional<std::string_view> data, version;

  bool read(JsonScan& scan) {
    const bool readable = scan.object([&](std::string_view name) {
      if (json_stands_for(name, "path")) {
        std::string_view inside;
        if (!scan.string(inside)) return false;
        path = json_unescaped(inside);
        return true;
      }
      scan.next();
      const std::size_t begin = scan.at();
      if (!scan.skip()) return false;
      if (json_stands_for(name, "data")) data = scan.from(begin);
      if (json_stands_for(name, "version")) version = scan.from(begin);
      return true;
    });
    return readable && scan.end() && (path.has_value() || scan.failing("a member \"path\""));
  }
};

struct ItemPath {
  ItemKind kind;
  std::string key;
};
std::optional<ItemPath> item_of(std::string_view path) {
  for (const auto& [prefix, kind] :
       {std::pair{std::string_view("/flags/"), ItemKind::flag}, {std::string_view("/segments/"), ItemKind::segment}})
    if (path.starts_with(prefix)) return ItemPath{kind, std::string(path.substr(prefix.size()))};
  return std::nullopt;
}

constexpr std::string_view kBeforePut = "it came before the first put",
                           kOtherKind = "its path is of a kind that SDKs do not know",
                           kNotNewer = "its version is not newer";

}  // namespace

Result<FlagChange> FlagData::apply(std::string_view event, std::string_view data, std::int64_t now_ms) {
  if (event == "put") return said(put(data, true, now_ms));
  if (event == "patch") return said(patch(data, now_ms));
  if (event == "delete") return said(remove(data, now_ms));
  return ignored("SDKs do not know events of this name");
}

Result<FlagChange> FlagData::apply_document(std::string_view json, std::int64_t now_ms) {
  return said(put(json, false, now_ms));
}

Result<FlagChange> FlagData::said(Result<FlagChange> change) const {
  if (!change && snapshot()) change.error().message += " The flag data from before stays in force.";
  return change;
}

Result<FlagChange> FlagData::put(std::string_view json, bool wrapped, std::int64_t now_ms) {
  const std::string_view what = wrapped ? "The put event" : "The document";
  if (json.size() > limits_.bytes)
    return fail(fmt::format("{} has {}; at most {} are read.", what, human_bytes_beside(json.size(), limits_.bytes),
                            human_bytes_beside(limits_.bytes, json.size())));
  const FlagSnapshotPtr before = snapshot();
  PutReader reader(json, limits_, before.get());
  if (!reader.read(wrapped))
    return unreadable(reader.item().empty() ? std::string(what) : fmt::format("{}, {}", what, reader.item()),
                      reader.scan());
  auto after = std::make_shared<FlagSnapshot>(reader.take());
  if (before != nullptr && after->flags == before->flags && after->segments == before->segments)
    return ignored("it says what was there");
  after->changed_ms = now_ms;
  published_.set(std::move(after));
  return FlagChange{FlagChange::Kind::put, ItemKind::flag, {}, {}};
}

Result<FlagChange> FlagData::patch(std::string_view data, std::int64_t now_ms) {
  if (data.size() > limits_.bytes)
    return fail(fmt::format("The patch event has {}; at most {} are read.",
                            human_bytes_beside(data.size(), limits_.bytes),
                            human_bytes_beside(limits_.bytes, data.size())));
  JsonScan scan(data);
  ItemEvent event;
  if (!event.read(scan)) return unreadable("The patch event", scan);
  auto path = item_of(*event.path);
  if (!path) return ignored(kOtherKind);
  if (!event.data) {
    scan.failing("a member \"data\"");
    return unreadable("The patch event", scan);
  }
  JsonScan item(*event.data);
  ItemFacts facts;
  if (!read_item(item, facts))
    return unreadable(fmt::format("The patch event of {} \"{}\"", item_kind_name(path->kind), shown_value(path->key)),
                      item);
  return replace(path->kind, std::move(path->key), *event.data, facts, now_ms);
}

Result<FlagChange> FlagData::remove(std::string_view data, std::int64_t now_ms) {
  JsonScan scan(data);
  ItemEvent event;
  if (data.size() > limits_.bytes || !event.read(scan)) return unreadable("The delete event", scan);
  auto path = item_of(*event.path);
  if (!path) return ignored(kOtherKind);
  ItemFacts facts;
  JsonScan version(event.version.value_or(""));
  if (!read_version(version, facts.version)) return unreadable("The delete event's version", version);
  facts.deleted = true;
  return replace(path->kind, std::move(path->key), {}, facts, now_ms);
}

Result<FlagChange> FlagData::replace(ItemKind kind, std::string key, std::string_view json, const ItemFacts& facts,
                                     std::int64_t now_ms) {
  const FlagSnapshotPtr before = snapshot();
  if (before == nullptr) return ignored(kBeforePut);
  const FlagItemPtr there = find_item(before->of(kind), key);
  if (there != nullptr && there->version >= facts.version) return ignored(kNotNewer);
  const auto too_much = [&](std::string_view why) {
    return fail(fmt::format("{} \"{}\" was not taken: {}.", kind == ItemKind::flag ? "Flag" : "Segment",
                            shown_value(key), why));
  };
  if (key.empty() || key.size() > limits_.key_bytes)
    return too_much(fmt::format("a key has 1 to {} bytes", grouped(limits_.key_bytes)));

  auto after = std::make_shared<FlagSnapshot>(*before);
  FlagItems& items = after->of(kind);
  const auto at = std::lower_bound(items.begin(), items.end(), key,
                                   [](const FlagItemPtr& item, std::string_view of) { return item->key < of; });
  const bool forget = facts.deleted && before->deleted_count >= limits_.deleted;
  FlagItemPtr item = make_item(kind, key, json, facts, there.get());
  if (there != nullptr) after->count_out(kind, *there);
  if (!forget) after->count_in(kind, *item);
  if (there == nullptr && !forget)
    items.insert(at, std::move(item));
  else if (there != nullptr && forget)
    items.erase(at);
  else if (there != nullptr)
    *at = std::move(item);
  if (!facts.deleted && after->flag_count + after->segment_count > limits_.items)
    return too_much(fmt::format("there are at most {} flags and segments", grouped(limits_.items)));
  if (!facts.deleted && after->bytes > limits_.bytes)
    return too_much(fmt::format("all flags and segments have at most {}", human_bytes(limits_.bytes)));
  after->changed_ms = now_ms;
  published_.set(std::move(after));
  return FlagChange{facts.deleted ? FlagChange::Kind::remove : FlagChange::Kind::patch, kind, std::move(key), {}};
}

}  // namespace sluice::relay
