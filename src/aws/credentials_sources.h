// The sources of credentials, one class and one .cc file each. All may block in fetch(), and are called by
// one thread. How a user sets each up: docs/aws-credentials.md
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aws/credentials.h"
#include "aws/sts.h"
#include "base/process_environment.h"

namespace sluice::aws {

// What the sources share. Everything referred to must outlive them.
struct SourceContext {
  http_client::HttpTransport& transport;
  const Clock& clock;
  ProcessEnvironment environment;
  std::string region;  // for STS when the environment names none; may be empty
};

// Keys given in Sluice's own configuration. They never expire.
class StaticSource final : public CredentialsSource {
 public:
  StaticSource(std::string access_key_id, std::string secret_access_key, std::string session_token,
               std::string source_name);
  CredentialsResult<Credentials> fetch() override;

 private:
  Credentials credentials_;
};

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
class EnvironmentSource final : public CredentialsSource {
 public:
  explicit EnvironmentSource(ProcessEnvironment environment) : environment_(std::move(environment)) {}
  CredentialsResult<Credentials> fetch() override;

 private:
  ProcessEnvironment environment_;
};

// AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE (EKS: IAM roles for service accounts). The file is read again at every
// fetch.
class WebIdentitySource final : public CredentialsSource {
 public:
  explicit WebIdentitySource(SourceContext context) : context_(std::move(context)) {}
  CredentialsResult<Credentials> fetch() override;

 private:
  SourceContext context_;
};

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (ECS) or AWS_CONTAINER_CREDENTIALS_FULL_URI (EKS Pod Identity), with
// AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN. Over plain http only to loopback and the
// link-local addresses of ECS and EKS.
class ContainerSource final : public CredentialsSource {
 public:
  explicit ContainerSource(SourceContext context) : context_(std::move(context)) {}
  CredentialsResult<Credentials> fetch() override;

 private:
  SourceContext context_;
};

// ~/.aws/credentials and ~/.aws/config (AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE), profile AWS_PROFILE or
// "default": static keys, credential_process, role_arn with source_profile, credential_source or
// web_identity_token_file. Read again at every fetch.
class ProfileSource final : public CredentialsSource {
 public:
  // An empty profile: AWS_PROFILE, else "default".
  explicit ProfileSource(SourceContext context, std::string profile = {});
  CredentialsResult<Credentials> fetch() override;

 private:
  SourceContext context_;
  std::string profile_;
};

// EC2 instance metadata, version 2 only. AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT,
// AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE; AWS_METADATA_SERVICE_TIMEOUT (2.5 s a request) and
// AWS_METADATA_SERVICE_NUM_ATTEMPTS (3). Credentials that the service returns although they have expired are used for
// some more minutes, as AWS recommends
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-static-credentials.html, "static stability").
class InstanceMetadataSource final : public CredentialsSource {
 public:
  explicit InstanceMetadataSource(SourceContext context) : context_(std::move(context)) {}
  CredentialsResult<Credentials> fetch() override;

 private:
  SourceContext context_;
  std::string token_;
  std::int64_t token_expires_us_ = 0;  // steady clock
};

// A role, assumed with what `base` holds; when STS reports them as expired, `base` is notified. `base` must outlive it.
class AssumeRoleSource final : public CredentialsSource {
 public:
  // `endpoint` and `region` as for StsClient.
  AssumeRoleSource(http_client::HttpTransport& transport, const Clock& clock, CredentialsCache& base,
                   std::string endpoint, std::string region, AssumeRole role);
  CredentialsResult<Credentials> fetch() override;

 private:
  CredentialsCache& base_;
  AssumeRole role_;
  StsClient sts_;
};

}  // namespace sluice::aws
