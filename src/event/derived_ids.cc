#include "event/derived_ids.h"

#include <xxhash.h>

#include <algorithm>
#include <string>

#include "base/check.h"
#include "base/text.h"

namespace sluice::event {
DerivedIds::DerivedIds(const PayloadIdentity& identity, std::string_view body) : secret_(identity.secret) {
  // Each part in front of the body has a fixed size or its own in front of it: no two payloads give the same bytes.
  const std::string payload_id = lower(identity.payload_id);
  const std::uint64_t size = payload_id.size();
  std::string head(reinterpret_cast<const char*>(identity.environment.bytes.data()), ObjectId::kBytes);
  head.push_back(static_cast<char>(identity.credential));
  for (unsigned shift = 0; shift < 64; shift += 8) head.push_back(static_cast<char>(size >> shift & 0xFF));
  head += payload_id;
  XXH3_state_t* const state = XXH3_createState();
  SLUICE_CHECK(state != nullptr, "there is memory for a hash");
  XXH3_128bits_reset_withSecret(state, secret_.data(), secret_.size());
  XXH3_128bits_update(state, head.data(), head.size());
  XXH3_128bits_update(state, body.data(), body.size());
  const XXH128_hash_t hash = XXH3_128bits_digest(state);
  XXH3_freeState(state);
  of_payload_ = {hash.low64, hash.high64};
}

ObjectId DerivedIds::of(std::size_t position) const {
  std::array<std::uint8_t, 24> input;
  const std::array<std::uint64_t, 3> words = {of_payload_[0], of_payload_[1], position};
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<std::uint8_t>(words[i / 8] >> (8 * (i % 8)));
  const std::uint64_t hash = XXH3_64bits_withSecret(input.data(), input.size(), secret_.data(), secret_.size());
  ObjectId id;
  constexpr std::size_t kTimeBytes = 4;
  for (std::size_t i = 0; i < sizeof hash; ++i)
    id.bytes[kTimeBytes + i] = static_cast<std::uint8_t>(hash >> (56 - 8 * i));
  return id;
}

}  // namespace sluice::event
