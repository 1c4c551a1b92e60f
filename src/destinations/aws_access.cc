#include "destinations/aws_access.h"

#include <utility>

#include "aws/credentials_sources.h"
#include "aws/endpoints.h"

namespace sluice::destinations {
namespace {

// A role assumed with the server's own identity, which it keeps alive.
class OwnedAssumeRoleSource final : public aws::CredentialsSource {
 public:
  OwnedAssumeRoleSource(const AwsParts& parts, std::string endpoint, std::string region, aws::AssumeRole role)
      : base_(parts.own_credentials),
        source_(parts.transport, parts.clock, *base_, std::move(endpoint), std::move(region), std::move(role)) {}
  aws::CredentialsResult<aws::Credentials> fetch() override { return source_.fetch(); }

 private:
  const std::shared_ptr<aws::CredentialsCache> base_;
  aws::AssumeRoleSource source_;
};

}  // namespace

AwsParts aws_parts(const KindParts& parts, const std::string& region, const std::string& sts_endpoint) {
  return {parts.transport,
          parts.clock,
          parts.environment,
          parts.identity.credentials(region, sts_endpoint),
          [&identity = parts.identity] { return identity.principal(); },
          parts.workers,
          parts.policy};
}

Result<std::shared_ptr<aws::CredentialsCache>> credentials_of(const AwsParts& parts, const aws::AssumeRole& role,
                                                              const std::string& region,
                                                              const std::string& sts_endpoint, Notifier& notifier) {
  if (role.role_arn.empty()) return parts.own_credentials;
  const auto sts = aws::sts_endpoint({region, false, false, sts_endpoint}, parts.environment);
  if (!sts) return tl::unexpected(sts.error());
  return std::make_shared<aws::CredentialsCache>(
      std::make_unique<OwnedAssumeRoleSource>(parts, *sts, region, role), parts.clock,
      [&notifier] { notifier.notify(); }, parts.workers);
}

}  // namespace sluice::destinations
