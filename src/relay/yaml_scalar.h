// The types of YAML's plain scalars (relay/yaml_json.h has the rules). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::relay {

struct YamlScalar {
  enum class Type : std::uint8_t { null, boolean, number, text, not_in_json };
  Type type = Type::text;
  std::string json;  // of null, booleans and numbers
};

YamlScalar yaml_plain_scalar(std::string_view text);

}  // namespace sluice::relay
