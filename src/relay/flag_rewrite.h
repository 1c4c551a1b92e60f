// Switches tracking on in flag data, so that SDKs send a flag's evaluations in full and not only as counters. Only the
// switched members change: every other byte stays as it came, digit for digit, and versions are not touched. Pure.
//
// SDKs read `trackEvents`, `trackEventsFallthrough` and a rule's `trackEvents` as a boolean that is false when it is
// absent. Of another type, Go's and Python's SDKs refuse the flag, and with it the whole payload; null is false for
// Node's and Python's, and refused by Go's. So a value that is not `true` is replaced where it stands, whatever it is.
// Of a member that comes twice the last one counts in all of them: each is replaced. What is absent is added at the
// object's end. A name with escapes is the name that it stands for.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sluice::relay {

enum class Rewriting : std::uint8_t {
  changed,
  unchanged,   // tracking was on as wanted
  unreadable,  // not JSON (relay/json_scan.h), not an object, or deeper than kMaxJsonDepth: appended as it came
};

// Whether evaluations of this flag are exported.
using IsSelected = std::function<bool(std::string_view key)>;

// Appends a server-side flag with `trackEvents` on, and with `reasons` also `trackEventsFallthrough` and the
// `trackEvents` of every rule: events then carry the reason.
Rewriting rewrite_flag(std::string_view json, bool reasons, std::string& out);

struct EvaluationOptions {
  // Selected flags get `trackReason` too, and keep their `reason`: Sluice asked upstream `withReasons=true`.
  bool reasons = false;
  // The client did not ask for the reasons that Sluice asked for: where `reasons` does not keep it, `reason` is taken
  // out. It stays where upstream's own `trackReason` is on, as upstream sends it then without being asked.
  bool strip_reasons = false;
};

// Appends what clients get that do not evaluate (`/sdk/evalx`, `/msdk/evalx`, and the data of `put` events of `/meval`
// and `/eval`): an object of flag keys and evaluations. Selected flags get `trackEvents`. Members that are not objects
// stay as they are.
Rewriting rewrite_evaluations(std::string_view json, const IsSelected& is_selected, EvaluationOptions options,
                              std::string& out);
// The same for the data of a `patch` event: one evaluation, with the flag's key inside. Without one it is not selected.
Rewriting rewrite_evaluation_patch(std::string_view json, const IsSelected& is_selected, EvaluationOptions options,
                                   std::string& out);

}  // namespace sluice::relay
