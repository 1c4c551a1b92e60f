// Events in a picture's address: GET /a/{id}.gif?d=<base64 of a JSON array>, from browsers that cannot post. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::intake {

// A transparent picture of 1 by 1 pixel.
std::string_view gif_picture();

// The parameter `d` of a query as sent, with its name: "d=W10="; empty when it is absent.
std::string_view gif_parameter(std::string_view query);

// The bytes of that parameter: either base64 alphabet, padded or not, percent-encoded or not. Nothing
// when it is absent or is no base64.
std::optional<std::string> gif_payload(std::string_view query);

}  // namespace sluice::intake
