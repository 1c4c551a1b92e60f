// The scalars of JSON's grammar (RFC 8259, sections 3, 6 and 7).
#pragma once

#include <string>
#include <string_view>

namespace sluice::event {

// Whether each backslash in what stands between a string's quotes starts an escape that JSON knows. A surrogate may
// stand alone.
bool json_escapes_valid(std::string_view inside_of_string);

// Whether these bytes, all of them, are true, false, null or a number.
bool json_bare_scalar_valid(std::string_view text);

// The text that a valid string stands for, in UTF-8; a lone surrogate becomes its three bytes, as if it were a
// character.
std::string json_unescaped(std::string_view inside_of_string);

}  // namespace sluice::event
