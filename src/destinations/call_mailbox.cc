#include "destinations/call_mailbox.h"

#include <mutex>
#include <utility>

namespace sluice::destinations {

struct CallMailbox::Box {
  std::mutex mutex;
  std::vector<CallAnswer> answers;
  // Null once the mailbox is destroyed; both may outlive it.
  Notifier* notifier;
  const Clock* clock;

  Box(Notifier& wakes, const Clock& time) : notifier(&wakes), clock(&time) {}

  void post(std::uint64_t call, http_client::HttpResponse response) {
    const std::lock_guard lock(mutex);
    if (notifier == nullptr) return;
    answers.push_back({call, std::move(response), clock->steady_us()});
    notifier->notify();
  }
  void close() {
    const std::lock_guard lock(mutex);
    notifier = nullptr;
    clock = nullptr;
  }
};

CallMailbox::CallMailbox(http_client::HttpTransport& transport, const Clock& clock, Notifier& notifier)
    : transport_(transport), box_(std::make_shared<Box>(notifier, clock)) {}

CallMailbox::~CallMailbox() { box_->close(); }

std::uint64_t CallMailbox::send(http_client::HttpRequest request) {
  const std::uint64_t call = ++last_call_;
  transport_.send(std::move(request),
                  [box = box_, call](http_client::HttpResponse response) { box->post(call, std::move(response)); });
  return call;
}

void CallMailbox::take(std::vector<CallAnswer>& answers) {
  answers.clear();
  const std::lock_guard lock(box_->mutex);
  answers.swap(box_->answers);
}

}  // namespace sluice::destinations
