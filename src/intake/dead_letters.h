// Events that were no events, kept for people: one JSON object a line in `directory`/intake.ndjson, or in
// intake-client.ndjson if it came with a client-side id, so that who knows a public id displaces nothing else.
//   {"time":"…Z","environment":"578d…","payload_id":"…","sdk":"…","position":3,"reason":"…","event":"…as sent…"}
// An event that is not UTF-8 stands in "event_base64" instead; one that was cut says so in "event_bytes", its whole
// size. A worker of its own writes; nothing waits for it, because the journal has the events as well.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/credential_kind.h"
#include "base/notifier.h"
#include "base/object_id.h"
#include "base/worker.h"
#include "intake/limits.h"
#include "intake/metrics.h"
#include "storage/file_system.h"

namespace sluice::intake {

struct IntakeDeadLetter {
  std::int64_t received_ms;
  ObjectId environment;
  std::string_view payload_id, sdk;
  std::size_t position;
  std::string_view reason;
  std::string_view bytes;
};

// The letter as its line, appended to `out`. Pure.
void append_dead_letter(std::string& out, const IntakeDeadLetter& letter, std::size_t max_event_bytes);

class IntakeDeadLetters {
 public:
  // `files` and `metrics` outlive this.
  IntakeDeadLetters(storage::FileSystem& files, std::string directory, const IntakeLimits& limits,
                    IntakeMetrics& metrics, Workers& workers = worker_threads());
  ~IntakeDeadLetters();  // writes what waits

  // Takes `count` finished lines. Never blocks on the disk. Any thread.
  void keep(CredentialKind credential, std::string_view lines, std::uint64_t count);

 private:
  // One file, the one before it, and what waits for it.
  struct Store {
    std::string stem;  // its path without .ndjson
    std::uint64_t max_file_bytes;
    std::unique_ptr<storage::File> file = nullptr;  // of the worker, as the next three; null: not open
    std::uint64_t file_bytes = 0;
    bool torn = false;  // the file's last line has no end: a crash or a full disk cut it
    bool failing = false;
    std::string queue = {};    // guarded by mutex_
    std::uint64_t queued = 0;  // lines in it; guarded by mutex_
  };
  std::int64_t step();
  void write_queue(Store& store);
  storage::FileResult<void> write(Store& store, std::string_view lines);
  storage::FileResult<void> open(Store& store);

  storage::FileSystem& files_;
  const std::string directory_;
  const std::uint64_t max_queue_bytes_;
  IntakeMetrics& metrics_;
  Store with_key_, with_client_side_id_;
  std::mutex mutex_;
  std::atomic<bool> stopping_{false};
  Notifier notifier_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace sluice::intake
