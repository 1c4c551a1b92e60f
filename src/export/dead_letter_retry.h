// Tries a destination's dead letters again, on its owner's request: a permission, a limit or a stream was repaired. The
// records go out as they were kept, with the ids of their events, beside live delivery. Those that are refused again
// are kept again; what is not finished at the end stays kept.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/worker.h"
#include "catalog/snapshot.h"
#include "export/dead_letter_file.h"
#include "export/sink.h"

namespace sluice::exporting {

// What came of it.
struct DeadLetterRetry {
  std::uint64_t delivered = 0;
  std::uint64_t kept = 0;          // refused again, or no letter
  bool left = false;               // more are there: the time was over, or something stands in the way
  std::optional<Problem> problem;  // what does
};

// Blocks until all are finished, or for kRetryDeadlineMs, or until `stopping`, or until a problem is there that a
// person must mend. One at a time for a destination. Nothing is lost by a crash at any moment; what was delivered since
// the last piece was done is then delivered twice. Any thread.
Result<DeadLetterRetry> retry_dead_letters(const catalog::Destination& destination, DeadLetterFile& letters,
                                           storage::FileSystem& files, const SinkFactory& make_sink, const Clock& clock,
                                           const std::atomic<bool>& stopping, Workers& workers);

}  // namespace sluice::exporting
