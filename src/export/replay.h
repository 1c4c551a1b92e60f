// A replay: what the journal still has of a span of time, delivered to one destination again under the same ids, beside
// its live delivery. It outlives restarts: `replays/<id>.json` says what it is, `replays/<id>.cursor` how far it got.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/object_id.h"
#include "export/pipeline.h"
#include "storage/file_system.h"

namespace sluice::exporting {

enum class ReplayState : std::uint8_t { running, done, cancelled };
std::string_view replay_state_name(ReplayState state);

struct Replay {
  ReplayRange range;
  std::uint64_t bytes = 0;  // of the environment's entries that it reads
};

struct ReplayStatus {
  Replay replay;
  ReplayState state = ReplayState::running;
  std::uint64_t delivered_events = 0;
  std::uint64_t dead_lettered_events = 0;  // that the destination refused: in the dead letters
  double fraction = 0;                     // of the bytes
  std::optional<Problem> problem;
};

// The files of replays, in `data_directory`/replays.
class ReplayFiles {
 public:
  ReplayFiles(storage::FileSystem& files, const std::string& data_directory)
      : files_(files), directory_(data_directory + "/replays") {}
  const std::string& directory() const { return directory_; }
  // Durable when it returns, with a cursor at `from`.
  Result<void> begin(ObjectId destination, const Replay& replay, journal::Position from);
  // Nothing when there is none; one that is damaged is told in the log, and is none. Fails when the disk does.
  Result<std::optional<Replay>> find(ObjectId destination) const;
  // Durable when it returns; where the disk fails, it is told in the log that the replay may resume.
  void remove(ObjectId destination);

 private:
  std::string path_of(ObjectId destination) const { return directory_ + "/" + destination.hex() + ".json"; }
  storage::FileSystem& files_;
  const std::string directory_;
};

}  // namespace sluice::exporting
