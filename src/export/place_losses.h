// What a destination may never get, and no counter has: in its status and in the log, until its owner has seen it.
// Each is a note with Problem::tells_loss; nothing: there is no such loss.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/snapshot.h"
#include "export/health.h"
#include "export/sealed_events.h"
#include "export/start_records.h"
#include "journal/cursor_store.h"
#include "journal/journal.h"

namespace sluice::exporting {

inline constexpr std::string_view kPayloadsNotKept = "payloads_not_kept";
inline constexpr std::string_view kCheckDisk =
    "Check the disk, and whatever removes or restores files in the data directory.";
inline constexpr std::string_view kUntilRestart = "This note disappears with the next restart.";
inline constexpr std::string_view kUntilSwitched = "Switch the destination off and on to remove this note.";

Problem place_note(std::string code, std::string message, std::string remedy, std::int64_t now_ms);
Problem place_loss(std::string code, std::string message, std::string remedy, std::int64_t now_ms);

// That the journal lost entries, or is an older copy (Journal::start_losses()), and that the destination had not been
// past them. `cursor`: nothing: it is lost too. `sealed`: what its sink has of them.
std::optional<Problem> lost_entries(const journal::Journal& journal, const std::optional<journal::Cursor>& cursor,
                                    const std::vector<SealedEvents>& sealed, std::int64_t now_ms);

// Payloads that are not stored as they were sent, of what waits from `from` on; for a destination that forwards them.
enum class WhyNotKept : std::uint8_t { kind_changed, was_set_aside };
std::optional<Problem> payloads_not_kept(const journal::Journal& journal, journal::Position from,
                                         const catalog::Destination& destination, WhyNotKept why, std::int64_t now_ms);

// Events between `from` and `reached` that a destination passed over while it forwarded payloads, and that it had not
// `sealed` before.
std::optional<Problem> events_passed_over(const journal::Journal& journal, journal::Position from,
                                          journal::Position reached, const catalog::Destination& destination,
                                          const std::vector<SealedEvents>& sealed, std::int64_t now_ms);

// Events that the journal removed while the destination was set aside.
std::optional<Problem> events_not_kept(const journal::Journal& journal, journal::Position from, std::int64_t now_ms);

// Events that wait in the environment that the destination had before it got another one.
std::optional<Problem> events_of_other_environment(const journal::Journal& journal, journal::Position from,
                                                   const StartedAs& before, const catalog::Destination& destination,
                                                   std::int64_t now_ms);

}  // namespace sluice::exporting
