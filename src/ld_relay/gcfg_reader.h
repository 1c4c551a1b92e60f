// Reads the format of ld-relay's configuration file, which is Git's (https://git-scm.com/docs/git-config#_syntax) as
// the Go package gcfg reads it: sections, some with a name in quotes, and `name = value` lines. A name alone stands for
// true. Values may be quoted in part, with the escapes \\ \" \n \t, and continue behind a backslash at a line's end;
// `#` and
// `;` begin a comment. Unlike Git, nothing but a comment may follow a section's header on its line. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::ld_relay {

// People write these files: one with a thousand environments has 200 kB.
inline constexpr std::size_t kMaxFileBytes = 4u << 20;

struct GcfgEntry {
  std::string section;               // in lower case, as its names do not differ by case
  std::string of;                    // of `[section "of"]`, as written; empty: none
  std::string name;                  // in lower case; empty: the section's header itself
  std::optional<std::string> value;  // nothing: the name stood alone
  std::size_t line = 0;              // from 1
};

// In the order of the file, each section's header too. An error begins with its place: "line 3, column 5: …".
Result<std::vector<GcfgEntry>> read_gcfg(std::string_view text);

}  // namespace sluice::ld_relay
