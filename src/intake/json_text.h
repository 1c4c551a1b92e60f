// The little JSON that intake writes itself. Pure.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Appends `text`, which is UTF-8, as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);
// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);
// `text` if it is UTF-8, else with what is not ASCII replaced by '?'.
std::string printable(std::string_view text);

}  // namespace sluice
