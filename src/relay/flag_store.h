// The last flag data of one environment and payload filter on disk (docs/flag-store-format.md has folder and format),
// so that SDKs are served after a restart although the upstream is not there. One thread.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/object_id.h"
#include "base/result.h"
#include "relay/flag_data.h"
#include "relay/flag_snapshot.h"
#include "relay/flag_store_format.h"
#include "storage/file_system.h"

namespace sluice::relay {

class FlagStore {
 public:
  // `folder` need not exist. `files` outlives it.
  FlagStore(std::string folder, FlagStoreOwner owner, storage::FileSystem& files, const FlagDataLimits& limits = {});

  const std::string& path() const { return path_; }
  // Another source: what is there is not its own, and is replaced by the next save().
  void set_source(std::string source) { owner_.source = std::move(source); }

  struct Loaded {
    FlagSnapshotPtr snapshot;  // null: there is none of this source
    std::string damage;        // empty: none
  };
  // A damaged file is renamed, logged and treated as absent. An error: the file could not be read or renamed. What was
  // loaded is still there after a power cut.
  Result<Loaded> load();
  // The old state or this one, whatever happens; durable when it returns.
  Result<void> save(const FlagSnapshot& snapshot);
  // When its environment goes: all of its files, the damaged one too.
  Result<void> remove();

 private:
  Result<Loaded> set_aside(std::string damage);

  const std::string folder_, path_;
  FlagStoreOwner owner_;
  storage::FileSystem& files_;
  const std::uint64_t max_bytes_;
};

// Removes the files of environments that are not kept, those of all their payload filters too; what is no file of flag
// data stays. Returns the environments that had some. What cannot be removed is logged, and stays until the next sweep.
std::vector<ObjectId> sweep_flag_stores(const std::string& folder, storage::FileSystem& files,
                                        const std::function<bool(ObjectId)>& is_kept);

}  // namespace sluice::relay
