#include "aws/credentials_json.h"

#include <nlohmann/json.hpp>

#include "base/time_text.h"

namespace sluice::aws {

namespace {

using Json = nlohmann::json;

// Empty when it is missing or no string.
std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
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
  if (object.contains("Expiration") && !object["Expiration"].is_null()) {
    const auto expires = parse_iso_time_ms(text_of(object, "Expiration"));
    if (!expires) return invalid(source, "with an Expiration that is not a time like 2026-11-23T06:10:00Z");
    credentials.expires_ms = *expires - offset_ms;
  }
  return credentials;
}

}  // namespace sluice::aws
