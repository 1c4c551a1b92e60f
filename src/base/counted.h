// A number with its noun, for people: "1 shard", "1,234 shards".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.h"

namespace sluice {

// `noun` in the singular; its plural is with an s.
inline std::string counted(std::uint64_t number, std::string_view noun) {
  std::string text = grouped(number);
  text += ' ';
  text += noun;
  if (number != 1) text += 's';
  return text;
}

}  // namespace sluice
