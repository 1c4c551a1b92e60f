#include "launchdarkly/flag_page.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"

namespace sluice::launchdarkly {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<flags::FlagDescription> flag_of(const json& item) {
  if (!item.is_object()) return std::nullopt;
  flags::FlagDescription flag{text_of(item, "key"), text_of(item, "name"), {}};
  if (flag.key.empty()) return std::nullopt;
  const auto variations = item.find("variations");
  if (variations == item.end() || !variations->is_array()) return flag;
  for (const json& variation : *variations) {
    if (!variation.is_object() || flag.variations.size() >= flags::kMaxVariationsDescribed) break;
    const auto value = variation.find("value");
    std::string json_value =
        value == variation.end() ? "null" : value->dump(-1, ' ', false, json::error_handler_t::replace);
    if (json_value.size() > flags::kMaxDescribedValueBytes) json_value.clear();
    flag.variations.push_back({text_of(variation, "name"), std::move(json_value)});
  }
  return flag;
}

}  // namespace

std::string first_flag_page_path(std::string_view project, const std::vector<std::string>& environments) {
  // summary=0: with the variations
  std::string path = fmt::format("/api/v2/flags/{}?summary=0&limit={}", percent_encoded(project), kFlagsPerPage);
  for (const std::string& environment : environments) path += "&env=" + percent_encoded(environment);
  return path;
}

Result<FlagPage> parse_flag_page(std::string_view body) {
  const json page = json::parse(body, nullptr, false);
  const auto items = page.is_object() ? page.find("items") : page.end();
  if (!page.is_object() || items == page.end() || !items->is_array()) return fail("the answer is no list of flags");
  FlagPage out;
  for (const json& item : *items)
    if (auto flag = flag_of(item)) out.flags.push_back(std::move(*flag));
  const json next = page.value("/_links/next"_json_pointer, json());
  if (!next.is_object()) return out;
  out.next = text_of(next, "href");
  if (!out.next.empty() && !out.next.starts_with("/api/v2/flags/"))
    return fail("the answer names its next page at a place that is not under /api/v2/flags/");
  return out;
}

}  // namespace sluice::launchdarkly
