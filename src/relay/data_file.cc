#include "relay/data_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/json_string.h"
#include "base/text.h"
#include "base/utf8.h"
#include "relay/yaml_json.h"

namespace sluice::relay {
namespace {

std::string at_place(const std::string& path, const TextPlace& place) {
  return fmt::format("{}, line {}, column {}", path, place.line, place.column);
}

bool is_yaml(const DataFile& file) {
  const std::string path = lower(file.path);
  if (path.ends_with(".yaml") || path.ends_with(".yml")) return true;
  const std::size_t first = file.text.find_first_not_of(" \t\r\n");
  return first != std::string::npos && file.text[first] != '{';
}

// Where a text ceases to be UTF-8.
std::size_t utf8_end(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t size = utf8_sequence_size(text.substr(at));
    if (size == 0) break;
    at += size;
  }
  return at;
}

// An item as a file says it.
struct DeclaredItem {
  std::string json;
  ItemFacts facts;
  std::size_t file = 0, key_at = 0;  // where its key stands, in what is parsed of that file
};
using DeclaredItems = std::map<std::string, DeclaredItem>;

// A copy of an item's JSON with this version.
std::string with_version(const std::string& json, std::int64_t version) {
  JsonScan scan(json);
  std::string out;
  std::size_t copied = 0;
  scan.object([&](std::string_view name) {
    scan.next();
    const std::size_t begin = scan.at();
    if (!scan.skip()) return false;
    if (!json_stands_for(name, "version")) return true;
    out.append(json, copied, begin - copied).append(std::to_string(version));
    copied = scan.at();
    return true;
  });
  return out.append(json, copied);
}

// A file, and what its YAML stands for.
struct ParsedFile {
  const DataFile* file = nullptr;
  std::optional<JsonOfYaml> yaml;

  std::string_view json() const { return yaml ? yaml->json : file->text; }
  // Takes a look at all before it: for errors.
  std::string place(std::size_t offset) const {
    return at_place(file->path, yaml ? yaml->place_of(offset) : place_of(file->text, offset));
  }
};

class DataFileReader {
 public:
  // `parsed`: the files before this one; this one is added.
  DataFileReader(const DataFile& file, const FlagDataLimits& limits, DeclaredItems (&items)[2],
                 std::vector<ParsedFile>& parsed)
      : file_(file), limits_(limits), items_(items), parsed_(parsed) {
    parsed.push_back({&file, std::nullopt});
  }

  Result<void> run() {
    if (file_.text.size() > kMaxDataFileBytes)
      return fail(fmt::format("{} has {}; a flag data file has at most {}. Split it into several.", file_.path,
                              human_bytes_beside(file_.text.size(), kMaxDataFileBytes),
                              human_bytes_beside(kMaxDataFileBytes, file_.text.size())));
    if (!is_utf8(file_.text)) return fail(fmt::format("{}: the file is not UTF-8 here.", place(utf8_end(file_.text))));
    if (is_yaml(file_)) {
      auto yaml = json_of_yaml(file_.text);
      if (!yaml) return fail(fmt::format("{}, {}.", file_.path, yaml.error().message));
      parsed_.back().yaml = *std::move(yaml);
    }
    JsonScan scan(parsed_.back().json());
    const bool readable = scan.object([&](std::string_view name) { return read_member(scan, name); }) && scan.end();
    if (!error_.empty()) return fail(error_);
    if (!readable) return fail(fmt::format("{}: {}.", place(scan.at()), scan.fault()));
    return {};
  }

 private:
  std::string place(std::size_t offset) const { return parsed_.back().place(offset); }
  bool refuse(std::size_t offset, std::string_view why) {
    error_ = fmt::format("{}: {}", place(offset), why);
    return false;
  }

  bool read_member(JsonScan& scan, std::string_view name) {
    const bool flags = json_stands_for(name, "flags"), values = json_stands_for(name, "flagValues");
    const bool segments = json_stands_for(name, "segments");
    // As in other formats of YAML, for what is only referred to.
    if (name.starts_with("x-") || name == "$schema") return scan.skip();
    // Not skipped: "flag" would take all flags away.
    if (!flags && !values && !segments)
      return refuse(scan.name_at(), fmt::format("\"{}\" is no part of a flag data file. Expected \"flags\", "
                                                "\"flagValues\" or \"segments\".",
                                                shown_value(json_unescaped(name))));
    if (scan.next() == 'n') return scan.skip();
    return scan.object([&](std::string_view key) {
      return read_item(scan, segments ? ItemKind::segment : ItemKind::flag, json_unescaped(key), values);
    });
  }

  bool read_item(JsonScan& scan, ItemKind kind, const std::string& key, bool is_value) {
    const std::size_t name_at = scan.name_at();
    scan.next();
    const std::size_t begin = scan.at();
    if (key.empty() || key.size() > limits_.key_bytes)
      return refuse(name_at, fmt::format("a key has 1 to {} bytes.", grouped(limits_.key_bytes)));
    DeclaredItem item{{}, {}, parsed_.size() - 1, name_at};
    if (is_value) {
      if (!scan.skip()) return false;
      append_json_string(item.json.append("{\"key\":"), key);
      item.json.append(R"(,"version":1,"on":true,"fallthrough":{"variation":0},"variations":[)")
          .append(scan.from(begin))
          .append("]}");
      item.facts.version = 1;
    } else {
      if (!relay::read_item(scan, item.facts)) return false;
      item.json = scan.from(begin);
      if (!complete(item, key, begin)) return false;
    }
    const auto [other, is_new] = items_[static_cast<std::size_t>(kind)].try_emplace(key, std::move(item));
    if (is_new) return true;
    return refuse(name_at,
                  fmt::format("{} \"{}\" stands in {}, too. A key stands once, in one file.", item_kind_name(kind),
                              shown_value(key), parsed_[other->second.file].place(other->second.key_at)));
  }

  // Adds to an item what SDKs need of it.
  bool complete(DeclaredItem& item, const std::string& key, std::size_t begin) {
    JsonScan scan(item.json);
    bool has_key = false, has_version = false, any = false, same_key = true;
    std::size_t last_end = 0, key_at = 0;
    const bool readable = scan.object([&](std::string_view name) {
      any = true;
      has_version = has_version || json_stands_for(name, "version");
      if (json_stands_for(name, "key")) {
        std::string_view inside;
        key_at = scan.name_at();
        if (scan.next() != '"' || !scan.string(inside)) return scan.failing("the key in quotes");
        has_key = true;
        same_key = json_stands_for(inside, key);
      } else if (!scan.skip()) {
        return false;
      }
      last_end = scan.at();
      return true;
    });
    if (!readable) return refuse(begin + scan.at(), scan.fault() + ".");
    if (!same_key)
      return refuse(begin + key_at,
                    fmt::format("the key inside differs from \"{}\", under which it stands.", shown_value(key)));
    std::string added;
    if (!has_key) append_json_string(added.append(any ? "," : "").append("\"key\":"), key);
    if (!has_version) {
      added.append(any || !has_key ? "," : "").append("\"version\":1");
      item.facts.version = 1;
    }
    if (!any) last_end = item.json.find('{') + 1;
    item.json.insert(last_end, added);
    return true;
  }

  const DataFile& file_;
  const FlagDataLimits& limits_;
  DeclaredItems (&items_)[2];
  std::vector<ParsedFile>& parsed_;
  std::string error_;
};

// The item with its version, given what was there; the one that was there when it did not change.
FlagItemPtr versioned(ItemKind kind, const std::string& key, DeclaredItem& declared, const FlagItemPtr& before) {
  if (before != nullptr && !before->deleted() && declared.facts.version <= before->version && !declared.facts.deleted &&
      with_version(declared.json, before->version) == before->json)
    return before;
  if (before != nullptr && declared.facts.version <= before->version) {
    if (before->deleted() && declared.facts.deleted) return before;
    declared.facts.version = before->version + 1;
    declared.json = with_version(declared.json, declared.facts.version);
  }
  return make_item(kind, key, declared.json, declared.facts, before.get());
}

FlagItems merged(ItemKind kind, DeclaredItems& declared, const FlagItems& before, std::size_t deleted_limit) {
  FlagItems items;
  for (auto& [key, item] : declared) items.push_back(versioned(kind, key, item, find_item(before, key)));
  std::size_t deleted = 0;
  for (const FlagItemPtr& old : before) {
    if (declared.contains(old->key) || deleted == deleted_limit) continue;
    ++deleted;
    ItemFacts gone;
    gone.version = old->version + 1;
    gone.deleted = true;
    items.push_back(old->deleted() ? old : make_item(kind, old->key, {}, gone, old.get()));
  }
  std::sort(items.begin(), items.end(), [](const FlagItemPtr& a, const FlagItemPtr& b) { return a->key < b->key; });
  return items;
}

}  // namespace

Result<FlagSnapshotPtr> read_data_files(std::span<const DataFile> files, const FlagSnapshotPtr& before,
                                        std::int64_t now_ms, const FlagDataLimits& limits) {
  DeclaredItems declared[2];
  std::vector<ParsedFile> parsed;
  for (const DataFile& file : files)
    if (auto read = DataFileReader(file, limits, declared, parsed).run(); !read) return tl::unexpected(read.error());
  auto after = std::make_shared<FlagSnapshot>();
  for (const ItemKind kind : {ItemKind::flag, ItemKind::segment})
    after->of(kind) = merged(kind, declared[static_cast<std::size_t>(kind)],
                             before == nullptr ? FlagItems() : before->of(kind), limits.deleted / 2);
  after->count();
  if (after->flag_count + after->segment_count > limits.items)
    return fail(fmt::format("The flag data files have {} flags and segments; there are at most {}.",
                            grouped(after->flag_count + after->segment_count), grouped(limits.items)));
  if (after->bytes > limits.bytes)
    return fail(fmt::format("The flag data files have {} of flags and segments; they are at most {}.",
                            human_bytes_beside(after->bytes, limits.bytes),
                            human_bytes_beside(limits.bytes, after->bytes)));
  if (before != nullptr && after->flags == before->flags && after->segments == before->segments) return before;
  after->changed_ms = now_ms;
  return FlagSnapshotPtr(std::move(after));
}

}  // namespace sluice::relay
