// Writes a text as a JSON string.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Bytes that are no UTF-8 become U+FFFD, as in the texts of headers.
void append_json_string(std::string& out, std::string_view text);

}  // namespace sluice
