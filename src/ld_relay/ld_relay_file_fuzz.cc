// Any bytes as ld-relay's file: refused with a place, or imported as a configuration that is TOML, in which no text of
// the file stands but as a value.
#include <cstdint>
#include <cstdlib>

#include "config/toml_table.h"
#include "ld_relay/gcfg_reader.h"
#include "ld_relay/sluice_config.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto entries = ld_relay::read_gcfg(text);
  if (!entries) require(entries.error().message.starts_with("line ") || size > ld_relay::kMaxFileBytes);
  ld_relay::RelayConfig config;
  config::ConfigFaults faults;
  ld_relay::read_relay_file(text, "ld-relay.conf", config, faults);
  if (!entries) require(!faults.empty());
  const ld_relay::SluiceConfig imported = ld_relay::sluice_config_of(config, "ld-relay.conf", faults);
  config::ConfigFaults of_toml;
  config::TomlTable root = config::TomlTable::parse(imported.toml, "imported", of_toml);
  require(of_toml.empty());
  require(root.tables("environment").size() == config.environments.size());
  return 0;
}
