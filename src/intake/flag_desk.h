// One loop's FlagGate: finds a flag's entry in the registry once, and then without a lock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "catalog/snapshot.h"
#include "event/flag_gate.h"
#include "flags/flag_registry.h"

namespace sluice {

// Of one loop's thread.
class FlagDesk final : public FlagGate {
 public:
  explicit FlagDesk(FlagRegistry& registry) : registry_(registry) {}
  // Of the payload that comes next. `unsummarized`: the request said that its evaluations were not asked for in full.
  void begin(const Environment& environment, bool unsummarized, std::int64_t now_ms);
  FlagVerdict look(const FlagEvaluation& evaluation) override;
  void summarized(std::string_view key, std::uint64_t evaluations) override;

 private:
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Entries = std::unordered_map<std::string, FlagEntry*, KeyHash, std::equal_to<>>;  // by key as sent
  FlagEntry* entry(std::string_view key);

  FlagRegistry& registry_;
  std::map<ObjectId, Entries> environments_;
  Entries* entries_ = nullptr;
  ObjectId environment_;
  bool as_sent_ = true;
  bool unsummarized_ = false;
  std::int64_t now_ms_ = 0;
  std::shared_ptr<const std::string> name_;  // of the last verdict
};

}  // namespace sluice
