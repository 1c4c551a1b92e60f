// Stores the flag registry on disk, in one JSON file: written beside the old one and renamed over it, every few
// seconds when it has changed, and at the end. What a crash loses is what was seen in those seconds.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/worker.h"
#include "flags/flag_registry.h"
#include "storage/file_system.h"

namespace sluice::flags {

inline constexpr std::int64_t kFlagStoreIntervalMs = 5'000;

class FlagStore {
 public:
  // Reads `path` into the registry, if it is there. A file that cannot be read is set aside as `path`.damaged and
  // reported in the log: flags are known again when they are seen again. Then a worker saves.
  static Result<std::unique_ptr<FlagStore>> open(std::string path, FlagRegistry& registry, storage::FileSystem& files,
                                                 Workers& workers = worker_threads());
  // Saves for the last time, unless close() did.
  ~FlagStore();
  void close();

 private:
  struct State;
  FlagStore(std::unique_ptr<State> state, Workers& workers);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::flags
