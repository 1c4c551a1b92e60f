// By which feeds of Sluice flags come, when one takes them from another: how a circle of sources is noticed.
//
// A feed (an environment of a server) has an id. Whoever asks for a stream with kRelayedHeader is a Sluice: it is told
// the id of the feed and those of all before it in kPathHeader. Who finds its own id there would be told its own flags,
// and does not take them. When a path changes, those streams end, so that the others ask again and hear of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::relay {

// Sluices that flags, or a request of a mobile app or browser, pass one after the other, at most: more is a mistake.
inline constexpr unsigned kMaxHops = 4;
// Of a request of one Sluice to another: how many it passed, this one included.
inline constexpr const char* kRelayedHeader = "X-Sluice-Relayed";
// Of the answer: ids by comma, the nearest first.
inline constexpr const char* kPathHeader = "X-Sluice-Flag-Path";
inline constexpr const char* kPathHeaderInLowerCase = "x-sluice-flag-path";  // as answers are read
// How soon it is asked again whether the circle is still there: it is broken elsewhere, too.
inline constexpr std::int64_t kCircleRetryMs = 60'000;

// The ids that flags passed, the nearest first; empty: they come from no Sluice.
using FlagPath = std::vector<std::string>;

// 16 hex digits, never the same twice.
std::string new_feed_id();
// A header's value. What is no id is skipped, and what is behind `own` or the first kMaxHops ids is left off, so that a
// circle's path does not grow.
FlagPath parse_flag_path(std::string_view header, std::string_view own);
std::string flag_path_text(std::string_view own, const FlagPath& path);

struct PathFault {
  std::string text, remedy;
};
// Why flags that come this way from `place`, the address of the source, are not taken. Nothing: they are.
std::optional<PathFault> fault_of_path(const FlagPath& path, std::string_view own, std::string_view place);

}  // namespace sluice::relay
