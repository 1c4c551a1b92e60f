// Strict base64 (RFC 4648, standard alphabet, padded), 32 characters a step with AVX2: every record to the simulator
// goes through it. Written apart from Sluice's base64, whose output it reads.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace kinesim {

// Room that `out` needs to decode `text_size` characters.
constexpr std::size_t base64_decoded_room(std::size_t text_size) { return text_size / 4 * 3 + 32; }

// Decodes to `out`; the number of bytes, or nothing when `text` is not base64.
std::optional<std::size_t> base64_decode_to(char* out, std::string_view text);

}  // namespace kinesim
