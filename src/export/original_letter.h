// A payload as it was sent, as the record of a dead letter: letters are lines of JSON, and a payload is any bytes.
//
//   {"payload":"BASE64"}     what read_original() (event/original.h) takes apart
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::exporting {

void append_original_letter(std::string_view original, std::string& out);
// Nothing when the record is none, or does not hold a payload that can be read.
std::optional<std::string> original_in_letter(std::string_view record);

}  // namespace sluice::exporting
