#include "aws/credentials_json.h"

#include <nlohmann/json.hpp>

#include "aws/source_support.h"
#include "base/time_text.h"

namespace sluice::aws {

namespace {

using Json = nlohmann::json;

// Empty when it is missing or no string. Without spaces and line ends around it, as a script may print them.
std::string text_of(const Json& object, const char* name) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return {};
  const std::string text = found->get<std::string>();
  const std::size_t first = text.find_first_not_of(kSpace);
  return first == std::string::npos ? std::string() : text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
}

tl::unexpected<CredentialsError> invalid(std::string_view source, std::string_view what) {
  return tl::unexpected(CredentialsError{CredentialsError::Kind::invalid, "",
                                         std::string(source) + " answered " + std::string(what) + ".", ""});
}

}  // namespace

tl::expected<Credentials, CredentialsError> credentials_of_json(std::string_view json, std::string_view source,
                                                                std::int64_t offset_ms) {
  const Json object = Json::parse(json, nullptr, false);
  if (!object.is_object()) return invalid(source, "with something other than a JSON object");
  const std::string code = text_of(object, "Code");
  if (!code.empty() && code != "Success") {
    const std::string message = text_of(object, "Message");
    return tl::unexpected(
        CredentialsError{CredentialsError::Kind::denied, code,
                         std::string(source) + " answered " + code + (message.empty() ? "" : ": " + message), ""});
  }
  Credentials credentials;
  credentials.access_key_id = text_of(object, "AccessKeyId");
  credentials.secret_access_key = text_of(object, "SecretAccessKey");
  credentials.session_token = text_of(object, "Token");
  if (credentials.session_token.empty()) credentials.session_token = text_of(object, "SessionToken");
  credentials.source = source;
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return invalid(source, "without AccessKeyId and SecretAccessKey");
  }
  if (auto fault = fault_of_credentials(credentials, std::string(source) + " answered, but its ",
                                        {"AccessKeyId", "SecretAccessKey", "Token"})) {
    fault->remedy = "Look at what answers there: it must return AWS credentials.";
    return tl::unexpected(std::move(*fault));
  }
  if (object.contains("Expiration") && !object["Expiration"].is_null()) {
    const auto expires = parse_iso_time_ms(text_of(object, "Expiration"));
    if (!expires) return invalid(source, "with an Expiration that is not a time like 2026-11-23T06:10:00Z");
    credentials.expires_ms = *expires - offset_ms;
  }
  return credentials;
}

}  // namespace sluice::aws
