// The files ~/.aws/config and ~/.aws/credentials. https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::aws {

using Profile = std::map<std::string, std::string>;  // keys in lower case
using Profiles = std::map<std::string, Profile>;

enum class ProfileFileKind {
  config,       // sections are [default] and [profile name]; others ([sso-session x], [services x]) are passed over
  credentials,  // sections are [name]
};

// Nested settings (indented lines below a key without value) are skipped. An error gives the line number, but not the
// line's text.
Result<Profiles> parse_profile_file(std::string_view text, ProfileFileKind kind);

// A profile's settings from both files; where both have a key, the credentials file wins.
Profiles merged_profiles(Profiles config, Profiles credentials);

}  // namespace sluice::aws
