#include "relay/flag_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/hex.h"
#include "base/random.h"

namespace sluice::relay {
namespace {

constexpr std::size_t kFeedIdDigits = 16;

bool is_feed_id(std::string_view text) {
  return text.size() == kFeedIdDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string new_feed_id() {
  std::array<std::uint8_t, kFeedIdDigits / 2> bytes{};
  random_secret_bytes(bytes.data(), bytes.size());
  return hex_of(bytes);
}

FlagPath parse_flag_path(std::string_view header, std::string_view own) {
  FlagPath path;
  while (!header.empty() && path.size() < kMaxHops) {
    const std::size_t end = header.find(',');
    std::string_view id = header.substr(0, end);
    id.remove_prefix(std::min(id.find_first_not_of(' '), id.size()));
    id = id.substr(0, id.find_last_not_of(' ') + 1);
    if (is_feed_id(id)) path.emplace_back(id);
    if (id == own || end == std::string_view::npos) break;
    header.remove_prefix(end + 1);
  }
  return path;
}

std::string flag_path_text(std::string_view own, const FlagPath& path) {
  std::string text(own);
  for (const std::string& id : path) text += "," + id;
  return text;
}

std::optional<PathFault> fault_of_path(const FlagPath& path, std::string_view own, std::string_view place) {
  constexpr const char* kRemedy =
      "Set flagStreamUri to LaunchDarkly, to an ld-relay, or to a Sluice that does not take these flags from here. It "
      "is asked again every minute.";
  const auto found = std::find(path.begin(), path.end(), own);
  if (found == path.begin() && found != path.end())
    return PathFault{fmt::format("The flag source leads back to this server: {} is this environment itself.", place),
                     kRemedy};
  if (found != path.end()) {
    const auto between = found - path.begin() - 1;
    return PathFault{
        fmt::format(
            "The flag source leads back to this server: the Sluice at {} takes its flags from here{}.", place,
            between == 0 ? std::string() : fmt::format(", through {} other{}", between, between == 1 ? "" : "s")),
        kRemedy};
  }
  if (path.size() < kMaxHops) return std::nullopt;
  return PathFault{
      fmt::format("The flags of {} pass {} servers or more before this one; {} in all are the most that are taken.",
                  place, kMaxHops, kMaxHops),
      "Set flagStreamUri to a server that is nearer to LaunchDarkly. It is asked again every minute."};
}

}  // namespace sluice::relay
