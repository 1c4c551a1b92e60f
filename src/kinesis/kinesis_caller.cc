#include "kinesis/kinesis_caller.h"

#include <mutex>
#include <utility>

#include "aws/sha256.h"

namespace sluice::kinesis {

struct KinesisCaller::Mailbox {
  std::mutex mutex;
  std::vector<CallAnswer> answers;
  // Null once the caller is gone; both outlive the caller only.
  Waker* waker;
  const Clock* clock;

  Mailbox(Waker& bell, const Clock& time) : waker(&bell), clock(&time) {}

  void post(std::uint64_t call, aws::HttpResponse response) {
    const std::lock_guard lock(mutex);
    if (waker == nullptr) return;
    answers.push_back({call, std::move(response), clock->steady_us()});
    waker->wake();
  }
  void close() {
    const std::lock_guard lock(mutex);
    waker = nullptr;
    clock = nullptr;
  }
};

KinesisCaller::KinesisCaller(aws::HttpTransport& transport, const Clock& clock, Waker& waker, std::string endpoint,
                             std::string region)
    : transport_(transport),
      clock_(clock),
      endpoint_(std::move(endpoint)),
      url_(endpoint_ + "/"),
      region_(std::move(region)),
      mailbox_(std::make_shared<Mailbox>(waker, clock)) {}

KinesisCaller::~KinesisCaller() { mailbox_->close(); }

std::uint64_t KinesisCaller::send(std::string_view operation, std::string body, const aws::Credentials& credentials) {
  aws::HttpRequest request;
  request.url = url_;
  request.headers = {{"content-type", "application/x-amz-json-1.1"},
                     {"x-amz-target", "Kinesis_20131202." + std::string(operation)}};
  request.body = std::move(body);
  const aws::SigningScope scope{"kinesis", region_, skew_.corrected_ms(clock_.wall_ms())};
  aws::sign_request(request, aws::sha256_hex(request.body), scope, credentials, keys_);
  const std::uint64_t call = ++last_call_;
  transport_.send(std::move(request),
                  [mailbox = mailbox_, call](aws::HttpResponse response) { mailbox->post(call, std::move(response)); });
  return call;
}

void KinesisCaller::take(std::vector<CallAnswer>& answers) {
  answers.clear();
  const std::lock_guard lock(mailbox_->mutex);
  answers.swap(mailbox_->answers);
}

}  // namespace sluice::kinesis
