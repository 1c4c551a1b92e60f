// One loop's EvaluationFilter: finds a flag's entry in the registry once, and then without a lock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "catalog/snapshot.h"
#include "event/evaluation_filter.h"
#include "flags/flag_registry.h"

namespace sluice::intake {

// Flags that went from the registry since the cache was swept last; then what it still holds of them goes too.
inline constexpr std::uint64_t kSweepAfterEvicted = 4'096;

// Of one loop's thread.
class FlagCache final : public event::EvaluationFilter {
 public:
  explicit FlagCache(flags::FlagRegistry& registry) : registry_(registry) {}
  // Of the next payload; `environment` stays until its last event. `unsummarized`: the request said that its
  // evaluations were not requested in full.
  void begin(const catalog::Environment& environment, bool unsummarized, std::int64_t now_ms,
             CredentialKind credential = CredentialKind::sdk_key);
  event::FlagVerdict verdict(const event::FlagEvaluation& evaluation) override;
  void summarized(std::string_view key, std::uint64_t evaluations) override;

 private:
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Entries =
      std::unordered_map<std::string, std::shared_ptr<flags::FlagEntry>, KeyHash, std::equal_to<>>;  // by key as sent
  flags::FlagEntry* entry(std::string_view key);
  void sweep();

  flags::FlagRegistry& registry_;
  std::map<ObjectId, Entries> environments_;
  Entries* entries_ = nullptr;
  const catalog::Environment* environment_ = nullptr;
  CredentialKind credential_ = CredentialKind::sdk_key;
  bool unsummarized_ = false;
  std::int64_t now_ms_ = 0;
  std::shared_ptr<const std::string> name_;  // of the last verdict
  std::uint64_t swept_ = 0;                  // what the registry had evicted then
};

}  // namespace sluice::intake
