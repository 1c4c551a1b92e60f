#include "relay/served_flags.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>

#include "base/check.h"
#include "base/gzip_text.h"
#include "base/json_string.h"

namespace sluice::relay {
namespace {

constexpr std::size_t index_of(ItemKind kind) { return static_cast<std::size_t>(kind); }

// A line end inside an event's data would end the line of the event. Outside of strings it is whitespace, and inside
// of strings JSON has none.
void append_json(std::string& out, std::string_view json, bool on_one_line) {
  const std::size_t begin = out.size();
  out.append(json);
  // Two searches: find_first_of() takes a hundred times as long.
  if (!on_one_line || (json.find('\n') == std::string_view::npos && json.find('\r') == std::string_view::npos)) return;
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
}

std::string quoted_hex(std::uint64_t hash) { return fmt::format("\"{:016x}\"", hash); }

}  // namespace

ServedFlags::ServedFlags(FlagSnapshotPtr snapshot, const FlagSelection& selection, const ServedFlags* before)
    : snapshot_(std::move(snapshot)), reasons_(selection.reasons) {
  SLUICE_CHECK(snapshot_ != nullptr, "before the first put there is nothing to serve");
  take(ItemKind::flag, selection, before);
  take(ItemKind::segment, selection, before);
  std::string hashes;
  for (const std::vector<Served>& all : served_) {
    for (const Served& one : all) hashes.append(reinterpret_cast<const char*>(&one.hash), sizeof one.hash);
    hashes.push_back('/');  // an item of another kind is another item
  }
  const XXH128_hash_t hash = XXH3_128bits(hashes.data(), hashes.size());
  etag_ = fmt::format("\"{:016x}{:016x}\"", hash.high64, hash.low64);
}

ServedFlags::Served ServedFlags::serve(const FlagItemPtr& item, bool selected, bool reasons) {
  Served served{item, SharedText(item, &item->json), 0, selected, false};
  if (selected) {
    std::string text;
    const Rewriting rewriting = rewrite_flag(item->json, reasons, text);
    served.unreadable = rewriting == Rewriting::unreadable;
    if (rewriting == Rewriting::changed) served.body = std::make_shared<const std::string>(std::move(text));
  }
  served.hash =
      XXH3_64bits_withSeed(served.body->data(), served.body->size(), XXH3_64bits(item->key.data(), item->key.size()));
  return served;
}

void ServedFlags::take(ItemKind kind, const FlagSelection& selection, const ServedFlags* before) {
  std::vector<Served>& all = served_[index_of(kind)];
  all.reserve(snapshot_->of(kind).size());
  static const std::vector<Served> kNone;
  const std::vector<Served>& old = before == nullptr ? kNone : before->served_[index_of(kind)];
  auto candidate = old.begin();  // both are by key
  for (const FlagItemPtr& item : snapshot_->of(kind)) {
    if (item->deleted()) continue;
    while (candidate != old.end() && candidate->item->key < item->key) ++candidate;
    const bool selected = kind == ItemKind::flag && selection.is_selected(item->key);
    const bool known = candidate != old.end() && candidate->item == item;
    const bool same = known && candidate->selected == selected && (!selected || before->reasons_ == reasons_);
    all.push_back(same ? *candidate : serve(item, selected, reasons_));
    reselected_ += known && candidate->hash != all.back().hash;
    unreadable_ += all.back().unreadable;
  }
}

void ServedFlags::append_items(std::string& out, ItemKind kind, bool on_one_line) const {
  out.push_back('{');
  bool comma = false;
  for (const Served& one : served_[index_of(kind)]) {
    if (comma) out.push_back(',');
    comma = true;
    append_json_string(out, one.item->key);
    out.push_back(':');
    append_json(out, *one.body, on_one_line);
  }
  out.push_back('}');
}

std::string ServedFlags::document(bool on_one_line, std::string_view before, std::string_view behind) const {
  std::string out(before);
  std::size_t bytes = before.size() + behind.size() + 64;
  for (const std::vector<Served>& all : served_)
    for (const Served& one : all) bytes += one.item->key.size() + one.body->size() + 4;
  out.reserve(bytes);
  out.append("{\"flags\":");
  append_items(out, ItemKind::flag, on_one_line);
  out.append(",\"segments\":");
  append_items(out, ItemKind::segment, on_one_line);
  return out.append("}").append(behind);
}

SharedText ServedFlags::all_put() const {
  return all_put_.get([&] { return document(true, "event: put\ndata: {\"path\":\"/\",\"data\":", "}\n\n"); });
}

SharedText ServedFlags::flags_put() const {
  return flags_put_.get([&] {
    std::string out = "event: put\ndata: ";
    append_items(out, ItemKind::flag, true);
    return out.append("\n\n");
  });
}

SharedText ServedFlags::latest_all() const {
  return latest_all_.get([&] { return document(false, {}, {}); });
}

SharedText ServedFlags::latest_all_gzip() const {
  return latest_all_gzip_.get([&] { return gzip_text(*latest_all()); });
}

SharedText ServedFlags::flags() const {
  return flags_.get([&] {
    std::string out;
    append_items(out, ItemKind::flag, false);
    return out;
  });
}

const ServedFlags::Served* ServedFlags::find(ItemKind kind, std::string_view key) const {
  const std::vector<Served>& all = served_[index_of(kind)];
  const auto found = std::lower_bound(all.begin(), all.end(), key,
                                      [](const Served& one, std::string_view of) { return one.item->key < of; });
  return found == all.end() || found->item->key != key ? nullptr : &*found;
}

std::optional<ServedItem> ServedFlags::item(ItemKind kind, std::string_view key) const {
  const Served* const found = find(kind, key);
  if (found == nullptr) return std::nullopt;
  return ServedItem{found->body, quoted_hex(found->hash)};
}

ServedAs ServedFlags::served_as(std::string_view key) const {
  const Served* const found = find(ItemKind::flag, key);
  if (found == nullptr) return ServedAs::unknown;
  if (found->unreadable) return ServedAs::unreadable;
  return found->selected ? ServedAs::switched_on : ServedAs::as_it_came;
}

SharedText ServedFlags::change_event(ItemKind kind, std::string_view key, bool flags_only) const {
  const FlagItemPtr known = find_item(snapshot_->of(kind), key);
  if (known == nullptr) return nullptr;
  std::string path = flags_only ? "/" : kind == ItemKind::flag ? "/flags/" : "/segments/";
  path.append(key);
  std::string out = known->deleted() ? "event: delete\ndata: {\"path\":" : "event: patch\ndata: {\"path\":";
  append_json_string(out, path);
  if (known->deleted()) {
    out.append(",\"version\":").append(std::to_string(known->version));
  } else {
    out.append(",\"data\":");
    append_json(out, *item(kind, key)->body, true);
  }
  return std::make_shared<const std::string>(out.append("}\n\n"));
}

}  // namespace sluice::relay
