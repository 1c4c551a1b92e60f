#include "destinations/address_setting.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "http_client/url.h"

namespace sluice::destinations {

std::string used_address(config::TomlTable& table, const std::string& key, std::string address) {
  if (const std::size_t scheme = address.find("://"); scheme != std::string::npos)
    address.replace(0, scheme, lower(std::string_view(address).substr(0, scheme)));
  if (const std::string fault = http_client::parse_url(address) ? http_client::fault_of_host(address) : "";
      !fault.empty())
    table.fault_when_saved(key, fmt::format("The address {}. Check it for typing errors.", fault));
  return address;
}

std::string read_address(config::TomlTable& table, const std::string& key, std::string_view expected,
                         std::string_view example) {
  auto text = table.text(key, expected, example);
  if (text && text->empty())
    table.fault_when_saved(
        key, fmt::format("It is empty; expected {}. Remove it, or give one. Example: {}", expected, example));
  return text ? used_address(table, key, std::move(*text)) : std::string();
}

}  // namespace sluice::destinations
