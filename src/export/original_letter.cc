#include "export/original_letter.h"

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "event/original.h"

namespace sluice::exporting {

void append_original_letter(std::string_view original, std::string& out) {
  out += R"({"payload":")";
  base64_append(out, original);
  out += R"("})";
}

std::optional<std::string> original_in_letter(std::string_view record) {
  const nlohmann::json read = nlohmann::json::parse(record, nullptr, false);
  const auto payload = read.is_object() ? read.find("payload") : read.end();
  if (!read.is_object() || payload == read.end() || !payload->is_string()) return std::nullopt;
  auto original = base64_decode(payload->get_ref<const std::string&>());
  if (!original || !event::read_original(*original)) return std::nullopt;
  return original;
}

}  // namespace sluice::exporting
