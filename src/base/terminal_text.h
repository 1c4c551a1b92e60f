// Text of strangers as a terminal may have it.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Names, events and messages hold what strangers sent. A terminal would obey control characters, and show text in
// another order than it has for bidirectional ones: each becomes \uXXXX, which in JSON stands for the same character.
// Line ends stay, if `keeps_lines`; so does a tab.
std::string terminal_text(std::string_view text, bool keeps_lines = true);

}  // namespace sluice
