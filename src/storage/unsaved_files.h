// Files that are written in the background and could not be written the last time: who shows the server's state asks
// here. Not those that something waits for (segments, cursors, spools): who waits for them reports it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace sluice::storage {

// What a restart would lose or find old.
enum class UnsavedKind : std::uint8_t {
  seen_flags,       // flags.ndjson
  history,          // of a destination
  delivered_flags,  // relay/
  usage,            // in catalog.db
};
inline constexpr std::size_t kUnsavedKinds = 4;

class UnsavedFile;

// Any thread.
class UnsavedFiles {
 public:
  struct Unsaved {
    UnsavedKind kind;
    std::size_t files;
    std::string reason;  // of one of them: path, operation and the system's words
  };
  // One a kind, those that have any.
  std::vector<Unsaved> all() const;

 private:
  friend class UnsavedFile;
  struct Failure {
    UnsavedKind kind;
    std::string reason;
  };
  mutable std::mutex mutex_;
  std::map<const UnsavedFile*, Failure> failing_;
};

// One file of them, for as long as somebody writes it. One thread at a time. `all` outlives it.
class UnsavedFile {
 public:
  UnsavedFile(UnsavedFiles& all, UnsavedKind kind) : all_(all), kind_(kind) {}
  ~UnsavedFile() { saved(); }
  UnsavedFile(const UnsavedFile&) = delete;
  UnsavedFile& operator=(const UnsavedFile&) = delete;

  // True: it could be written before, so it is worth a line in the log.
  bool failed(const std::string& reason);
  void saved();

 private:
  UnsavedFiles& all_;
  const UnsavedKind kind_;
  bool failing_ = false;
};

}  // namespace sluice::storage
