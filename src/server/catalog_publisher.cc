#include "server/catalog_publisher.h"

#include <chrono>
#include <utility>

namespace sluice::server {

CatalogPublisher::CatalogPublisher(std::function<bool()> publish) : publish_(std::move(publish)) {
  thread_ = std::thread([this] { run(); });
}

CatalogPublisher::~CatalogPublisher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  notifier_.notify_one();
  thread_.join();
}

void CatalogPublisher::changed() {
  {
    const std::lock_guard lock(mutex_);
    changed_ = true;
  }
  notifier_.notify_one();
}

void CatalogPublisher::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    notifier_.wait(lock, [this] { return changed_ || stopping_; });
    if (!changed_) return;
    changed_ = false;
    lock.unlock();
    const bool done = publish_();
    lock.lock();
    if (!done && stopping_) return;  // it is in force at the next start
    if (!done) changed_ = true;
    notifier_.wait_for(lock, std::chrono::milliseconds(done ? kPublishIntervalMs : kPublishRetryMs),
                       [this] { return stopping_; });
  }
}

}  // namespace sluice::server
