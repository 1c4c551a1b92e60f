#include "export/shared_history.h"

#include <utility>

#include "base/log.h"

namespace sluice::exporting {

void SharedHistory::load(storage::FileSystem& files, const std::string& path, std::int64_t now_ms) {
  files_ = &files;
  path_ = path;
  unsaved_file_.emplace(files.unsaved(), storage::UnsavedKind::history);
  open(now_ms);
}

void SharedHistory::open(std::int64_t now_ms) {
  auto opened = HistoryFile::open(*files_, path_, now_ms);
  if (!opened) {
    if (unsaved_file_->failed(opened.error().message))
      log_warn("history.not_read", {{"file", path_},
                                    {"reason", opened.error().message},
                                    {"message", "The charts begin anew. It is tried again every few seconds."}});
    return;
  }
  unsaved_file_->saved();
  file_ = std::move(*opened);
  // By a clock that was set back since, it was still to come.
  file_->kept().last_delivery_ms = std::min(file_->kept().last_delivery_ms, now_ms);
  const std::lock_guard lock(mutex_);
  history_.prepend(std::move(file_->kept()));
}

bool SharedHistory::save(std::int64_t now_ms) {
  if (!loaded()) return true;
  if (!file_) open(now_ms);
  if (!file_) return false;
  {
    const std::lock_guard lock(mutex_);
    auto change = history_.take_change();
    if (change && unsaved_) change->steps.insert(change->steps.begin(), unsaved_->steps.begin(), unsaved_->steps.end());
    if (change) unsaved_ = std::move(change);
  }
  if (!unsaved_) return true;
  const auto written = file_->write(*unsaved_);
  if (written) {
    unsaved_.reset();
    unsaved_file_->saved();
  } else if (unsaved_file_->failed(written.error().message)) {
    log_warn("history.not_saved", {{"file", path_}, {"reason", written.error().message}});
  }
  // A disk that is full for a week must not fill the memory: the newest steps are kept.
  constexpr std::size_t kMostUnsaved = 1'000;
  if (unsaved_ && unsaved_->steps.size() > kMostUnsaved)
    unsaved_->steps.erase(unsaved_->steps.begin(), unsaved_->steps.end() - kMostUnsaved);
  return written.has_value();
}

}  // namespace sluice::exporting
