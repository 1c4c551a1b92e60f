// Two spellings of one name: max_calls_in_flight in the configuration file, maxCallsInFlight in the REST API.
#pragma once

#include <string>
#include <string_view>

namespace sluice::catalog {

std::string snake_case(std::string_view camel_case);
std::string camel_case(std::string_view snake_case);

}  // namespace sluice::catalog
