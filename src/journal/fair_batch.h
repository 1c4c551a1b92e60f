// Which of the entries that wait for the disk go into the next commit, when they are more than one may have: each
// environment and kind of credential gets the same share of it, and what some do not need is the others'. So nobody's
// entries wait behind all that somebody else sent; those of one sender stay in their order. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "base/credential_kind.h"
#include "base/object_id.h"

namespace sluice::journal {

struct QueuedEntry {
  ObjectId environment;
  CredentialKind credential = CredentialKind::sdk_key;
  std::uint64_t bytes = 0;
};

// For each entry of the queue, oldest first, whether it goes: at most `max_bytes` together, but always the first.
std::vector<bool> fair_batch(std::span<const QueuedEntry> queue, std::uint64_t max_bytes);

}  // namespace sluice::journal
