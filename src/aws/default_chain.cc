#include "aws/default_chain.h"

namespace sluice::aws {

CredentialsResult<Credentials> CredentialsChain::fetch() {
  std::string looked;
  for (NamedSource& place : sources_) {
    CredentialsResult<Credentials> credentials = place.source->fetch();
    if (credentials) return credentials;
    CredentialsError& error = credentials.error();
    if (error.kind != CredentialsError::Kind::none_found) {
      error.message = "Sluice cannot get its own AWS identity from " + place.name + ": " + error.message;
      return credentials;
    }
    if (!looked.empty()) looked += "; ";
    looked += place.name + " (" + error.message + ")";
  }
  return tl::unexpected(CredentialsError{
      CredentialsError::Kind::none_found, "",
      "Sluice has no AWS identity. Looked in: " + looked + ". See docs/aws-credentials.md for how to provide one.",
      ""});
}

std::unique_ptr<CredentialsSource> default_chain(const SourceContext& context) {
  std::vector<NamedSource> sources;
  sources.push_back({"environment variables", std::make_unique<EnvironmentSource>(context.environment)});
  sources.push_back({"web identity", std::make_unique<WebIdentitySource>(context)});
  sources.push_back({"container", std::make_unique<ContainerSource>(context)});
  sources.push_back({"profile files", std::make_unique<ProfileSource>(context)});
  sources.push_back({"instance metadata", std::make_unique<InstanceMetadataSource>(context)});
  return std::make_unique<CredentialsChain>(std::move(sources));
}

}  // namespace sluice::aws
