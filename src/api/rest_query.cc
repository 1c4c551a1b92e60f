#include "api/rest_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace sluice::api {

RestResult<std::uint64_t> number_in_query(const RestCall& call, const char* name, std::uint64_t otherwise,
                                          std::uint64_t least, std::uint64_t most) {
  const std::string text = call.query_one(name);
  if (text.empty()) return otherwise;
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault == std::errc() && end == text.data() + text.size() && number >= least && number <= most) return number;
  const std::string upto = most == UINT64_MAX ? "or more" : "to " + grouped(most);
  return invalid(
      fmt::format("{}: \"{}\" is not valid; expected a whole number, {} {}.", name, text, grouped(least), upto));
}

}  // namespace sluice::api
