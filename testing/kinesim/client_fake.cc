#include "kinesim/client_fake.h"

#include <nlohmann/json.hpp>

#include "kinesim/config.h"

namespace kinesim {
namespace {

SimulatorSettings with_region(SimulatorSettings settings) {
  settings.authentication.region = settings.region;
  return settings;
}

}  // namespace

World::World(SimulatorSettings settings, std::uint32_t shards)
    : shared(with_region(std::move(settings)), clock), worker(shared) {
  Options options;
  options.roles = {std::string(kRole) + "," + kExternalId};
  options.streams = {"events:" + std::to_string(shards)};
  const auto applied = apply_options(options, shared.simulator);
  if (!applied) std::abort();
}

Answer World::signed_request(std::string_view service, const std::string& body, const Keys& keys, MapHeaders headers,
                             std::int64_t skew_ms) {
  const std::string date = amz_date(shared.simulator.now_ms() + skew_ms);
  headers.set("Host", "localhost:4567");
  headers.set("X-Amz-Date", date);
  std::string names = "host;x-amz-date";
  if (!keys.token.empty()) {
    headers.set("X-Amz-Security-Token", keys.token);
    names += ";x-amz-security-token";
  }
  const Request request{"POST", "/", "", body, &headers};
  const std::string day = date.substr(0, 8);
  const Authorization authorization{keys.access, day, "us-east-1", service, names, ""};
  SigningKeys derived;
  const std::string signature =
      expected_signature(request, authorization, date, derived.key(authorization, keys.secret));
  headers.set("Authorization", "AWS4-HMAC-SHA256 Credential=" + keys.access + "/" + day + "/us-east-1/" +
                                   std::string(service) + "/aws4_request, SignedHeaders=" + names +
                                   ", Signature=" + signature);
  return worker.serve(request);
}

Answer World::kinesis(const std::string& operation, const std::string& body, const Keys& keys, std::int64_t skew_ms,
                      std::string_view content_type) {
  MapHeaders headers;
  headers.set("X-Amz-Target", "Kinesis_20131202." + operation);
  headers.set("Content-Type", std::string(content_type));
  return signed_request("kinesis", body, keys, std::move(headers), skew_ms);
}

Answer World::sts(const std::string& form, const Keys& keys) {
  MapHeaders headers;
  headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  return signed_request("sts", "Version=2011-06-15&" + form, keys, std::move(headers), 0);
}

Answer World::plain(std::string_view method, std::string_view path, const MapHeaders& headers, std::string_view body,
                    std::string_view query) {
  return worker.serve(Request{method, path, query, body, &headers});
}

Answer World::s3(const S3Call& call) {
  const std::string date = amz_date(shared.simulator.now_ms());
  MapHeaders headers;
  headers.set("Host", call.host);
  headers.set("X-Amz-Date", date);
  if (call.content_sha256 != "none")
    headers.set("X-Amz-Content-Sha256", call.content_sha256.empty() ? hex(sha256(call.body)) : call.content_sha256);
  if (!call.keys.token.empty()) headers.set("X-Amz-Security-Token", call.keys.token);
  for (const auto& [name, value] : call.headers) headers.set(name, value);
  std::string names;
  for (const auto& [name, value] : headers.values) names += (names.empty() ? "" : ";") + name;
  const Request request{call.method, call.path, call.query, call.body, &headers};
  const std::string scope = date.substr(0, 8) + "/" + call.region + "/s3/aws4_request";
  const Authorization authorization{
      call.keys.access, std::string_view(date).substr(0, 8), call.region, "s3", names, ""};
  SigningKeys derived;
  const std::string signature =
      expected_signature(request, authorization, date, derived.key(authorization, call.keys.secret));
  headers.set("Authorization", "AWS4-HMAC-SHA256 Credential=" + call.keys.access + "/" + scope +
                                   ", SignedHeaders=" + names + ", Signature=" + signature);
  return worker.serve(request);
}

void World::configure(std::string_view json) {
  const auto applied = apply_config(nlohmann::json::parse(json), shared.simulator);
  if (!applied) std::abort();
}

std::string header_of(const Answer& answer, std::string_view name) {
  for (const auto& [each, value] : answer.headers)
    if (sluice::equals_ignoring_case(each, name)) return value;
  return "";
}

World::Keys World::assume(const std::string& more) {
  const Answer answer =
      sts("Action=AssumeRole&RoleArn=" + std::string(kRole) + "&RoleSessionName=test&ExternalId=" + kExternalId + more);
  return {between(answer.body, "AccessKeyId"), between(answer.body, "SecretAccessKey"),
          between(answer.body, "SessionToken")};
}

std::string between(const std::string& xml, const std::string& name) {
  const auto start = xml.find("<" + name + ">");
  if (start == xml.npos) return "";
  const auto from = start + name.size() + 2;
  return xml.substr(from, xml.find("</" + name + ">", from) - from);
}

std::string put_records_body(std::size_t records, std::string_view data_base64) {
  std::string body = R"({"StreamName":"events","Records":[)";
  for (std::size_t i = 0; i < records; ++i) {
    if (i > 0) body += ',';
    body += R"({"Data":")" + std::string(data_base64) + R"(","PartitionKey":"key-)" + std::to_string(i) + R"("})";
  }
  return body + "]}";
}

std::size_t occurrences(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

}  // namespace kinesim
