#include "api/rest_patch.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/rest_body.h"
#include "base/text.h"

namespace sluice::api {
namespace {

using nlohmann::json;

tl::unexpected<RestError> read_only(const std::string& name) {
  return invalid(fmt::format("{} cannot be changed: members that begin with _ are read-only.", name));
}

// What a copy of it takes, about.
std::size_t cost_of(const json& value) {
  std::size_t cost = sizeof(json);
  if (value.is_string()) cost += value.get_ref<const std::string&>().size();
  if (value.is_structured())
    for (const auto& [name, inside] : value.items()) cost += cost_of(inside) + (value.is_object() ? name.size() : 0);
  return cost;
}

// RFC 6902 refuses a `replace` of what is not there; a client of LaunchDarkly knows the members, not which are set.
bool sets_member(const json& operation, const json& target, SettableMembers settable) {
  if (!operation.is_object() || operation.value("op", json()) != "replace") return false;
  const json path = operation.value("path", json());
  if (!path.is_string() || !path.get_ref<const std::string&>().starts_with('/')) return false;
  const std::string member = path.get_ref<const std::string&>().substr(1);
  return std::ranges::find(settable, member) != settable.end() && target.is_object() && !target.contains(member);
}

RestResult<json> json_patched(const json& before, const json& operations, SettableMembers settable) {
  if (operations.size() > kMaxPatchOperations)
    return invalid(
        fmt::format("The JSON Patch has {} operations; expected {} at most.", operations.size(), kMaxPatchOperations));
  std::size_t copied = 0;
  try {
    json after = before;
    for (const json& operation : operations) {
      if (operation.is_object() && operation.value("op", json()) == "copy")
        copied += cost_of(after.at(json::json_pointer(operation.at("from").get<std::string>())));
      if (copied > kMaxCopiedBytes)
        return invalid(fmt::format("The JSON Patch copies more than {}; send the result with add instead.",
                                   human_bytes(kMaxCopiedBytes)));
      json applied = operation;
      if (sets_member(operation, after, settable)) applied["op"] = "add";
      after.patch_inplace(json::array({std::move(applied)}));
    }
    return after;
  } catch (const json::other_error& error) {  // a failed test
    return refuse(409, "conflict",
                  fmt::format("A test of the patch failed: {}. Read it again, then decide.", plain_reason(error)));
  } catch (const json::exception& error) {
    return invalid(
        fmt::format("The JSON Patch cannot be applied: {}. Expected operations such as "
                    "{{\"op\":\"replace\",\"path\":\"/on\",\"value\":true}}.",
                    plain_reason(error)));
  }
}

RestResult<json> merged(const json& before, const json& patch) {
  json after = before;
  after.merge_patch(patch);
  return after;
}

// Whichever way the patch reached them: by their path, by that of the whole, or by moving them away.
RestResult<json> checked(const json& before, RestResult<json> after) {
  if (!after) return after;
  if (!after->is_object())
    return invalid("The patch does not result in an object; expected one that changes members of it.");
  for (const auto& [name, value] : before.items())
    if (name.starts_with('_') && (!after->contains(name) || (*after)[name] != value)) return read_only(name);
  for (const auto& [name, value] : after->items())
    if (name.starts_with('_') && !before.contains(name)) return read_only(name);
  return after;
}

}  // namespace

RestResult<Patched> patched(const json& before, const RestCall& call, SettableMembers settable) {
  const json& body = call.body;
  std::string comment;
  const json* operations = body.is_array() ? &body : nullptr;
  const json* merge = body.is_object() ? &body : nullptr;
  if (body.is_object() && (body.contains("patch") || body.contains("merge")) && !before.contains("patch") &&
      !before.contains("merge")) {
    if (const auto said = body.find("comment"); said != body.end()) {
      if (!said->is_string()) return invalid("comment: This is not a string; expected a comment for the audit log.");
      comment = said->get<std::string>();
    }
    const char* form = body.contains("patch") ? "patch" : "merge";
    for (const auto& [name, value] : body.items())
      if (name != "comment" && name != form)
        return invalid(fmt::format("{}: Unknown member beside {}; expected comment and {}.", name, form, form));
    operations = body.contains("patch") ? &body["patch"] : nullptr;
    merge = body.contains("patch") ? nullptr : &body["merge"];
  }
  if (operations != nullptr && operations->is_array()) {
    auto after = checked(before, json_patched(before, *operations, settable));
    if (!after) return tl::unexpected(after.error());
    return Patched{std::move(*after), std::move(comment)};
  }
  if (merge != nullptr && merge->is_object()) {
    auto after = checked(before, merged(before, *merge));
    if (!after) return tl::unexpected(after.error());
    return Patched{std::move(*after), std::move(comment)};
  }
  return invalid(
      "The body is not a patch; expected a list of JSON Patch operations, a merge patch object, or either as "
      "{\"comment\":…,\"patch\":[…]} or {\"comment\":…,\"merge\":{…}}.");
}

RestResult<void> only_known_added(const json& before, const json& after, SettableMembers known) {
  std::vector<std::string> odd;
  for (const auto& [name, value] : after.items())
    if (!before.contains(name) && std::find(known.begin(), known.end(), name) == known.end()) odd.push_back(name);
  if (odd.empty()) return {};
  return invalid(fmt::format("{}: Unknown member; expected {}.", fmt::join(odd, ", "), fmt::join(known, ", ")));
}

std::vector<std::string> changed_members(const json& before, const json& after) {
  std::vector<std::string> names;
  for (const auto& [name, value] : before.items())
    if (after.value(name, json()) != value) names.push_back(name);
  for (const auto& [name, value] : after.items())
    if (!before.contains(name)) names.push_back(name);
  return names;
}

json changed(const json& before, const json& after) {
  json out = json::object();
  for (const std::string& name : changed_members(before, after))
    if (after.contains(name)) out[name] = after[name];
  return out;
}

}  // namespace sluice::api
