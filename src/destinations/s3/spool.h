// The spool of one S3 destination: collects events in files whose bytes are those of objects, and keeps them until they
// are uploaded and the cursor has passed. What it promises, and what is on disk: docs/s3-spool-format.md.
//
//   put() ─▶ open file ──size, age, hour──▶ sealed file ──next_upload()──▶ uploaded() ──take_finished()──▶ the pipeline
//                                               └──────────removed◀── cursor_saved() ◀──cursor is synced──────┘
//
// It is driven by its owner's calls alone: no thread, no clock, no network. It writes and syncs in put() and step(), on
// the caller's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "destinations/s3/manifest.h"
#include "destinations/s3/object_writer.h"
#include "destinations/s3/roll.h"
#include "export/sink.h"
#include "storage/file_system.h"

namespace sluice::s3 {

// With so many sealed files no more events are taken: two that are uploaded, and two that are ready when those are
// done. What does not fit stays in the journal. With the one that is open then, a destination has at most five objects
// on disk, 320 MiB uncompressed by default.
inline constexpr std::size_t kMaxSealed = 4;

// An object is finished while the disk still has room for its end, which needs a piece, what the compressor keeps, and
// the manifest: one that cannot be finished would wait for room, and what fills the disk may be waiting for it.
inline constexpr std::uint64_t kEndBytes = 1u << 20;

// After a write, or reading a folder, failed.
inline constexpr std::int64_t kSpoolRetryUs = 1'000'000;

struct SpooledEvent {
  std::uint64_t ticket = 0;
  std::uint32_t bytes = 0;  // of its record
};

struct SpoolEvent {
  EventPlace place;
  std::int64_t received_ms = 0;
  std::uint64_t ticket = 0;
  std::string_view record;  // with its newline
};

// What an object is called, and what its manifest says beside the facts.
struct ObjectName {
  std::string key;
  std::string settings_revision;
};

struct SpoolOptions {
  RollLimits roll;
  Compression compression = Compression::gzip;
  std::function<ObjectName(std::int64_t received_ms, const EventPlace& first, const EventPlace& last)> name;
  std::function<std::int64_t()> wall_ms;  // for manifests
  std::string selection = {};             // which events are put in, as a hash; empty: not known
};

struct SealedObject {
  std::uint64_t number = 0;
  std::string path;
  Manifest manifest;
};

struct SpoolProblem {
  bool no_space = false;
  std::string message;
  bool lost_object = false;  // a sealed one is not as it was written; else a write failed
};

// What opening found, for the log.
struct SpoolRecovery {
  std::uint64_t sealed = 0, discarded = 0, lost = 0;
  // Files that somebody damaged, or removed the manifest of, with the reason. Their events are put in again; what had
  // been uploaded of them is then in two objects.
  std::vector<std::string> damaged;
};

// An object that was lost and built again, from other events than it had: the destination selects others now. Which
// those were nobody knows any more.
struct RebuiltObject {
  std::string key;
  std::uint64_t sealed_events = 0, events = 0;  // then, and now; 0: none is selected, and there is no object
};

class Spool {
 public:
  // Creates the folder, and brings it into the state that docs/s3-spool-format.md describes under "Start". `cursor` is
  // the first event that is not delivered yet; events are put from there on, in order. It need not be on disk: of a
  // process that was killed it may be in memory alone. The owner saves it soon, and says so with cursor_saved().
  static storage::FileResult<std::unique_ptr<Spool>> open(storage::FileSystem& files, std::string folder,
                                                          SpoolOptions options, EventPlace cursor);
  ~Spool();

  // Whether one more event may be put in.
  bool has_room() const;
  // Only while has_room(). In the order of places.
  void put(const SpoolEvent& event, std::int64_t now_us);
  // All events before this place were put, or are not for this destination. Finishes an object that is rebuilt.
  void passed(const EventPlace& place, std::int64_t now_us);
  // Does what is due: writes what the disk refused, seals by age. Returns when it wants the next call (steady clock,
  // us); INT64_MAX: only after another call.
  std::int64_t step(std::int64_t now_us);
  // An event at this place was read, and is not put in.
  void skipped(const EventPlace& place);
  // exporting::Sink's: of objects from before a restart, the events that were not put in again. With another selection
  // than theirs, what is skipped may be one of them: it tells fewer than there are then, never more.
  exporting::HeldAlone take_held_alone(const EventPlace& before);
  bool may_hold_alone(const EventPlace& from, const EventPlace& to) const;
  // Whether such an object was uploaded since the last call.
  bool take_alone_uploaded() { return std::exchange(alone_uploaded_, false); }
  // Seals what is open, whatever its age: at the end of a replay.
  void seal_now(std::int64_t now_us);

  // The next object that nobody uploads yet, its events' order; null: none. It counts as being uploaded from now on. Of
  // an object from before a restart the bytes are compared with its manifest first.
  const SealedObject* next_upload();
  // The bucket has it.
  void uploaded(std::uint64_t number);
  // It was not uploaded: next_upload() gives it again.
  void give_back(std::uint64_t number);
  // Reads the file and compares it with its manifest: for S3 said that it received something else. False: the object is
  // lost, must_restart() is true.
  bool check(std::uint64_t number);
  // The object gets another key: the settings were changed because it could not be uploaded under the old one.
  storage::FileResult<void> rename_object(std::uint64_t number, std::string key);

  // Appends the events of uploaded objects.
  void take_finished(std::vector<SpooledEvent>& finished);
  // A cursor at `place` is on disk: what was uploaded before it goes, and so do manifests of lost files.
  void cursor_saved(const EventPlace& place);

  // Why has_room() is false, or a file could not be written; nothing: all is well.
  const std::optional<SpoolProblem>& problem() const { return problem_; }
  // Events that were put in are no longer here (a sync failed, a sealed file is damaged): open another spool on the
  // folder, and put in all from the saved cursor on. Nothing else may be called but the destructor.
  bool must_restart() const { return must_restart_; }

  const SpoolRecovery& recovery() const { return recovery_; }
  // Appends what was rebuilt with other events since the last call.
  void take_rebuilt(std::vector<RebuiltObject>& rebuilt);
  std::size_t sealed() const { return sealed_.size(); }  // those that must be rebuilt too
  std::uint64_t open_events() const { return open_ ? open_->facts.events : 0; }
  std::uint64_t disk_bytes() const;

 private:
  enum class State : std::uint8_t { waiting, uploading, uploaded, lost };
  struct Sealed {
    SealedObject object;
    State state = State::waiting;
    bool verified = false;  // since the file was opened by this object
    std::vector<SpooledEvent> events = {};
    // From before a restart, with none of its events before the cursor: what is read again of it is counted, until what
    // is not was told.
    bool is_compared = false;
    std::uint64_t read_again = 0, read_again_bytes = 0;
    bool same_selection = false;  // what is skipped now was not put in then
  };
  struct OpenObject {
    std::uint64_t number;
    std::string path;
    ObjectWriter writer;
    ObjectFacts facts;
    EventPlace first, last;
    std::int64_t received_ms;           // of its first event
    std::optional<Manifest> rebuilds;   // the manifest of a lost file
    std::optional<Manifest> sealed_as;  // its bytes are synced; the manifest is to be written
    std::vector<SpooledEvent> events;
    bool sealing = false;  // it is finished; the disk has refused it so far
  };
  struct HeldEvent {
    EventPlace place;
    std::int64_t received_ms;
    std::uint64_t ticket;
    std::string record;
  };

  Spool(storage::FileSystem& files, std::string folder, SpoolOptions options)
      : files_(files), folder_(std::move(folder)), options_(std::move(options)) {}
  storage::FileResult<void> recover();
  storage::FileResult<void> recover_objects(const std::set<std::uint64_t>& numbers);
  storage::FileResult<void> recover_manifest(const std::string& name, std::uint64_t number);
  storage::FileResult<void> set_aside(std::uint64_t number, const std::string& why);
  storage::FileResult<void> remove_if_there(const std::string& path);

  exporting::HeldAlone alone_in(const Sealed& sealed) const;
  Sealed* holder_of(const EventPlace& place);
  Sealed* find(std::uint64_t number);
  bool place_event(const SpoolEvent& event);
  bool disk_is_short() const;
  bool ends_before(const SpoolEvent& event, const Sealed* holder) const;
  bool begin(const SpoolEvent& event, const Sealed* lost);
  bool append(const SpoolEvent& event);
  bool seal();
  bool remove_files(const SealedObject& object);
  void remove_delivered();
  void compare_rebuilt(const Manifest& before, std::uint64_t events, std::uint64_t uncompressed_bytes);
  void lose(Sealed& sealed, const std::string& why);
  std::size_t passed_and_kept() const;
  Manifest manifest_of(OpenObject& open) const;
  void note(const storage::FileError& error);
  void restart(std::string message, bool lost_object = false);

  storage::FileSystem& files_;
  const std::string folder_;
  const SpoolOptions options_;
  std::uint64_t next_number_ = 1;
  std::map<EventPlace, Sealed> sealed_;  // by its first event; ranges do not overlap
  std::optional<OpenObject> open_;
  std::optional<HeldEvent> held_;  // put in, and not placed yet
  std::vector<SpooledEvent> finished_;
  std::vector<RebuiltObject> rebuilt_;
  std::optional<SpoolProblem> problem_;
  std::int64_t now_us_ = 0, retry_us_ = 0;
  EventPlace reached_;       // all events before it were put in or passed
  EventPlace opened_at_;     // the cursor when the folder was opened
  EventPlace saved_cursor_;  // the first event that is not delivered, as the disk surely has it
  EventPlace compared_to_;   // the last event of objects with is_compared
  exporting::HeldAlone alone_and_removed_;
  bool alone_uploaded_ = false;
  bool must_restart_ = false;
  SpoolRecovery recovery_;
};

}  // namespace sluice::s3
