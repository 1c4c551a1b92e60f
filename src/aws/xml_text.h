// Single fields of the small XML answers that STS gives: not an XML parser, but safe on any bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::aws {

// The text of the first element of that name (prefixes like `ns:` aside), entities resolved. Nothing when there is
// none, when it is not closed or has elements inside.
std::optional<std::string> xml_text(std::string_view xml, std::string_view element);

}  // namespace sluice::aws
