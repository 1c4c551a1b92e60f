#include "api/secret_mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "catalog/field_names.h"

namespace sluice::api {
namespace {

using nlohmann::json;

constexpr std::string_view kMask = "********";
constexpr std::string_view kCommonSecretField = "hash_secret";
constexpr std::size_t kShownEnd = 4, kLeastHidden = 12;

std::string masked_text(std::string_view secret) {
  if (secret.size() < kLeastHidden + kShownEnd) return std::string(kMask);
  std::size_t end = secret.size() - kShownEnd;
  while (end < secret.size() && (static_cast<unsigned char>(secret[end]) & 0xC0) == 0x80) ++end;  // no half character
  return std::string(kMask).append(secret.substr(end));
}

// Where the value of "Name: value" begins.
std::size_t value_at(std::string_view line, bool pair) {
  const std::size_t colon = line.find(':');
  if (!pair || colon == std::string_view::npos) return 0;
  return std::min(line.find_first_not_of(" \t", colon + 1), line.size());
}

// A secret, or each of a list of them.
json masked(const json& secret, bool pair) {
  if (secret.is_string()) {
    const std::string& text = secret.get_ref<const std::string&>();
    const std::size_t value = value_at(text, pair);
    return text.substr(0, value) + masked_text(std::string_view(text).substr(value));
  }
  json out = secret;
  if (out.is_array())
    for (json& each : out) each = masked(each, pair);
  return out;
}

bool is_masked(const json& secret, bool pair) {
  if (!secret.is_string()) return false;
  const std::string& text = secret.get_ref<const std::string&>();
  return std::string_view(text).substr(value_at(text, pair)).starts_with(kMask);
}

std::vector<json> items_of(const json& value) {
  if (value.is_array()) return value.get<std::vector<json>>();
  return value.is_null() ? std::vector<json>() : std::vector<json>{value};
}

// What is shown for several is the one in the same place, if it is one of them. False: for none.
bool reveal_item(json& item, std::size_t place, std::vector<json>& stored, bool pair) {
  const auto stands_for = [&](const json& old) { return !old.is_null() && (item == old || item == masked(old, pair)); };
  auto found = stored.end();
  if (place < stored.size() && stands_for(stored[place])) found = stored.begin() + static_cast<std::ptrdiff_t>(place);
  if (found == stored.end()) found = std::ranges::find_if(stored, stands_for);
  if (found == stored.end()) return false;
  item = std::exchange(*found, nullptr);  // each stands for one
  return true;
}

}  // namespace

SecretMask::SecretMask(const destinations::KindList& kinds, const json& kind)
    : kind_(kind.is_string() ? kinds.find(kind.get_ref<const std::string&>()) : nullptr) {}

bool SecretMask::is_secret(std::string_view field) const {
  if (field == kCommonSecretField) return true;
  return kind_ != nullptr && std::ranges::find(kind_->secret_fields(), field) != kind_->secret_fields().end();
}

bool SecretMask::is_pair(std::string_view field) const {
  if (kind_ == nullptr) return false;
  const auto& fields = kind_->form().fields;
  const auto found = std::ranges::find(fields, catalog::camel_case(field), &destinations::FormField::key);
  return found != fields.end() && found->type == destinations::FieldType::pairs;
}

json SecretMask::shown(std::string_view field, const json& value) const {
  return is_secret(field) ? masked(value, is_pair(field)) : value;
}

RestResult<void> SecretMask::reveal(json& fields, const json& stored, std::string_view prefix,
                                    std::string (*spelled)(std::string_view field)) const {
  for (auto& [field, value] : fields.items()) {
    if (!is_secret(field)) continue;
    const bool pair = is_pair(field);
    std::vector<json> before = items_of(stored.value(field, json()));
    const bool list = value.is_array();
    for (std::size_t i = 0; i < (list ? value.size() : 1); ++i) {
      json& item = list ? value[i] : value;
      if (reveal_item(item, i, before, pair) || !is_masked(item, pair)) continue;
      return invalid(
          fmt::format("{}{}: It begins with {}, which stands for a stored secret, and none that is stored is shown so. "
                      "Give the secret itself.",
                      prefix, spelled(field), kMask));
    }
  }
  return {};
}

}  // namespace sluice::api
