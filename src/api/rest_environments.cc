#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/audit.h"
#include "api/environment_query.h"
#include "api/kept_members.h"
#include "api/rest_patch.h"
#include "api/rest_query.h"
#include "api/rest_resources.h"
#include "base/random.h"
#include "base/text.h"
#include "catalog/fields.h"
#include "catalog/key_expiry.h"

namespace sluice::api {
namespace {

using nlohmann::json;

constexpr std::uint64_t kPageSize = 20, kMostPageSize = 1000;  // of environments; 20 as LaunchDarkly's

// API member and field of the configuration, for what both have.
struct Mapped {
  const char* member;
  const char* field;
};
constexpr std::array<Mapped, 13> kMapped = {{{"key", "key"},
                                             {"name", "name"},
                                             {"allowedOrigins", "allowed_origins"},
                                             {"allowedHeaders", "allowed_headers"},
                                             {"featureEvents", "feature_events"},
                                             {"exportAllFlags", "export_all_flags"},
                                             {"defaultTrackEvents", "export_new_flags"},
                                             {"flagSource", "flag_source"},
                                             {"flagSite", "flag_site"},
                                             {"flagStreamUri", "flag_stream_uri"},
                                             {"flagBaseUri", "flag_base_uri"},
                                             {"flagFiles", "flag_files"},
                                             {"flagReasons", "flag_reasons"}}};
constexpr std::array<std::string_view, 19> kSettableOfEnvironment = {
    "name",           "color",           "defaultTtl",     "secureMode",         "tags",
    "confirmChanges", "requireComments", "critical",       "defaultTrackEvents", "featureEvents",
    "exportAllFlags", "allowedOrigins",  "allowedHeaders", "flagSource",         "flagSite",
    "flagStreamUri",  "flagBaseUri",     "flagFiles",      "flagReasons"};
// Of one flag source alone.
constexpr std::array<std::pair<const char*, std::string_view>, 4> kOfFlagSource = {{{"flagSite", "launchdarkly"},
                                                                                    {"flagStreamUri", "launchdarkly"},
                                                                                    {"flagBaseUri", "launchdarkly"},
                                                                                    {"flagFiles", "files"}}};
// Kept for clients that send and expect them, with what LaunchDarkly has at rest.
const json kKeptOfEnvironment = {{"color", "417505"},     {"defaultTtl", 0},         {"secureMode", false},
                                 {"tags", json::array()}, {"confirmChanges", false}, {"requireComments", false},
                                 {"critical", false}};

std::string new_key(const char* prefix) {
  unsigned char bytes[16];
  random_secret_bytes(bytes, sizeof bytes);
  std::string out = prefix;
  for (std::size_t i = 0; i < sizeof bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02x}", bytes[i]);
  }
  return out;
}

std::string environment_target(const std::string& project, const std::string& environment) {
  return fmt::format("proj/{}:env/{}", project, environment);
}

// In the API's words, not the configuration file's.
tl::unexpected<RestError> refused_environment(catalog::CatalogError error) {
  for (const auto& [member, field] : kMapped) {
    const std::string_view from = field;
    if (from == member) continue;
    for (std::size_t at = 0; (at = error.message.find(from, at)) != std::string::npos;)
      error.message.replace(at, from.size(), member);
  }
  return refused(error);
}

// For the audit log: without credentials.
std::string without_keys(json environment) {
  environment.erase("apiKey");
  environment.erase("mobileKey");
  environment.erase("expiringApiKeys");
  environment.erase("expiringMobileKeys");
  return environment.dump();
}

RestResult<catalog::Managed<catalog::Environment>> environment_of_path(const RestContext& context,
                                                                       const RestCall& call) {
  if (auto environment = context.catalog.environment(call.path[0], call.path[1])) return std::move(*environment);
  if (!context.catalog.project(call.path[0]))
    return not_found(fmt::format("There is no project with the key \"{}\".", call.path[0]));
  return not_found(
      fmt::format("The project \"{}\" has no environment with the key \"{}\".", call.path[0], call.path[1]));
}

// Whoever selects another flag source leaves the settings of the one before: only what the patch itself brings of them
// is kept, and refused.
void drop_settings_of_other_sources(const json& before, json& after) {
  const json source = after.value("flagSource", json());
  if (source == before.value("flagSource", json())) return;
  for (const auto& [member, of] : kOfFlagSource)
    if (source != of && after.contains(member) && after[member] == before.value(member, json())) after.erase(member);
}

// Takes what the body says over into the fields and the rest. Whoever sets a switch wants switches to count.
void take_members(const json& body, const json& before, catalog::CatalogWrite& write) {
  for (const auto& [member, field] : kMapped) {
    const json value = body.value(member, json());
    // What a patch takes away is as at first.
    if (value.is_null() && !before.contains(member) && !body.contains(member)) continue;
    if (value.is_null())
      write.fields.erase(field);
    else
      write.fields[field] = value;
    const bool is_switch = std::string_view(field).starts_with("export_");
    if (is_switch && before.value(member, json()) != value && !body.contains("featureEvents"))
      write.fields["feature_events"] = "chosen flags";
  }
  for (const auto& [member, value] : kKeptOfEnvironment.items()) {
    if (body.contains(member))
      write.extra[member] = body[member];
    else
      write.extra.erase(member);
  }
}

RestOutcome reset_key(const RestContext& context, const RestCall& call, const char* field, const char* prefix,
                      const char* action, const char* what) {
  const auto environment = environment_of_path(context, call);
  if (!environment) return tl::unexpected(environment.error());
  catalog::CatalogWrite write{catalog::DocumentKind::environment,
                              environment->value.id.hex(),
                              environment->fields,
                              environment->extra,
                              environment->revision,
                              false};
  const auto expiry = number_in_query(call, "expiry", 0, 0, INT64_MAX);
  if (!expiry) return tl::unexpected(expiry.error());
  const auto until_ms = static_cast<std::int64_t>(*expiry);
  if (until_ms > 0 && until_ms <= context.clock.wall_ms())
    return invalid(
        fmt::format("expiry: {} has passed; expected the time when the old key stops, in epoch milliseconds, or "
                    "nothing to stop it at once.",
                    until_ms));
  catalog::put_new_key(write, field, new_key(prefix), until_ms);
  const auto made = context.catalog.commit(
      {write}, audit_entry(context.clock.wall_ms(), call.caller, action, environment_target(call.path[0], call.path[1]),
                           fmt::format("reset the {} of \"{}/{}\"", what, call.path[0], call.path[1])));
  if (!made) return refused_environment(made.error());
  return RestAnswer{200, environment_json(*context.catalog.environment(call.path[0], call.path[1]))};
}

// What a change of the member is called.
std::string_view action_of(const std::string& member) {
  if (member == "name") return "updateName";
  if (member == "tags") return "updateTags";
  return member == "defaultTrackEvents" ? "updateDefaultTrackEvents" : "updateConfiguration";
}

// Those that were reset and still count.
void add_old_keys(const catalog::Managed<catalog::Environment>& environment, const char* field,
                  const std::vector<std::string>& keys, const char* member, RestJson& out) {
  const auto expiries = catalog::key_expiries(environment.fields, environment.extra, field);
  for (std::size_t i = 1; i < std::min(keys.size(), expiries.size()); ++i)
    if (expiries[i] > 0) out[member].push_back({{"key", keys[i]}, {"expiry", expiries[i]}});
}

// As its owner gave it, so that what is read can be sent back.
void add_flag_source(const catalog::Managed<catalog::Environment>& environment, RestJson& out) {
  out["flagSource"] = catalog::flag_source_name(environment.value.flag_source.kind);
  for (const auto& [member, field] : kMapped)
    if (std::string_view(field).starts_with("flag_") && environment.fields.contains(field))
      out[member] = RestJson(environment.fields[field]);
}

}  // namespace

RestJson environment_json(const catalog::Managed<catalog::Environment>& environment) {
  const catalog::Environment& value = environment.value;
  const catalog::FlagExport& choice = value.flag_export;
  const std::string self = fmt::format("/api/v2/projects/{}/environments/{}", value.project_key, value.key);
  RestJson out = {{"_links", {{"self", rest_link(self)}}},
                  {"_id", value.id.hex()},
                  {"key", value.key},
                  {"name", value.name},
                  {"apiKey", value.sdk_keys.empty() ? "" : value.sdk_keys.front()},
                  {"mobileKey", value.mobile_keys.empty() ? "" : value.mobile_keys.front()}};
  add_old_keys(environment, "sdk_keys", value.sdk_keys, "expiringApiKeys", out);
  add_old_keys(environment, "mobile_keys", value.mobile_keys, "expiringMobileKeys", out);
  for (const auto& [member, rest] : kKeptOfEnvironment.items())
    out[member] = RestJson(environment.extra.value(member, rest));
  out["defaultTrackEvents"] = choice.new_flags;
  out["featureEvents"] = choice.as_sent ? "as sent" : "chosen flags";
  if (choice.all_flags) out["exportAllFlags"] = *choice.all_flags;
  if (!value.allowed_origins.empty()) out["allowedOrigins"] = value.allowed_origins;
  if (!value.allowed_headers.empty()) out["allowedHeaders"] = value.allowed_headers;
  add_flag_source(environment, out);
  return out;
}

RestResult<catalog::CatalogWrite> new_environment(const RestContext& context, const std::string& project_key,
                                                  const json& body) {
  if (!body.is_object())
    return invalid(
        "The body is not an object; expected an environment such as {\"key\":\"production\",\"name\":\"Production\"}.");
  if (auto good = only_known(body, {"_id",
                                    "key",
                                    "name",
                                    "apiKey",
                                    "mobileKey",
                                    "color",
                                    "defaultTtl",
                                    "secureMode",
                                    "tags",
                                    "confirmChanges",
                                    "requireComments",
                                    "critical",
                                    "defaultTrackEvents",
                                    "featureEvents",
                                    "exportAllFlags",
                                    "allowedOrigins",
                                    "allowedHeaders",
                                    "flagSource",
                                    "flagSite",
                                    "flagStreamUri",
                                    "flagBaseUri",
                                    "flagFiles",
                                    "flagReasons",
                                    "source"});
      !good)
    return tl::unexpected(good.error());
  if (auto good = check_kept(body, kKeptOfEnvironment); !good) return tl::unexpected(good.error());
  catalog::CatalogWrite write{
      catalog::DocumentKind::environment, {}, {{"project", project_key}}, json::object(), 0, false};
  if (const json source = body.value("source", json::object()); !source.is_object())
    return invalid(fmt::format("source: This is {}; expected an object.", source.type_name()));
  const auto id = text_member(body, "_id", "24 hex digits");
  const auto sdk_key = text_member(body, "apiKey", "an SDK key");
  const auto mobile_key = text_member(body, "mobileKey", "a mobile key");
  for (const auto* member : {&id, &sdk_key, &mobile_key})
    if (!*member) return tl::unexpected(member->error());
  for (const auto& [name, key] : {std::pair{"apiKey", &*sdk_key}, {"mobileKey", &*mobile_key}})
    if (const std::string fault = catalog::fault_of_key(*key); !fault.empty())
      return invalid(fmt::format("{}: {}", name, fault));
  write.id = id->empty() ? new_object_id(context.clock.wall_ms()).hex() : *id;
  write.fields["sdk_keys"] = json::array({sdk_key->empty() ? new_key("sdk-") : *sdk_key});
  write.fields["mobile_keys"] = json::array({mobile_key->empty() ? new_key("mob-") : *mobile_key});
  take_members(body, json::object(), write);
  if (auto good = check_flag_source(context, write.fields); !good) return tl::unexpected(good.error());
  return write;
}

RestOutcome list_environments(const RestContext& context, const RestCall& call) {
  const auto project = context.catalog.project(call.path[0]);
  if (!project) return not_found(fmt::format("There is no project with the key \"{}\".", call.path[0]));
  const auto limit = number_in_query(call, "limit", kPageSize, 1, kMostPageSize);
  const auto offset = number_in_query(call, "offset", 0, 0, UINT32_MAX);
  if (!limit) return tl::unexpected(limit.error());
  if (!offset) return tl::unexpected(offset.error());
  const auto asked = asked_environments(context.catalog.environments(project->value.id), call);
  if (!asked) return tl::unexpected(asked.error());
  const auto& all = *asked;
  RestJson items = RestJson::array();
  for (std::size_t i = *offset; i < all.size() && items.size() < *limit; ++i) items.push_back(environment_json(all[i]));
  const std::string self = fmt::format("/api/v2/projects/{}/environments", call.path[0]);
  RestJson links = {{"self", rest_link(self)}};
  if (*offset + *limit < all.size()) {
    std::string next = fmt::format("{}?limit={}&offset={}", self, *limit, *offset + *limit);
    for (const char* name : {"filter", "sort"})
      if (const std::string value = call.query_one(name); !value.empty())
        next += fmt::format("&{}={}", name, percent_encoded(value));
    links["next"] = rest_link(next);
  }
  return RestAnswer{200, {{"_links", std::move(links)}, {"totalCount", all.size()}, {"items", std::move(items)}}};
}

RestOutcome make_environment(const RestContext& context, const RestCall& call) {
  auto write = new_environment(context, call.path[0], call.body);
  if (!write) return tl::unexpected(write.error());
  const json key = call.body.value("key", json());
  const std::string name = key.is_string() ? key.get<std::string>() : "";
  if (auto may = needs(call.caller, "createEnvironment", {call.path[0], name, "", ""}); !may)
    return tl::unexpected(may.error());
  const auto made = context.catalog.commit(
      {std::move(*write)},
      audit_entry(context.clock.wall_ms(), call.caller, "createEnvironment", environment_target(call.path[0], name),
                  fmt::format("made the environment \"{}/{}\"", call.path[0], name)));
  if (!made) return refused_environment(made.error());
  return RestAnswer{201, environment_json(*context.catalog.environment(call.path[0], name))};
}

RestOutcome get_environment(const RestContext& context, const RestCall& call) {
  const auto environment = environment_of_path(context, call);
  if (!environment) return tl::unexpected(environment.error());
  return RestAnswer{200, environment_json(*environment)};
}

RestOutcome patch_environment(const RestContext& context, const RestCall& call) {
  const auto environment = environment_of_path(context, call);
  if (!environment) return tl::unexpected(environment.error());
  const json before = environment_json(*environment);
  auto patch = patched(before, call, kSettableOfEnvironment);
  if (!patch) return tl::unexpected(patch.error());
  drop_settings_of_other_sources(before, patch->after);
  const json& after = patch->after;
  for (const char* fixed : {"key", "apiKey", "mobileKey", "expiringApiKeys", "expiringMobileKeys"})
    if (after.value(fixed, json()) != before.value(fixed, json()))
      return invalid(
          fmt::format("{}: It cannot be changed here{}.", fixed,
                      fixed == std::string_view("key") ? "" : "; POST to …/apiKey or …/mobileKey resets a key"));
  if (auto good = only_known_added(before, after, kSettableOfEnvironment); !good) return tl::unexpected(good.error());
  if (auto good = check_kept(changed(before, after), kKeptOfEnvironment); !good) return tl::unexpected(good.error());
  for (const std::string& member : changed_members(before, after))
    if (auto may = needs(call.caller, action_of(member), {call.path[0], call.path[1], "", ""}); !may)
      return tl::unexpected(may.error());
  catalog::CatalogWrite write{catalog::DocumentKind::environment,
                              environment->value.id.hex(),
                              environment->fields,
                              environment->extra,
                              environment->revision,
                              false};
  json changes = after, known = before;
  if (after.value("featureEvents", json()) == before["featureEvents"]) {
    changes.erase("featureEvents");
    known.erase("featureEvents");
  }
  take_members(changes, known, write);
  if (auto good = check_flag_source(context, changed(environment->fields, write.fields)); !good)
    return tl::unexpected(good.error());
  const auto made = context.catalog.commit(
      {write}, audit_entry(context.clock.wall_ms(), call.caller, "updateEnvironment",
                           environment_target(call.path[0], call.path[1]),
                           fmt::format("changed the environment \"{}/{}\"", call.path[0], call.path[1]), patch->comment,
                           without_keys(before), without_keys(after)));
  if (!made) return refused_environment(made.error());
  return RestAnswer{200, environment_json(*context.catalog.environment(call.path[0], call.path[1]))};
}

RestOutcome delete_environment(const RestContext& context, const RestCall& call) {
  const auto environment = environment_of_path(context, call);
  if (!environment) return tl::unexpected(environment.error());
  const auto made = context.catalog.commit(
      {{catalog::DocumentKind::environment, environment->value.id.hex(), {}, {}, environment->revision, true}},
      audit_entry(context.clock.wall_ms(), call.caller, "deleteEnvironment",
                  environment_target(call.path[0], call.path[1]),
                  fmt::format("deleted the environment \"{}/{}\" with its destinations", call.path[0], call.path[1])));
  if (!made) return refused_environment(made.error());
  return RestAnswer{204, nullptr};
}

RestOutcome reset_sdk_key(const RestContext& context, const RestCall& call) {
  return reset_key(context, call, "sdk_keys", "sdk-", "updateApiKey", "SDK key");
}

RestOutcome reset_mobile_key(const RestContext& context, const RestCall& call) {
  return reset_key(context, call, "mobile_keys", "mob-", "updateMobileKey", "mobile key");
}

}  // namespace sluice::api
