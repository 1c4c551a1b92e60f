// Numbers, sizes and times at a key of a table: read, checked against their bounds, and noted as faults with what was
// expected.
#pragma once

#include <cstdint>
#include <string>

#include "config/toml_table.h"

namespace sluice::config {

// Each leaves `out` as it is when nothing is there, or nothing good. True: it was set.
bool read_number(TomlTable& table, const std::string& key, std::uint32_t& out, std::uint32_t least, std::uint32_t most);
// `expected`: "a size from 25 KiB to 1 MiB"; the example as it would be written.
bool read_bytes(TomlTable& table, const std::string& key, std::uint64_t& out, std::uint64_t least, std::uint64_t most,
                std::string_view expected, std::string_view example);
bool read_duration_ms(TomlTable& table, const std::string& key, std::int64_t& out_ms, std::int64_t least_ms,
                      std::int64_t most_ms, std::string_view expected, std::string_view example);

}  // namespace sluice::config
