#include "journal/commit_window.h"

#include <algorithm>

namespace sluice::journal {

// Clients that wait for their answer before they send again come sooner than in a whole window when they are answered
// sooner. So it is enough that most of those came that are expected.
void CommitWindow::took(std::size_t entries, std::int64_t now_us) {
  counted_ += entries;
  const std::int64_t elapsed_us = now_us - counting_since_us_;
  if (elapsed_us < kCountForUs) return;
  const auto expected = static_cast<std::int64_t>(counted_) * kCommitWindowUs / elapsed_us;
  enough_ = expected < kWorthWaitingFor ? 0 : static_cast<std::size_t>(expected * 3 / 4 + 1);
  counted_ = 0;
  counting_since_us_ = now_us;
}

std::int64_t CommitWindow::wait_us(std::size_t waiting, std::uint64_t bytes, std::int64_t oldest_us,
                                   std::int64_t now_us) const {
  if (waiting >= enough_ || bytes >= kCommitWindowBytes) return 0;
  return std::clamp<std::int64_t>(oldest_us + kCommitWindowUs - now_us, 0, kCommitWindowUs);
}

}  // namespace sluice::journal
