// The name under which the journal recognises a payload that an SDK sends again (X-LaunchDarkly-Payload-ID). Pure.
#pragma once

#include <string_view>

#include "journal/journal.h"

namespace sluice::intake {

// A UUID's 16 bytes, whatever the case of its digits; of any other text, the first 16 bytes of its SHA-256. All zero,
// which never is a duplicate, for no text.
journal::DedupeKey dedupe_key(std::string_view payload_id);

}  // namespace sluice::intake
