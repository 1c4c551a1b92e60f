// What a destination may never get, and no counter has: in its status and in the log, until its owner has seen it.
// Each is a note with Problem::tells_loss; nothing: there is no such loss.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/snapshot.h"
#include "export/health.h"
#include "export/start_records.h"
#include "journal/journal.h"

namespace sluice::exporting {

inline constexpr std::string_view kCheckDisk =
    "Check the disk, and whatever removes or restores files in the data directory.";
inline constexpr std::string_view kUntilRestart = "This note disappears with the next restart.";
inline constexpr std::string_view kUntilSwitched = "Switch the destination off and on to remove this note.";

Problem place_note(std::string code, std::string message, std::string remedy, std::int64_t now_ms);
Problem place_loss(std::string code, std::string message, std::string remedy, std::int64_t now_ms);

// That the journal lost entries, or is an older copy, and that the destination had not been past them. `cursor`:
// nothing: it is lost too. `reached`: how far the journal had come before (export/journal_reach.h), where that is
// known.
std::optional<Problem> lost_entries(const journal::Journal& journal, std::optional<journal::Position> cursor,
                                    std::optional<journal::Position> reached, std::int64_t now_ms);

// Payloads that are not stored as they were sent, of what waits from `from` on; for a destination that forwards them.
enum class WhyNotKept : std::uint8_t { kind_changed, was_set_aside };
std::optional<Problem> payloads_not_kept(const journal::Journal& journal, journal::Position from,
                                         const catalog::Destination& destination, WhyNotKept why, std::int64_t now_ms);

// Events that the journal removed while the destination was set aside.
std::optional<Problem> events_not_kept(const journal::Journal& journal, journal::Position from, std::int64_t now_ms);

// Events that wait in the environment that the destination had before it got another one.
std::optional<Problem> events_of_other_environment(const journal::Journal& journal, journal::Position from,
                                                   const StartedAs& before, const catalog::Destination& destination,
                                                   std::int64_t now_ms);

}  // namespace sluice::exporting
