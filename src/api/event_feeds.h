// The event streams that are open: each is sent what came since it was sent the last, twice a second, as long as its
// caller may read it. On the admin loop, but for the end of a stream.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/event_stream_slots.h"
#include "http/stream.h"

namespace sluice::api {

class EventFeeds {
 public:
  // Appends what there is to send by now. False: it ends with that (EventStream::more).
  using Source = std::function<bool(std::string& out)>;

  // The stream of an answer. `slot` is held until its connection has ended.
  std::shared_ptr<http::HttpStream> add(Source more, std::function<bool()> may_read, EventStreamSlots::Slot slot);
  // Asks for more for each whose reader took what came before: what is read at once is all that one reader costs in
  // memory.
  void tick();

 private:
  struct Feed {
    Source more;
    std::function<bool()> may_read;
    std::shared_ptr<http::HttpStream> stream;
  };
  // False: it is over.
  static bool feed(const Feed& feed);

  std::vector<Feed> feeds_;
};

}  // namespace sluice::api
