#include "relay/yaml_scalar.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace sluice::relay {
namespace {

bool is_one_of(std::string_view text, std::string_view words) {
  // " yes Yes YES " holds " Yes ".
  return text.find(' ') == std::string_view::npos &&
         words.find(" " + std::string(text) + " ") != std::string_view::npos;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Digits of this base; a number that 64 bits do not hold is a text, as for Go.
std::optional<std::string> number_of(std::string_view digits, int base, bool minus) {
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value, base);
  if (digits.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return (minus && value != 0 ? "-" : "") + std::to_string(value);
}

std::optional<std::string> integer_of(std::string_view digits, bool minus) {
  const std::string_view prefix = digits.substr(0, 2);
  if (prefix == "0x") return number_of(digits.substr(2), 16, minus);
  if (prefix == "0b") return number_of(digits.substr(2), 2, minus);
  if (prefix == "0o") return number_of(digits.substr(2), 8, minus);
  if (!all_digits(digits)) return std::nullopt;
  if (digits.size() > 1 && digits.front() == '0') return number_of(digits, 8, minus);
  return (minus ? "-" : "") + std::string(digits);
}

// [0-9]* . [0-9]* with an exponent or without, as JSON writes it.
std::optional<std::string> decimal_of(std::string_view text, bool minus) {
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  const std::string_view mantissa = text.substr(0, e), exponent = text.substr(std::min(e + 1, text.size()));
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::string_view whole = mantissa.substr(0, point);
  const std::string_view fraction = mantissa.substr(std::min(point + 1, mantissa.size()));
  if ((!whole.empty() && !all_digits(whole)) || (!fraction.empty() && !all_digits(fraction))) return std::nullopt;
  if (whole.empty() && fraction.empty()) return std::nullopt;
  if (e < text.size()) {
    const bool sign = exponent.starts_with('+') || exponent.starts_with('-');
    if (!all_digits(exponent.substr(sign ? 1 : 0))) return std::nullopt;
  }
  while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);
  std::string json = minus ? "-" : "";
  json.append(whole.empty() ? "0" : whole);
  if (point < mantissa.size()) json.append(".").append(fraction.empty() ? "0" : fraction);
  if (e < text.size()) json.append("e").append(exponent);
  return json;
}

}  // namespace

YamlScalar yaml_plain_scalar(std::string_view text) {
  using Type = YamlScalar::Type;
  if (text.empty() || is_one_of(text, " ~ null Null NULL ")) return {Type::null, "null"};
  if (is_one_of(text, " true True TRUE yes Yes YES on On ON ")) return {Type::boolean, "true"};
  if (is_one_of(text, " false False FALSE no No NO off Off OFF ")) return {Type::boolean, "false"};
  const bool minus = text.front() == '-', sign = minus || text.front() == '+';
  std::string digits(text.substr(sign ? 1 : 0));
  if (is_one_of(digits, " .inf .Inf .INF ") || (!sign && is_one_of(digits, " .nan .NaN .NAN ")))
    return {Type::not_in_json, ""};
  if (digits.empty() || digits.front() == '_') return {};
  std::erase(digits, '_');
  auto json = integer_of(digits, minus);
  if (!json) json = decimal_of(digits, minus);
  if (!json) return {};
  return {Type::number, *std::move(json)};
}

}  // namespace sluice::relay
