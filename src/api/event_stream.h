// Events as they come, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): each
// with its position as id, so that a reader that lost the connection continues where it was, without a gap and without
// one twice.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/rest_resources.h"

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

// What a reader is sent next. On the admin loop.
class EventStream {
 public:
  EventStream(const RestContext& context, EventsQuestion question);
  // Appends what there is to send by now. False: it ends with that.
  bool more(std::string& out);

 private:
  const RestContext& context_;
  EventsQuestion question_;
  std::int64_t said_ms_ = 0;  // when something was sent last
};

}  // namespace sluice::api
