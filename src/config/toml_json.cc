#include "config/toml_json.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <sstream>

namespace sluice::config {
namespace {

using nlohmann::ordered_json;

// One value as TOML writes it in one line. JSON's escapes are TOML's, too.
std::string value_text(const ordered_json& value) {
  if (value.is_array()) {
    std::string out = "[";
    for (const ordered_json& item : value) out += (out.size() == 1 ? "" : ", ") + value_text(item);
    return out + "]";
  }
  if (value.is_object()) {
    std::string out = "{";
    for (const auto& [name, member] : value.items())
      out += fmt::format("{}{} = {}", out.size() == 1 ? " " : ", ", ordered_json(name).dump(), value_text(member));
    return out + " }";
  }
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace

Result<nlohmann::json> json_of_toml(std::string_view text, const std::string& name) {
  try {
    const toml::table table = toml::parse(text, name);
    std::ostringstream out;
    out << toml::json_formatter(table);
    nlohmann::json read = nlohmann::json::parse(out.str(), nullptr, false);
    if (read.is_discarded()) return fail(fmt::format("{}: It has a value that JSON does not have. Remove it.", name));
    return read;
  } catch (const toml::parse_error& error) {
    return fail(
        fmt::format("{}, line {}: {}. This is not valid TOML.", name, error.source().begin.line, error.description()));
  }
}

std::string toml_of_json(const ordered_json& object) {
  std::string out;
  for (const auto& [name, list] : object.items()) {
    for (const ordered_json& item : list) {
      out += fmt::format("{}[[{}]]\n", out.empty() ? "" : "\n", name);
      for (const auto& [key, value] : item.items()) out += fmt::format("{} = {}\n", key, value_text(value));
    }
  }
  return out;
}

}  // namespace sluice::config
