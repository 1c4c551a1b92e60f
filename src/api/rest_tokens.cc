#include <fmt/format.h>

#include <algorithm>

#include "api/audit.h"
#include "api/kept_members.h"
#include "api/rest_query.h"
#include "api/rest_resources.h"
#include "catalog/fields.h"

namespace sluice::api {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxAuditPage = 20;     // LaunchDarkly's limit
constexpr std::size_t kMaxRolesOfToken = 20;  // each is looked through at each of its calls

void add_rights(const TokenRights& rights, RestJson& out) {
  out["role"] = role_name(rights.role);
  for (const ObjectId id : rights.custom_roles) out["customRoleIds"].push_back(id.hex());
  if (rights.inline_role) out["inlineRole"] = RestJson(policy_json(*rights.inline_role));
}

RestJson token_json(const AccessToken& token) {
  const std::string id = token.id.hex();
  RestJson out = {{"_id", id},
                  {"_links", {{"self", rest_link("/api/v2/tokens/" + id)}}},
                  {"name", token.name},
                  {"token", "…" + token.last_four},
                  {"creationDate", token.made_ms},
                  {"serviceToken", true}};
  add_rights(token.rights, out);
  return out;
}

// One of role, customRoleIds and inlineRole.
RestResult<TokenRights> rights_in(const RestContext& context, const json& body) {
  constexpr std::string_view kExpected =
      "expected one of role (reader, writer or admin), customRoleIds (keys or ids of roles) and inlineRole (a policy).";
  const auto given = body.contains("role") + body.contains("customRoleIds") + body.contains("inlineRole");
  if (given != 1) return invalid(fmt::format("role: {} of them are given; {}", given, kExpected));
  TokenRights rights;
  if (body.contains("role")) {
    const auto name = text_member(body, "role", "reader, writer or admin");
    if (!name) return tl::unexpected(name.error());
    const auto role = role_named(*name);
    if (!role) return invalid(fmt::format("role: \"{}\" is not a role; expected reader, writer or admin.", *name));
    rights.role = *role;
    return rights;
  }
  rights.role = Role::custom;
  if (body.contains("inlineRole")) {
    auto policy = read_policy(body["inlineRole"]);
    if (!policy) return invalid("inlineRole: " + policy.error().message);
    rights.inline_role = std::move(*policy);
    return rights;
  }
  const json& ids = body["customRoleIds"];
  if (!ids.is_array() || ids.empty() || ids.size() > kMaxRolesOfToken)
    return invalid(fmt::format("customRoleIds: expected a list of 1 to {} keys or ids of roles.", kMaxRolesOfToken));
  for (const json& id : ids) {
    const auto role = id.is_string() ? context.roles.find(id.get<std::string>()) : std::nullopt;
    if (!role)
      return invalid(fmt::format("customRoleIds: There is no role {}. GET /api/v2/roles lists them.", id.dump()));
    rights.custom_roles.push_back(role->id);
  }
  return rights;
}

RestJson audit_json(const catalog::AuditEntry& entry) {
  RestJson out = {{"_id", entry.id},
                  {"_links", {{"self", rest_link("/api/v2/auditlog/" + entry.id)}}},
                  {"date", entry.at_ms},
                  {"title", entry.title},
                  {"comment", entry.comment},
                  {"accesses", {{{"action", entry.action}, {"resource", entry.target}}}},
                  {"member", RestJson::parse(entry.member, nullptr, false)}};
  if (!entry.before.empty()) out["previousVersion"] = RestJson::parse(entry.before, nullptr, false);
  if (!entry.after.empty()) out["currentVersion"] = RestJson::parse(entry.after, nullptr, false);
  return out;
}

}  // namespace

RestOutcome list_tokens(const RestContext& context, const RestCall&) {
  RestJson items = RestJson::array();
  for (const AccessToken& token : context.tokens.list()) items.push_back(token_json(token));
  return RestAnswer{200, {{"_links", {{"self", rest_link("/api/v2/tokens")}}}, {"items", std::move(items)}}};
}

RestOutcome make_token(const RestContext& context, const RestCall& call) {
  if (!call.body.is_object())
    return invalid("The body is not an object; expected {\"name\":\"terraform\",\"role\":\"writer\"}.");
  if (auto good = only_known(call.body, {"name", "role", "customRoleIds", "inlineRole", "serviceToken", "description"});
      !good)
    return tl::unexpected(good.error());
  if (auto good = check_kept(call.body, {{"serviceToken", true}, {"description", ""}}); !good)
    return tl::unexpected(good.error());
  const auto name = text_member(call.body, "name", "a name");
  if (!name) return tl::unexpected(name.error());
  if (name->empty()) return invalid("name: It is missing; expected a name, such as \"terraform\".");
  if (const std::string fault = catalog::fault_of_name(*name); !fault.empty()) return invalid("name: " + fault);
  const auto rights = rights_in(context, call.body);
  if (!rights) return tl::unexpected(rights.error());
  RestJson audited = RestJson::object();
  add_rights(*rights, audited);
  auto made = context.tokens.make(
      *name, *rights,
      audit_entry(context.clock.wall_ms(), call.caller, "createAccessToken", "service-token/*",
                  fmt::format("created the access token \"{}\" ({})", *name, role_name(rights->role)), {}, {},
                  audited.dump()));
  if (!made) return refused(made.error());
  RestJson answer = token_json(made->first);
  answer["token"] = made->second;  // this once
  return RestAnswer{201, std::move(answer)};
}

RestOutcome delete_token(const RestContext& context, const RestCall& call) {
  const auto id = ObjectId::parse(call.path[0]);
  if (id && *id == call.caller.token_id)
    return refuse(409, "conflict", "This is the token of this call; use another to delete it.");
  const auto removed = id ? context.tokens.remove(*id, audit_entry(context.clock.wall_ms(), call.caller,
                                                                   "deleteAccessToken", "service-token/" + call.path[0],
                                                                   "deleted the access token " + call.path[0]))
                          : catalog::StoreResult<bool>(false);
  if (!removed) return refused(removed.error());
  if (!*removed) return not_found(fmt::format("There is no access token {}.", call.path[0]));
  return RestAnswer{204, nullptr};
}

RestOutcome caller_identity(const RestContext&, const RestCall& call) {
  return RestAnswer{200,
                    {{"authKind", "token"},
                     {"tokenKind", "auth"},
                     {"tokenId", call.caller.token_id.hex()},
                     {"tokenName", call.caller.name},
                     {"role", role_name(call.caller.role)},
                     {"serviceToken", true}}};
}

RestOutcome list_audit(const RestContext& context, const RestCall& call) {
  catalog::AuditQuery query;
  query.limit = kMaxAuditPage;
  query.text = call.query_one("q");
  const auto limit = number_in_query(call, "limit", kMaxAuditPage, 1, UINT64_MAX);
  const auto before = number_in_query(call, "before", INT64_MAX, 0, INT64_MAX);
  const auto after = number_in_query(call, "after", 0, 0, INT64_MAX);
  for (const auto* read : {&limit, &before, &after})
    if (!*read) return tl::unexpected(read->error());
  query.limit = std::min<std::uint64_t>(*limit, kMaxAuditPage);
  query.before_ms = static_cast<std::int64_t>(*before);
  query.after_ms = static_cast<std::int64_t>(*after);
  const auto entries = context.store.audit(query);
  if (!entries) return refused(entries.error());
  RestJson items = RestJson::array();
  for (const catalog::AuditEntry& entry : *entries) items.push_back(audit_json(entry));
  return RestAnswer{200, {{"_links", {{"self", rest_link("/api/v2/auditlog")}}}, {"items", std::move(items)}}};
}

RestOutcome get_audit_entry(const RestContext& context, const RestCall& call) {
  catalog::AuditQuery query;
  query.id = call.path[0];
  query.limit = 1;
  const auto entries = context.store.audit(query);
  if (!entries) return refused(entries.error());
  if (entries->empty()) return not_found(fmt::format("The audit log has no entry {}.", call.path[0]));
  return RestAnswer{200, audit_json(entries->front())};
}

}  // namespace sluice::api
