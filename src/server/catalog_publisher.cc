#include "server/catalog_publisher.h"

#include <chrono>
#include <utility>

namespace sluice {

CatalogPublisher::CatalogPublisher(std::function<void()> publish) : publish_(std::move(publish)) {
  thread_ = std::thread([this] { run(); });
}

CatalogPublisher::~CatalogPublisher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  bell_.notify_one();
  thread_.join();
}

void CatalogPublisher::changed() {
  {
    const std::lock_guard lock(mutex_);
    changed_ = true;
  }
  bell_.notify_one();
}

void CatalogPublisher::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    bell_.wait(lock, [this] { return changed_ || stopping_; });
    if (!changed_) return;
    changed_ = false;
    lock.unlock();
    publish_();
    lock.lock();
    bell_.wait_for(lock, std::chrono::milliseconds(kPublishIntervalMs), [this] { return stopping_; });
  }
}

}  // namespace sluice
