#include "kinesim/cbor_support.h"

#include <array>
#include <utility>

namespace kinesim {

std::optional<CborSupport> parse_cbor_support(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, CborSupport>, 5> kNames = {{
      {"answered", CborSupport::answered},
      {"unknown_operation", CborSupport::unknown_operation},
      {"unsupported_media_type", CborSupport::unsupported_media_type},
      {"serialization", CborSupport::serialization},
      {"server_error", CborSupport::server_error},
  }};
  for (const auto& [name, support] : kNames)
    if (text == name) return support;
  return std::nullopt;
}

// An error without a code is a page.
ApiError cbor_refusal(CborSupport support) {
  switch (support) {
    case CborSupport::unsupported_media_type:
      return {415, "", ""};
    case CborSupport::serialization:
      return {400, "SerializationException", "expected JSON"};
    case CborSupport::server_error:
      return {500, "", "<!doctype html>\n<title>500 Internal Server Error</title>\n<h1>Internal Server Error</h1>\n"};
    case CborSupport::answered:
    case CborSupport::unknown_operation:
      break;
  }
  return {404, "", "<UnknownOperationException/>\n"};
}

}  // namespace kinesim
