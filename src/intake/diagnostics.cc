#include "intake/diagnostics.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::intake {
namespace {

using Json = nlohmann::json;

// Labels are for metrics: short, printable, few.
constexpr std::size_t kMaxName = 64;

}  // namespace

Result<Diagnostic> read_diagnostic(std::string_view body) {
  const Json json = Json::parse(body.begin(), body.end(), nullptr, false);
  if (json.is_discarded() || !json.is_object())
    return fail("The body is not a JSON object; expected a diagnostic event.");
  Diagnostic out;
  if (const auto kind = json.find("kind"); kind != json.end() && kind->is_string())
    out.start = kind->get_ref<const std::string&>() == "diagnostic-init";
  if (const auto dropped = json.find("droppedEvents"); dropped != json.end() && dropped->is_number_unsigned())
    out.dropped_events = dropped->get<std::uint64_t>();
  return out;
}

std::string sdk_label(std::string_view user_agent) {
  std::string out;
  for (const char c : user_agent.substr(0, std::min(user_agent.find('/'), kMaxName)))
    out.push_back(c > 0x20 && c < 0x7f ? c : '_');
  return out.empty() ? "(unknown)" : out;
}

}  // namespace sluice::intake
