// Any bytes as an event of an upstream, after a put: what is held stays well-formed and counted, and an event that is
// refused or ignored changes nothing.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "relay/flag_data.h"

namespace {

using namespace sluice::relay;

void require(bool holds) {
  if (!holds) std::abort();
}

void judge(const FlagSnapshot& snapshot) {
  FlagSnapshot counted = snapshot;
  counted.count();
  require(counted.bytes == snapshot.bytes && counted.flag_count == snapshot.flag_count &&
          counted.segment_count == snapshot.segment_count && counted.deleted_count == snapshot.deleted_count);
  for (const ItemKind kind : {ItemKind::flag, ItemKind::segment}) {
    const FlagItem* last = nullptr;
    for (const FlagItemPtr& item : snapshot.of(kind)) {
      require(last == nullptr || last->key < item->key);
      last = item.get();
      if (item->deleted()) continue;
      JsonScan scan(item->json);
      ItemFacts facts;
      require(read_item(scan, facts) && scan.end() && facts.version == item->version && !facts.deleted);
      require(find_item(snapshot.of(kind), item->key) == item);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static constexpr std::string_view kEvents[] = {"put", "patch", "delete"};
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  FlagData flags({.bytes = 1000, .items = 4, .key_bytes = 8, .deleted = 2});
  require(flags.apply("put", R"({"data":{"flags":{"a":{"version":3},"b":{"version":1}},"segments":{"s":{}}}})", 1)
              .has_value());
  const FlagSnapshotPtr before = flags.snapshot();
  const auto change = data[0] % 4 == 3 ? flags.apply_document(text, 2) : flags.apply(kEvents[data[0] % 4], text, 2);
  const FlagSnapshotPtr after = flags.snapshot();
  if (!change || change->kind == FlagChange::Kind::none)
    require(after == before);
  else
    judge(*after);
  return 0;
}
