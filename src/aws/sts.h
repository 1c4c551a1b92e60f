// AWS Security Token Service: roles to credentials. https://docs.aws.amazon.com/STS/latest/APIReference/
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "aws/clock_skew.h"
#include "aws/credentials.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "http_client/http_transport.h"

namespace sluice::aws {

template <typename T>
using CredentialsResult = tl::expected<T, CredentialsError>;

struct AssumeRole {
  std::string role_arn;
  std::string external_id;         // empty: none
  std::string role_session_name;   // 2..64 characters; shown in CloudTrail
  std::string session_policy;      // JSON; left out when it does not fit. Empty: none
  std::int64_t duration_s = 3600;  // the most that a role may ask for which was itself reached through a role
};

struct CallerIdentity {
  std::string account;
  std::string arn;  // arn:aws:sts::123456789012:assumed-role/name/session, or of a user
  std::string user_id;
};

// Whether this code of STS refuses the credentials that a call was signed with, rather than what it asked for.
bool blames_caller(std::string_view code);

// The role whose session an assumed-role ARN is, as it stands in a trust policy: arn:aws:iam::123456789012:role/name
// (without the role's path, which the session's ARN does not contain). Any other ARN as it is.
std::string principal_of(std::string_view caller_arn);

// Every call blocks until the answer is there, at most 15 s a request. A role is asked for again without its session
// policy when AWS finds that too large (Credentials::notes says so), and for an hour when a longer session is refused:
// three requests at most. One thread.
class StsClient {
 public:
  // `endpoint` as sts_endpoint() gives it; `region` is what requests are signed for.
  StsClient(http_client::HttpTransport& transport, const Clock& clock, std::string endpoint, std::string region);

  CredentialsResult<Credentials> assume_role(const Credentials& as, const AssumeRole& role);
  // Not signed: the token is the proof.
  CredentialsResult<Credentials> assume_role_with_web_identity(const AssumeRole& role, std::string_view token);
  CredentialsResult<CallerIdentity> get_caller_identity(const Credentials& as);

 private:
  // The body of a 200 answer.
  CredentialsResult<std::string> call(const std::string& form, const Credentials* as);
  http_client::HttpResponse exchange(const std::string& form, const Credentials* as);

  http_client::HttpTransport& transport_;
  const Clock& clock_;
  std::string endpoint_;
  std::string region_;
  ClockSkew skew_;
  std::int64_t answer_offset_ms_ = 0;  // AWS's clock minus ours at the last answer
  SigningKeyCache keys_;
};

// The fields of an STS answer; exposed for tests and fuzzing. `offset_ms` is AWS's clock minus ours: the expiry is
// turned into our time.
CredentialsResult<Credentials> credentials_of_answer(std::string_view xml, std::int64_t offset_ms);
CredentialsError error_of_answer(int status, std::string_view xml);
// No answer came: the way there failed, which passes, or a proxy refused it, which does not.
CredentialsError error_of_fault(const http_client::HttpResponse& response);

}  // namespace sluice::aws
