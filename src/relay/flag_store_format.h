// The bytes of a file of flag data: docs/flag-store-format.md. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/object_id.h"
#include "base/result.h"
#include "relay/flag_snapshot.h"

namespace sluice::relay {

// Whose flag data a file holds.
struct FlagStoreOwner {
  ObjectId environment;
  std::string filter;    // the payload filter's key; empty: none
  std::string source{};  // the address of the stream that told it
};

std::string flag_store_bytes(const FlagStoreOwner& owner, const FlagSnapshot& snapshot);
// Null: another source told it. An error says what is wrong with the file.
Result<FlagSnapshotPtr> read_flag_store(const FlagStoreOwner& owner, std::string_view bytes);

}  // namespace sluice::relay
