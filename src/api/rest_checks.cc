#include "api/rest_checks.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::api {

tl::unexpected<RestError> refused(const catalog::CatalogError& error) {
  switch (error.fault) {
    case catalog::CatalogFault::invalid:
      return invalid(error.message);
    case catalog::CatalogFault::taken:
      return refuse(409, "conflict", error.message);
    case catalog::CatalogFault::missing:
      return not_found(error.message);
    case catalog::CatalogFault::stale:
      return refuse(409, "optimistic_locking_error", error.message + " Read it again and repeat the change.");
    case catalog::CatalogFault::failed:
      break;
  }
  return refuse(503, "unavailable", error.message + " Nothing was changed.");
}

tl::unexpected<RestError> refused(const catalog::StoreError& error) {
  if (error.fault == catalog::StoreFault::conflict) return refuse(409, "optimistic_locking_error", error.message);
  return refuse(503, "unavailable", error.message + " Nothing was changed.");
}

RestResult<void> needs(const Caller& caller, std::string_view action, const Resource& resource) {
  if (may(caller, action, resource)) return {};
  return refuse(403, "forbidden",
                fmt::format("Forbidden. The access token \"{}\" may not {} on {}. An admin can give it a role whose "
                            "policy allows that.",
                            caller.name, action, resource.text()));
}

RestResult<void> needs_view(const Caller& caller, const std::string& project) {
  if (may_view(caller, project)) return {};
  return refuse(403, "forbidden",
                fmt::format("Forbidden. The access token \"{}\" may not viewProject on proj/{}. An admin can give it a "
                            "role whose policy allows that.",
                            caller.name, project));
}

RestResult<std::string> text_member(const nlohmann::json& body, const std::string& name, std::string_view expected) {
  const auto found = body.find(name);
  if (found == body.end()) return std::string();
  if (!found->is_string())
    return invalid(fmt::format("{}: This is {}; expected {}.", name, found->type_name(), expected));
  return found->get<std::string>();
}

RestResult<void> only_known(const nlohmann::json& body, std::initializer_list<std::string_view> known) {
  std::string odd;
  for (const auto& [name, value] : body.items())
    if (std::find(known.begin(), known.end(), name) == known.end())
      odd += fmt::format("{}{}", odd.empty() ? "" : ", ", name);
  if (odd.empty()) return {};
  return invalid(fmt::format("{}: Unknown member; expected {}.", odd, fmt::join(known, ", ")));
}

}  // namespace sluice::api
