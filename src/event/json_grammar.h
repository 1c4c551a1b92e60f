// Checks a text against JSON's grammar (RFC 8259) byte by byte and says what is wrong where. Slow and plain: it is
// asked when JsonWalk has refused a text, for the answer to the SDK, and by tests, as JsonWalk's judge. It accepts what
// the grammar does: integers of any size, lone surrogates, member names that come twice, any depth.
#pragma once

#include <string_view>

#include "base/result.h"

namespace sluice::event {

// An error reads like "byte 17: expected ',' or ']', found 'x'"; bytes count from 0.
Result<void> check_json(std::string_view text);

}  // namespace sluice::event
