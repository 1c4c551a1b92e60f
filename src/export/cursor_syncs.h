// When pipelines sync their cursors: together at most so often that thousands of destinations do not keep the disk, and
// a core, busy with it. Each notes its cursor in between (journal::CursorFile::note()), which needs no sync.
#pragma once

#include <atomic>
#include <cstdint>

#include "export/limits.h"

namespace sluice::exporting {

// Any thread; waits for nothing.
class CursorSyncs {
 public:
  // When the caller may sync, in the steady clock's microseconds; not before `now_us`. One turn a sync: ask again for
  // the next.
  std::int64_t take_turn(std::int64_t now_us) {
    std::int64_t free_us = next_free_us_.load(std::memory_order_relaxed);
    std::int64_t turn_us = 0;
    do turn_us = free_us > now_us ? free_us : now_us;
    while (!next_free_us_.compare_exchange_weak(free_us, turn_us + kCursorSyncEveryUs, std::memory_order_relaxed));
    return turn_us;
  }

 private:
  std::atomic<std::int64_t> next_free_us_{0};
};

}  // namespace sluice::exporting
