// Any bytes as a flag data file, JSON or YAML: what is read is whole JSON with a key and a version, says the same when
// it is read again, and comes to an end.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "relay/data_file.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::relay;
  if (size == 0) return 0;
  const DataFile file{data[0] % 2 == 0 ? "a.json" : "a.yml",
                      std::string(reinterpret_cast<const char*>(data) + 1, size - 1)};
  const auto snapshot = read_data_files({&file, 1}, nullptr, 1);
  if (!snapshot) return 0;
  for (const ItemKind kind : {ItemKind::flag, ItemKind::segment})
    for (const FlagItemPtr& item : (*snapshot)->of(kind)) {
      if (item->deleted()) continue;
      JsonScan scan(item->json);
      ItemFacts facts;
      require(read_item(scan, facts) && scan.end() && facts.version == item->version);
      // The judge refuses what is not UTF-8, and numbers that are too large for it.
      const auto json = nlohmann::json::parse(item->json, nullptr, false);
      if (!json.is_discarded()) require(json.contains("version") && json.at("key") == item->key);
    }
  const auto again = read_data_files({&file, 1}, *snapshot, 2);
  require(again.has_value() && *again == *snapshot);
  return 0;
}
