#include "api/journal_watch.h"

#include <utility>

namespace sluice::api {

JournalWatch::JournalWatch(const journal::Journal& journal, const catalog::Catalog& catalog, const Clock& clock,
                           Workers& workers)
    : journal_(journal), catalog_(catalog), clock_(clock) {
  read();
  worker_ = workers.start("journal-watch", notifier_, [this] { return step(); });
}

JournalWatch::~JournalWatch() {
  stopping_ = true;
  notifier_.notify();
  worker_->join();
}

std::int64_t JournalWatch::step() {
  if (stopping_) return kWorkerDone;
  read();
  return kJournalWatchIntervalMs * 1000;
}

// Room for small entries may be left when no payload fits any more. It ends when one is stored, or there is more room:
// a load balancer that heard of it sends nothing more.
bool JournalWatch::refuses_all(const journal::JournalStats& now) {
  const bool stored = now.appended_entries > seen_appended_;
  if (now.refused_for_room > seen_refused_ && !stored) {
    refuses_all_ = true;
    room_when_refused_ = now.free_bytes;
  } else if (stored || now.free_bytes > room_when_refused_) {
    refuses_all_ = false;
  }
  seen_refused_ = now.refused_for_room;
  seen_appended_ = now.appended_entries;
  return refuses_all_;
}

void JournalWatch::read() {
  auto status = std::make_shared<JournalStatus>();
  status->read_at_us = clock_.steady_us();
  status->stats = journal_.stats();
  rates_.sample(status->read_at_us, status->stats.appended_bytes, 0);
  status->bytes_per_s = rates_.accepted_per_s();
  status->refuses_all = refuses_all(status->stats);
  if (const catalog::CatalogPointer catalog = catalog_.current())
    for (const catalog::Environment& environment : catalog->environments())
      status->marks.emplace(environment.id, journal_.mark(environment.id));
  status_.set(std::move(status));
}

}  // namespace sluice::api
