// Reads one SDK payload, whatever the SDK's age, into an entry: checks it, splits it, gives each event its id and
// version, takes SDK housekeeping out and fills contextKeys in. The contract is docs/events.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/object_id.h"
#include "base/result.h"
#include "event/derived_ids.h"
#include "event/entry.h"
#include "event/evaluation_filter.h"

namespace sluice::event {

// Bytes that must be readable behind the end of a body (simdjson reads in blocks); their values do not matter.
inline constexpr std::size_t kPayloadPadding = 64;

// An event nested deeper than this is unusable: no SDK nests so, and every consumer that recurses is spared.
inline constexpr std::size_t kMaxEventDepth = 256;

// Events of one payload; beyond it the payload is refused. Ten times what an SDK holds at most, and each costs 12 bytes
// of an entry's index beside its JSON.
inline constexpr std::size_t kMaxPayloadEvents = 100'000;

// Unusable events of one payload; beyond it the payload is refused: what sends so many is no SDK.
inline constexpr std::size_t kMaxUnusableEvents = 1'000;

// Of the unusable events of one payload, this many are reported with a reason; the rest are only stored and counted, so
// that reasons take no more memory than the payload's bytes.
inline constexpr std::size_t kMaxUnusableReported = 100;

// An event of more bytes is unusable and is not read: no kind of destination takes a record so large. It is what
// Kinesis takes at most, whatever a stream's own limit is.
inline constexpr std::size_t kMaxEventBytes = 10'485'760;
// Of such an event, so much is stored.
inline constexpr std::size_t kStoredOfTooLarge = std::size_t{64} << 10;

// Values, names and punctuation of one payload; beyond it the payload is refused. They are what reading costs time for:
// 64 MiB of real events have half as many, 64 MiB of digits and commas eight times as many.
inline constexpr std::size_t kMaxPayloadTokens = std::size_t{8} << 20;

// What is wrong with an unusable event.
enum class UnusableReason : std::uint8_t {
  not_an_object,
  no_kind,
  kind_is_no_string,
  nested_too_deep,
  not_json,   // its neighbours are
  too_large,  // more than kMaxEventBytes
};
inline constexpr std::size_t kUnusableReasons = 6;

// Why a payload as a whole is refused.
enum class PayloadFault : std::uint8_t {
  not_an_array,  // or not JSON
  over_a_limit,
  no_memory,  // the next one may have it
};

// Where a reader asks for memory that it needs beside the body and its buffers for small payloads.
class ParseMemory {
 public:
  virtual ~ParseMemory() = default;
  virtual bool take(std::uint64_t bytes) = 0;  // false: there is no more
  virtual void give_back(std::uint64_t bytes) = 0;
};
std::string_view unusable_reason_name(UnusableReason reason);  // "not_an_object"; the label in metrics
using UnusableCounts = std::array<std::uint64_t, kUnusableReasons>;

// Why one event of a payload was set aside, for the dead letters of intake.
struct UnusableEvent {
  std::size_t position;    // in the payload's array, from 0
  std::string reason;      // for a person: "event 3 is a string; expected an object with a \"kind\""
  std::string_view bytes;  // as sent; points into the body
};

// How a large payload becomes several entries.
struct PayloadParts {
  std::size_t bytes;  // of each part of the payload, about: it ends behind the event with which it has as many
  // Called after each part of a payload of more than `bytes`: its events are in the entry. The parts of a payload are
  // the same each time it is read.
  std::function<void()> end;
};

// One reader belongs to one thread; it keeps its buffers from payload to payload.
class PayloadReader {
 public:
  explicit PayloadReader(ObjectIdMinter minter);
  ~PayloadReader();

  // Appends the events of `body`, a JSON array with kPayloadPadding readable bytes behind it, to `entry`, on which
  // begin() was called. An unusable event is appended too, as EventKind::unusable, and the first kMaxUnusableReported
  // are reported in unusable(). An object among the events that is not JSON is one such. A byte order mark before the
  // array is skipped. An error means that the body as a whole is refused (fault() says which way) and says what is
  // wrong and at which byte; `entry` then holds nothing to keep. The body is only read, never written to. `flags` is
  // asked about each evaluation; without it all are exported, and no variation has a name. `memory` is asked for what a
  // large payload needs, and has all of it back when this returns; without it there is enough. After an error what
  // `parts` was told of is nothing to keep either. With `identity` ids are derived from it, and stay to be stamped
  // (EntryWriter::stamp_ids) with newest_creation_s(); without, they are minted.
  Result<void> read(std::string_view body, std::uint8_t schema, std::int64_t received_ms, EntryWriter& entry,
                    EvaluationFilter* flags = nullptr, ParseMemory* memory = nullptr,
                    const PayloadParts* parts = nullptr, const PayloadIdentity* identity = nullptr);
  // Of the last read() that returned an error.
  PayloadFault fault() const;

  // Of the last read(): the newest creationDate of its events, in seconds; 0: none has one.
  std::uint32_t newest_creation_s() const;

  // Of the last read(): how many events the payload has, whatever became of them.
  std::size_t event_count() const;
  // Of the last read(): evaluations that are not selected for export, and so are not in the entry.
  std::size_t not_exported() const;

  // Of the last read(): all of them, by reason.
  const UnusableCounts& unusable_counts() const;
  // Of the last read(); valid until the next, and while the body is.
  const std::vector<UnusableEvent>& unusable() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::event
