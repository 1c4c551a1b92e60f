// Writes CBOR items to memory that the caller has made room in: the hot path of a record, so without a sink or a check.
// Numbers take their shortest form (https://www.rfc-editor.org/rfc/rfc8949#section-4.2.1).
#pragma once

#include <cstring>
#include <string_view>

#include "destinations/kinesis/cbor.h"

namespace sluice::kinesis {

// Writes up to kMaxCborHeadBytes; returns the end.
inline char* write_cbor_head(char* out, CborMajor major, std::uint64_t number) {
  const auto top = static_cast<unsigned>(major) << 5;
  if (number < 24) {
    *out++ = static_cast<char>(top | static_cast<unsigned>(number));
    return out;
  }
  const unsigned power = number < 0x100 ? 0 : number < 0x10000 ? 1 : number < 0x100000000 ? 2 : 3;
  *out++ = static_cast<char>(top | (24 + power));
  for (int shift = (8 << power) - 8; shift >= 0; shift -= 8) *out++ = static_cast<char>((number >> shift) & 0xFF);
  return out;
}

// Writes the head and the text, which must be UTF-8; returns the end.
inline char* write_cbor_text(char* out, std::string_view text) {
  out = write_cbor_head(out, CborMajor::text, text.size());
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace sluice::kinesis
