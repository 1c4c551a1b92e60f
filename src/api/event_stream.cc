#include "api/event_stream.h"

#include <fmt/format.h>

namespace sluice::api {
namespace {

// How long a browser waits before it comes again.
constexpr int kRetryMs = 1'000;

}  // namespace

std::string place_text(const EventPlace& place) {
  return place.first_event == 0 ? std::to_string(place.entry.value)
                                : fmt::format("{}.{}", place.entry.value, place.first_event - 1);
}

EventStream::EventStream(const RestContext& context, EventsQuestion question)
    : context_(context), question_(std::move(question)) {}

bool EventStream::more(std::string& out) {
  const bool first = said_ms_ == 0;
  if (first) out += fmt::format("retry: {}\n", kRetryMs);
  auto page = events_page(context_, question_);
  if (!page) {  // the environment or the destination was deleted
    const RestJson error = {{"code", page.error().code}, {"message", page.error().message}};
    out += fmt::format("event: ended\ndata: {}\n\n", rest_text(error));
    return false;
  }
  question_.after = page->next;
  const std::int64_t now_ms = context_.clock.steady_us() / 1'000;
  for (const EventItem& item : page->items) out += fmt::format("id: {}\ndata: {}\n\n", item.position, item.text);
  if (page->items.empty() && (first || now_ms - said_ms_ >= kStreamHeartbeatMs))
    out +=
        fmt::format(": {}\nid: {}\n\n", first ? "events follow as they arrive" : "still here", place_text(page->next));
  if (!out.empty()) said_ms_ = std::max<std::int64_t>(now_ms, 1);
  return true;
}

}  // namespace sluice::api
