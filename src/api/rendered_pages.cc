#include "api/rendered_pages.h"

#include <algorithm>
#include <utility>

#include "api/private_answer.h"

namespace sluice::api {
namespace {

http::HttpResponse answer_of(const Page& page, std::shared_ptr<const std::string> body) {
  http::HttpResponse response = private_answer();
  response.content_type = page.content_type;
  response.shared_body = std::move(body);
  return response;
}

}  // namespace

RenderedPages::RenderedPages(std::vector<Page> pages, const Clock& clock, Workers& workers) : clock_(clock) {
  for (Page& page : pages) pages_.push_back({std::move(page), nullptr, 0, {}});
  worker_ = workers.start("pages", notifier_, [this] { return step(); });
}

RenderedPages::~RenderedPages() { stop(); }

void RenderedPages::stop() {
  if (!worker_) return;
  stopping_ = true;
  notifier_.notify();
  worker_->join();
  worker_.reset();
}

bool RenderedPages::has(std::string_view path) const {
  return std::any_of(pages_.begin(), pages_.end(), [&](const Kept& kept) { return kept.page.path == path; });
}

void RenderedPages::answer(std::string_view path, http::HttpResponder responder) {
  const auto kept = std::find_if(pages_.begin(), pages_.end(), [&](const Kept& one) { return one.page.path == path; });
  if (kept == pages_.end()) return;
  std::shared_ptr<const std::string> body;
  {
    const std::lock_guard lock(mutex_);
    if (kept->body && clock_.steady_us() < kept->fresh_until_us) body = kept->body;
    if (!body) kept->waiting.push_back(std::move(responder));
  }
  if (!body) return notifier_.notify();
  // NOLINTNEXTLINE(bugprone-use-after-move): moved only when there is no body
  responder(answer_of(kept->page, std::move(body)));
}

std::int64_t RenderedPages::step() {
  if (stopping_) return kWorkerDone;
  for (Kept& kept : pages_) {
    const auto is_wanted = [&] {
      const std::lock_guard lock(mutex_);
      return !kept.waiting.empty();
    };
    if (!is_wanted()) continue;
    render(kept);
    return 0;
  }
  return kUntilNotified;
}

void RenderedPages::render(Kept& kept) {
  const std::int64_t begun_us = clock_.steady_us();
  const auto body = std::make_shared<const std::string>(kept.page.render());
  const std::int64_t ended_us = clock_.steady_us();
  std::vector<http::HttpResponder> waiting;
  {
    const std::lock_guard lock(mutex_);
    kept.body = body;
    kept.fresh_until_us =
        std::max(begun_us + kPageMaxAgeMs * 1000, ended_us + kPageMaxAgePerRendering * (ended_us - begun_us));
    waiting.swap(kept.waiting);
  }
  for (http::HttpResponder& responder : waiting) responder(answer_of(kept.page, body));
}

}  // namespace sluice::api
