// What a destination can never take, kept for people: one JSON object a line in dead-letters/`destination`.ndjson,
// synced before the event counts as finished. While they are tried again (export/dead_letter_retry.h) they lie aside,
// in dead-letters/`destination`.retrying, and how many of its bytes are done in dead-letters/`destination`.retried.
//   {"time":"…Z","destination":"…","code":"ValidationException","reason":"…","position":"7/1048576","record":{…the
//   exported event…}}
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "export/sink.h"
#include "storage/file_system.h"

namespace sluice::exporting {

// Any thread.
class DeadLetterFile final : public DeadLetterStore {
 public:
  DeadLetterFile(std::string path, ObjectId destination, storage::FileSystem& files, const Clock& clock);
  // Opens the file at the first letter. An error says what is in the way; the letters are then not kept, and their
  // events not finished.
  Result<void> keep(std::span<const RejectedEvent> rejected) override;
  const std::string& path() const { return path_; }

  // Puts what there is aside, so that new letters go into a new file. False: there is none.
  Result<bool> put_aside();
  std::string aside_path() const { return stem_ + ".retrying"; }
  // The first so many bytes of what lies aside are finished. Durable.
  Result<void> note_done(std::uint64_t bytes);
  // Appends a line as it is.
  Result<void> put_back(std::string_view line);
  // Brings back what lies aside and is not done, in whole lines; nothing lies aside then. What a crash interrupts comes
  // back twice, never not at all.
  Result<void> bring_back();

 private:
  Result<void> open();
  Result<void> append(std::string_view text);
  std::string line_of(const RejectedEvent& rejected) const;
  Result<std::uint64_t> done_bytes() const;
  std::string done_path() const { return stem_ + ".retried"; }
  const std::string path_;
  const std::string stem_;  // without .ndjson
  const std::string directory_;
  ObjectId destination_;
  storage::FileSystem& files_;
  const Clock& clock_;
  std::mutex mutex_;
  std::unique_ptr<storage::File> file_;  // guarded by mutex_, as what follows
  std::uint64_t size_ = 0;
};

}  // namespace sluice::exporting
