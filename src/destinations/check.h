// A destination tried step by step, as its kind checks it: of each step how it stands and what to do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::destinations {

enum class CheckStatus : std::uint8_t {
  ok,
  warning,  // works, but had better be changed
  failed,
  unknown,  // could not be found out; delivery may work all the same
  skipped,  // a step before it failed, or there is nothing to check
};
std::string_view check_status_name(CheckStatus status);

struct CheckStep {
  std::string name;   // "assumeRole": stable, for machines
  std::string title;  // for people
  CheckStatus status = CheckStatus::skipped;
  std::string message, remedy;
  std::string code, request_id;  // the destination's, when a step failed
  std::string policy;            // JSON to paste; empty: none helps
};

}  // namespace sluice::destinations
