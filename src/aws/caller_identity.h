// Sluice's identity at AWS, which a trust policy must name. Read from STS once Sluice's own credentials are available.
#pragma once

#include <mutex>
#include <string>

#include "aws/credentials.h"
#include "aws/sts.h"
#include "base/clock.h"
#include "http_client/http_transport.h"

namespace sluice::aws {

class CallerIdentityCache {
 public:
  // `endpoint` and `region` as for StsClient.
  CallerIdentityCache(http_client::HttpTransport& transport, const Clock& clock, std::string endpoint,
                      std::string region);

  // Calls STS, unless these credentials' identity is known. Blocks up to 15 s; one thread. A failure is of no
  // consequence: remedies then say "the identity that Sluice runs as".
  void learn(const Credentials& as);
  // In the form of a trust policy: arn:aws:iam::123456789012:role/name. Empty: not known. Any thread.
  std::string principal() const;

 private:
  StsClient sts_;
  std::string known_for_;  // the access key id
  mutable std::mutex mutex_;
  std::string principal_;
};

}  // namespace sluice::aws
