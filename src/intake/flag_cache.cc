#include "intake/flag_cache.h"

namespace sluice::intake {

void FlagCache::begin(const catalog::Environment& environment, bool unsummarized, std::int64_t now_ms,
                      CredentialKind credential) {
  if (registry_.evicted() - swept_ >= kSweepAfterEvicted) sweep();
  entries_ = &environments_[environment.id];
  environment_ = &environment;
  credential_ = credential;
  unsummarized_ = unsummarized;
  now_ms_ = now_ms;
}

void FlagCache::sweep() {
  swept_ = registry_.evicted();
  for (auto& [id, entries] : environments_)
    std::erase_if(entries, [](const auto& known) { return known.second->gone(); });
}

flags::FlagEntry* FlagCache::entry(std::string_view key) {
  const auto found = entries_->find(key);
  if (found != entries_->end() && !found->second->gone() && found->second->credential() <= credential_)
    return found->second.get();
  std::shared_ptr<flags::FlagEntry> flag = registry_.find(environment_->id, key, now_ms_, credential_);
  flags::FlagEntry* const raw = flag.get();
  if (found != entries_->end()) {
    if (raw == nullptr)
      entries_->erase(found);
    else
      found->second = std::move(flag);
    return raw;
  }
  // Several spellings of one key may come: then this is full before the registry is, and starts over.
  if (entries_->size() >= flags::kMaxFlags) entries_->clear();
  if (raw != nullptr) entries_->emplace(key, std::move(flag));
  return raw;
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
  if (evaluation.kind != event::EventKind::feature || environment_->flag_export.as_sent || evaluation.in_experiment)
    return verdict;
  if (unsummarized_ && evaluation.track_events) return verdict;
  verdict.exported =
      flag != nullptr ? flag->exported() : flags::exported_by_choice(environment_->flag_export, evaluation.key);
  return verdict;
}

void FlagCache::summarized(std::string_view key, std::uint64_t evaluations) {
  if (flags::FlagEntry* flag = entry(key); flag != nullptr) flag->summarized(now_ms_, evaluations);
}

}  // namespace sluice::intake
