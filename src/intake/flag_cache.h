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

// Of one loop's thread.
class FlagCache final : public event::EvaluationFilter {
 public:
  explicit FlagCache(flags::FlagRegistry& registry) : registry_(registry) {}
  // Of the next payload. `unsummarized`: the request said that its evaluations were not requested in full.
  void begin(const catalog::Environment& environment, bool unsummarized, std::int64_t now_ms);
  event::FlagVerdict verdict(const event::FlagEvaluation& evaluation) override;
  void summarized(std::string_view key, std::uint64_t evaluations) override;

 private:
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Entries = std::unordered_map<std::string, flags::FlagEntry*, KeyHash, std::equal_to<>>;  // by key as sent
  flags::FlagEntry* entry(std::string_view key);

  flags::FlagRegistry& registry_;
  std::map<ObjectId, Entries> environments_;
  Entries* entries_ = nullptr;
  ObjectId environment_;
  bool as_sent_ = true;
  bool unsummarized_ = false;
  std::int64_t now_ms_ = 0;
  std::shared_ptr<const std::string> name_;  // of the last verdict
};

}  // namespace sluice::intake
