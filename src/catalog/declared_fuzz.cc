// Any text as a configuration file: it becomes a catalog or faults that say something, never the end of the process;
// and the server and `sluice import`, which reads it as JSON, agree on what is TOML.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "catalog/declared.h"
#include "catalog/destination_kinds_fake.h"
#include "config/toml_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  sluice::config::ConfigFaults faults;
  sluice::config::TomlTable root = sluice::config::TomlTable::parse(text, "fuzz.toml", faults);
  const bool is_toml = faults.empty();
  const auto json = sluice::config::json_of_toml(text, "fuzz.toml");
  if (json.has_value() != is_toml) std::abort();
  if (!json && json.error().message.empty()) std::abort();
  const auto snapshot = sluice::catalog::read_declared_catalog(root, sluice::catalog::fake_kinds());
  root.refuse_unknown();
  for (const sluice::config::ConfigFault& fault : faults.all())
    if (fault.place.empty() || fault.message.empty()) std::abort();
  if (faults.empty() && !snapshot) std::abort();
  return 0;
}
