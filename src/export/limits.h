// Every limit of export, with its unit and its reason.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/credential_kind.h"
#include "event/payload_reader.h"

namespace sluice::exporting {

// A destination is `idle` when nothing came or left for this long (docs/states-and-remedies.md).
inline constexpr std::int64_t kIdleAfterMs = 60'000;

// Read from the journal at a time: large enough that a read costs little per event, small enough that a destination
// that is far behind holds little memory.
inline constexpr std::uint64_t kReadBytes = 1u << 20;

// Read in one step at most, so that a step stays short however much there is to pass over (a replay of a small part of
// a segment) or to put into the sink; the next step follows at once.
inline constexpr std::uint64_t kStepReadBytes = 8u << 20;

// How long an event may lie in the journal before a sink that collects events anyhow is given it, and the bytes that
// end a rest: at 20,000 events a second in payloads of 100, a pipeline is woken 50 times a second instead of 200, and
// reads four payloads at a time; at full speed it never rests.
inline constexpr std::int64_t kReadPatienceUs = 20'000;
inline constexpr std::uint64_t kRestBytes = 1u << 20;
// What comes before a linger time is at most half of it: who sets a short one wants events soon.
constexpr std::int64_t read_patience_us(std::int64_t linger_ms) {
  return std::min(kReadPatienceUs, linger_ms * 1'000 / 2);
}

// Events read and not yet passed by the cursor. One stuck event (a throttled shard, a full dead-letter file) lets this
// many later ones overtake it; then reading stops until it is done. Bounds what a crash can deliver twice, and memory.
// A sink that keeps events on disk may ask for more (Sink::max_window_events).
inline constexpr std::size_t kMaxWindowEvents = 131'072;

// A sink that lost what it held is restarted after the first of these, twice that, and so on up to the second, until
// the cursor moves.
inline constexpr std::int64_t kSinkRestartUs = 1'000'000;
inline constexpr std::int64_t kSinkRestartAtMostUs = 60'000'000;

// While it moves, a cursor is noted this often: what a killed process delivers twice is what was in flight, or was
// delivered in this time. A note is a system call of a few microseconds.
inline constexpr std::int64_t kCursorNoteIntervalUs = 10'000;
// It is synced this often: what a power cut can deliver twice is what was delivered in this time. All destinations
// together sync no more often than this (50 a second; a sync costs some 0.1 ms of CPU time): with more than ten that
// are busy each waits for its turn, with a thousand for 20 s.
inline constexpr std::int64_t kCursorIntervalUs = 200'000;
inline constexpr std::int64_t kCursorSyncEveryUs = 20'000;

// The same, when nothing was delivered and only other environments' entries passed by: nobody wakes the pipeline for
// them, it looks by itself, so that its cursor does not hold them back.
inline constexpr std::int64_t kIdleCursorIntervalUs = 5'000'000;

// What the journal cannot give (the disk does not read it, or a later version wrote it) is asked for again after the
// first of these, twice that, and so on up to the second.
inline constexpr std::int64_t kJournalRetryUs = 250'000;
inline constexpr std::int64_t kJournalRetryAtMostUs = 5'000'000;

// A pipeline that works publishes its status this often, and a change of its state at once: well within the second
// after which the exporter's watch shows it, and a small part of what a step costs.
inline constexpr std::int64_t kStatusIntervalUs = 250'000;

// How long a pipeline that is stopped waits for the answers to calls in flight, so that they are not made twice.
inline constexpr std::int64_t kStopGraceUs = 5'000'000;

// No kind of destination takes a larger record: intake sets larger events aside, and tells there.
inline constexpr std::uint64_t kMaxRecordBytes = event::kMaxEventBytes;

// Dead letters of one destination, by the credential that their events came with (index: CredentialKind). At the limit
// the oldest half goes, counted, and delivery continues. Who knows a public id fills only the small share: a
// client-side id is in every page, a mobile key in every app. Each holds some letters of the largest record (10 MiB) in
// each half.
inline constexpr std::array<std::uint64_t, kCredentialKinds> kDeadLetterShareBytes = {1ull << 30, 256ull << 20,
                                                                                      64ull << 20};
// One log line about letters that went in so long a time, a share.
inline constexpr std::int64_t kRotatedLogIntervalMs = 60'000;
// Read and tried again at once: many calls' worth, and little memory. One letter may be larger.
inline constexpr std::uint64_t kDeadLetterPieceBytes = 1u << 20;
// No letter is longer: an event of the largest payload (64 MiB inflated), its envelope and the reason.
inline constexpr std::uint64_t kMaxDeadLetterLineBytes = 72ull << 20;
// One request to try dead letters again goes on for so long; what is left then is told, and stays.
inline constexpr std::int64_t kRetryDeadlineMs = 20'000;

}  // namespace sluice::exporting
