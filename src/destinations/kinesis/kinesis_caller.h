// Signed calls to one Kinesis endpoint. Their answers come by destinations/call_mailbox.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aws/clock_skew.h"
#include "aws/credentials.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/notifier.h"
#include "destinations/call_mailbox.h"
#include "destinations/kinesis/wire_format.h"
#include "http_client/http_transport.h"

namespace sluice::kinesis {

// One thread, but for the answers. May be destroyed while calls are in flight: their answers go nowhere.
class KinesisCaller {
 public:
  // `endpoint` as aws::service_endpoint() gives it. All three references are used until the destructor returns, and not
  // after.
  KinesisCaller(http_client::HttpTransport& transport, const Clock& clock, Notifier& notifier, std::string endpoint,
                std::string region);

  // `operation`: "PutRecords"; `format` is that of the body. Returns the number that the answer will carry.
  std::uint64_t send(std::string_view operation, std::string body, const aws::Credentials& credentials,
                     WireFormat format = WireFormat::json);
  // Replaces `answers` by what came since the last time.
  void take(std::vector<destinations::CallAnswer>& answers) { mailbox_.take(answers); }

  // An answer complained about the time. True when signing again with the corrected time may help.
  bool learn_clock(const http_client::HttpResponse& response) { return skew_.learn(response, clock_.wall_ms()); }
  std::int64_t clock_offset_ms() const { return skew_.offset_ms(); }
  const std::string& endpoint() const { return endpoint_; }

 private:
  const Clock& clock_;
  const std::string endpoint_;
  const std::string url_;
  const std::string region_;
  destinations::CallMailbox mailbox_;
  aws::ClockSkew skew_;
  aws::SigningKeyCache keys_;
};

}  // namespace sluice::kinesis
