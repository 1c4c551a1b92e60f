#include "server/catalog_publisher.h"

#include <utility>

namespace sluice::server {

CatalogPublisher::CatalogPublisher(const Clock& clock, std::function<bool()> publish, Workers& workers)
    : clock_(clock), publish_(std::move(publish)) {
  worker_ = workers.start("publisher", notifier_, [this] { return step(); });
}

CatalogPublisher::~CatalogPublisher() { stop(); }

void CatalogPublisher::stop() {
  if (!worker_) return;
  stopping_ = true;
  notifier_.notify();
  worker_->join();
  worker_.reset();
}

void CatalogPublisher::changed() {
  changed_ = true;
  notifier_.notify();
}

std::int64_t CatalogPublisher::step() {
  const bool last = stopping_;
  if (!changed_) return last ? kWorkerDone : kUntilNotified;
  if (const std::int64_t early_us = next_us_ - clock_.steady_us(); early_us > 0 && !last) return early_us;
  changed_ = false;
  const bool published = publish_();
  if (last && !published) return kWorkerDone;  // it is in force at the next start
  if (!published) changed_ = true;
  next_us_ = clock_.steady_us() + (published ? kPublishIntervalMs : kPublishRetryMs) * 1000;
  return 0;
}

}  // namespace sluice::server
