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

void JournalWatch::read() {
  auto status = std::make_shared<JournalStatus>();
  status->read_at_us = clock_.steady_us();
  status->stats = journal_.stats();
  if (const catalog::CatalogPointer catalog = catalog_.current())
    for (const catalog::Environment& environment : catalog->environments())
      status->marks.emplace(environment.id, journal_.mark(environment.id));
  status_.set(std::move(status));
}

}  // namespace sluice::api
