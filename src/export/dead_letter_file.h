// What a destination can never take, kept for people: one JSON object a line in dead-letters/`destination`.ndjson,
// synced before the event counts as finished.
//   {"time":"…Z","destination":"…","code":"ValidationException","reason":"…","position":"7/1048576","record":{…the
//   exported event…}}
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "export/sink.h"
#include "journal/file_system.h"

namespace sluice {

class DeadLetterFile final : public DeadLetterStore {
 public:
  DeadLetterFile(std::string path, ObjectId destination, FileSystem& files, const Clock& clock);
  // Opens the file at the first letter. An error says what is in the way; the letter is then not kept, and the event
  // not finished.
  Result<void> keep(const OutboundEvent& event, const DeadLetter& letter) override;
  const std::string& path() const { return path_; }

 private:
  Result<void> open();
  const std::string path_;
  const std::string directory_;
  ObjectId destination_;
  FileSystem& files_;
  const Clock& clock_;
  std::unique_ptr<File> file_;
  std::uint64_t size_ = 0;
};

// `text` as a JSON string, quotes included.
std::string json_string(std::string_view text);

}  // namespace sluice
