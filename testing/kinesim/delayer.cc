#include "kinesim/delayer.h"

#include <chrono>

namespace kinesim {

Delayer::Delayer() : thread_([this] { run(); }) {}

Delayer::~Delayer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  notifier_.notify_one();
  thread_.join();
}

void Delayer::send_in(std::int64_t delay_ms, sluice::http::HttpResponder responder,
                      sluice::http::HttpResponse response) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(std::chrono::steady_clock::now() + std::chrono::milliseconds(delay_ms),
                     std::pair(std::move(responder), std::move(response)));
  }
  notifier_.notify_one();
}

void Delayer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (waiting_.empty()) {
      if (stopping_) return;
      notifier_.wait(lock);
      continue;
    }
    const auto first = waiting_.begin();
    if (!stopping_ && first->first > std::chrono::steady_clock::now()) {
      const Due due = first->first;
      notifier_.wait_until(lock, due);
      continue;
    }
    auto answer = waiting_.extract(first);
    lock.unlock();
    answer.mapped().first(std::move(answer.mapped().second));
    lock.lock();
  }
}

}  // namespace kinesim
