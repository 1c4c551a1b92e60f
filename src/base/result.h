// Errors are values. A function that can fail returns Result<T>; no exception of ours and none of a library's leaves
// the module it arose in.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace sluice {

// An error message for a person: what was expected, what was found instead, and what to do. One sentence or two, no
// trailing newline.
struct Error {
  std::string message;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string message) { return tl::unexpected<Error>(Error{std::move(message)}); }

}  // namespace sluice
