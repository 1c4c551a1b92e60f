// A YAML document as JSON, read as SDKs' flag file sources read it (Go: yaml.v2; Python: PyYAML's safe loader), that
// is by the types of YAML 1.1: `yes`, `no`, `on`, `off` are booleans, 0x1F, 017, 0b1 and 1_000 are numbers. What is
// quoted is a string. Where the two differ, or JSON has no such value:
//   - the name of a member is the text that is written: `on:` is "on" (PyYAML makes it True, and then no flag is on);
//   - 1e3 is a number (Go), 1:30 and 2001-01-01 are strings (Go); `y` and `n` are strings (Python);
//   - .inf, .nan, and tags that JSON knows nothing of (!!binary, !!set, one's own) are errors;
//   - a name that comes twice in a mapping is an error.
// Merge keys (`<<`) and aliases are followed. Numbers in decimal digits keep them. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "relay/json_scan.h"

namespace sluice::relay {

struct YamlLimits {
  // Of the JSON: aliases of aliases can stand for any amount.
  std::size_t json_bytes = 32u << 20;
  // Scalars, sequences and mappings of the document, each some 100 bytes of memory. Twice as many are written, and
  // twice as many members visited for merge keys.
  std::size_t nodes = 1'000'000;
};

struct JsonOfYaml {
  std::string json;
  // Where the names and values of the upper levels stand in the JSON and in the YAML; in order.
  std::vector<std::pair<std::size_t, TextPlace>> places;
  // In the YAML, of what stands at this byte of the JSON.
  TextPlace place_of(std::size_t json_offset) const;
};

// An error begins with its place: "line 3, column 5: …".
Result<JsonOfYaml> json_of_yaml(std::string_view text, const YamlLimits& limits = {});

}  // namespace sluice::relay
