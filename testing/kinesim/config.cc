#include "kinesim/config.h"

#include <toml++/toml.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace kinesim {
namespace {

using Json = nlohmann::json;

constexpr double kMostForeignRecordsPerS = 100'000;  // a hundred times what a shard takes; each attempt costs time

// Reads the fields of one object; the first fault stays, with the place.
class Fields {
 public:
  Fields(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json.is_object()) complain("expected an object");
  }

  template <typename T>
  void read(const char* name, T& out) {
    known_.insert(name);
    if (!json_.is_object() || !json_.contains(name)) return;
    try {
      json_[name].get_to(out);
    } catch (const Json::exception&) {
      complain(std::string(name) + " has the wrong type: " + json_[name].dump());
    }
  }
  const Json* find(const char* name) {
    known_.insert(name);
    return json_.is_object() && json_.contains(name) ? &json_[name] : nullptr;
  }
  void complain(const std::string& what) {
    if (fault_.empty()) fault_ = place_ + ": " + what;
  }
  // Call it last.
  sluice::Result<void> done() {
    if (json_.is_object())
      for (const auto& [name, value] : json_.items())
        if (!known_.contains(name)) complain("unknown field '" + name + "'");
    if (!fault_.empty()) return sluice::fail(fault_);
    return {};
  }

 private:
  const Json& json_;
  const std::string place_;
  std::set<std::string> known_;
  std::string fault_;
};

template <typename Apply>
sluice::Result<void> for_each(const Json* items, Apply&& apply) {
  if (items == nullptr) return {};
  for (const auto& item : items->is_array() ? *items : Json::array({*items}))
    if (auto ok = apply(item); !ok) return ok;
  return {};
}

// "permissions": [{"stream": name or "*", "actions": ["PutRecords", …]}], or "policy": an IAM document.
void read_policy(Fields& fields, const Simulator& simulator, std::optional<Policy>& out) {
  if (const Json* document = fields.find("policy")) {
    auto policy = parse_policy(document->is_string() ? document->get<std::string>() : document->dump());
    if (!policy) return fields.complain("policy: " + policy.error().message);
    out = std::move(*policy);
  }
  const Json* permissions = fields.find("permissions");
  if (permissions == nullptr) return;
  if (!out) out.emplace();
  for (const auto& permission : *permissions) {
    Fields inner(permission, "permissions");
    std::string stream = "*";
    std::vector<std::string> actions = {"*"};
    inner.read("stream", stream);
    inner.read("actions", actions);
    if (const auto ok = inner.done(); !ok) return fields.complain(ok.error().message);
    Statement statement;
    for (auto& action : actions)
      statement.actions.push_back(action.find(':') == action.npos ? "kinesis:" + action : action);
    statement.resources = {stream.starts_with("arn:") ? stream : simulator.stream_arn(stream)};
    out->statements.push_back(std::move(statement));
  }
}

sluice::Result<void> apply_identity(const Json& json, Simulator& simulator) {
  Fields fields(json, "identities");
  Identity identity;
  fields.read("access_key", identity.access_key);
  fields.read("secret_key", identity.secret_key);
  identity.arn = "arn:aws:iam::" + simulator.settings().account + ":user/" + identity.access_key;
  fields.read("arn", identity.arn);
  read_policy(fields, simulator, identity.policy);
  if (identity.access_key.empty() || identity.secret_key.empty()) fields.complain("needs access_key and secret_key");
  if (auto ok = fields.done(); !ok) return ok;
  simulator.directory().put_identity(std::move(identity));
  return {};
}

sluice::Result<void> apply_role(const Json& json, Simulator& simulator) {
  Fields fields(json, "roles");
  Role role;
  fields.read("arn", role.arn);
  fields.read("external_id", role.external_id);
  fields.read("trusted", role.trusted);
  fields.read("max_session_s", role.max_session_s);
  if (const Json* trust = fields.find("web_identity")) {
    Fields inner(*trust, "web_identity");
    role.web_identity.emplace();
    inner.read("issuer", role.web_identity->issuer);
    inner.read("subject", role.web_identity->subject);
    inner.read("audience", role.web_identity->audience);
    if (auto ok = inner.done(); !ok) return ok;
  }
  read_policy(fields, simulator, role.policy);
  if (!role.arn.starts_with("arn:")) fields.complain("needs arn, such as arn:aws:iam::123456789012:role/name");
  if (auto ok = fields.done(); !ok) return ok;
  simulator.directory().put_role(std::move(role));
  return {};
}

// {"shard": "shardId-000000000001" or 1, "records_per_s": n, "bytes_per_s": n}
sluice::Result<void> apply_foreign(const Json& json, Stream& stream, std::int64_t now_us) {
  Fields fields(json, "foreign");
  std::optional<std::uint32_t> shard;
  if (const Json* named = fields.find("shard"))
    shard = named->is_string()            ? parse_shard_id(named->get<std::string>())
            : named->is_number_unsigned() ? std::optional(named->get<std::uint32_t>())
                                          : std::nullopt;
  ForeignRate rate;
  fields.read("records_per_s", rate.records_per_s);
  fields.read("bytes_per_s", rate.bytes_per_s);
  if (rate.records_per_s < 0 || rate.records_per_s > kMostForeignRecordsPerS || rate.bytes_per_s < 0)
    fields.complain("records_per_s must be between 0 and 100,000, bytes_per_s at least 0");
  if (rate.bytes_per_s > 0 && rate.records_per_s == 0) fields.complain("bytes_per_s needs records_per_s");
  if (auto ok = fields.done(); !ok) return ok;
  if (!shard || !stream.set_foreign(*shard, rate, now_us))
    return sluice::fail("foreign: shard must be an open shard of the stream, by its id or its number");
  return {};
}

sluice::Result<void> apply_stream(const Json& json, Simulator& simulator) {
  Fields fields(json, "streams");
  StreamSettings settings;
  settings.limits = simulator.settings().limits;
  fields.read("name", settings.name);
  const auto existing = simulator.find_stream(settings.name);
  if (existing) settings = existing->settings();
  fields.read("shards", settings.shards);
  fields.read("max_record_kib", settings.max_record_kib);
  fields.read("retention_hours", settings.retention_hours);
  fields.read("on_demand", settings.on_demand);
  fields.read("kms_key_id", settings.kms_key_id);
  fields.read("rate_limits", settings.limits.on);
  fields.read("bytes_per_s", settings.limits.bytes_per_s);
  fields.read("records_per_s", settings.limits.records_per_s);
  fields.read("burst_bytes", settings.limits.burst_bytes);
  fields.read("burst_records", settings.limits.burst_records);
  if (settings.name.empty() || settings.name.size() > 128) fields.complain("needs a name of 1 to 128 characters");
  if (settings.shards < 1 || settings.shards > 10'000) fields.complain("shards must be between 1 and 10,000");
  const Json* foreign = fields.find("foreign");
  if (auto ok = fields.done(); !ok) return ok;
  if (existing) {
    const bool reshard = settings.shards != existing->settings().shards;
    existing->set_settings(settings);
    if (reshard) existing->set_shard_count(settings.shards, simulator.now_ms());
    simulator.streams_changed();
  }
  const auto stream = existing ? existing : simulator.create_stream(settings, 0);
  return for_each(foreign, [&](const Json& item) { return apply_foreign(item, *stream, simulator.steady_us()); });
}

sluice::Result<void> apply_bucket(const Json& json, Simulator& simulator) {
  Fields fields(json, "buckets");
  BucketSettings settings;
  settings.region = simulator.settings().region;
  settings.owner = simulator.settings().account;
  fields.read("name", settings.name);
  if (const auto existing = simulator.buckets().find(settings.name)) settings = existing->settings();
  fields.read("region", settings.region);
  fields.read("owner", settings.owner);
  fields.read("versioned", settings.versioned);
  fields.read("object_lock", settings.object_lock);
  fields.read("kms_key_id", settings.kms_key_id);
  fields.read("checksums", settings.checksums);
  std::string wrong_region, if_none_match;
  fields.read("wrong_region", wrong_region);
  fields.read("if_none_match", if_none_match);
  if (const auto known = parse_wrong_region(wrong_region))
    settings.wrong_region = *known;
  else if (!wrong_region.empty())
    fields.complain("wrong_region must be redirect or malformed");
  if (const auto known = parse_conditional(if_none_match))
    settings.if_none_match = *known;
  else if (!if_none_match.empty())
    fields.complain("if_none_match must be answered, not_implemented or ignored");
  if (settings.name.size() < 3 || settings.name.size() > 63) fields.complain("needs a name of 3 to 63 characters");
  if (auto ok = fields.done(); !ok) return ok;
  simulator.buckets().put(std::move(settings));
  return {};
}

sluice::Result<void> apply_kms_key(const Json& json, Simulator& simulator) {
  Fields fields(json, "kms_keys");
  std::string arn, state = "enabled";
  fields.read("arn", arn);
  fields.read("state", state);
  const auto known = parse_key_state(state);
  if (!known) fields.complain("state must be enabled, disabled or pending_deletion");
  if (!arn.starts_with("arn:")) fields.complain("needs arn, such as arn:aws:kms:us-east-1:123456789012:key/id");
  if (auto ok = fields.done(); !ok) return ok;
  simulator.buckets().put_key(arn, *known);
  return {};
}

}  // namespace

sluice::Result<Json> read_config_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return sluice::fail("expected to read the configuration " + path + ", but it cannot be opened.");
  std::stringstream text;
  text << file.rdbuf();
  Json json;
  if (path.ends_with(".toml")) {
    try {
      std::stringstream converted;
      converted << toml::json_formatter{toml::parse(text.str(), path)};
      json = Json::parse(converted.str(), nullptr, false);
    } catch (const toml::parse_error& error) {
      return sluice::fail(path + ":" + std::to_string(error.source().begin.line) + ": " +
                          std::string(error.description()));
    }
  } else {
    json = Json::parse(text.str(), nullptr, false);
  }
  if (!json.is_object())
    return sluice::fail("expected " + path + " to be a JSON object or a TOML file ending in .toml.");
  return json;
}

sluice::Result<void> read_settings(const Json& config, SimulatorSettings& settings) {
  Fields fields(config, "configuration");
  fields.read("account", settings.account);
  fields.read("region", settings.region);
  fields.read("verify_signatures", settings.authentication.verify);
  fields.read("rate_limits", settings.limits.on);
  fields.read("bytes_per_s", settings.limits.bytes_per_s);
  fields.read("records_per_s", settings.limits.records_per_s);
  fields.read("burst_bytes", settings.limits.burst_bytes);
  fields.read("burst_records", settings.limits.burst_records);
  fields.read("create_ms", settings.create_ms);
  fields.read("instance_role", settings.instance_role);
  fields.read("container_role", settings.container_role);
  fields.read("container_token", settings.container_token);
  fields.read("imds_v1", settings.imds_v1);
  fields.read("metadata_session_ms", settings.metadata_session_ms);
  for (const char* applied_later :
       {"streams", "identities", "roles", "faults", "session_lifetime_ms", "cbor", "buckets", "kms_keys"})
    fields.find(applied_later);
  return fields.done();
}

sluice::Result<void> apply_config(const Json& config, Simulator& simulator) {
  Fields fields(config, "configuration");
  const auto all = [&](const char* name, auto&& apply) { return for_each(fields.find(name), apply); };
  if (auto ok = all("identities", [&](const Json& json) { return apply_identity(json, simulator); }); !ok) return ok;
  if (auto ok = all("roles", [&](const Json& json) { return apply_role(json, simulator); }); !ok) return ok;
  if (auto ok = all("streams", [&](const Json& json) { return apply_stream(json, simulator); }); !ok) return ok;
  if (auto ok = all("buckets", [&](const Json& json) { return apply_bucket(json, simulator); }); !ok) return ok;
  if (auto ok = all("kms_keys", [&](const Json& json) { return apply_kms_key(json, simulator); }); !ok) return ok;
  std::string cbor;
  fields.read("cbor", cbor);
  if (!cbor.empty()) {
    const auto support = parse_cbor_support(cbor);
    if (!support)
      return sluice::fail(
          "cbor must be answered, unknown_operation, unsupported_media_type, serialization or server_error, not '" +
          cbor + "'");
    simulator.set_cbor_support(*support);
  }
  std::int64_t session_lifetime_ms = -1;
  fields.read("session_lifetime_ms", session_lifetime_ms);
  if (session_lifetime_ms >= 0) simulator.directory().set_session_lifetime_ms(session_lifetime_ms);
  return all("faults", [&](const Json& json) -> sluice::Result<void> {
    auto rule = read_fault(json, simulator.now_ms());
    if (!rule) return tl::unexpected(rule.error());
    simulator.faults().add(std::move(*rule));
    return {};
  });
}

namespace {

// What a code that AWS answers with another status than 400 comes with.
unsigned status_of_code(std::string_view code) {
  if (code == "ServiceUnavailable" || code == "SlowDown") return 503;
  if (code == "InternalError") return 500;
  if (code == "AccessDenied") return 403;
  if (code == "NoSuchBucket") return 404;
  if (code == "ConditionalRequestConflict") return 409;
  return 400;
}

}  // namespace

sluice::Result<FaultRule> read_fault(const Json& json, std::int64_t now_ms) {
  Fields fields(json, "faults");
  FaultRule rule;
  std::string kind, shard;
  std::int64_t after_ms = 0, for_ms = 0, count = -1;
  fields.read("kind", kind);
  // Short names for what is asked for often.
  if (kind == "gone") {
    rule.kind = FaultKind::reset_before;
  } else if (kind == "expired_token") {
    rule.status = 400;
    rule.code = "ExpiredTokenException";
    rule.message = "The security token included in the request is expired";
  } else if (kind == "page") {
    rule.status = 413;
    rule.code.clear();
    rule.message = "<html><head><title>413 Request Entity Too Large</title></head></html>";
  } else if (const auto known = parse_fault_kind(kind)) {
    rule.kind = *known;
  } else {
    fields.complain(
        "kind must be record_error, call_error, latency, reset_before, reset_after, truncate, "
        "missing_records, garbage, gone, expired_token or page, not '" +
        kind + "'");
  }
  fields.read("operation", rule.operation);
  fields.read("stream", rule.stream);
  fields.read("bucket", rule.stream);
  fields.read("shard", shard);
  fields.read("least_bytes", rule.least_bytes);
  fields.read("containing", rule.containing);
  fields.read("probability", rule.probability);
  fields.read("count", count);
  fields.read("after_ms", after_ms);
  fields.read("for_ms", for_ms);
  fields.read("code", rule.code);
  if (fields.find("code") != nullptr && rule.code != "InternalFailure") rule.status = status_of_code(rule.code);
  fields.read("message", rule.message);
  fields.read("status", rule.status);
  fields.read("latency_ms", rule.latency_ms);
  fields.read("jitter_ms", rule.jitter_ms);
  fields.read("seed", rule.seed);
  if (!shard.empty() && !(rule.shard = parse_shard_id(shard))) fields.complain("shard must be shardId-000000000000");
  if (count >= 0) rule.left = static_cast<std::uint64_t>(count);
  if (after_ms > 0) rule.from_ms = now_ms + after_ms;
  if (for_ms > 0) rule.until_ms = now_ms + std::max<std::int64_t>(after_ms, 0) + for_ms;
  if (auto ok = fields.done(); !ok) return tl::unexpected(ok.error());
  return rule;
}

Json fault_json(const FaultRule& rule) {
  Json out = {{"id", rule.id},
              {"kind", fault_kind_text(rule.kind)},
              {"probability", rule.probability},
              {"code", rule.code},
              {"status", rule.status},
              {"hits", rule.hits},
              {"operation", rule.operation},
              {"stream", rule.stream}};
  if (rule.left) out["left"] = *rule.left;
  if (rule.shard) out["shard"] = shard_id(*rule.shard);
  return out;
}

}  // namespace kinesim
