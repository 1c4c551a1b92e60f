#include <algorithm>
#include <cstdlib>
#include <vector>

#include "aws/credential_process.h"
#include "aws/profile_file.h"
#include "aws/source_support.h"
#include "base/text_file.h"

namespace sluice::aws {

namespace {

constexpr std::int64_t kProcessTimeoutMs = 30'000;
constexpr std::size_t kMaxChain = 8;

struct Files {
  std::string config;
  std::string credentials;
};

Files files_of(const ProcessEnvironment& environment) {
  const std::string home = environment("HOME").value_or("");
  const auto path = [&](const char* variable, const char* fallback) {
    std::string given = environment(variable).value_or(home.empty() ? "" : home + fallback);
    if (given.starts_with("~/")) given = home + given.substr(1);
    return given;
  };
  return {path("AWS_CONFIG_FILE", "/.aws/config"), path("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials")};
}

CredentialsResult<Profiles> read_profiles(const std::string& path, ProfileFileKind kind) {
  if (path.empty() || !file_exists(path)) return Profiles();
  const Result<std::string> text = read_text_file(path);
  if (!text) return invalid_setting("The AWS profile file " + text.error().message + ".");
  Result<Profiles> profiles = parse_profile_file(*text, kind);
  if (!profiles) return invalid_setting("The AWS profile file " + path + ": " + profiles.error().message + ".");
  return std::move(*profiles);
}

// Resolves one profile, and those that it builds on.
class Resolver {
 public:
  Resolver(const SourceContext& context, const Profiles& profiles) : context_(context), profiles_(profiles) {}

  CredentialsResult<Credentials> resolve(const std::string& name) {
    const auto found = profiles_.find(name);
    if (found == profiles_.end())
      return invalid_setting("There is no profile '" + name + "' in the AWS profile files.");
    const Profile& profile = found->second;
    const bool seen = std::find(path_.begin(), path_.end(), name) != path_.end();
    if (seen && (path_.back() != name || !has(profile, "aws_access_key_id"))) {
      return invalid_setting("The profile '" + name + "' refers to itself through source_profile.");
    }
    if (path_.size() >= kMaxChain) return invalid_setting("More than 8 profiles refer to one another.");
    path_.push_back(name);
    // As AWS's tools: keys of a profile that another one, or itself, names as its source end the chain.
    const bool ends_chain =
        path_.size() > 1 && has(profile, "aws_access_key_id") && has(profile, "aws_secret_access_key");
    if (!seen && !ends_chain && has(profile, "role_arn")) return role_of(name, profile);
    if (has(profile, "aws_access_key_id") || has(profile, "aws_secret_access_key")) return keys_of(name, profile);
    if (has(profile, "credential_process")) {
      return credentials_of_process(profile.at("credential_process"), kProcessTimeoutMs);
    }
    if (has(profile, "sso_session") || has(profile, "sso_start_url")) {
      return invalid_setting(
          "The profile '" + name +
          "' signs in through IAM Identity Center (SSO), which needs a person. Use a role or an access key.");
    }
    return none_found("the profile '" + name + "' has no credentials");
  }

 private:
  static bool has(const Profile& profile, const char* key) { return profile.find(key) != profile.end(); }
  static std::string value_of(const Profile& profile, const char* key) {
    const auto found = profile.find(key);
    return found == profile.end() ? std::string() : found->second;
  }

  static CredentialsResult<Credentials> keys_of(const std::string& name, const Profile& profile) {
    Credentials credentials{value_of(profile, "aws_access_key_id"), value_of(profile, "aws_secret_access_key"),
                            value_of(profile, "aws_session_token"), 0, "profile " + name};
    if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
      return invalid_setting("The profile '" + name + "' has only one of aws_access_key_id and aws_secret_access_key.");
    }
    if (auto fault = fault_of_credentials(credentials, "In the profile '" + name + "', ",
                                          {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}))
      return tl::unexpected(std::move(*fault));
    return credentials;
  }

  CredentialsResult<Credentials> role_of(const std::string& name, const Profile& profile) {
    if (has(profile, "mfa_serial")) {
      return invalid_setting("The profile '" + name + "' requires an MFA code (mfa_serial), which needs a person.");
    }
    SourceContext context = context_;
    if (has(profile, "region")) context.region = profile.at("region");
    if (has(profile, "web_identity_token_file")) {
      return assume_with_token_file(context, profile.at("role_arn"), profile.at("web_identity_token_file"),
                                    value_of(profile, "role_session_name"));
    }
    CredentialsResult<Credentials> base = base_of(name, profile, context);
    if (!base) return base;
    AssumeRole role;
    role.role_arn = profile.at("role_arn");
    role.external_id = value_of(profile, "external_id");
    role.role_session_name = has(profile, "role_session_name") ? profile.at("role_session_name") : "sluice";
    if (has(profile, "duration_seconds")) {
      role.duration_s = std::strtoll(profile.at("duration_seconds").c_str(), nullptr, 10);
      if (role.duration_s < 900 || role.duration_s > 43'200) {
        return invalid_setting("duration_seconds of the profile '" + name + "' must be 900 to 43200.");
      }
    }
    CredentialsResult<std::unique_ptr<StsClient>> sts = sts_of(context);
    if (!sts) return tl::unexpected(std::move(sts.error()));
    CredentialsResult<Credentials> credentials = (*sts)->assume_role(*base, role);
    if (!credentials) credentials.error().of_role = false;  // the profile's role, and no destination's
    return credentials;
  }

  CredentialsResult<Credentials> base_of(const std::string& name, const Profile& profile,
                                         const SourceContext& context) {
    if (has(profile, "source_profile")) return missing_is_wrong(name, resolve(profile.at("source_profile")));
    const std::string source = value_of(profile, "credential_source");
    if (source == "Environment") return missing_is_wrong(name, EnvironmentSource(context.environment).fetch());
    if (source == "EcsContainer") return missing_is_wrong(name, ContainerSource(context).fetch());
    if (source == "Ec2InstanceMetadata") return missing_is_wrong(name, InstanceMetadataSource(context).fetch());
    return invalid_setting(
        "The profile '" + name +
        "' has a role_arn; it also needs source_profile, web_identity_token_file, or credential_source = "
        "Environment, EcsContainer or Ec2InstanceMetadata.");
  }

  // The profile was set up: that what it names has nothing is a fault, and no reason to look elsewhere.
  static CredentialsResult<Credentials> missing_is_wrong(const std::string& name, CredentialsResult<Credentials> base) {
    if (!base && base.error().kind == CredentialsError::Kind::none_found) {
      base.error().kind = CredentialsError::Kind::invalid;
      base.error().message =
          "The profile '" + name + "' uses credentials that are not available: " + base.error().message + ".";
    }
    return base;
  }

  const SourceContext& context_;
  const Profiles& profiles_;
  std::vector<std::string> path_;
};

}  // namespace

ProfileSource::ProfileSource(SourceContext context, std::string profile)
    : context_(std::move(context)), profile_(std::move(profile)) {}

CredentialsResult<Credentials> ProfileSource::fetch() {
  const Files files = files_of(context_.environment);
  CredentialsResult<Profiles> config = read_profiles(files.config, ProfileFileKind::config);
  if (!config) return tl::unexpected(std::move(config.error()));
  CredentialsResult<Profiles> credentials = read_profiles(files.credentials, ProfileFileKind::credentials);
  if (!credentials) return tl::unexpected(std::move(credentials.error()));
  const Profiles profiles = merged_profiles(std::move(*config), std::move(*credentials));

  const std::optional<std::string> wanted =
      profile_.empty() ? context_.environment("AWS_PROFILE") : std::optional<std::string>(profile_);
  if (!wanted && profiles.find("default") == profiles.end()) {
    return none_found("no profile 'default' in " + (files.config.empty() ? "~/.aws/config" : files.config) + " and " +
                      (files.credentials.empty() ? "~/.aws/credentials" : files.credentials));
  }
  return Resolver(context_, profiles).resolve(wanted.value_or("default"));
}

}  // namespace sluice::aws
