// What strangers may ask of either port: whether Sluice is alive, whether it takes payloads, and how many destinations
// are in which state. Ready-made: a worker renders it once a second, and a request costs a loop the copy of a pointer
// and takes no lock of intake, journal or a pipeline, however many ask.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/server_view.h"
#include "base/notifier.h"
#include "base/published.h"
#include "base/worker.h"
#include "http/server.h"

namespace sluice::api {

inline constexpr std::int64_t kPublicStatusIntervalMs = 1'000;
// What was read longer ago than this is not told: a worker waits for something that does not answer, such as a disk.
inline constexpr std::int64_t kPublicStatusMaxAgeMs = 10'000;

class PublicStatus {
 public:
  // `view` outlives this. Renders from the time on that the server is ready.
  explicit PublicStatus(const ServerView& view, Workers& workers = worker_threads());
  ~PublicStatus();
  // Renders now: the caller's changes are shown from here on. Any thread but a loop's.
  void render();

  // Any thread. What the intake port answers on a path that ends with /status, /readyz or /healthz: it may face the
  // internet, and shows no names.
  http::HttpResponse answer(std::string_view path) const;
  // Any thread. GET /status of the intake port: no names.
  http::HttpResponse status() const;
  // Any thread. Not everything is there yet: a token that was set, for one.
  bool is_starting() const { return view_.phase == ServerPhase::starting; }
  // Any thread. GET /readyz: 200 when payloads are taken; 503 with the reason otherwise.
  http::HttpResponse ready() const;

 private:
  struct Rendered {
    std::int64_t at_us = 0;  // steady clock
    bool ready = false;
    std::shared_ptr<const std::string> status_body, ready_body;
  };
  std::int64_t step();
  std::shared_ptr<const Rendered> current() const;

  const ServerView& view_;
  // For what is known without looking: the server starts or stops, or what was rendered is too old.
  const std::shared_ptr<const Rendered> starting_, draining_, outdated_;
  Published<Rendered> rendered_;
  std::atomic<bool> stopping_{false};
  Notifier notifier_;
  std::unique_ptr<Worker> worker_;
};

// GET /healthz: 200 while the process answers.
http::HttpResponse health_answer();

}  // namespace sluice::api
