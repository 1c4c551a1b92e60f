// The admin port's pages that show the whole server: full status, metrics, flags. A worker renders them, each at most
// once a second, and all requests in between get the same body: a request costs the admin loop the copy of a pointer,
// however large the catalog is and however many ask.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/worker.h"
#include "http/server.h"

namespace sluice::api {

// A body younger than this is given again.
inline constexpr std::int64_t kPageMaxAgeMs = 1'000;
// A page that takes long is given for longer: rendering takes a fifth of one core at most.
inline constexpr std::int64_t kPageMaxAgePerRendering = 4;

struct Page {
  std::string_view path;  // lives as long as the program
  std::string_view content_type;
  std::function<std::string()> render;  // called by the worker
};

class RenderedPages {
 public:
  // `clock` and what the pages render outlive this.
  RenderedPages(std::vector<Page> pages, const Clock& clock, Workers& workers = worker_threads());
  ~RenderedPages();  // stop()
  // Renders nothing more: later requests get no answer from it. Once a rendering that is under way is done.
  void stop();

  bool has(std::string_view path) const;
  // Answers now or when the page is rendered. Any thread; never waits for a rendering.
  void answer(std::string_view path, http::HttpResponder responder);

 private:
  struct Kept {
    Page page;
    std::shared_ptr<const std::string> body;  // null: not rendered yet; guarded by mutex_, as the next two
    std::int64_t fresh_until_us = 0;          // steady clock
    std::vector<http::HttpResponder> waiting;
  };
  std::int64_t step();
  void render(Kept& kept);

  const Clock& clock_;
  std::vector<Kept> pages_;  // none is added later
  mutable std::mutex mutex_;
  std::atomic<bool> stopping_{false};
  Notifier notifier_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace sluice::api
