// Stores the flag registry on disk, in one file of lines, `directory`/flags.ndjson: every few seconds what changed is
// appended; a later line about a flag counts in place of an earlier one.
//   {"environment":"578d…","flag":{"key":"f","credential":"sdk_key","exportedWhenNew":true,"firstSeen":…,"lastSeen":…,
//    "evaluations":…,"lastSummary":…,"summarized":…,"variations":[[index,"value as JSON",evaluations],…]}}
//   {"environment":"578d…","described":{"key":"f","name":"…","variations":[["name","value as JSON"],…]}}
//   {"environment":"578d…","describedAnew":true}      descriptions of lines before no longer count
// When the file has twice the bytes that the registry takes in memory, and some more, it is written anew beside itself
// and renamed: so file, writing and start are bounded as the registry is. What a crash loses is what was seen in some
// seconds, and numbers of the last minute. A line that is none is skipped, counted and logged.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/worker.h"
#include "flags/flag_registry.h"
#include "storage/file_system.h"

namespace sluice::flags {

// New flags, variations and descriptions are saved this often; numbers with every kFlagCountsEvery-th time.
inline constexpr std::int64_t kFlagStoreIntervalMs = 5'000;
inline constexpr std::uint32_t kFlagCountsEvery = 12;
// The file may have so much more than twice the registry's bytes: a small one is not written anew all the time.
inline constexpr std::uint64_t kFlagFileSlackBytes = 1u << 20;
// A flags.json of Sluice 0.1 that is larger is set aside: reading it takes ten times its bytes.
inline constexpr std::uint64_t kMaxOldFlagFileBytes = 32u << 20;

class FlagStore {
 public:
  // Reads flags.ndjson into the registry, or without it the flags.json of Sluice 0.1, which stays where it is for that
  // version. One that is damaged or too large is renamed and reported in the log: flags are known again when they are
  // seen again. Then a worker saves.
  static Result<std::unique_ptr<FlagStore>> open(const std::string& directory, FlagRegistry& registry,
                                                 storage::FileSystem& files, Workers& workers = worker_threads());
  // Saves for the last time, unless close() did.
  ~FlagStore();
  void close();

 private:
  struct State;
  FlagStore(std::unique_ptr<State> state, Workers& workers);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::flags
