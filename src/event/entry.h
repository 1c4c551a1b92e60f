// An entry is what intake stores for one payload and export reads back: who sent it, a small index, and each event as
// it will be exported. It is built once, on the left of the flow; nothing to the right of it parses an event again.
// Byte-exact layout: docs/entry-format.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/credential_kind.h"
#include "base/object_id.h"
#include "base/result.h"
#include "event/kind.h"

namespace sluice::event {

// A text of a payload's source that is longer than this is cut to it: header lines are far shorter.
inline constexpr std::size_t kMaxSourceText = 4096;

// A larger event schema is stored as this: the byte holds the credential too, and LaunchDarkly is at 4.
inline constexpr std::uint8_t kMaxStoredSchema = 63;

// What the request said about all of its events. Empty text: the header was absent.
struct PayloadSource {
  std::string_view sdk;          // X-LaunchDarkly-User-Agent, else User-Agent
  std::string_view wrapper;      // X-LaunchDarkly-Wrapper
  std::string_view tags;         // X-LaunchDarkly-Tags
  std::string_view instance_id;  // X-LaunchDarkly-Instance-Id
  std::string_view payload_id;   // X-LaunchDarkly-Payload-ID
  std::uint8_t schema = 1;       // X-LaunchDarkly-Event-Schema; absent is 1. Stored up to kMaxStoredSchema
  bool unsummarized = false;     // X-LaunchDarkly-Unsummarized was present
  CredentialKind credential = CredentialKind::sdk_key;
};

// One event of an entry, or its payload as it was sent.
struct EventSlot {
  // The exported `event` object: compact, with its id, no raw newline. For `unusable`, the bytes as sent; for
  // `original`, what read_original() (event/original.h) takes apart, any bytes among it.
  std::string_view json;
  // The key of the flag (feature, debug, migration_op) or of the event (custom, click, pageview) as it stands between
  // its quotes in the JSON, escapes and all; empty if there is none, or if it is longer than 65,535 bytes.
  std::string_view key;
  EventKind kind = EventKind::other;
  std::uint8_t version = 2;    // the envelope's version: 1 user-based, 2 context-aware
  bool in_experiment = false;  // reason.inExperiment was true
};

// Builds one entry after the other in a buffer that it reuses. One thread.
class EntryWriter {
 public:
  void begin(ObjectId project, ObjectId environment, std::int64_t received_ms, const PayloadSource& source);

  // Between begin() and finish(), for each event: append its JSON to json(), then call end_event(). All of an entry's
  // events together must stay under 4 GiB, which the limit on a request's body sees to.
  std::string& json() { return json_; }
  // `key_offset` counts from where this event's JSON starts. The event is everything appended since the last
  // end_event().
  void end_event(EventKind kind, std::uint8_t version, bool in_experiment, std::uint32_t key_offset,
                 std::uint16_t key_size);
  // The id of the event that is being appended is derived: its first eight digits are at `offset` from where its JSON
  // starts, and stay to be written by stamp_ids(). Before end_event().
  void note_id(std::size_t offset);
  // Writes the first eight digits of all noted ids, once.
  void stamp_ids(std::uint32_t seconds);
  // Throws away what was appended since the last end_event().
  void discard_event();
  // The payload as it was sent becomes the entry's last row: `head` as append_original_head() (event/original.h) writes
  // it, and the body behind it. Both must outlive finish(), which makes the only copy. Once an entry, after begin().
  void set_original(std::string_view head, std::string_view body);

  // The JSON of all ended events, one behind the other.
  std::string_view events() const { return std::string_view(json_).substr(0, event_start_); }
  std::uint32_t event_count() const { return static_cast<std::uint32_t>(index_.size()); }
  bool has_original() const { return !original_head_.empty(); }
  // Of all rows: of the original too.
  const EventKindCounts& counts() const { return counts_; }

  // The whole entry, finished_size() bytes; appended to `out`.
  void finish(std::string& out) const;
  std::size_t finished_size() const;

 private:
  struct IndexRow {
    std::uint32_t size;
    std::uint32_t key_offset;
    std::uint16_t key_size;
    EventKind kind;
    std::uint8_t flags;
  };
  static void append_row(const IndexRow& row, std::string& out);
  std::string head_;
  std::string json_;
  std::size_t event_start_ = 0;
  std::vector<IndexRow> index_;
  std::vector<std::uint32_t> ids_;                  // where those to be stamped begin in json_
  std::string_view original_head_, original_body_;  // no head: no original
  EventKindCounts counts_{};
};

// Reads an entry in place; `bytes` must outlive it. Any thread.
class EntryView {
 public:
  // An error names what is wrong with the bytes. An entry that opens is safe to walk to its end.
  static Result<EntryView> open(std::string_view bytes);
  // Whether bytes that do not open were written by a later version: its format, or a bit of the head that this version
  // keeps 0. Ask only of bytes whose checksum holds. All versions keep these bytes where they are.
  static bool of_later_version(std::string_view bytes);

  ObjectId project() const { return project_; }
  ObjectId environment() const { return environment_; }
  std::int64_t received_ms() const { return received_ms_; }
  const PayloadSource& source() const { return source_; }
  // As many as next() gives: an original counts as one.
  std::uint32_t event_count() const { return event_count_; }

  // Walks the events in order, and the original, if there is one, behind them: `position` starts as {} and is moved
  // along; false after the last.
  struct Walk {
    std::uint32_t next = 0;
    std::size_t offset = 0;
  };
  bool next(Walk& position, EventSlot& event) const;

 private:
  ObjectId project_;
  ObjectId environment_;
  std::int64_t received_ms_ = 0;
  PayloadSource source_;
  std::uint32_t event_count_ = 0;
  std::string_view index_;
  std::string_view json_;
};

}  // namespace sluice::event
