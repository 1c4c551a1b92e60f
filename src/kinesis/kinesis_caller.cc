#include "kinesis/kinesis_caller.h"

#include <mutex>
#include <utility>

#include "aws/sha256.h"

namespace sluice::kinesis {

struct KinesisCaller::Mailbox {
  std::mutex mutex;
  std::vector<CallAnswer> answers;
  // Null once the caller is destroyed; both may outlive the caller.
  Notifier* notifier;
  const Clock* clock;

  Mailbox(Notifier& wakes, const Clock& time) : notifier(&wakes), clock(&time) {}

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

KinesisCaller::KinesisCaller(http_client::HttpTransport& transport, const Clock& clock, Notifier& notifier,
                             std::string endpoint, std::string region)
    : transport_(transport),
      clock_(clock),
      endpoint_(std::move(endpoint)),
      url_(endpoint_ + "/"),
      region_(std::move(region)),
      mailbox_(std::make_shared<Mailbox>(notifier, clock)) {}

KinesisCaller::~KinesisCaller() { mailbox_->close(); }

std::uint64_t KinesisCaller::send(std::string_view operation, std::string body, const aws::Credentials& credentials,
                                  WireFormat format) {
  http_client::HttpRequest request;
  request.url = url_;
  request.headers = {{"content-type", std::string(content_type(format))},
                     {"x-amz-target", "Kinesis_20131202." + std::string(operation)}};
  request.body = std::move(body);
  const aws::SigningScope scope{"kinesis", region_, skew_.corrected_ms(clock_.wall_ms())};
  aws::sign_request(request, aws::sha256_hex(request.body), scope, credentials, keys_);
  const std::uint64_t call = ++last_call_;
  transport_.send(std::move(request), [mailbox = mailbox_, call](http_client::HttpResponse response) {
    mailbox->post(call, std::move(response));
  });
  return call;
}

void KinesisCaller::take(std::vector<CallAnswer>& answers) {
  answers.clear();
  const std::lock_guard lock(mailbox_->mutex);
  answers.swap(mailbox_->answers);
}

}  // namespace sluice::kinesis
