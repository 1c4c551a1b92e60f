// A sink takes events off the end of a pipeline and brings them to one destination. It is driven by the
// pipeline's thread alone and never blocks: the pipeline puts events in as long as there is room, calls step(), and
// sleeps until the deadline that step() names or a ring of the notifier. An event that was put in is the sink's until
// step() reports it finished: delivered, or dead-lettered because the destination can never take it. The sink retries
// for ever in between.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/notifier.h"
#include "base/result.h"
#include "catalog/snapshot.h"
#include "event/entry.h"
#include "event/envelope.h"
#include "export/event_place.h"
#include "export/health.h"
#include "export/limits.h"
#include "journal/journal.h"

namespace sluice::exporting {

// One entry on its way, shared by its events; keeps the bytes alive.
struct OutboundEntry {
  std::shared_ptr<const journal::JournalChunk> chunk;
  journal::Position position;
  event::EntryView view;
  event::EnvelopeWriter envelope;
};

// For a destination that wants originals (catalog::Destination) each event is a payload as it was sent: `slot.kind` is
// `original`, and `slot.json` the bytes as stored, which read_original() (event/original.h) takes apart. The
// credential's kind is entry->view.source().credential. There is no envelope: record_size() is the size of slot.json,
// and what envelope.append() appends is slot.json.
struct OutboundEvent {
  std::uint64_t ticket = 0;  // the pipeline's number for it; reported back when finished
  std::shared_ptr<const OutboundEntry> entry;
  event::EventSlot slot;                                   // points into the entry, or into `rewritten`
  std::shared_ptr<const std::string> rewritten = nullptr;  // the event as this destination asked for it; null: as it is
  std::uint32_t number = 0;                                // in its entry, counted over all kinds
  EventPlace place() const { return {entry->position, number}; }
  std::size_t record_size() const { return entry->envelope.size(slot); }
};

struct FinishedEvent {
  std::uint64_t ticket;
  bool delivered;       // false: dead-lettered
  std::uint32_t bytes;  // of the record
};

// Why a destination can never take an event.
struct DeadLetter {
  std::string code;    // "ValidationException", "record_too_large"
  std::string reason;  // for a person, with remedy
  std::string record;  // the record as it would have been sent
};
struct RejectedEvent {
  OutboundEvent event;
  DeadLetter letter;
};
// Keeps dead letters durably; the sink reports an event finished only after this succeeded. Called on the pipeline's
// thread.
class DeadLetterStore {
 public:
  virtual ~DeadLetterStore() = default;
  // All of them, with one sync, or none counts as kept. Give it a bounded number at a time.
  virtual Result<void> keep(std::span<const RejectedEvent> rejected) = 0;
};

// Where an event came to lie, in the words of the destination's kind: {"shardId", "shardId-000000000001"}.
struct Receipt {
  std::vector<std::pair<std::string, std::string>> parts;  // for machines
  std::string text;                                        // for people: "shardId-000000000001, sequence number 4957"
};

// What only the destination's own kind can read of a sink's state, for its part of the status. Immutable.
class SinkDetails {
 public:
  SinkDetails() = default;
  SinkDetails(const SinkDetails&) = delete;
  SinkDetails& operator=(const SinkDetails&) = delete;
  virtual ~SinkDetails() = default;
};

// Counters since the sink was made; read by the pipeline's thread.
struct SinkStats {
  std::uint64_t calls = 0, calls_failed = 0;
  std::uint64_t records_sent = 0;                                      // each attempt counts
  std::vector<std::pair<std::string, std::uint64_t>> retried_by_code;  // records sent again, by the code of the refusal
  std::uint64_t records_delivered = 0, record_bytes_delivered = 0;     // as sent
  std::uint64_t answer_anomalies = 0;  // answers that did not fit the call: all of it was sent again
  std::uint64_t call_us_total = 0, call_us_max = 0;
  std::vector<std::uint64_t> call_us_histogram;  // cumulative by kCallBucketsUs, for Prometheus
  std::uint64_t calls_in_flight = 0, events_inside = 0, bytes_inside = 0;
  std::shared_ptr<const SinkDetails> details;  // null: its kind has none
};
inline constexpr std::int64_t kCallBucketsUs[] = {1'000,   2'500,   5'000,   10'000,    25'000,    50'000,
                                                  100'000, 250'000, 500'000, 1'000'000, 2'500'000, 10'000'000};

// Reads an event that was put in before from the journal once more. An error: the journal cannot be read now. Nothing:
// it holds the event no more. The pipeline's thread, within step().
using ReadAgain = std::function<Result<std::optional<OutboundEvent>>(std::uint64_t ticket, const EventPlace& place)>;

// Events that a sink kept over a restart and the journal does not have any more.
struct HeldAlone {
  std::uint64_t waiting = 0;   // for their delivery
  std::uint64_t uploaded = 0;  // of the others, while some wait: to be shown, and counted with `delivered` in the end
  std::uint64_t delivered = 0, delivered_bytes = 0;  // of records
  // Of all these events: put in when the destination selected other ones than it does now. Whether they were counted as
  // missed is not known.
  std::uint64_t of_other_selection = 0;
};

class Sink {
 public:
  virtual ~Sink() = default;

  // New events are read at the latest so long after those before them; the first after a while are read immediately. 0:
  // each commit is.
  virtual std::int64_t read_patience_us() const { return 0; }

  // Whether one more event may be put in (bounded by events and by bytes held).
  virtual bool has_room() const = 0;
  virtual void put(OutboundEvent event) = 0;

  // Takes in answers, forms calls and sends them. Appends what is finished to `finished`. Returns when it wants to be
  // called again at the latest (steady clock, microseconds), INT64_MAX for never; an answer that comes before notifies
  // the notifier it was made with.
  virtual std::int64_t step(std::int64_t now_us, std::vector<FinishedEvent>& finished) = 0;

  // The worst problem in force; notes are told apart.
  virtual std::optional<Problem> problem() const = 0;
  virtual std::vector<Problem> notes() const = 0;
  virtual SinkStats stats() const = 0;
  // Of the last record that was delivered in a call of its own; nothing when there was none.
  virtual std::optional<Receipt> last_receipt() const { return std::nullopt; }

  // What follows is for sinks that keep events on disk or collect them for long; the others ignore it. A pipeline calls
  // it; a retry of dead letters and a test event have no cursor, and do not.

  // Events are put in from this place on. Called before the first put(), and again when must_restart(): what was put in
  // before counts as never put in then.
  virtual void begin(const EventPlace& /*cursor*/) {}
  // Events that it holds are lost to it, by a disk that fails: the pipeline calls begin(), after a pause if it was not
  // long ago.
  virtual bool must_restart() const { return false; }
  // A cursor at this place is on disk: all before it is finished, and is never put in again.
  virtual void cursor_saved(const EventPlace& /*cursor*/) {}
  // All events before this place were put in, or are not for this destination.
  virtual void passed(const EventPlace& /*place*/) {}
  // An event that was read and is not put in: of another kind, or filtered out.
  virtual void skipped(const EventPlace& /*place*/) {}
  // What it holds alone before this place, up to which everything has been read, or the journal has nothing. While some
  // of it waits, `delivered` is 0; then one call returns all that was delivered, and the next returns nothing. The
  // caller saves that with a cursor at this place, so that it is not counted again after a restart. Nothing: it is not
  // known yet.
  virtual std::optional<HeldAlone> take_held_alone(const EventPlace& /*before*/) { return HeldAlone{}; }
  // Whether take_held_alone() may come to tell of events in [from, to).
  virtual bool may_hold_alone(const EventPlace& /*from*/, const EventPlace& /*to*/) const { return false; }
  // What is inside is not to wait for more events: none comes before something is finished, or none at all.
  virtual void flush() {}
  // Called once, before begin(): a sink that holds more events than memory has room for may keep their places alone.
  virtual void can_read_again(ReadAgain /*read_again*/) {}
  // max_window_events() are read: no more comes before the cursor passes some.
  virtual void window_is_full() {}
  // Events that may be read and not yet passed by the cursor, those of other kinds among them.
  virtual std::size_t max_window_events() const { return kMaxWindowEvents; }

  // No more calls are begun; those in flight may end. For a drain that ran out of time and for a change of settings:
  // what is inside is simply not finished, and comes again from the cursor.
  virtual void stop() = 0;
};

// What a sink is for.
struct SinkUse {
  enum class Purpose : std::uint8_t {
    delivery,
    replay,        // of what was delivered before; kinds that keep places apart need its name
    dead_letters,  // another try of them
    test_event,    // one event, which is not to wait for others
  };
  Purpose purpose = Purpose::delivery;
  std::string replay_id;  // of a replay: letters, digits and '-'
};

// Makes the sink of a destination. It must keep within the references it is given; the notifier outlives the sink.
using SinkFactory =
    std::function<std::unique_ptr<Sink>(const catalog::Destination&, Notifier&, DeadLetterStore&, const SinkUse&)>;

}  // namespace sluice::exporting
