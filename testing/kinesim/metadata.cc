#include "kinesim/metadata.h"

#include <charconv>

#include "base/json_string.h"
#include "base/text.h"
#include "kinesim/wire.h"

namespace kinesim {
namespace {

constexpr std::int64_t kLongestToken_s = 21'600;
constexpr std::size_t kMostTokens = 10'000;
constexpr std::string_view kRolePath = "/latest/meta-data/iam/security-credentials";

Answer plain(unsigned status, std::string body) {
  Answer answer;
  answer.status = status;
  answer.content_type = "text/plain";
  answer.body = std::move(body);
  return answer;
}

std::string json_fields(std::initializer_list<std::pair<std::string_view, std::string>> fields) {
  std::string out = "{";
  for (const auto& [name, value] : fields) {
    if (out.size() > 1) out += ",";
    sluice::append_json_string(out, name);
    out += ":";
    sluice::append_json_string(out, value);
  }
  return out + "}";
}

std::string second_text(std::int64_t ms) { return sluice::iso_time_ms(ms).substr(0, 19) + "Z"; }

Answer json_of_metadata(std::string body) {
  Answer answer = plain(200, std::move(body));
  answer.content_type = "application/json_of_metadata";
  return answer;
}

}  // namespace

bool MetadataEndpoints::owns(std::string_view path) {
  return path.starts_with("/latest/") || path.starts_with("/v1/credentials") || path.starts_with("/v2/credentials");
}

Answer MetadataEndpoints::serve(const Request& request) {
  const std::string_view operation = request.path.starts_with("/latest/") ? "InstanceMetadata" : "ContainerCredentials";
  const CallFaults faults = simulator_.faults().for_call(operation, {}, simulator_.now_ms());
  Answer answer;
  if (faults.error)
    answer = plain(faults.error->status, faults.error->message);
  else if (request.path == "/latest/api/token")
    answer = serve_token(request);
  else
    answer = operation == "InstanceMetadata" ? serve_instance(request) : serve_container(request);
  if (faults.garbage) answer.body = "<garbage>";
  answer.delay_ms = faults.latency_ms;
  answer.abort = faults.reset_before || faults.reset_after || faults.truncate;
  if (faults.reset_before || faults.reset_after) answer.body.clear();
  simulator_.stats().count(operation, answer.status < 400 ? "" : std::to_string(answer.status));
  return answer;
}

Answer MetadataEndpoints::serve_token(const Request& request) {
  if (request.method != "PUT") return plain(405, "Method Not Allowed");
  const std::string_view text = request.header("x-aws-ec2-metadata-token-ttl-seconds");
  std::int64_t ttl_s = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ttl_s);
  if (error != std::errc{} || end != text.data() + text.size() || ttl_s < 1 || ttl_s > kLongestToken_s)
    return plain(400, "Bad Request");
  const std::lock_guard lock(mutex_);
  const std::int64_t now = simulator_.now_ms();
  if (tokens_.size() >= kMostTokens) std::erase_if(tokens_, [now](const auto& token) { return token.second <= now; });
  const std::string token = "AQAEA" + new_request_id() + new_request_id();
  tokens_[token] = now + ttl_s * 1000;
  Answer answer = plain(200, token);
  answer.headers.emplace_back("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", std::to_string(ttl_s));
  return answer;
}

bool MetadataEndpoints::token_valid(std::string_view token) {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(token);
  return found != tokens_.end() && found->second > simulator_.now_ms();
}

SessionCredentials MetadataEndpoints::credentials(const Role& role, const std::string& session_name) {
  const std::lock_guard lock(mutex_);
  const std::int64_t now = simulator_.now_ms();
  auto& session = sessions_[role.arn + "/" + session_name];
  // Renewed some minutes before the end, as AWS does; at half of a life that is shorter than that.
  const std::int64_t margin_ms = std::min<std::int64_t>(300'000, simulator_.settings().metadata_session_ms / 2);
  const auto known = session.access_key.empty() ? nullptr : simulator_.directory().find(session.access_key);
  if (!known || known->expires_ms - margin_ms <= now)
    session = simulator_.directory().open_session(role, session_name, now, simulator_.settings().metadata_session_ms,
                                                  std::nullopt);
  return session;
}

Answer MetadataEndpoints::serve_instance(const Request& request) {
  if (request.method != "GET") return plain(405, "Method Not Allowed");
  const auto token = request.headers->find("x-aws-ec2-metadata-token");
  if (token ? !token_valid(*token) : !simulator_.settings().imds_v1) return plain(401, "Unauthorized");
  std::string_view path = request.path;
  if (path == "/latest/meta-data/placement/region") return plain(200, simulator_.settings().region);
  if (path == "/latest/meta-data/instance-id") return plain(200, "i-0000000000000kine");
  if (!path.starts_with(kRolePath)) return plain(404, "Not Found");
  path.remove_prefix(kRolePath.size());
  const auto role = simulator_.directory().role(simulator_.settings().instance_role);
  if (!role) return plain(404, "Not Found");
  const std::string name = role_name(role->arn);
  if (path.empty() || path == "/") return plain(200, name);
  if (path.substr(1) != name) return plain(404, "Not Found");
  const auto session = credentials(*role, "i-0000000000000kine");
  return json_of_metadata(json_fields({{"Code", "Success"},
                                       {"LastUpdated", second_text(simulator_.now_ms())},
                                       {"Type", "AWS-HMAC"},
                                       {"AccessKeyId", session.access_key},
                                       {"SecretAccessKey", session.secret_key},
                                       {"Token", session.token},
                                       {"Expiration", second_text(session.expires_ms)}}));
}

Answer MetadataEndpoints::serve_container(const Request& request) {
  if (request.method != "GET") return plain(405, "Method Not Allowed");
  const auto& settings = simulator_.settings();
  if (!settings.container_token.empty() && !equal_secrets(request.header("authorization"), settings.container_token)) {
    Answer answer = json_of_metadata(R"({"code":"AccessDenied","message":"The Authorization header does not match."})");
    answer.status = 401;
    return answer;
  }
  const auto role = simulator_.directory().role(settings.container_role);
  if (!role) return plain(404, "No role is set for the container endpoint.");
  const auto session = credentials(*role, "container");
  return json_of_metadata(json_fields({{"RoleArn", role->arn},
                                       {"AccessKeyId", session.access_key},
                                       {"SecretAccessKey", session.secret_key},
                                       {"Token", session.token},
                                       {"Expiration", second_text(session.expires_ms)}}));
}

}  // namespace kinesim
