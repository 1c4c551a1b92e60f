// The name under which the journal recognises a payload that an SDK sends again (X-LaunchDarkly-Payload-ID). Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/credential_kind.h"
#include "journal/journal.h"

namespace sluice::intake {

// Of a payload with an id: eight bytes of the credential's kind and the id (a UUID whatever the case of its digits),
// and eight of the inflated body. So what is stored under a public client-side id never makes a server's payload count
// as a repeat, and two bodies under one id ("undefined") are two payloads. CRC-64 (ECMA-182): it tells apart what was
// not built to collide, and whoever can build a collision with a payload knows all of it. One bit of the id's says
// whether the credential is a secret (journal::is_public). All zero, which never is a duplicate, without an id.
journal::DedupeKey dedupe_key(CredentialKind credential, std::string_view payload_id, std::string_view body);

// Of one entry of a payload that becomes several. `payload`: the key of the whole; `number`: the entry's place in it,
// from 0; `events`: as they are stored (EntryWriter::events). So two entries of a payload are never taken for each
// other, however much they are alike, and an entry of which something else is exported when the payload comes again is
// stored.
journal::DedupeKey dedupe_key_of_part(const journal::DedupeKey& payload, std::size_t number, std::string_view events);

}  // namespace sluice::intake
