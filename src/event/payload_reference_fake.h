// What docs/events.md requires of the payload reader, in the slow and obvious way with another JSON library: the
// reference for random bodies. compare_with_reference() reads a body both ways.
#pragma once

#include <string>
#include <string_view>

namespace sluice::event {

// Empty if the reader and the reference agree on the body and each of its events, or in what way they do not. The
// reference cannot judge events that hold what its library does not read (lone surrogates, numbers beyond a double):
// then only whether the body is taken is compared.
std::string compare_with_reference(std::string_view body, int schema);

}  // namespace sluice::event
