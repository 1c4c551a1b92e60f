// Every setting of ld-relay 8 (its docs/configuration.md at 8.10), by its names in the file and in the environment, and
// what becomes of it: docs/ld-relay.md is written from the same rows.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::ld_relay {

enum class Use : std::uint8_t {
  imported,  // becomes a setting of Sluice
  ignored,   // Sluice does without it: `words` say why
  check,     // has to be looked at by a person: `words` say what to do
  refused,   // what it asks for is not there: `words` say what to do
};

struct Setting {
  std::string_view section;   // "Main"; "Environment" and "Filters" have a name beside
  std::string_view name;      // "streamUri"; empty: it has none in the file
  std::string_view variable;  // "STREAM_URI"; one that ends in '_' has a name behind it
  Use use;
  std::string_view words = {};      // ADMIN stands for the address of the admin port
  bool is_switch = false;           // counts when it is true
  std::string_view only_with = {};  // its variable counts when this other one is true: Docker sets some by itself
};

std::span<const Setting> settings();
// Case does not count in either. Null: there is none.
const Setting* find_setting(std::string_view section, std::string_view name);
bool is_section(std::string_view section);

}  // namespace sluice::ld_relay
