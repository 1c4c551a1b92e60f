// The JSON array that a payload's body is, as the texts of its events. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace sluice::launchdarkly_events {

// Joined by commas, with `before` and `behind` around, the elements are the body again. Views point into it.
struct PayloadArray {
  std::string_view before;                 // all up to and with '['
  std::vector<std::string_view> elements;  // with the whitespace around; one that is blank if the array is empty
  std::string_view behind;                 // ']' and all that follows
};
// Nothing when the body is no array. The elements are not read: one need not be JSON.
std::optional<PayloadArray> payload_array(std::string_view body);

std::string_view without_space_around(std::string_view element);

}  // namespace sluice::launchdarkly_events
