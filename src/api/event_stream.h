// Events as they come, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): each
// with its position as id, so that a reader that lost the connection continues where it was, without a gap and without
// one twice.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/event_stream_slots.h"
#include "api/rest_resources.h"
#include "http/server.h"

namespace sluice::api {

inline constexpr std::string_view kEventStreamType = "text/event-stream";
// Without an event for this long a stream says that it is alive, so that proxies keep it open and lost readers are
// found.
inline constexpr std::int64_t kStreamHeartbeatMs = 15'000;

// A place in what an environment received.
struct EventPlace {
  journal::Position entry;      // value 0: what came last
  std::size_t first_event = 0;  // in that entry
};

// As an answer's `next` and a stream's ids say it: everything before it was listed.
std::string place_text(const EventPlace& place);

struct EventsQuestion {
  std::string project, environment;
  std::string destination;  // its id: as its records read; empty: as received
  EventPlace after;
  std::size_t limit;   // of items
  int most_reads;      // of the journal
  bool whole = false;  // records are shown however large they are
};

struct EventItem {
  std::string position;
  std::string text;  // as the API shows it: JSON, in which the record is the bytes that are delivered
};

struct EventsPage {
  std::vector<EventItem> items;
  EventPlace next;
};

RestResult<EventsPage> events_page(const RestContext& context, const EventsQuestion& asked);

// On the admin loop.
class EventStream final : public http::HttpStream {
 public:
  EventStream(const RestContext& context, EventsQuestion question);
  bool more(std::string& out) override;

 private:
  const RestContext& context_;
  EventsQuestion question_;
  std::int64_t said_ms_ = 0;  // when something was sent last
};

// Ends a stream once its caller may not read it any more, and holds its slot while it is open.
class GuardedStream final : public http::HttpStream {
 public:
  GuardedStream(std::shared_ptr<http::HttpStream> inner, std::function<bool()> may_read, EventStreamSlots::Slot slot)
      : inner_(std::move(inner)), may_read_(std::move(may_read)), slot_(std::move(slot)) {}
  bool more(std::string& out) override { return may_read_() && inner_->more(out); }

 private:
  std::shared_ptr<http::HttpStream> inner_;
  std::function<bool()> may_read_;
  EventStreamSlots::Slot slot_;
};

}  // namespace sluice::api
