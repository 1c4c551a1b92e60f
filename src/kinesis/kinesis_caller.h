// Signed calls to one Kinesis endpoint. Answers come on the transport's thread; they lie in a mailbox until the
// pipeline's thread takes them, and its notifier is notified.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aws/clock_skew.h"
#include "aws/credentials.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/notifier.h"
#include "http_client/http_transport.h"
#include "kinesis/wire_format.h"

namespace sluice::kinesis {

struct CallAnswer {
  std::uint64_t call = 0;
  http_client::HttpResponse response;
  std::int64_t arrived_us = 0;  // steady clock
};

// One thread, but for the answers. May be destroyed while calls are in flight: their answers go nowhere.
class KinesisCaller {
 public:
  // `endpoint` as aws::service_endpoint() gives it. All three references are used until the destructor returns, and not
  // after.
  KinesisCaller(http_client::HttpTransport& transport, const Clock& clock, Notifier& notifier, std::string endpoint,
                std::string region);
  ~KinesisCaller();
  KinesisCaller(const KinesisCaller&) = delete;
  KinesisCaller& operator=(const KinesisCaller&) = delete;

  // `operation`: "PutRecords"; `format` is that of the body. Returns the number that the answer will carry.
  std::uint64_t send(std::string_view operation, std::string body, const aws::Credentials& credentials,
                     WireFormat format = WireFormat::json);
  // Replaces `answers` by what came since the last time.
  void take(std::vector<CallAnswer>& answers);

  // An answer complained about the time. True when signing again with the corrected time may help.
  bool learn_clock(const http_client::HttpResponse& response) { return skew_.learn(response, clock_.wall_ms()); }
  std::int64_t clock_offset_ms() const { return skew_.offset_ms(); }
  const std::string& endpoint() const { return endpoint_; }

 private:
  struct Mailbox;
  http_client::HttpTransport& transport_;
  const Clock& clock_;
  const std::string endpoint_;
  const std::string url_;
  const std::string region_;
  const std::shared_ptr<Mailbox> mailbox_;
  aws::ClockSkew skew_;
  aws::SigningKeyCache keys_;
  std::uint64_t last_call_ = 0;
};

}  // namespace sluice::kinesis
