// The body of a request to the REST API, as JSON.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "api/rest_call.h"

namespace sluice::api {

// Objects and lists inside one another, beyond what any client sends. Values are copied, compared and written by
// functions that call themselves for each level: without a limit, a body of brackets alone would end the server.
inline constexpr std::size_t kMaxBodyDepth = 64;

// 400 for what is no JSON, for an object that has a member twice (a parser keeps one of the two, whichever it likes),
// and for what is deeper than that.
RestResult<nlohmann::json> parsed_body(std::string_view text);

// What the library says of a fault, without its own names and numbers.
std::string plain_reason(const nlohmann::json::exception& error);

}  // namespace sluice::api
