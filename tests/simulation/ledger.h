// What was promised to whom, and whether it was kept: every payload with its answer, every destination with all that it
// was ever set to, compared at the end with what the streams took.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/object_id.h"
#include "cloud.h"
#include "event/kind.h"
#include "export/pipeline.h"
#include "framing/encoding.h"
#include "sdk.h"

namespace sluice::simulation {

// A destination as its owner set it, and what it was before.
struct Tracked {
  ObjectId id;
  Kind kind = Kind::kinesis;
  std::size_t environment = 0;
  std::size_t stream = 0;  // its number, of any kind
  framing::Encoding encoding = framing::Encoding::json;
  std::uint64_t record_kib = 0;           // 0: the encoding's default
  std::optional<std::int64_t> linger_ms;  // none: as a destination that names neither encoding nor time
  event::EventKindSet kinds;              // now
  event::EventKindSet always, ever;       // under each, and under any, of its settings so far
  std::uint64_t wanted_from = 0;          // logical time since which it gets what is accepted
  bool on = true, deleted = false;
  std::uint64_t excused_until = 0;  // retention may have given up what was accepted before, for it was off
  bool was_off = false, changed = false, replayed = false;
  bool lost_cursor = false;  // its totals began anew, and all that the journal had came again
  // Of kinds other than Kinesis (services.cc).
  std::string compression;    // of S3 and webhooks
  std::uint64_t size = 0;     // KiB of an object; events of a batch; calls in flight of a tee
  std::uint64_t largest = 0;  // it was set to
  bool retried = false;       // dead letters were tried again: they are delivered, and not counted so

  std::string name() const { return far_name(kind, stream); }
};

// A replay that ran to its end with nothing given up or damaged meanwhile.
struct Replayed {
  ObjectId destination;
  std::int64_t from_ms, to_ms;
  std::uint64_t until;   // logical time at which it was asked for
  std::uint64_t oldest;  // position up to which the journal had given up everything by then
};

// What happened in a run that explains a repeat, or excuses a loss.
struct Happened {
  std::uint64_t deaths = 0;            // by crash, by a failing disk
  std::uint64_t restarts = 0;          // in order
  std::uint64_t disk_errors = 0;       // writes and syncs that were made to fail
  std::uint64_t flips = 0;             // bits that rotted on disk
  std::uint64_t rotten_manifests = 0;  // of objects in spools
  std::uint64_t catalog_changes = 0;
  std::uint64_t read_errors = 0;  // reads that failed
  std::uint64_t usage_lost = 0;   // stops in order at which the last of usage could not be written
  // Starts at which entries of the life before were given up already, and what they made repeats known by with them.
  std::uint64_t forgetful_starts = 0;
  std::uint64_t lost_segments = 0, lost_cursors = 0, unknown = 0;  // destinations that a start did not know
  bool in_parts =
      false;  // large payloads are stored so: a part may be stored again, with another selection of its events
  std::uint64_t missing_entries = 0;  // told, at most, by any life

  // A payload that comes again may be another entry of the journal: a part of a large one when something else of it is
  // selected for export by then, and any one that is not known any more.
  bool may_store_again() const { return in_parts || forgetful_starts > 0; }
};

class Ledger {
 public:
  // Logical time: one more with each thing that is noted.
  std::uint64_t now() { return ++now_; }

  std::deque<Payload> payloads;
  std::deque<Tracked> destinations;
  std::vector<Replayed> replays;

  std::uint64_t acknowledged_events() const;

  // Of the end of a run, when nothing waits: the first promise that was broken; nothing: all kept.
  std::optional<std::string> broken(Cloud& cloud, const Happened& happened,
                                    const std::map<ObjectId, exporting::PipelineStatus>& status,
                                    const std::map<ObjectId, std::string>& dead_letters,
                                    const std::map<ObjectId, std::uint64_t>& usage) const;

 private:
  // What its far end took, and what became of the rest.
  struct Judged {
    const Tracked& destination;
    const Takings& takings;
    const Service* service;  // null: a stream
    const Happened& happened;
    const exporting::PipelineStatus& status;
    const std::string& dead_letters;
  };
  std::optional<std::string> broken_for(const Judged& judged) const;
  std::optional<std::string> lost_for(const Judged& judged) const;
  std::uint64_t lost_of(const Payload& payload, const Judged& judged, const std::set<std::uint64_t>& payload_letters,
                        std::string& first) const;
  std::optional<std::string> wrong_letter(const Judged& judged) const;
  std::optional<std::string> miscounted(const Judged& judged) const;
  std::optional<std::string> miscounted_usage(const Tracked& destination, const Takings& takings,
                                              const Happened& happened, std::uint64_t usage) const;
  std::optional<std::string> not_replayed(const Replayed& replay, const Tracked& destination,
                                          const Takings& takings) const;
  // Of tees, buckets and webhooks (ledger_services.cc).
  std::optional<std::string> foreign_payload(const Tracked& destination, const Service& service) const;
  std::optional<std::string> wrong_payload_letter(const Judged& judged) const;
  std::optional<std::string> doubled(const Tracked& destination, const Service& service,
                                     const Happened& happened) const;
  std::uint64_t now_ = 0;
};

}  // namespace sluice::simulation
