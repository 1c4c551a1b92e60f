// The one writer of JSON strings: records, answers, dead letters and logs all use it.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Appends `text` as a JSON string with its quotes. The result is always valid JSON: bytes that are not UTF-8 become
// U+FFFD, control characters (DEL too, for terminals) are escaped.
void append_json_string(std::string& out, std::string_view text);

}  // namespace sluice
