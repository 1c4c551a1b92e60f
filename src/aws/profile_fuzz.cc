// Any bytes as a profile file, a credential_process, an ARN or an endpoint.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "aws/arn.h"
#include "aws/credential_process.h"
#include "aws/endpoints.h"
#include "aws/profile_file.h"
#include "http_client/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::aws;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto kind : {ProfileFileKind::config, ProfileFileKind::credentials}) {
    if (const auto profiles = parse_profile_file(text, kind)) {
      for (const auto& [name, profile] : *profiles) {
        for (const auto& [key, value] : profile) {
          if (value.empty() || value.find('\n') != std::string::npos) __builtin_trap();
        }
      }
    }
  }
  if (const auto words = split_command(text); words && words->empty()) __builtin_trap();
  if (const auto arn = parse_stream_arn(text); arn && arn->text() != text) __builtin_trap();
  if (const auto arn = parse_role_arn(text); arn && arn->text() != text) __builtin_trap();
  if (const auto endpoint = checked_endpoint(text)) {
    if (!checked_endpoint(*endpoint) || http_client::host_header_of(*endpoint).empty()) __builtin_trap();
  }
  return 0;
}
