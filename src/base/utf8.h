// UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

// The bytes of the sequence that `text` starts with, by table 3-7 of the Unicode standard; 0: none, or an empty text.
std::size_t utf8_sequence_size(std::string_view text);
bool is_utf8(std::string_view text);
// `text` if it is UTF-8, else with every byte that is not ASCII replaced by '?'.
std::string printable(std::string_view text);
// `code_point` is at most U+10FFFF.
void append_utf8(std::string& out, std::uint32_t code_point);

}  // namespace sluice
