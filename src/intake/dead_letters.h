// Events that were no events, kept for people: one JSON object a line in `directory`/intake.ndjson.
//   {"time":"…Z","environment":"578d…","payload_id":"…","sdk":"…","position":3,"reason":"…","event":"…as sent…"}
// An event that is not UTF-8 stands in "event_base64" instead; one that was cut says so in "event_bytes", its whole
// size. A thread of its own writes; nothing waits for it, because the journal has the events as well.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/object_id.h"
#include "intake/limits.h"
#include "intake/metrics.h"

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
  IntakeDeadLetters(std::string directory, const IntakeLimits& limits, IntakeMetrics& metrics);
  ~IntakeDeadLetters();  // writes what waits

  // Takes `count` finished lines. Never blocks on the disk. Any thread.
  void keep(std::string_view lines, std::uint64_t count);
  // Waits until everything taken so far is written, or could not be.
  void flush();

 private:
  void run();
  bool write(std::string_view lines);
  void open();

  const std::string directory_;
  const std::uint64_t max_file_bytes_, max_queue_bytes_;
  IntakeMetrics& metrics_;
  int file_ = -1;
  std::uint64_t file_bytes_ = 0;
  bool failing_ = false;

  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::string queue_;
  std::uint64_t queued_ = 0;
  bool writing_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::intake
