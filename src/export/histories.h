// The histories of all destinations, on or off: one each, however often it starts anew, read from disk some at a time
// and saved now and then. Its locks are the last to be taken but for a history's own; no lock is held over work on disk
// but the one that keeps reading and saving apart from forget().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/object_id.h"
#include "export/shared_history.h"
#include "storage/file_system.h"

namespace sluice::exporting {

class Histories {
 public:
  Histories(storage::FileSystem& files, const Clock& clock, std::string folder)
      : files_(files), clock_(clock), folder_(std::move(folder)) {}

  // Begins with the first call. Any thread, under any other lock.
  std::shared_ptr<SharedHistory> of(ObjectId destination);

  enum class Save : std::uint8_t { when_due, now };
  // Reads what earlier processes kept of those that came since, some at a time, and saves all that changed ten seconds
  // after the last time, or now. Waits for the disk, and for forget(). Any thread, under no lock of export's.
  void keep(Save save);

  // Of destinations that are gone. As long as the answer lives nothing is read or saved, so that no file of theirs
  // comes back while others remove them. Any thread, under no lock of export's.
  [[nodiscard]] std::unique_lock<std::mutex> forget(const std::set<ObjectId>& destinations);

 private:
  storage::FileSystem& files_;
  const Clock& clock_;
  const std::string folder_;
  std::mutex keep_mutex_;        // held while histories are read and saved; taken before mutex_
  std::int64_t save_at_us_ = 0;  // guarded by keep_mutex_
  std::mutex mutex_;             // guards what follows; held for a look or a change in memory
  std::map<ObjectId, std::shared_ptr<SharedHistory>> all_;
};

}  // namespace sluice::exporting
