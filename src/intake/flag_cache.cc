#include "intake/flag_cache.h"

namespace sluice::intake {

void FlagCache::begin(const catalog::Environment& environment, bool unsummarized, std::int64_t now_ms) {
  entries_ = &environments_[environment.id];
  environment_ = environment.id;
  as_sent_ = environment.flag_export.as_sent;
  unsummarized_ = unsummarized;
  now_ms_ = now_ms;
}

flags::FlagEntry* FlagCache::entry(std::string_view key) {
  if (const auto found = entries_->find(key); found != entries_->end()) return found->second;
  flags::FlagEntry* flag = registry_.find(environment_, key, now_ms_);
  // Several spellings of one key may come: then this is full before the registry is, and starts over.
  if (entries_->size() >= flags::kMaxFlags) entries_->clear();
  if (flag != nullptr) entries_->emplace(key, flag);
  return flag;
}

event::FlagVerdict FlagCache::verdict(const event::FlagEvaluation& evaluation) {
  flags::FlagEntry* flag = entry(evaluation.key);
  event::FlagVerdict verdict;
  if (flag != nullptr) {
    flag->seen(now_ms_, evaluation.variation, evaluation.value);
    if (flag->has_names()) {
      name_ = flag->variation_name(evaluation.variation);
      if (name_) verdict.variation_name = *name_;
    }
  }
  // Which evaluations are exported is docs/events.md, "Which evaluations are exported".
  if (evaluation.kind != event::EventKind::feature || as_sent_ || evaluation.in_experiment) return verdict;
  if (unsummarized_ && evaluation.track_events) return verdict;
  verdict.exported = flag != nullptr ? flag->exported() : registry_.new_flags_exported(environment_);
  return verdict;
}

void FlagCache::summarized(std::string_view key, std::uint64_t evaluations) {
  if (flags::FlagEntry* flag = entry(key); flag != nullptr) flag->summarized(now_ms_, evaluations);
}

}  // namespace sluice::intake
