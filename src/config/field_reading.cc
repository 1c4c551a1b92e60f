#include "config/field_reading.h"

#include <fmt/format.h>

#include "base/text.h"
#include "config/quantity.h"

namespace sluice::config {
namespace {

void note_not_valid(TomlTable& table, const std::string& key, std::string_view text, std::string_view expected,
                    std::string_view example) {
  table.fault(key, fmt::format("\"{}\" is not valid; expected {}. Example: {}", shown_value(text), expected, example));
}

}  // namespace

bool read_number(TomlTable& table, const std::string& key, std::uint32_t& out, std::uint32_t least,
                 std::uint32_t most) {
  const std::string expected = fmt::format("a whole number from {} to {}", least, most);
  const auto text = table.scalar(key, expected, std::to_string(most));
  if (!text) return false;
  const auto value = parse_number(*text);
  const bool good = value && *value >= least && *value <= most;
  if (good)
    out = static_cast<std::uint32_t>(*value);
  else
    table.fault(key, fmt::format("\"{}\" is not valid; expected {}.", shown_value(*text), expected));
  return good;
}

bool read_bytes(TomlTable& table, const std::string& key, std::uint64_t& out, std::uint64_t least, std::uint64_t most,
                std::string_view expected, std::string_view example) {
  const auto text = table.scalar(key, expected, example);
  if (!text) return false;
  const auto bytes = parse_bytes(*text);
  const bool good = bytes && *bytes >= least && *bytes <= most;
  if (good)
    out = *bytes;
  else
    note_not_valid(table, key, *text, expected, example);
  return good;
}

bool read_duration_ms(TomlTable& table, const std::string& key, std::int64_t& out_ms, std::int64_t least_ms,
                      std::int64_t most_ms, std::string_view expected, std::string_view example) {
  const auto text = table.scalar(key, expected, example);
  if (!text) return false;
  const auto ms = parse_duration_ms(*text);
  const bool good = ms && *ms >= least_ms && *ms <= most_ms;
  if (good)
    out_ms = *ms;
  else
    note_not_valid(table, key, *text, expected, example);
  return good;
}

}  // namespace sluice::config
