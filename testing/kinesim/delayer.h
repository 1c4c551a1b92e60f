// Sends answers later: one thread for all loops, asleep while nothing is due.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "http/server.h"

namespace kinesim {

class Delayer {
 public:
  Delayer();
  // Sends what is left at once.
  ~Delayer();
  // Any thread.
  void send_in(std::int64_t delay_ms, sluice::http::HttpResponder responder, sluice::http::HttpResponse response);

 private:
  using Due = std::chrono::steady_clock::time_point;
  void run();

  std::mutex mutex_;
  std::condition_variable notifier_;
  std::multimap<Due, std::pair<sluice::http::HttpResponder, sluice::http::HttpResponse>> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace kinesim
