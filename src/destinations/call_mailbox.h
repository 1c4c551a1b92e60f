// Calls to a destination, and their answers. An answer comes on the transport's thread; it lies here until the
// pipeline's thread takes it, and the pipeline's notifier is notified.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "http_client/http_transport.h"

namespace sluice::destinations {

struct CallAnswer {
  std::uint64_t call = 0;
  http_client::HttpResponse response;
  std::int64_t arrived_us = 0;  // steady clock
};

// One thread, but for the answers. May be destroyed while calls are in flight: their answers go nowhere.
class CallMailbox {
 public:
  // All three references are used until the destructor returns, and not after.
  CallMailbox(http_client::HttpTransport& transport, const Clock& clock, Notifier& notifier);
  ~CallMailbox();
  CallMailbox(const CallMailbox&) = delete;
  CallMailbox& operator=(const CallMailbox&) = delete;

  // Returns the number that the answer will carry: 1, 2, …
  std::uint64_t send(http_client::HttpRequest request);
  // Replaces `answers` by what came since the last time.
  void take(std::vector<CallAnswer>& answers);

 private:
  struct Box;
  http_client::HttpTransport& transport_;
  const std::shared_ptr<Box> box_;
  std::uint64_t last_call_ = 0;
};

}  // namespace sluice::destinations
