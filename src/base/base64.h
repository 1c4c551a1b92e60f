// Base64 (RFC 4648). Encoding is on the hot path of every record to Kinesis: it uses AVX2 where the processor has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

constexpr std::size_t base64_size(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

// Appends the padded standard encoding of `data` to `out`.
void base64_append(std::string& out, std::string_view data);
// Writes base64_size(data.size()) characters to `out`, which must have room for 32 more; returns the end.
char* base64_write(char* out, std::string_view data);

// Decodes either alphabet (`+/` and `-_`), padded or not; nothing on any other character or an impossible length.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace sluice
