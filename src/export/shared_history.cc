#include "export/shared_history.h"

#include <utility>

#include "base/log.h"

namespace sluice::exporting {

void SharedHistory::load(storage::FileSystem& files, const std::string& path, std::int64_t now_ms) {
  loaded_ = true;
  path_ = path;
  auto opened = HistoryFile::open(files, path, now_ms);
  if (!opened) {
    log_warn("history.not_read", {{"file", path},
                                  {"reason", opened.error().message},
                                  {"message", "The charts begin anew, and are not kept until the next start."}});
    return;
  }
  file_ = std::move(*opened);
  // By a clock that was set back since, it was still to come.
  file_->kept().last_delivery_ms = std::min(file_->kept().last_delivery_ms, now_ms);
  const std::lock_guard lock(mutex_);
  history_.prepend(std::move(file_->kept()));
}

void SharedHistory::save() {
  if (!file_) return;
  {
    const std::lock_guard lock(mutex_);
    auto change = history_.take_change();
    if (change && unsaved_) change->steps.insert(change->steps.begin(), unsaved_->steps.begin(), unsaved_->steps.end());
    if (change) unsaved_ = std::move(change);
  }
  if (!unsaved_) return;
  const auto written = file_->write(*unsaved_);
  if (written) {
    unsaved_.reset();
  } else if (!std::exchange(told_, true)) {
    log_warn("history.not_saved", {{"file", path_}, {"reason", written.error().message}});
  }
  // A disk that is full for a week must not fill the memory: the newest steps are kept.
  constexpr std::size_t kMostUnsaved = 1'000;
  if (unsaved_ && unsaved_->steps.size() > kMostUnsaved)
    unsaved_->steps.erase(unsaved_->steps.begin(), unsaved_->steps.end() - kMostUnsaved);
}

}  // namespace sluice::exporting
