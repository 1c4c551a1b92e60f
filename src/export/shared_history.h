// A destination's history for as long as there is the destination: over changes of its settings, while it is off, and
// over restarts. Export's watch adds to it and saves it, others read it: the lock is held while numbers in memory are
// copied, nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "export/history.h"
#include "export/history_file.h"
#include "storage/file_system.h"

namespace sluice::exporting {

class SharedHistory {
 public:
  explicit SharedHistory(std::int64_t started_ms) : history_(started_ms) {}

  // Loads what an earlier process kept; what was sampled before it is added to that. Once; reads a small file. A
  // file that cannot be read is logged, left as it is, and tried again by save(). `files` outlives it. load() and
  // save(): one thread.
  void load(storage::FileSystem& files, const std::string& path, std::int64_t now_ms);
  bool loaded() const { return unsaved_file_.has_value(); }
  // Writes what changed. False: it could not be written, which is logged once; the next save() tries again.
  bool save(std::int64_t now_ms);

  // The rest: any thread.
  // A pipeline begins. What it is called by in sample(): a look at one that has ended comes too late and is left out.
  std::uint64_t begin(const PipelineStatus& now) {
    const std::lock_guard lock(mutex_);
    history_.begin(now);
    return ++pipeline_;
  }
  // Returns the rates that follow.
  HistoryRates sample(std::uint64_t pipeline, const PipelineStatus& now, std::int64_t now_ms) {
    const std::lock_guard lock(mutex_);
    if (pipeline == pipeline_) history_.sample(now, now_ms);
    return history_.rates(now_ms);
  }
  HistoryRates rates(std::int64_t now_ms) const {
    const std::lock_guard lock(mutex_);
    return history_.rates(now_ms);
  }
  std::vector<HistoryStep> steps(HistorySpan span, std::int64_t now_ms) const {
    const std::lock_guard lock(mutex_);
    return history_.steps(span, now_ms);
  }
  std::int64_t last_delivery_ms() const {  // wall clock; 0: never
    const std::lock_guard lock(mutex_);
    return history_.last_delivery_ms();
  }

 private:
  void open(std::int64_t now_ms);
  mutable std::mutex mutex_;
  History history_;             // guarded by mutex_, as the next
  std::uint64_t pipeline_ = 0;  // the latest
  // Of load()'s and save()'s thread.
  storage::FileSystem* files_ = nullptr;  // from load() on
  std::string path_;
  std::optional<storage::UnsavedFile> unsaved_file_;  // the same
  std::unique_ptr<HistoryFile> file_;                 // null: it cannot be opened
  std::optional<HistoryChange> unsaved_;
};

}  // namespace sluice::exporting
