// Numbers and lists in a call's query, checked.
#pragma once

#include <cstdint>

#include "api/rest_call.h"

namespace sluice::api {

// `otherwise` when it is not there; an error names it when it is no whole number from `least` to `most`.
RestResult<std::uint64_t> number_in_query(const RestCall& call, const char* name, std::uint64_t otherwise,
                                          std::uint64_t least, std::uint64_t most);

// Of ASCII; other bytes stay.
constexpr char lower_case_of(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; }

}  // namespace sluice::api
