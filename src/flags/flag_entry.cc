#include "flags/flag_entry.h"

namespace sluice::flags {

void FlagEntry::seen(std::int64_t now_ms, std::int64_t variation, std::string_view value) {
  changed(Unsaved::counts);
  evaluations_.fetch_add(1, std::memory_order_relaxed);
  if (last_seen_ms_.load(std::memory_order_relaxed) < now_ms) last_seen_ms_.store(now_ms, std::memory_order_relaxed);
  if (variation < 0 || variation >= static_cast<std::int64_t>(kMaxVariationsSeen)) return;
  if (variation < static_cast<std::int64_t>(kCountedVariations))
    by_variation_[static_cast<std::size_t>(variation)].fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(variation);
  if ((variations_seen_.load(std::memory_order_relaxed) & bit) != 0) return;
  if (keep_variation(variation, value)) changed(Unsaved::news);
}

bool FlagEntry::keep_variation(std::int64_t variation, std::string_view value) {
  const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(variation);
  const std::lock_guard lock(mutex_);
  if ((variations_seen_.load(std::memory_order_relaxed) & bit) != 0) return false;
  const std::size_t kept = value.size() <= kMaxValueBytes ? value.size() : 0;
  const std::uint64_t bytes = kVariationBytes + kept;
  if (share_ != nullptr && !share_->take(bytes)) {
    share_->not_kept.fetch_add(1, std::memory_order_relaxed);
    return false;  // asked again with its next evaluation
  }
  counted_bytes_ += share_ != nullptr ? bytes : 0;
  variations_seen_.fetch_or(bit, std::memory_order_relaxed);
  variations_.push_back({variation, std::string(value.substr(0, kept)), 0});
  return true;
}

void FlagEntry::summarized(std::int64_t now_ms, std::uint64_t evaluations) {
  changed(Unsaved::counts);
  summarized_.fetch_add(evaluations, std::memory_order_relaxed);
  if (last_summary_ms_.load(std::memory_order_relaxed) < now_ms)
    last_summary_ms_.store(now_ms, std::memory_order_relaxed);
}

std::shared_ptr<const std::string> FlagEntry::variation_name(std::int64_t variation) const {
  if (!has_names() || variation < 0) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto index = static_cast<std::size_t>(variation);
  return index < names_.size() ? names_[index] : nullptr;
}

void FlagEntry::move_to(CredentialKind credential, FlagShareBytes& share) {
  const std::lock_guard lock(mutex_);
  if (counted_bytes_ == 0) counted_bytes_ = flag_bytes(key.size());
  if (share_ != nullptr) share_->give_back(counted_bytes_);
  share.take_beyond_limit(counted_bytes_);
  share_ = &share;
  credential_.store(credential, std::memory_order_relaxed);
}

void FlagEntry::leave() {
  gone_.store(true, std::memory_order_relaxed);
  has_names_.store(false, std::memory_order_release);
  const std::lock_guard lock(mutex_);
  if (share_ != nullptr) share_->give_back(counted_bytes_);
  share_ = nullptr;
  counted_bytes_ = 0;
  variations_seen_.store(~std::uint64_t{0}, std::memory_order_relaxed);  // none is kept any more
  std::vector<VariationSeen>().swap(variations_);
  std::vector<std::shared_ptr<const std::string>>().swap(names_);
}

}  // namespace sluice::flags
