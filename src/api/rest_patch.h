// The ways in which clients say what to change: a JSON Patch (RFC 6902) as a list, a merge patch (RFC 7396) as an
// object, and either wrapped with a comment: {"comment","patch":[…]}, {"comment","merge":{…}}.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "api/rest_call.h"

namespace sluice::api {

// Beyond what any client sends at once.
inline constexpr std::size_t kMaxPatchOperations = 1'000;
// By `copy`, which could double what is there with every operation: as much as a body may bring.
inline constexpr std::size_t kMaxCopiedBytes = 1u << 20;

struct Patched {
  nlohmann::json after;
  std::string comment;
};

// Members of the resource that `before` has only when they are set: a `replace` of one sets it.
using SettableMembers = std::span<const std::string_view>;
// What `before` becomes: an object. 409 when a `test` fails; 400 names what is wrong with the patch. Members whose name
// begins with '_' cannot be changed.
RestResult<Patched> patched(const nlohmann::json& before, const RestCall& call, SettableMembers settable = {});

// 400 when the patch put members there that are neither in `before` nor in `known`: names them.
RestResult<void> only_known_added(const nlohmann::json& before, const nlohmann::json& after, SettableMembers known);

// Of two objects, the members that differ.
std::vector<std::string> changed_members(const nlohmann::json& before, const nlohmann::json& after);
// The members of `after` that are other than before, or new.
nlohmann::json changed(const nlohmann::json& before, const nlohmann::json& after);

}  // namespace sluice::api
