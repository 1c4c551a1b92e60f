#include "api/known_host.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace sluice::api {
namespace {

constexpr std::array<std::string_view, 6> kUnregistrable = {".localhost", ".local",     ".internal",
                                                            ".svc",       ".home.arpa", ".test"};

std::string name_of(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) host = host.substr(0, colon);
  if (host.ends_with('.')) host.remove_suffix(1);
  std::string name(host);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return name;
}

bool is_address(std::string_view name) {
  return name.starts_with('[') || name.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

bool host_is_known(std::string_view host, const std::vector<std::string>& listed) {
  const std::string name = name_of(host);
  if (is_address(name) || name.find('.') == std::string::npos) return true;
  const auto ends_name = [&](std::string_view end) { return name.ends_with(end); };
  if (std::any_of(kUnregistrable.begin(), kUnregistrable.end(), ends_name)) return true;
  return std::any_of(listed.begin(), listed.end(),
                     [&](const std::string& known) { return known == "*" || name_of(known) == name; });
}

}  // namespace sluice::api
