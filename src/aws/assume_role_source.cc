#include "aws/credentials_sources.h"

namespace sluice::aws {
namespace {

// At start both are fetched at once: long enough for what answers at all, short enough to stop in between.
constexpr std::chrono::seconds kOwnCredentialsAtMost{2};

}  // namespace

AssumeRoleSource::AssumeRoleSource(http_client::HttpTransport& transport, const Clock& clock, CredentialsCache& base,
                                   std::string endpoint, std::string region, AssumeRole role)
    : base_(base), role_(std::move(role)), sts_(transport, clock, std::move(endpoint), std::move(region)) {}

CredentialsResult<Credentials> AssumeRoleSource::fetch() {
  base_.await_first_answer(kOwnCredentialsAtMost);
  const std::shared_ptr<const Credentials> as = base_.current();
  if (!as) {
    CredentialsError error = base_.error().value_or(CredentialsError{
        CredentialsError::Kind::unreachable, "", "Sluice's own AWS credentials are not available yet.", ""});
    error.from_base = true;
    return tl::unexpected(std::move(error));
  }
  CredentialsResult<Credentials> credentials = sts_.assume_role(*as, role_);
  if (!credentials) {
    const CredentialsError& error = credentials.error();
    if (error.code == "ExpiredToken" || error.code == "InvalidClientTokenId") base_.refuse(as);
    return credentials;
  }
  credentials->notes.insert(credentials->notes.end(), as->notes.begin(), as->notes.end());
  return credentials;
}

}  // namespace sluice::aws
