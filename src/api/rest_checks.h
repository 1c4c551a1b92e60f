// What handlers check of a call, and how they say no.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "api/access_tokens.h"
#include "api/rest_call.h"
#include "catalog/catalog_store.h"
#include "catalog/managed_catalog.h"

namespace sluice::api {

// Of a catalog's refusal, in words of the API.
tl::unexpected<RestError> refused(const catalog::CatalogError& error);
tl::unexpected<RestError> refused(const catalog::StoreError& error);
// A member of a body as text; an error names it when it is of another type. Empty when it is not there.
RestResult<std::string> text_member(const nlohmann::json& body, const std::string& name, std::string_view expected);
// The members of `body` that are not in `known`, as one error.
RestResult<void> only_known(const nlohmann::json& body, std::initializer_list<std::string_view> known);

inline constexpr std::string_view kKindStays =
    "kind: The kind of a destination cannot be changed. Create a new one and delete this one.";

// 403 names the action and the resource.
RestResult<void> needs(const Caller& caller, std::string_view action, const Resource& resource);
RestResult<void> needs_view(const Caller& caller, const std::string& project);

}  // namespace sluice::api
