// What all destinations that are off miss in that time (export/paused_destination.h).
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "export/paused_destination.h"

namespace sluice::exporting {

// Any thread. Its lock is held over the work on disk of one destination at a time.
class PausedDestinations {
 public:
  // `sealed_of`: what the sink of a destination that does not run has sealed.
  using SealedOf = std::function<std::vector<SealedEvents>(ObjectId destination)>;
  PausedDestinations(journal::Journal& journal, storage::FileSystem& files, std::string cursor_directory,
                     SealedOf sealed_of)
      : journal_(journal),
        files_(files),
        cursor_directory_(std::move(cursor_directory)),
        sealed_of_(std::move(sealed_of)) {}

  // These are off, and none of them runs any more. Of those that are not off any more what they missed is in their
  // cursors when it returns. Returns those for which that, or counting, failed, and why: call again.
  std::map<ObjectId, Error> set(const std::map<ObjectId, catalog::Destination>& off);
  // Counts what each has missed since the last time. One that fails is counted with the next.
  void sample();
  // As of the last sample(); waits for the disk only while set() or sample() works on the same destination. Nothing: it
  // has no place.
  struct Totals {
    Balance balance;
    std::uint64_t delivered_bytes = 0, dead_lettered_bytes = 0;
  };
  std::optional<Totals> balance(ObjectId destination) const;

 private:
  Result<void> leave(ObjectId destination, bool is_off);
  Result<void> enter(const catalog::Destination& destination);
  journal::Journal& journal_;
  storage::FileSystem& files_;
  const std::string cursor_directory_;
  const SealedOf sealed_of_;
  mutable std::mutex mutex_;
  std::map<ObjectId, PausedDestination> paused_;  // of those that are off and have a cursor
};

}  // namespace sluice::exporting
