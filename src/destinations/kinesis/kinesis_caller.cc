#include "destinations/kinesis/kinesis_caller.h"

#include <utility>

#include "aws/sha256.h"

namespace sluice::kinesis {

KinesisCaller::KinesisCaller(http_client::HttpTransport& transport, const Clock& clock, Notifier& notifier,
                             std::string endpoint, std::string region)
    : clock_(clock),
      endpoint_(std::move(endpoint)),
      url_(endpoint_ + "/"),
      region_(std::move(region)),
      mailbox_(transport, clock, notifier) {}

std::uint64_t KinesisCaller::send(std::string_view operation, std::string body, const aws::Credentials& credentials,
                                  WireFormat format) {
  http_client::HttpRequest request;
  request.url = url_;
  request.headers = {{"content-type", std::string(content_type(format))},
                     {"x-amz-target", "Kinesis_20131202." + std::string(operation)}};
  request.body = std::move(body);
  const aws::SigningScope scope{"kinesis", region_, skew_.corrected_ms(clock_.wall_ms())};
  aws::sign_request(request, aws::sha256_hex(request.body), scope, credentials, keys_);
  return mailbox_.send(std::move(request));
}

}  // namespace sluice::kinesis
