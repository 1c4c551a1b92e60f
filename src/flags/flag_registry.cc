#include "flags/flag_registry.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

namespace sluice::flags {
namespace {

using nlohmann::json;

// Of a key in its escaped form, as between quotes.
std::string unescaped(std::string_view inside) {
  if (inside.find('\\') == std::string_view::npos) return std::string(inside);
  const json text = json::parse('"' + std::string(inside) + '"', nullptr, false);
  return text.is_string() ? text.get<std::string>() : std::string(inside);
}

// What its owner chose for the flag with this key, or for flags like it.
bool choice_for(const catalog::FlagExport& choice, const std::string& key) {
  const bool otherwise = choice.all_flags.value_or(choice.new_flags);
  const auto found = choice.flags.find(key);
  return found == choice.flags.end() ? otherwise : found->second.exported.value_or(otherwise);
}

// Keys may hold bytes that are no UTF-8.
std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

bool exported_by_choice(const catalog::FlagExport& choice, std::string_view inside) {
  return choice.flags.empty() ? choice.all_flags.value_or(choice.new_flags) : choice_for(choice, unescaped(inside));
}

FlagRegistry::FlagRegistry(const FlagLimits& limits)
    : limits_(limits),
      all_{FlagShareBytes(limits.all_share_bytes[0], nullptr), FlagShareBytes(limits.all_share_bytes[1], nullptr),
           FlagShareBytes(limits.all_share_bytes[2], nullptr)} {}

FlagRegistry::Flags::Flags(const FlagLimits& limits, std::array<FlagShareBytes, kCredentialKinds>& all)
    : shares{Share(limits.share_bytes[0], all[0]), Share(limits.share_bytes[1], all[1]),
             Share(limits.share_bytes[2], all[2])} {}

FlagRegistry::Flags& FlagRegistry::flags_of(ObjectId environment) {
  return environments_.try_emplace(environment, limits_, all_).first->second;
}

std::shared_ptr<FlagEntry> FlagRegistry::find(ObjectId environment, std::string_view inside, std::int64_t now_ms,
                                              CredentialKind credential) {
  std::string key = unescaped(inside);
  const std::lock_guard lock(mutex_);
  Flags& flags = flags_of(environment);
  const auto found = flags.by_key.find(key);
  if (found == flags.by_key.end()) return add(flags, std::move(key), now_ms, credential);
  const std::shared_ptr<FlagEntry> flag = found->second;
  if (credential < flag->credential() && make_room(flags, credential, flag_bytes(key.size()))) {
    Share& share = flags.shares[static_cast<std::size_t>(credential)];
    flag->move_to(credential, share.bytes);
    enqueue(share, flag);
  }
  return flag;
}

std::shared_ptr<FlagEntry> FlagRegistry::add(Flags& flags, std::string key, std::int64_t now_ms,
                                             CredentialKind credential) {
  const bool chosen = flags.told.choice->flags.contains(key);
  const bool fits = key.size() <= kMaxFlagKeyBytes && make_room(flags, credential, flag_bytes(key.size()));
  if (!fits && !chosen) {
    not_remembered_[static_cast<std::size_t>(credential)].fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  auto made = std::make_shared<FlagEntry>(std::move(key), now_ms, flags.told.choice->new_flags);
  made->remembered_ = flags.told.choice->new_flags;
  choose(flags.told, *made);
  Share& share = flags.shares[static_cast<std::size_t>(credential)];
  made->move_to(credential, share.bytes);
  flags.by_key.emplace(made->key, made);
  enqueue(share, made);
  return made;
}

void FlagRegistry::enqueue(Share& share, std::shared_ptr<FlagEntry> flag) {
  flag->times_queued_ = flag->times_seen();
  share.queue.push_back(std::move(flag));
}

bool FlagRegistry::make_room(Flags& flags, CredentialKind credential, std::uint64_t bytes) {
  Share& share = flags.shares[static_cast<std::size_t>(credential)];
  while (!share.bytes.has_room(bytes))
    if (!evict_one(flags, share)) return false;
  return true;
}

// The queue's front goes, unless an owner chose it, it is exported otherwise than a new flag would be, or it was seen
// more than once since it was looked at last: such a one goes to the back.
bool FlagRegistry::evict_one(Flags& flags, Share& share) {
  for (std::size_t tries = 0; tries < kEvictionTries && !share.queue.empty(); ++tries) {
    std::shared_ptr<FlagEntry> flag = std::move(share.queue.front());
    share.queue.pop_front();
    ++share.popped;
    if (flag->gone() || &flags.shares[static_cast<std::size_t>(flag->credential())] != &share) continue;
    const bool chosen = flags.told.choice->flags.contains(flag->key);
    if (chosen || flag->exported() != flags.told.new_flags() || flag->times_seen() > flag->times_queued_ + 1) {
      enqueue(share, std::move(flag));
      continue;
    }
    evicted_by_share_[static_cast<std::size_t>(flag->credential())].fetch_add(1, std::memory_order_relaxed);
    evicted_.fetch_add(1, std::memory_order_relaxed);
    flags.by_key.erase(flag->key);
    flag->leave();
    return true;
  }
  return false;
}

FlagDescription FlagRegistry::Told::of(const std::string& key) const {
  FlagDescription out{key, {}, {}};
  if (const auto found = described->find(key); found != described->end()) out = found->second;
  const auto found = choice->flags.find(key);
  if (found == choice->flags.end()) return out;
  const catalog::DeclaredFlag& declared = found->second;
  if (!declared.name.empty()) out.name = declared.name;
  const std::size_t count = std::max(declared.variation_names.size(), declared.variation_values.size());
  out.variations.resize(std::max(out.variations.size(), count));
  for (std::size_t i = 0; i < declared.variation_names.size(); ++i)
    if (!declared.variation_names[i].empty()) out.variations[i].name = declared.variation_names[i];
  for (std::size_t i = 0; i < declared.variation_values.size(); ++i)
    if (!declared.variation_values[i].empty()) out.variations[i].value = declared.variation_values[i];
  return out;
}

std::string FlagRegistry::Told::name_of(const std::string& key) const {
  const auto declared = choice->flags.find(key);
  if (declared != choice->flags.end() && !declared->second.name.empty()) return declared->second.name;
  const auto found = described->find(key);
  return found == described->end() ? std::string() : found->second.name;
}

bool FlagRegistry::Told::names(std::string_view key) const {
  const auto declared = choice->flags.find(std::string(key));
  return described->contains(key) || (declared != choice->flags.end() && !declared->second.name.empty());
}

void FlagRegistry::choose(const Told& told, FlagEntry& flag) {
  bool exported = told.choice->all_flags.value_or(flag.remembered_);
  if (const auto found = told.choice->flags.find(flag.key); found != told.choice->flags.end())
    exported = found->second.exported.value_or(exported);
  std::vector<std::shared_ptr<const std::string>> names;
  for (const FlagDescription::Variation& variation : told.of(flag.key).variations)
    names.push_back(variation.name.empty() ? nullptr : std::make_shared<const std::string>(dumped(variation.name)));
  flag.exported_.store(exported, std::memory_order_relaxed);
  const std::lock_guard lock(flag.mutex_);
  flag.names_ = std::move(names);
  flag.has_names_.store(!flag.names_.empty(), std::memory_order_release);
}

void FlagRegistry::tell(ObjectId environment, const std::function<void(Told&)>& change) {
  Told before;  // freed without the lock
  Flags* flags = nullptr;
  {
    const std::lock_guard lock(mutex_);
    flags = &flags_of(environment);
    before = flags->told;
    flags->loading.reset();
    change(flags->told);
  }
  // A flag that is first seen after this is chosen by what was told now.
  walk(*flags, [&](const std::shared_ptr<FlagEntry>& flag) { choose(flags->told, *flag); });
}

// A flag never moves to a place that was passed: from the front of a queue it goes to the back, from a share to one
// that comes after it here, and it stays in the queue that it came from.
void FlagRegistry::walk(const Flags& flags, const std::function<void(const std::shared_ptr<FlagEntry>&)>& visit) const {
  for (std::size_t i = kCredentialKinds; i-- > 0;) {
    const Share& share = flags.shares[i];
    for (std::uint64_t next = 0, end = 1; next < end;) {
      const std::lock_guard lock(mutex_);
      next = std::max(next, share.popped);
      end = share.popped + share.queue.size();
      for (const std::uint64_t stop = std::min<std::uint64_t>(next + kFlagsPerHold, end); next < stop; ++next)
        if (const auto& flag = share.queue[next - share.popped]; !flag->gone()) visit(flag);
    }
  }
}

// With telling_. Most changes concern one environment of many, and each of the others may have 50,000 flags.
bool FlagRegistry::is_told(const catalog::Environment& environment) const {
  const std::lock_guard lock(mutex_);
  const auto found = environments_.find(environment.id);
  return found != environments_.end() && !found->second.loading &&
         *found->second.told.choice == environment.flag_export;
}

void FlagRegistry::apply(const catalog::CatalogSnapshot& snapshot) {
  const std::lock_guard one_change(telling_);
  for (const catalog::Environment& environment : snapshot.environments()) {
    if (is_told(environment)) continue;
    auto choice = std::make_shared<const catalog::FlagExport>(environment.flag_export);
    tell(environment.id, [&](Told& told) { told.choice = std::move(choice); });
  }
}

void FlagRegistry::describe(ObjectId environment, const std::vector<FlagDescription>& flags) {
  const std::lock_guard one_change(telling_);
  auto described = std::make_shared<Described>();
  for (const FlagDescription& flag : flags) {
    if (described->size() >= kMaxFlags) break;
    described->emplace(flag.key, flag);
  }
  tell(environment, [&](Told& told) { told.described = std::move(described); });
}

bool FlagRegistry::new_flags_exported(ObjectId environment) const {
  const std::lock_guard lock(mutex_);
  const auto found = environments_.find(environment);
  return found == environments_.end() || found->second.told.new_flags();
}

bool FlagRegistry::exported(ObjectId environment, std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto found = environments_.find(environment);
  if (found == environments_.end()) return true;
  const Flags& flags = found->second;
  const auto known = flags.by_key.find(key);
  return known == flags.by_key.end() ? choice_for(*flags.told.choice, std::string(key)) : known->second->exported();
}

FlagUsages FlagRegistry::usage() const {
  FlagUsages usages;
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < kCredentialKinds; ++i) {
    usages[i].bytes = all_[i].used;
    usages[i].limit_bytes = all_[i].limit;
    usages[i].evicted = evicted_by_share_[i];
    usages[i].not_remembered = not_remembered_[i];
    for (const auto& [id, flags] : environments_) {
      usages[i].flags += flags.shares[i].queue.size();
      usages[i].values_not_kept += flags.shares[i].bytes.not_kept;
    }
  }
  return usages;
}

std::uint64_t FlagRegistry::forgotten() const {
  std::uint64_t sum = 0;
  for (const auto& share : not_remembered_) sum += share.load(std::memory_order_relaxed);
  return sum;
}

FlagFacts FlagRegistry::facts(const FlagEntry& flag) {
  FlagFacts facts;
  facts.key = flag.key;
  facts.exported = flag.exported();
  facts.first_seen_ms = flag.first_seen_ms;
  facts.last_seen_ms = flag.last_seen_ms_;
  facts.evaluations = flag.evaluations_;
  facts.last_summary_ms = flag.last_summary_ms_;
  facts.summarized = flag.summarized_;
  const std::lock_guard lock(flag.mutex_);
  facts.variations = flag.variations_;
  for (VariationSeen& seen : facts.variations)
    if (seen.index < static_cast<std::int64_t>(kCountedVariations))
      seen.evaluations = flag.by_variation_[static_cast<std::size_t>(seen.index)].load(std::memory_order_relaxed);
  std::sort(facts.variations.begin(), facts.variations.end(),
            [](const VariationSeen& a, const VariationSeen& b) { return a.index < b.index; });
  for (const auto& name : flag.names_) facts.names.push_back(name ? *name : std::string());
  return facts;
}

// Adds the description to what was seen.
void FlagRegistry::add_told(const FlagDescription& description, FlagFacts& facts) {
  facts.name = description.name;
  for (const FlagDescription::Variation& variation : description.variations) facts.values.push_back(variation.value);
}

// One that was told of but not seen.
FlagFacts FlagRegistry::unseen(const Told& told, const std::string& key) {
  FlagEntry flag(key, 0, told.choice->new_flags);
  flag.remembered_ = told.choice->new_flags;
  choose(told, flag);
  FlagFacts out = facts(flag);
  add_told(told.of(key), out);
  return out;
}

std::vector<ObjectId> FlagRegistry::environments() const {
  std::vector<ObjectId> ids;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, flags] : environments_) ids.push_back(id);
  return ids;
}

FlagRegistry::Sample FlagRegistry::sample(ObjectId environment) const {
  Sample sample;
  const Flags* flags = nullptr;
  std::size_t about = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = environments_.find(environment);
    if (found == environments_.end()) return sample;
    flags = &found->second;
    sample.told = flags->told;
    about = flags->by_key.size();
  }
  std::vector<std::shared_ptr<FlagEntry>>& seen = sample.seen;
  std::unordered_set<const FlagEntry*> once;
  seen.reserve(about);
  once.reserve(about);
  walk(*flags, [&](const std::shared_ptr<FlagEntry>& flag) {
    if (once.insert(flag.get()).second) seen.push_back(flag);
  });
  const Told& told = sample.told;
  std::unordered_set<std::string_view> keys;
  if (!told.described->empty() || !told.choice->flags.empty())
    for (const auto& flag : seen) keys.insert(flag->key);
  for (const auto& [key, described] : *told.described)
    if (!keys.contains(key)) sample.only_told.push_back(key);
  for (const auto& [key, declared] : told.choice->flags)
    if (!declared.name.empty() && !keys.contains(key) && !told.described->contains(key))
      sample.only_told.push_back(key);
  return sample;
}

std::optional<FlagFacts> FlagRegistry::one(ObjectId environment, std::string_view key) const {
  Told told;
  std::shared_ptr<FlagEntry> seen;
  {
    const std::lock_guard lock(mutex_);
    const auto found = environments_.find(environment);
    if (found == environments_.end()) return std::nullopt;
    told = found->second.told;
    if (const auto flag = found->second.by_key.find(key); flag != found->second.by_key.end()) seen = flag->second;
  }
  if (seen == nullptr) return told.names(key) ? std::optional(unseen(told, std::string(key))) : std::nullopt;
  FlagFacts out = facts(*seen);
  add_told(told.of(std::string(key)), out);
  return out;
}

FlagFacts FlagRegistry::unknown(ObjectId environment, std::string_view key) const {
  Told told;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = environments_.find(environment); found != environments_.end()) told = found->second.told;
  }
  return unseen(told, std::string(key));
}

std::vector<FlagFacts> FlagRegistry::list(ObjectId environment) const {
  const Sample now = sample(environment);
  std::vector<FlagFacts> out;
  out.reserve(now.seen.size() + now.only_told.size());
  for (const auto& flag : now.seen) {
    out.push_back(facts(*flag));
    add_told(now.told.of(flag->key), out.back());
  }
  for (const std::string& key : now.only_told) out.push_back(unseen(now.told, key));
  std::sort(out.begin(), out.end(), [](const FlagFacts& a, const FlagFacts& b) { return a.key < b.key; });
  return out;
}

void FlagRegistry::each_line(ObjectId environment, const std::function<void(const FlagLine&)>& visit) const {
  const Sample now = sample(environment);
  for (const auto& flag : now.seen)
    visit({flag->key, now.told.name_of(flag->key), flag->evaluations_, flag->last_seen_ms_});
  for (const std::string& key : now.only_told) visit({key, now.told.name_of(key), 0, 0});
}

}  // namespace sluice::flags
