// What a CBOR item begins with: its kind and a number, the item's length or value.
// https://www.rfc-editor.org/rfc/rfc8949#section-3
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::kinesis {

enum class CborMajor : std::uint8_t { unsigned_number, negative_number, bytes, text, array, map, tag, simple };

inline constexpr std::size_t kMaxCborHeadBytes = 9;
inline constexpr unsigned char kCborBreak = 0xFF;  // ends an item of indefinite length

}  // namespace sluice::kinesis
