#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "api/audit.h"
#include "api/destination_commit.h"
#include "api/kept_members.h"
#include "api/rest_patch.h"
#include "api/rest_resources.h"
#include "api/secret_mask.h"
#include "catalog/field_names.h"
#include "catalog/fields.h"

namespace sluice::api {
namespace {

using nlohmann::json;

// The fields of a document that are not in `config`.
constexpr std::array<std::string_view, 5> kOutside = {"name", "kind", "on", "project", "environment"};

std::string self_of(const catalog::Destination& destination) {
  return fmt::format("/api/v2/destinations/{}/{}/{}", destination.project_key, destination.environment_key,
                     destination.id.hex());
}
std::string destination_target(const std::string& project, const std::string& environment, const std::string& id) {
  return fmt::format("proj/{}:env/{}:destination/{}", project, environment, id);
}

// A configuration file may give a number as a string, JSON may not. What is stored so stays.
RestResult<void> check_numbers(const destinations::KindList& kinds, const json& fields, const json& before) {
  const json name = fields.value("kind", json());
  const destinations::DestinationKind* kind = name.is_string() ? kinds.find(name.get<std::string>()) : nullptr;
  std::string faults;
  for (const auto& [field, value] : fields.items()) {
    const std::string key = catalog::camel_case(field);
    const bool number = field == "sample_one_in" ||
                        (kind != nullptr && std::ranges::any_of(kind->form().fields, [&](const auto& known) {
                           return known.key == key && known.type == destinations::FieldType::number;
                         }));
    if (number && !value.is_number() && value != before.value(field, json()))
      faults += fmt::format("{}config.{}: This is {}; expected a whole number without quotes. Example: 100",
                            faults.empty() ? "" : " ", key, value.type_name());
  }
  if (!faults.empty()) return invalid(std::move(faults));
  return {};
}

// The fields of what the API shows or is sent; `before`: fields in force, for secrets that come back hidden.
RestResult<json> fields_of(const destinations::KindList& kinds, const json& shown, const json& before,
                           const std::string& project, const std::string& environment) {
  json fields = {{"project", project}, {"environment", environment}};
  for (const char* name : {"name", "kind", "on"})
    if (shown.contains(name)) fields[name] = shown[name];
  const json config = shown.value("config", json::object());
  if (!config.is_object())
    return invalid(
        "config: This is not an object; expected one such as {\"region\":\"us-east-1\",\"roleArn\":"
        "\"arn:aws:iam::123456789012:role/x\",\"streamName\":\"flags\"}.");
  for (const auto& [member, value] : config.items()) {
    const std::string field = catalog::snake_case(member);
    if (catalog::camel_case(field) != member || std::find(kOutside.begin(), kOutside.end(), field) != kOutside.end())
      return invalid(fmt::format("config.{}: Unknown setting.", member));
    fields[field] = value;
  }
  if (auto good = check_numbers(kinds, fields, before); !good) return tl::unexpected(good.error());
  const SecretMask mask(kinds, fields.value("kind", json()));
  if (auto good = mask.reveal(fields, before, "config.", catalog::camel_case); !good)
    return tl::unexpected(good.error());
  return fields;
}

// Faults by field, named as the API names them.
tl::unexpected<RestError> refused_destination(const catalog::CatalogError& error) {
  if (error.fault != catalog::CatalogFault::invalid || error.fields.empty()) return refused(error);
  std::string message;
  std::set<std::string_view> reported;
  for (const catalog::FieldFault& fault : error.fields) {
    if (!reported.insert(fault.field).second) continue;  // the first is the nearest to what was sent
    const bool outside = std::find(kOutside.begin(), kOutside.end(), fault.field) != kOutside.end();
    message += fmt::format("{}{}{}: {}", message.empty() ? "" : " ", outside ? "" : "config.",
                           catalog::camel_case(fault.field), fault.message);
  }
  return invalid(std::move(message));
}

}  // namespace

RestResult<catalog::Managed<catalog::Destination>> find_destination(const RestContext& context, const RestCall& call) {
  const auto id = ObjectId::parse(call.path[2]);
  auto destination = id ? context.catalog.destination(*id) : std::nullopt;
  if (destination && destination->value.project_key == call.path[0] &&
      destination->value.environment_key == call.path[1])
    return std::move(*destination);
  return not_found(
      fmt::format("The environment \"{}/{}\" has no destination {}.", call.path[0], call.path[1], call.path[2]));
}

RestJson destination_json(const destinations::KindList& kinds,
                          const catalog::Managed<catalog::Destination>& destination) {
  RestJson config = RestJson::object();
  const SecretMask mask(kinds, destination.value.kind);
  for (const auto& [field, value] : destination.fields.items())
    if (std::find(kOutside.begin(), kOutside.end(), field) == kOutside.end())
      config[catalog::camel_case(field)] = RestJson(mask.shown(field, value));
  return {{"_id", destination.value.id.hex()},
          {"_links", {{"parent", rest_link("/api/v2/destinations")}, {"self", rest_link(self_of(destination.value))}}},
          {"name", destination.value.name},
          {"kind", destination.value.kind},
          {"version", destination.revision},
          {"config", std::move(config)},
          {"on", destination.value.on},
          {"_access", {{"denied", RestJson::array()}, {"allowed", RestJson::array()}}}};
}

namespace {

Resource resource_of(const catalog::Destination& destination) {
  return {destination.project_key, destination.environment_key, "destination", destination.id.hex()};
}

// As the caller sees it: with what that one may do to it.
RestJson shown_to(const destinations::KindList& kinds, const Caller& caller,
                  const catalog::Managed<catalog::Destination>& destination) {
  RestJson out = destination_json(kinds, destination);
  const Resource resource = resource_of(destination.value);
  for (const char* action : {"deleteDestination", "updateName", "updateOn", "updateConfiguration"}) {
    const std::string role = allowed_by(caller, action, resource);
    RestJson reason = {{"effect", role.empty() ? "deny" : "allow"}};
    if (!role.empty()) reason["role_name"] = role;
    out["_access"][role.empty() ? "denied" : "allowed"].push_back({{"action", action}, {"reason", std::move(reason)}});
  }
  return out;
}

}  // namespace

RestOutcome list_destinations(const RestContext& context, const RestCall& call) {
  std::string text = R"({"_links":{"self":)" + rest_text(rest_link("/api/v2/destinations")) + R"(},"items":[)";
  bool first = true;
  for (const auto& destination : context.catalog.destinations()) {
    if (!may_view(call.caller, destination.value.project_key)) continue;
    if (!std::exchange(first, false)) text += ',';
    text += rest_text(shown_to(context.kinds, call.caller, destination));
  }
  RestAnswer answer;
  answer.text = std::move(text += "]}");
  return answer;
}

namespace {

const json kTagsAlone = {{"tags", json::array()}};

// The fields of a new destination, from the body of a POST.
RestResult<json> new_fields(const RestContext& context, const RestCall& call) {
  const json& body = call.body;
  if (!body.is_object())
    return invalid(fmt::format("The body is not an object; expected {{\"kind\":\"{}\",\"config\":{{…}},\"on\":true}}.",
                               context.kinds.names().front()));
  if (auto good = only_known(body, {"name", "kind", "config", "on", "tags"}); !good)
    return tl::unexpected(good.error());
  if (auto good = check_kept(body, kTagsAlone); !good) return tl::unexpected(good.error());
  if (!context.catalog.environment(call.path[0], call.path[1]))
    return not_found(fmt::format("There is no environment \"{}/{}\".", call.path[0], call.path[1]));
  auto fields = fields_of(context.kinds, body, json::object(), call.path[0], call.path[1]);
  if (!fields) return tl::unexpected(fields.error());
  if (!fields->contains("kind"))
    return invalid(fmt::format("kind: It is missing; expected {}.", catalog::names_text(context.kinds)));
  if (!fields->contains("name") || (*fields)["name"] == json("")) {
    const json& kind = (*fields)["kind"];
    const destinations::DestinationKind* known =
        kind.is_string() ? context.kinds.find(kind.get<std::string>()) : nullptr;
    (*fields)["name"] = known != nullptr ? known->default_name(*fields) : "destination";
    // It comes from a setting. If that is what is wrong, it alone is reported.
    const std::string name = (*fields)["name"].get<std::string>();
    if (name.empty() || !catalog::fault_of_name(name).empty()) (*fields)["name"] = "destination";
  }
  if (!fields->contains("on")) (*fields)["on"] = false;
  return fields;
}

}  // namespace

RestResult<catalog::Destination> drafted_destination(const RestContext& context, const RestCall& call) {
  const auto fields = new_fields(context, call);
  if (!fields) return tl::unexpected(fields.error());
  auto tried = context.catalog.tried(*fields);
  if (!tried) return refused_destination(tried.error());
  return std::move(*tried);
}

RestOutcome make_destination(const RestContext& context, const RestCall& call) {
  const auto fields = new_fields(context, call);
  if (!fields) return tl::unexpected(fields.error());
  const ObjectId object_id = new_object_id(context.clock.wall_ms());
  const std::string id = object_id.hex();
  const auto made =
      commit_destinations(context, {{catalog::DocumentKind::destination, id, *fields, json::object(), 0, false}},
                          audit_entry(context.clock.wall_ms(), call.caller, "createDestination",
                                      destination_target(call.path[0], call.path[1], id),
                                      fmt::format("made a destination in \"{}/{}\"", call.path[0], call.path[1])));
  if (!made) return refused_destination(made.error());
  return RestAnswer{201, shown_to(context.kinds, call.caller, *context.catalog.destination(object_id))};
}

RestOutcome get_destination(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  return RestAnswer{200, shown_to(context.kinds, call.caller, *destination)};
}

RestOutcome patch_destination(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  const json before = destination_json(context.kinds, *destination);
  const auto patch = patched(before, call);
  if (!patch) return tl::unexpected(patch.error());
  json after = patch->after;
  if (!after.is_object()) return invalid("The patch does not result in an object.");
  if (after.value("version", json()) != before["version"])
    return refuse(409, "optimistic_locking_error",
                  fmt::format("The destination is at version {}. Read it again and repeat the change.",
                              before["version"].dump()));
  if (after.value("kind", json()) != before["kind"]) return invalid(std::string(kKindStays));
  if (auto good = check_kept(after, kTagsAlone); !good) return tl::unexpected(good.error());
  after.erase("tags");  // Terraform sends them; LaunchDarkly ignores them too
  if (auto good = only_known(after, {"_id", "_links", "_access", "version", "name", "kind", "config", "on"}); !good)
    return tl::unexpected(good.error());
  auto fields = fields_of(context.kinds, after, destination->fields, call.path[0], call.path[1]);
  if (!fields) return tl::unexpected(fields.error());
  for (const std::string& member : changed_members(before, after)) {
    const char* action = member == "name" ? "updateName" : member == "on" ? "updateOn" : "updateConfiguration";
    if (auto may = needs(call.caller, action, resource_of(destination->value)); !may)
      return tl::unexpected(may.error());
  }
  if (*fields == destination->fields) return RestAnswer{200, shown_to(context.kinds, call.caller, *destination)};
  const SecretMask mask(context.kinds, after["kind"]);
  for (auto& [member, value] : after["config"].items()) value = mask.shown(catalog::snake_case(member), value);
  const ObjectId id = destination->value.id;
  const auto made = commit_destinations(
      context,
      {{catalog::DocumentKind::destination, id.hex(), *fields, destination->extra, destination->revision, false}},
      audit_entry(context.clock.wall_ms(), call.caller, "updateDestination",
                  destination_target(call.path[0], call.path[1], call.path[2]),
                  fmt::format("changed the destination \"{}\"", destination->value.name), patch->comment, before.dump(),
                  after.dump()));
  if (!made) return refused_destination(made.error());
  return RestAnswer{200, shown_to(context.kinds, call.caller, *context.catalog.destination(id))};
}

RestOutcome delete_destination(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  const auto made = context.catalog.commit(
      {{catalog::DocumentKind::destination, destination->value.id.hex(), {}, {}, destination->revision, true}},
      audit_entry(context.clock.wall_ms(), call.caller, "deleteDestination",
                  destination_target(call.path[0], call.path[1], call.path[2]),
                  fmt::format("deleted the destination \"{}\"", destination->value.name), {},
                  RestJson(destination_json(context.kinds, *destination)).dump()));
  if (!made) return refused(made.error());
  return RestAnswer{204, nullptr};
}

}  // namespace sluice::api
