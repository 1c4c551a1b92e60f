// Finds where the elements of a JSON array end, without reading them: counts brackets and steps over strings. So a
// large array is indexed a part at a time, and an element that is not JSON loses only itself. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::event {

// What next_element() returns when the text cannot be split: brackets or quotes do not match.
inline constexpr std::size_t kUnsplittable = static_cast<std::size_t>(-1);

// Where the space that `begin` stands in ends; the text's size: there is nothing else. Long runs cost little.
std::size_t skip_space(std::string_view text, std::size_t begin);

// `inside`: what stands between an array's brackets; an element begins at `begin`, which may be its end. Returns where
// it ends: at a comma, or at the text's end. Takes about a nanosecond a byte.
std::size_t next_element(std::string_view inside, std::size_t begin);

}  // namespace sluice::event
