// Numbers for people, as every message, page and table shows them: 1,234,567 · 1.5 MiB · 3 min 20 s.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

std::string grouped(std::uint64_t number);     // 1,234,567
std::string human_bytes(std::uint64_t bytes);  // 1.5 MiB, binary units
// The same, but exact (1,048,577 B) where it would read like the other one, which is not equal.
std::string human_bytes_beside(std::uint64_t bytes, std::uint64_t other);
std::string human_duration_ms(std::int64_t ms);  // the two largest units: 3 min 20 s
std::string iso_time_ms(std::int64_t wall_ms);   // 2026-11-23T05:54:10.123Z
// Only visible ASCII, without spaces: what a key, a token or another credential consists of, and what a header takes.
bool is_visible_ascii(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string lower(std::string_view text);
// The first characters of a text that others wrote, on one line, for a message; "…" when there is more.
std::string shown_words(std::string_view text, std::size_t at_most = 300);
// A value that others gave, for a message about it: its first 100 bytes or a few more, spaces as they are, control
// characters as "?"; "…" when there is more.
std::string shown_value(std::string_view text);
std::string percent_encoded(std::string_view text);  // all but letters, digits and -_.~, as RFC 3986 wants it
// "%2F" and the like; nothing for what is no such text, or has a NUL.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space);

}  // namespace sluice
