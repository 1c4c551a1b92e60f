#include "destinations/refusal_judge.h"

namespace sluice::destinations {
namespace {

// Refusals of an event that was the only one left: others were accepted while it was searched for, and none is left to
// show it once more.
constexpr std::uint32_t kWaitsWithoutOthers = 3;

}  // namespace

RefusalJudge::Verdict RefusalJudge::refused_alone(std::uint64_t ticket, std::int64_t suspected_us, std::int64_t now_us,
                                                  bool others) {
  const auto [found, first] = suspects_.try_emplace(ticket);
  Suspect& suspect = found->second;
  const bool accepted = accepted_since(first ? suspected_us : suspect.alone_us);
  suspect.alone_us = now_us;
  if (accepted) {
    if (suspect.witnessed) return Verdict::reject;
    suspect.witnessed = true;
    suspect.waits = 0;
    return Verdict::again;
  }
  if (!suspect.witnessed) {
    // The first one to be found may be to blame: the others show it.
    if (!others || ++alone_unwitnessed_ > 1) return Verdict::everything;
    return Verdict::later;
  }
  if (!others && suspect.waits >= kWaitsWithoutOthers) return Verdict::reject;
  ++suspect.waits;
  return Verdict::later;
}

std::uint32_t RefusalJudge::waits(std::uint64_t ticket) const {
  const auto found = suspects_.find(ticket);
  return found == suspects_.end() ? 0 : found->second.waits;
}

}  // namespace sluice::destinations
