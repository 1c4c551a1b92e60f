#include "api/rest_patch.h"

#include <fmt/format.h>

namespace sluice {
namespace {

using nlohmann::json;

RestResult<json> json_patched(const json& before, const json& operations) {
  for (const json& operation : operations) {
    if (operation.is_object() && operation.value("op", json()) == "test") continue;
    const json path = operation.is_object() ? operation.value("path", json()) : json();
    if (path.is_string() && path.get<std::string>().starts_with("/_"))
      return invalid(
          fmt::format("{} cannot be changed: members that begin with _ are read-only.", path.get<std::string>()));
  }
  try {
    return before.patch(operations);
  } catch (const json::other_error& error) {  // a failed test
    return refuse(409, "conflict",
                  fmt::format("A test of the patch failed: {}. Read it again and decide anew.", error.what()));
  } catch (const json::exception& error) {
    return invalid(
        fmt::format("The JSON Patch cannot be applied: {}. Expected operations such as "
                    "{{\"op\":\"replace\",\"path\":\"/on\",\"value\":true}}.",
                    error.what()));
  }
}

RestResult<json> merged(const json& before, const json& patch) {
  for (const auto& [name, value] : patch.items())
    if (name.starts_with("_") && before.value(name, json()) != value)
      return invalid(fmt::format("{} cannot be changed: members that begin with _ are read-only.", name));
  json after = before;
  after.merge_patch(patch);
  return after;
}

}  // namespace

RestResult<Patched> patched(const json& before, const RestCall& call) {
  const json& body = call.body;
  std::string comment;
  const json* operations = body.is_array() ? &body : nullptr;
  const json* merge = body.is_object() ? &body : nullptr;
  if (body.is_object() && (body.contains("patch") || body.contains("merge")) && !before.contains("patch") &&
      !before.contains("merge")) {
    if (const auto said = body.find("comment"); said != body.end()) {
      if (!said->is_string()) return invalid("comment: This is no text; expected a comment for the audit log.");
      comment = said->get<std::string>();
    }
    operations = body.contains("patch") ? &body["patch"] : nullptr;
    merge = body.contains("patch") ? nullptr : &body["merge"];
  }
  if (operations != nullptr && operations->is_array()) {
    auto after = json_patched(before, *operations);
    if (!after) return tl::unexpected(after.error());
    return Patched{std::move(*after), std::move(comment)};
  }
  if (merge != nullptr && merge->is_object()) {
    auto after = merged(before, *merge);
    if (!after) return tl::unexpected(after.error());
    return Patched{std::move(*after), std::move(comment)};
  }
  return invalid(
      "The body is no patch; expected a list of JSON Patch operations, a merge patch object, or either as "
      "{\"comment\":…,\"patch\":[…]} or {\"comment\":…,\"merge\":{…}}.");
}

}  // namespace sluice
