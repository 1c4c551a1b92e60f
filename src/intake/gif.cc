#include "intake/gif.h"

#include <algorithm>
#include <charconv>

#include "base/base64.h"

namespace sluice::intake {
namespace {

constexpr std::string_view kPayloadParameter = "d=";

// A '+' stays one: it is a digit of base64, not a space. A space, which some proxies make of it, becomes one again.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%' && i + 2 < text.size()) {
      unsigned code = 0;
      const auto end = std::from_chars(text.data() + i + 1, text.data() + i + 3, code, 16);
      if (end.ptr == text.data() + i + 3) {
        c = static_cast<char>(code);
        i += 2;
      }
    }
    out.push_back(c == ' ' ? '+' : c);
  }
  return out;
}

}  // namespace

std::string_view gif_picture() {
  static constexpr char kPicture[] =
      "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00"
      "\x01\x00\x00\x02\x02\x44\x01\x00;";
  return {kPicture, sizeof kPicture - 1};
}

std::string_view gif_parameter(std::string_view query) {
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    if (parameter.starts_with(kPayloadParameter)) return parameter;
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
  }
  return {};
}

std::optional<std::string> gif_payload(std::string_view query) {
  const std::string_view parameter = gif_parameter(query);
  if (parameter.empty()) return std::nullopt;
  return base64_decode(percent_decoded(parameter.substr(kPayloadParameter.size())));
}

}  // namespace sluice::intake
