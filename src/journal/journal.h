// The journal: the durable log between intake and export, and Sluice's memory. What append() confirmed outlives
// restarts, kill -9 and power loss until every destination has it and its retention time is over. On disk:
// docs/journal-format.md. Why our own: docs/decisions/0002-a-journal-of-our-own.md.
//
//   intake loops ──append()──▶ one writer thread ──pwrite, fdatasync──▶ segments ──JournalReader──▶ one a destination
//
// Intake and export use only this interface: append and be notified when it is durable; read from a position; wait for
// more; count; say what is no longer needed. A replicated log can stand behind the same page.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/credential_kind.h"
#include "base/object_id.h"
#include "base/result.h"
#include "base/worker.h"
#include "event/kind.h"
#include "journal/entry_signal.h"
#include "storage/file_system.h"

namespace sluice::journal {

// Where an entry starts. Totally ordered; opaque otherwise (segment number in the upper 32 bits, byte offset in the
// lower). Zero is before everything.
struct Position {
  std::uint64_t value = 0;
  auto operator<=>(const Position&) const = default;
};

// Sixteen bytes that name a payload within its environment for deduplication: eight for the id that its sender gave it,
// eight for its bytes. All zero: none, never a duplicate. The first byte's lowest bit: it came under a credential that
// is no secret, and counts in that share of what is remembered (journal/dedupe_shares.h).
using DedupeKey = std::array<std::uint8_t, 16>;
constexpr bool is_public(const DedupeKey& key) { return (key[0] & 1) != 0; }

struct JournalLimits {
  // One segment file, a multiple of 4 KiB from 64 KiB to 1 GiB. Recycled, so its blocks are allocated once. A larger
  // entry does not fit: see max_entry_bytes(). 128 MiB, so that a payload of 64 MiB inflated fits with all that is
  // added to it.
  std::uint64_t segment_bytes = 128ull << 20;
  // Segments and spares together. When undelivered entries fill it, append() answers `full`.
  std::uint64_t max_bytes = 16ull << 30;
  // Left free on the file system: no segment is created that would leave less, so that append() answers `full` once the
  // segments there are hold no more.
  std::uint64_t min_free_bytes = 256ull << 20;
  // Delivered entries stay this long, for replay, unless max_bytes needs the room.
  std::int64_t retention_ms = 24ll * 3600 * 1000;
  // How long a dedupe key is remembered; over a restart, as long as its entry is kept too. At most a million keys
  // of payloads that came with a secret key, and a quarter of that of others: the oldest go first
  // (journal/dedupe_shares.h). SDKs retry after one second.
  std::int64_t dedupe_window_ms = 15ll * 60 * 1000;
  // Bytes of entries accepted and not yet synced at most; beyond it append() answers `overloaded` at once. (One entry
  // is always taken, however large.)
  std::uint64_t max_queued_bytes = 64ull << 20;
};

enum class AppendOutcome : std::uint8_t {
  durable,       // on disk: the caller may acknowledge
  deduplicated,  // an entry of this environment and key is already on disk: acknowledge, nothing was stored
  full,  // max_bytes or min_free_bytes reached, ENOSPC, or the entry above max_entry_bytes(): answer 503; nothing was
         // stored
  overloaded,  // more waits for the disk than max_queued_bytes: answer 503; nothing was stored
  stopping,    // close() was called: answer 503; nothing was stored
};
// A failed write or sync that is not "no space" ends the process (a page that failed to sync must not be trusted
// again).

struct AppendRequest {
  ObjectId environment;
  CredentialKind credential = CredentialKind::sdk_key;  // it came with: each kind has a share of a commit
  DedupeKey dedupe_key{};
  std::int64_t received_ms = 0;
  event::EventKindCounts
      counts{};  // events in `entry` by kind; kept with the entry, so that a backlog can be counted without reading it
  std::string entry;  // event/entry.h; opaque here
  // Called once, on the writer's thread, when the outcome is known; must not block. For `overloaded`, `stopping` and an
  // entry above max_entry_bytes(): on the caller's thread, before append() returns.
  std::function<void(AppendOutcome)> done;
};

// An entry as read back. Views point into the chunk that it came with.
struct JournalEntry {
  Position position;
  Position next;  // where the following entry starts: what a cursor moves to once this one is done
  ObjectId environment;
  std::int64_t received_ms = 0;
  event::EventKindCounts counts{};
  std::string_view entry;
  // Between the reader's entry before and this one it stepped over bytes that do not hold, or a segment that is gone:
  // Journal::count() of that stretch tells how many of the environment's events are known to have been there.
  bool behind_loss = false;
};

// Entries read together, with the buffer that they point into. Shared by all that still use one of them.
struct JournalChunk {
  std::vector<JournalEntry> entries;
  std::string buffer;
};

// One read() looks at no more than this, and at one entry.
inline constexpr std::uint64_t kReadStepBytes = 16ull << 20;

class JournalReader {
 public:
  virtual ~JournalReader() = default;
  // The next durable entries of the environment, in order, at least one if there is any, about `max_bytes` in all (a
  // single larger entry comes whole). Null when there is none yet, and when it cannot be read (failure()). Damaged
  // stretches, that is bytes that were read and do not hold, are stepped over, logged and counted
  // (JournalStats::damaged_*). A position before the oldest entry kept continues there.
  virtual std::shared_ptr<const JournalChunk> read(std::uint64_t max_bytes) = 0;
  // Why the last read() gave nothing although something is there: the disk did not read it. The reader stays where it
  // is, and the next read() tries again; when, is the caller's choice. Names the file and the bytes.
  virtual const std::optional<storage::FileError>& failure() const = 0;
  // Whether the last read() gave nothing because it had looked at enough for one step (kReadStepBytes of others'
  // entries or of damage): call again.
  virtual bool more() const = 0;
  // Where the next read continues: everything of this environment before it has been returned.
  virtual Position position() const = 0;
};

struct JournalStats {
  std::uint64_t appended_entries = 0, appended_events = 0,
                appended_bytes = 0;  // since the process started; bytes of entries
  std::uint64_t deduplicated_entries = 0, deduplicated_events = 0;
  std::uint64_t reused_ids = 0;  // entries under an id that another entry has with other bytes: stored. A lower bound
  std::uint64_t refused_full = 0, refused_overloaded = 0;
  std::uint64_t syncs = 0, sync_us_total = 0, sync_us_max = 0;
  std::uint64_t segments = 0, spare_segments = 0;
  std::uint64_t stored_bytes = 0;    // bytes of segments in use, spares not counted
  std::uint64_t capacity_bytes = 0;  // max_bytes, or less where the file system has less
  // What the files have beyond max_bytes: it was lowered while more than that waited to be delivered.
  std::uint64_t over_max_bytes = 0;
  std::uint64_t free_bytes = 0;  // how much more can be appended before `full`, counting what retention would give up
  std::uint64_t damaged_regions = 0, damaged_bytes = 0;  // stepped over, at start or while reading
  std::uint64_t torn_bytes = 0;                          // cut from the end at start: never acknowledged
  // Entries that were acknowledged and are gone, with removed, cut or damaged segments; by sequence numbers, so that a
  // few that were never acknowledged may be among them.
  std::uint64_t missing_entries = 0;
  std::uint64_t refused_for_room = 0;   // of refused_full: not for their size
  std::int64_t oldest_received_ms = 0;  // of the oldest entry kept; 0: empty
};

// Events of one environment between two positions, by kind.
struct JournalCount {
  event::EventKindCounts events{};
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  // of entries
};

// An environment's state at one instant.
struct EnvironmentMark {
  Position end;                       // everything durable is before it
  event::EventKindCounts appended{};  // durable since the process started
  std::uint64_t appended_bytes = 0;   // of those entries
  std::int64_t last_received_ms = 0;  // of the newest of them; 0: none
  // Where the last few of them begin (kRecentEntries at most), for readers of the newest; zero: none.
  Position recent;
};
inline constexpr std::size_t kRecentEntries = 32;

// Where entries that were received within a span of time lie: none of them is outside, but others may be inside.
struct PositionRange {
  Position from, to;
};

// Entries that a start found gone. No count tells to whom they belonged, as that of a sealed segment does whose index
// is there: a cursor before `behind` may not have been past them.
struct StartLoss {
  Position behind;
  std::uint64_t entries = 0;  // of all environments; 0: not known
  bool operator==(const StartLoss&) const = default;
};

inline constexpr const char* kStartingHold = "(starting)";

// Which locks a call takes (none is held while the disk is waited for, but for the two that say so):
//
//   append                                   the queue's
//   reader, read, count, count_at_most,      the segment table's, for a look at a few segments; the disk is read
//     received_between                       without it
//   mark, end, oldest                        none
//   stats                                    the table's, the queue's, the files'; asks the file system: not for a loop
//   subscribe, unsubscribe                   the subscribers'
//   hold, hold_unless_full, drop_hold        the table's
//   close                                    its own, until all that was accepted is durable
//
// The writer takes the table's for each commit once it is synced, the queue's, and the subscribers'.
class Journal {
 public:
  // Opens or creates the journal in `directory`, recovers it (only its last segment is read; see
  // docs/journal-format.md, "Recovery") and starts the writer. What the disk does not read is read again a few times,
  // with pauses (Workers::pause_us). Errors say what about the directory to fix.
  // `remembered`: some file outside of `directory` knows entries before it. If it is behind the end (an older journal
  // was put back, or part of it is gone), new entries begin in a segment behind it: no position is used twice.
  static Result<std::unique_ptr<Journal>> open(const std::string& directory, const JournalLimits& limits,
                                               storage::FileSystem& files, const Clock& clock,
                                               Workers& workers = worker_threads(), Position remembered = {});
  virtual ~Journal() = default;

  // Any thread; never blocks on the disk.
  virtual void append(AppendRequest request) = 0;
  virtual std::uint64_t max_entry_bytes() const = 0;
  // Whether append() would take an entry of so many bytes now, and not answer `overloaded`. Takes no lock.
  virtual bool has_room(std::uint64_t) const { return true; }

  // Any thread.
  virtual std::unique_ptr<JournalReader> reader(ObjectId environment, Position from) = 0;
  virtual EnvironmentMark mark(ObjectId environment) const = 0;
  // Exact; reads the headers of at most two segments, and fails when they cannot be read.
  virtual storage::FileResult<JournalCount> count(ObjectId environment, Position from, Position to) const = 0;
  // Not less; by whole segments, so that it reads no file.
  virtual JournalCount count_at_most(ObjectId environment, Position from, Position to) const = 0;
  // Reads no file. By whole segments.
  virtual PositionRange received_between(std::int64_t from_ms, std::int64_t to_ms) const = 0;
  virtual Position oldest() const = 0;
  virtual Position end() const = 0;
  virtual JournalStats stats() const = 0;
  // In the order of the journal. Never changes after open().
  virtual std::vector<StartLoss> start_losses() const { return {}; }

  // Signals each commit that has entries of the environment. Unsubscribe before the signal dies. Any thread.
  virtual void subscribe(EntrySignal* signal, ObjectId environment) = 0;
  virtual void unsubscribe(EntrySignal* signal) = 0;

  // Retention: entries before the least of these positions may be given up when they are old or room is needed; those
  // behind it stay. Call only after the cursor it comes from is synced. `holder` names a cursor; drop_hold when it no
  // longer counts. Any thread. open() leaves a hold named kStartingHold on everything, so that nothing is given up
  // before each destination has set its own; the server drops it once they have.
  virtual void hold(const std::string& holder, Position needed_from) = 0;
  virtual void drop_hold(const std::string& holder) = 0;
  // The same for a cursor that nobody may ever use again: its entries stay beyond their retention time, but not when
  // their room is needed.
  virtual void hold_unless_full(const std::string& holder, Position needed_from) = 0;
  virtual std::int64_t retention_ms() const = 0;

  // Refuses new entries, makes durable what was accepted, stops the writer. Called by the destructor if not before.
  virtual void close() = 0;
};

}  // namespace sluice::journal
