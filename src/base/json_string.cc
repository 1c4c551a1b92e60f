#include "base/json_string.h"

#include "base/hex.h"
#include "base/utf8.h"

namespace sluice {

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD
  out.push_back('"');
  while (!text.empty()) {
    const char c = text.front();
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t size = utf8_sequence_size(text);
    if (size == 0) {
      out.append(kReplacementCharacter);
    } else if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte == 0x7F) {
      append_hex(out.append("\\u00"), text.substr(0, 1));
    } else {
      out.append(text.substr(0, size));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  out.push_back('"');
}

}  // namespace sluice
