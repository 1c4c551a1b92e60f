// A destination's history on disk: DATA_DIR/history/ID.history. A header and, for each span, a ring of slots of fixed
// size, each with a checksum; a step goes into the slot of its time, over the one of an hour, a day or a week before.
// Written without a sync: a history that a power cut takes seconds of is still one. No promise about events rests on
// it.
//
// Header, 64 bytes: "SLUICEHI"; u32 version; u32 CRC-32C of what follows; u64 started_ms; u64 last_delivery_ms; zeros.
// Slot, 136 bytes: u64 at_ms, accepted, delivered, delivered_bytes, retried, failed_calls, backlog_events,
// backlog_bytes; 16 u32 latency counts (at most 4,294,967,295 each); u32 CRC-32C of all before; u32 zero.
// Little-endian.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "export/history.h"
#include "storage/file_system.h"

namespace sluice::exporting {

// One thread.
class HistoryFile {
 public:
  // Opens the file and reads it; creates it, and its folder, when it is not there. Slots that are older than their
  // span, or damaged, are left out. An error: it cannot be opened or read.
  static storage::FileResult<std::unique_ptr<HistoryFile>> open(storage::FileSystem& files, const std::string& path,
                                                                std::int64_t now_ms);
  // What open() found.
  KeptHistory& kept() { return kept_; }
  storage::FileResult<void> write(const HistoryChange& change);

 private:
  explicit HistoryFile(std::unique_ptr<storage::File> file) : file_(std::move(file)) {}
  storage::FileResult<void> read(std::int64_t now_ms);

  const std::unique_ptr<storage::File> file_;
  KeptHistory kept_;
};

}  // namespace sluice::exporting
