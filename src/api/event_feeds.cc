#include "api/event_feeds.h"

#include <exception>
#include <utility>

#include "base/log.h"

namespace sluice::api {

std::shared_ptr<http::HttpStream> EventFeeds::add(Source more, std::function<bool()> may_read,
                                                  EventStreamSlots::Slot slot) {
  Feed added{std::move(more), std::move(may_read), http::HttpStream::make()};
  added.stream->on_end([held = std::move(slot)](http::StreamEnd) {});
  std::shared_ptr<http::HttpStream> stream = added.stream;
  if (feed(added)) feeds_.push_back(std::move(added));
  return stream;
}

void EventFeeds::tick() {
  std::erase_if(feeds_, [](const Feed& each) { return !feed(each); });
}

bool EventFeeds::feed(const Feed& feed) {
  if (feed.stream->ended()) return false;
  if (!feed.may_read()) {
    feed.stream->close();
    return false;
  }
  if (feed.stream->unsent_bytes() > 0) return true;
  std::string text;
  bool goes_on = false;
  try {
    goes_on = feed.more(text);
  } catch (const std::exception& error) {
    log_error("api.event_stream_failed", {{"error", error.what()}});
  }
  if (!text.empty()) feed.stream->append(http::stream_block(std::move(text)));
  if (!goes_on) feed.stream->finish();
  return goes_on;
}

}  // namespace sluice::api
