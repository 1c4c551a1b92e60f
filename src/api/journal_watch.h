// What status, metrics and API show of the journal: read by a worker once a second, published whole, and read by
// whoever asks without a lock that the journal works under.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/published.h"
#include "base/worker.h"
#include "catalog/snapshot.h"
#include "export/recent_rates.h"
#include "journal/journal.h"

namespace sluice::api {

inline constexpr std::int64_t kJournalWatchIntervalMs = 1'000;

struct JournalStatus {
  std::int64_t read_at_us = 0;  // steady clock
  journal::JournalStats stats;
  double bytes_per_s = 0;    // of entries, over the last seconds
  bool refuses_all = false;  // for want of room: since it was read before, payloads were refused and none was stored
  std::map<ObjectId, journal::EnvironmentMark> marks;  // of the catalog's environments

  // Zero for an environment that is younger than this status.
  journal::EnvironmentMark mark(ObjectId environment) const {
    const auto found = marks.find(environment);
    return found == marks.end() ? journal::EnvironmentMark{} : found->second;
  }
};

class JournalWatch {
 public:
  // References outlive this. Reads for the first time before it returns.
  JournalWatch(const journal::Journal& journal, const catalog::Catalog& catalog, const Clock& clock,
               Workers& workers = worker_threads());
  ~JournalWatch();
  // Any thread; never null.
  std::shared_ptr<const JournalStatus> status() const { return status_.get(); }

 private:
  std::int64_t step();
  void read();
  bool refuses_all(const journal::JournalStats& now);
  const journal::Journal& journal_;
  const catalog::Catalog& catalog_;
  const Clock& clock_;
  Published<JournalStatus> status_;
  // The worker's own.
  exporting::RecentRates rates_;
  std::uint64_t seen_refused_ = 0, seen_appended_ = 0, room_when_refused_ = 0;
  bool refuses_all_ = false;
  std::atomic<bool> stopping_{false};
  Notifier notifier_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace sluice::api
