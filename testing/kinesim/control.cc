#include "kinesim/control.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "kinesim/config.h"
#include "kinesim/control_objects.h"
#include "kinesim/ledger_report.h"
#include "kinesim/wire.h"

namespace kinesim {
namespace {

using Json = nlohmann::json;

Answer json_answer(const Json& json, unsigned status = 200) {
  Answer answer;
  answer.status = status;
  answer.content_type = "application/json";
  answer.body = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return answer;
}

Answer wrong(const std::string& message, unsigned status = 400) { return json_answer({{"message", message}}, status); }

Answer done() { return json_answer({{"ok", true}}); }

Answer stats(Shared& shared, const Request& request) {
  if (request.method == "DELETE") {
    shared.simulator.stats().clear();
    return done();
  }
  Json operations = Json::object();
  for (const auto& [name, counts] : shared.simulator.stats().operations())
    operations[name] = {{"calls", counts.calls},
                        {"errors", counts.errors},
                        {"records", counts.records},
                        {"records_failed", counts.records_failed},
                        {"bytes", counts.bytes}};
  return json_answer({{"operations", std::move(operations)}, {"now_ms", shared.simulator.now_ms()}});
}

Json stream_json(const Stream& stream, std::int64_t now_ms) {
  const StreamSettings settings = stream.settings();
  Json shards = Json::array();
  for (const auto& shard : stream.shards()) {
    shards.push_back({{"id", shard_id(shard.index)},
                      {"open", shard.open()},
                      {"low", hash_key_text(shard.low)},
                      {"high", hash_key_text(shard.high)},
                      {"accepted", shard.accepted},
                      {"throttled", shard.throttled},
                      {"retained_bytes", shard.retained_bytes}});
    if (shard.foreign)
      shards.back()["foreign"] = {{"accepted", shard.foreign->accepted()}, {"throttled", shard.foreign->throttled()}};
  }
  return {{"name", settings.name},
          {"status", stream_status_text(stream.status(now_ms))},
          {"max_record_kib", settings.max_record_kib},
          {"rate_limits", settings.limits.on},
          {"shards", std::move(shards)}};
}

Answer state(Shared& shared) {
  Simulator& simulator = shared.simulator;
  Json streams = Json::array(), roles = Json::array(), identities = Json::array();
  for (const auto& stream : simulator.streams()) streams.push_back(stream_json(*stream, simulator.now_ms()));
  for (const auto& role : simulator.directory().roles())
    roles.push_back({{"arn", role.arn}, {"external_id", role.external_id}, {"trusted", role.trusted}});
  for (const auto& identity : simulator.directory().identities())
    identities.push_back({{"access_key", identity.access_key}, {"arn", identity.arn}});
  return json_answer({{"account", simulator.settings().account},
                      {"region", simulator.settings().region},
                      {"skew_ms", simulator.skew_ms()},
                      {"paused", shared.gate.closed()},
                      {"streams", std::move(streams)},
                      {"roles", std::move(roles)},
                      {"identities", std::move(identities)},
                      {"buckets", buckets_json(simulator.buckets())}});
}

Answer faults(Simulator& simulator, const Request& request, const Form& query, const Json& body) {
  if (request.method == "DELETE") {
    const auto id = query.find("id");
    if (id == query.end()) {
      simulator.faults().clear();
      return done();
    }
    std::uint64_t number = 0;
    std::from_chars(id->second.data(), id->second.data() + id->second.size(), number);
    return simulator.faults().remove(number) ? done() : wrong("there is no fault with id " + id->second, 404);
  }
  if (request.method == "GET") {
    Json rules = Json::array();
    for (const auto& rule : simulator.faults().rules()) rules.push_back(fault_json(rule));
    return json_answer({{"faults", std::move(rules)}});
  }
  std::vector<FaultRule> rules;
  for (const auto& item : body.is_array() ? body : Json::array({body})) {
    auto rule = read_fault(item, simulator.now_ms());
    if (!rule) return wrong(rule.error().message);
    rules.push_back(std::move(*rule));
  }
  Json ids = Json::array();
  for (auto& rule : rules) ids.push_back(simulator.faults().add(std::move(rule)));
  return json_answer({{"ids", std::move(ids)}});
}

Answer clock(Simulator& simulator, const Json& body) {
  if (!body.is_object() || !body.contains("skew_ms") || !body["skew_ms"].is_number_integer())
    return wrong("expected {\"skew_ms\": milliseconds that the simulator's clock is ahead}");
  simulator.set_skew_ms(body["skew_ms"].get<std::int64_t>());
  return json_answer({{"now_ms", simulator.now_ms()}});
}

Answer remove(Simulator& simulator, const Json& body) {
  if (!body.is_object() || body.empty())
    return wrong("expected {\"stream\": name}, {\"role\": arn}, {\"identity\": access key} or {\"bucket\": name}");
  for (const auto& [kind, value] : body.items()) {
    const std::string name = value.is_string() ? value.get<std::string>() : "";
    const bool found = kind == "stream"     ? simulator.remove_stream(name)
                       : kind == "role"     ? simulator.directory().remove_role(name)
                       : kind == "identity" ? simulator.directory().remove_identity(name)
                       : kind == "bucket"   ? simulator.buckets().remove(name)
                                            : false;
    if (!found) return wrong("there is no " + kind + " '" + name + "'", 404);
  }
  return done();
}

}  // namespace

Answer run_control(Shared& shared, const Request& request) {
  Simulator& simulator = shared.simulator;
  const std::string_view path = request.path;
  const bool post = request.method == "POST" || request.method == "PUT";
  const Form query = parse_form(request.query);
  if (path == "/_kinesim/health" || path == "/kinesim/health") return json_answer({{"status", "ok"}});
  if (path == "/_kinesim/stats") return stats(shared, request);
  if (path == "/_kinesim/state") return state(shared);
  if (path == "/_kinesim/ledger") return report_ledger(simulator, request, query);
  if (path == "/_kinesim/ledger/missing" && post) return report_missing(simulator, request, query);
  if (path == "/_kinesim/objects") return list_stored_objects(simulator.buckets(), query);
  if (path == "/_kinesim/object") return read_stored_object(simulator.buckets(), query);
  if (path == "/_kinesim/sessions/expire" && post)
    return json_answer({{"expired", simulator.directory().expire_sessions(simulator.now_ms())}});
  if (path == "/_kinesim/sessions/forget" && post)
    return json_answer({{"forgotten", simulator.directory().forget_sessions()}});
  if (path == "/_kinesim/pause" && post) {
    shared.gate.close();
    return done();
  }
  if (path == "/_kinesim/resume" && post) return done();  // the worker opens the gate

  const Json body = request.body.empty() ? Json() : Json::parse(request.body, nullptr, false);
  if (body.is_discarded()) return wrong("expected a JSON body");
  if (path == "/_kinesim/faults") return faults(simulator, request, query, body);
  if (path == "/_kinesim/clock" && post) return clock(simulator, body);
  if (path == "/_kinesim/remove" && post) return remove(simulator, body);
  if (path == "/_kinesim/objects/write" && post) return write_stored_objects(simulator.buckets(), body);
  if (path == "/_kinesim/config" && post) {
    const auto applied = apply_config(body, simulator);
    return applied ? done() : wrong(applied.error().message);
  }
  return wrong("the control API has no " + std::string(request.method) + " " + std::string(path) +
                   "; see testing/kinesim/README.md",
               404);
}

}  // namespace kinesim
