#include "destinations/launchdarkly_events/payload_array.h"

#include <cstddef>

#include "event/array_splitter.h"

namespace sluice::launchdarkly_events {
namespace {

constexpr std::string_view kWhitespace = " \t\r\n", kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

std::optional<PayloadArray> payload_array(std::string_view body) {
  const std::size_t first = event::skip_space(body, body.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
  const std::size_t last = body.find_last_not_of(kWhitespace);
  if (first >= body.size() || body[first] != '[' || body[last] != ']' || last <= first) return std::nullopt;
  PayloadArray array;
  array.before = body.substr(0, first + 1);
  array.behind = body.substr(last);
  const std::string_view inside = body.substr(first + 1, last - first - 1);
  for (std::size_t begin = 0;;) {
    const std::size_t end = event::next_element(inside, begin);
    if (end == event::kUnsplittable) return std::nullopt;
    array.elements.push_back(inside.substr(begin, end - begin));
    if (end == inside.size()) return array;
    begin = end + 1;
  }
}

std::string_view without_space_around(std::string_view element) {
  const std::size_t first = element.find_first_not_of(kWhitespace);
  if (first == std::string_view::npos) return {};
  return element.substr(first, element.find_last_not_of(kWhitespace) - first + 1);
}

}  // namespace sluice::launchdarkly_events
