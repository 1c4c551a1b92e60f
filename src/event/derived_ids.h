// Ids of a payload's events that are the same wherever and whenever the payload arrives, so that consumers know an
// event again that an SDK sent twice. Of payloads that have an id; the others' are minted (base/object_id.h). The
// contract is docs/events.md, "Ids". Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/credential_kind.h"
#include "base/object_id.h"

namespace sluice::event {

// What the hash is keyed with: nobody outside can choose a payload whose events have another's ids. XXH3 takes as much
// as it has by default.
inline constexpr std::size_t kEventIdSecretBytes = 192;
using EventIdSecret = std::array<std::uint8_t, kEventIdSecretBytes>;

// What tells payloads apart, beside their bytes.
struct PayloadIdentity {
  const EventIdSecret& secret;
  ObjectId environment;
  CredentialKind credential = CredentialKind::sdk_key;
  std::string_view payload_id;  // not empty; upper and lower case are the same
};

class DerivedIds {
 public:
  DerivedIds(const PayloadIdentity& identity, std::string_view body);
  // Of the event at that place in the payload's array. The first four bytes, the newest time in the payload, are 0:
  // that is known when all of it is read (EntryWriter::stamp_ids).
  ObjectId of(std::size_t position) const;

 private:
  const EventIdSecret& secret_;
  std::array<std::uint64_t, 2> of_payload_;
};

}  // namespace sluice::event
