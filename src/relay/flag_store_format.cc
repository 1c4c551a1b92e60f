#include "relay/flag_store_format.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32c.h"

namespace sluice::relay {
namespace {

constexpr std::string_view kMagic = "SLFLAGS2";
constexpr std::size_t kHeaderBytes = 56, kItemBytes = 16, kTrackedBytes = 18;
constexpr std::size_t kChecksumAt = 8, kChecksummedFrom = 12;

std::uint64_t source_hash(const FlagStoreOwner& owner) { return XXH3_64bits(owner.source.data(), owner.source.size()); }

template <typename T>
void append(std::string& out, T value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof value);
  store(out.data() + at, value);
}

void append_item(std::string& out, ItemKind kind, const FlagItem& item) {
  SLUICE_CHECK(item.key.size() <= 0xFFFF && item.json.size() <= 0xFFFF'FFFFu, "limits of flag data are below");
  append(out, static_cast<std::uint8_t>(kind));
  append(out, static_cast<std::uint8_t>(item.tracked.size()));
  append(out, static_cast<std::uint16_t>(item.key.size()));
  append(out, static_cast<std::uint32_t>(item.json.size()));
  append(out, item.version);
  for (const TrackedVersion& one : item.tracked) {
    append(out, one.version);
    append(out, static_cast<std::uint8_t>(one.tracked.which));
    append(out, static_cast<std::uint8_t>(one.tracked.fallthrough));
    append(out, one.tracked.rules);
  }
  out.append(item.key).append(item.json);
}

class StoreReader {
 public:
  explicit StoreReader(std::string_view bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  // Empty optional: there are not so many bytes left.
  std::optional<std::string_view> take(std::size_t bytes) {
    if (bytes > rest_.size()) return std::nullopt;
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  // Adds the next item; false: it is not as it should be.
  bool read_item(FlagSnapshot& snapshot) {
    const auto head = take(kItemBytes);
    if (!head) return false;
    const auto kind_byte = load<std::uint8_t>(head->data()), tracked = load<std::uint8_t>(head->data() + 1);
    const auto tracked_bytes = take(tracked * kTrackedBytes);
    const auto key = take(load<std::uint16_t>(head->data() + 2)), json = take(load<std::uint32_t>(head->data() + 4));
    if (!tracked_bytes || !key || !json || kind_byte > 1 || tracked > kTrackedVersions || key->empty()) return false;
    const auto kind = static_cast<ItemKind>(kind_byte);
    FlagItems& items = snapshot.of(kind);
    if (!items.empty() && items.back()->key >= *key) return false;
    if (kind == ItemKind::flag && !snapshot.segments.empty()) return false;

    auto item = std::make_shared<FlagItem>();
    item->key = *key;
    item->json = *json;
    item->version = load<std::int64_t>(head->data() + 8);
    for (std::size_t i = 0; i < tracked; ++i) {
      if (!read_tracked(tracked_bytes->data() + i * kTrackedBytes, *item)) return false;
    }
    if (!item->deleted() && !is_as_told(*item)) return false;
    items.push_back(std::move(item));
    return true;
  }

 private:
  static bool read_tracked(const char* at, FlagItem& item) {
    using Which = event::TrackedEvaluations::Which;
    const auto which = load<std::uint8_t>(at + 8), fallthrough = load<std::uint8_t>(at + 9);
    const auto rules = load<std::uint64_t>(at + 10);
    if (which > static_cast<std::uint8_t>(Which::some) || fallthrough > 1) return false;
    const bool names_some = fallthrough != 0 || rules != 0;
    if (names_some != (static_cast<Which>(which) == Which::some)) return false;
    item.tracked.push_back({load<std::int64_t>(at), {static_cast<Which>(which), fallthrough != 0, rules}});
    return true;
  }
  // What is served is JSON, whoever wrote the file.
  static bool is_as_told(const FlagItem& item) {
    JsonScan scan(item.json);
    ItemFacts facts;
    return relay::read_item(scan, facts) && scan.end() && facts.version == item.version && !facts.deleted;
  }

  std::string_view rest_;
};

}  // namespace

std::string flag_store_bytes(const FlagStoreOwner& owner, const FlagSnapshot& snapshot) {
  std::string out;
  const std::size_t items = snapshot.flags.size() + snapshot.segments.size();
  out.reserve(kHeaderBytes + owner.filter.size() + snapshot.bytes +
              items * (kItemBytes + kTrackedVersions * kTrackedBytes));
  out.append(kMagic).append(kHeaderBytes - kMagic.size(), '\0').append(owner.filter);
  for (const ItemKind kind : {ItemKind::flag, ItemKind::segment})
    for (const FlagItemPtr& item : snapshot.of(kind)) append_item(out, kind, *item);
  store(out.data() + 12, static_cast<std::uint32_t>(items));
  store(out.data() + 16, static_cast<std::uint64_t>(out.size()));
  store(out.data() + 24, snapshot.changed_ms);
  store(out.data() + 32, owner.environment.bytes);
  store(out.data() + 44, static_cast<std::uint32_t>(owner.filter.size()));
  store(out.data() + 48, source_hash(owner));
  store(out.data() + kChecksumAt, crc32c(out.data() + kChecksummedFrom, out.size() - kChecksummedFrom));
  return out;
}

Result<FlagSnapshotPtr> read_flag_store(const FlagStoreOwner& owner, std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic))
    return fail("it does not begin as a file of flag data does");
  if (const auto size = load<std::uint64_t>(bytes.data() + 16); size != bytes.size())
    return fail(fmt::format("it has {} bytes, and says that it has {}", bytes.size(), size));
  if (load<std::uint32_t>(bytes.data() + kChecksumAt) !=
      crc32c(bytes.data() + kChecksummedFrom, bytes.size() - kChecksummedFrom))
    return fail("its checksum does not hold");
  StoreReader reader(bytes.substr(kHeaderBytes));
  if (load<decltype(owner.environment.bytes)>(bytes.data() + 32) != owner.environment.bytes ||
      reader.take(load<std::uint32_t>(bytes.data() + 44)) != owner.filter)
    return fail("it is of another environment or filter");
  if (load<std::uint64_t>(bytes.data() + 48) != source_hash(owner)) return nullptr;
  auto snapshot = std::make_shared<FlagSnapshot>();
  const auto items = load<std::uint32_t>(bytes.data() + 12);
  for (std::uint32_t i = 0; i < items; ++i)
    if (!reader.read_item(*snapshot)) return fail(fmt::format("its item {} is not as it should be", i));
  if (!reader.done()) return fail("more follows behind its last item");
  snapshot->changed_ms = load<std::int64_t>(bytes.data() + 24);
  snapshot->count();
  return FlagSnapshotPtr(std::move(snapshot));
}

}  // namespace sluice::relay
