#include "catalog/field_names.h"

#include <cctype>

namespace sluice::catalog {

std::string snake_case(std::string_view camel_case) {
  std::string out;
  for (const char c : camel_case) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0) out += '_';
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string camel_case(std::string_view snake_case) {
  std::string out;
  bool up = false;
  for (const char c : snake_case) {
    if (c != '_') out += up ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    up = c == '_';
  }
  return out;
}

}  // namespace sluice::catalog
