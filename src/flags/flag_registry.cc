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

// Keys may hold bytes that are no UTF-8.
std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

void FlagEntry::seen(std::int64_t now_ms, std::int64_t variation, std::string_view value) {
  evaluations_.fetch_add(1, std::memory_order_relaxed);
  if (last_seen_ms_.load(std::memory_order_relaxed) < now_ms) last_seen_ms_.store(now_ms, std::memory_order_relaxed);
  if (variation < 0 || variation >= static_cast<std::int64_t>(kMaxVariationsSeen)) return;
  if (variation < static_cast<std::int64_t>(kCountedVariations))
    by_variation_[static_cast<std::size_t>(variation)].fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(variation);
  if ((variations_seen_.load(std::memory_order_relaxed) & bit) != 0) return;
  if ((variations_seen_.fetch_or(bit) & bit) != 0) return;
  const std::lock_guard lock(mutex_);
  variations_.push_back({variation, value.size() <= kMaxValueBytes ? std::string(value) : std::string(), 0});
}

void FlagEntry::summarized(std::int64_t now_ms, std::uint64_t evaluations) {
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

FlagEntry* FlagRegistry::find(ObjectId environment, std::string_view inside, std::int64_t now_ms) {
  std::string key = unescaped(inside);
  const std::lock_guard lock(mutex_);
  Flags& flags = environments_[environment];
  if (const auto found = flags.by_key.find(key); found != flags.by_key.end()) return found->second;
  if (flags.seen.size() >= kMaxFlags || key.size() > kMaxFlagKeyBytes) {
    forgotten_.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  FlagEntry& made = flags.seen.emplace_back(std::move(key), now_ms, flags.told.choice->new_flags);
  made.remembered_ = flags.told.choice->new_flags;
  choose(flags.told, made);
  flags.by_key.emplace(made.key, &made);
  return &made;
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
    flags = &environments_[environment];
    before = flags->told;
    change(flags->told);
  }
  // A flag that is first seen from here on is chosen by what was told now.
  for (std::size_t next = 0, size = 1; next < size;) {
    const std::lock_guard lock(mutex_);
    size = flags->seen.size();
    for (const std::size_t end = std::min(next + kFlagsPerHold, size); next < end; ++next)
      choose(flags->told, flags->seen[next]);
  }
}

void FlagRegistry::apply(const catalog::CatalogSnapshot& snapshot) {
  const std::lock_guard one_change(telling_);
  for (const catalog::Environment& environment : snapshot.environments()) {
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
  if (found == environments_.end()) return true;
  const catalog::FlagExport& choice = *found->second.told.choice;
  return choice.all_flags.value_or(choice.new_flags);
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
  {
    const std::lock_guard lock(mutex_);
    const auto found = environments_.find(environment);
    if (found == environments_.end()) return sample;
    flags = &found->second;
    sample.told = flags->told;
  }
  std::vector<const FlagEntry*>& seen = sample.seen;
  for (std::size_t size = 1; seen.size() < size;) {
    seen.reserve(std::max(seen.size() + kFlagsPerHold, std::min(2 * seen.size(), kMaxFlags)));
    const std::lock_guard lock(mutex_);
    size = flags->seen.size();
    for (const std::size_t end = std::min(seen.size() + kFlagsPerHold, size); seen.size() < end;)
      seen.push_back(&flags->seen[seen.size()]);
  }
  const Told& told = sample.told;
  std::unordered_set<std::string_view> keys;
  if (!told.described->empty() || !told.choice->flags.empty())
    for (const FlagEntry* flag : seen) keys.insert(flag->key);
  for (const auto& [key, described] : *told.described)
    if (!keys.contains(key)) sample.only_told.push_back(key);
  for (const auto& [key, declared] : told.choice->flags)
    if (!declared.name.empty() && !keys.contains(key) && !told.described->contains(key))
      sample.only_told.push_back(key);
  return sample;
}

std::optional<FlagFacts> FlagRegistry::one(ObjectId environment, std::string_view key) const {
  Told told;
  const FlagEntry* seen = nullptr;
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

std::vector<FlagFacts> FlagRegistry::list(ObjectId environment) const {
  const Sample now = sample(environment);
  std::vector<FlagFacts> out;
  out.reserve(now.seen.size() + now.only_told.size());
  for (const FlagEntry* flag : now.seen) {
    out.push_back(facts(*flag));
    add_told(now.told.of(flag->key), out.back());
  }
  for (const std::string& key : now.only_told) out.push_back(unseen(now.told, key));
  std::sort(out.begin(), out.end(), [](const FlagFacts& a, const FlagFacts& b) { return a.key < b.key; });
  return out;
}

std::vector<FlagLine> FlagRegistry::lines(ObjectId environment) const {
  const Sample now = sample(environment);
  std::vector<FlagLine> out;
  out.reserve(now.seen.size() + now.only_told.size());
  for (const FlagEntry* flag : now.seen)
    out.push_back({flag->key, now.told.name_of(flag->key), flag->evaluations_, flag->last_seen_ms_});
  for (const std::string& key : now.only_told) out.push_back({key, now.told.name_of(key), 0, 0});
  return out;
}

// Flag by flag: as one JSON value all would take many times the memory of the text.
std::string FlagRegistry::text() const {
  std::string all = "{";
  for (const ObjectId environment : environments()) {
    const Sample now = sample(environment);
    all += (all.size() > 1 ? ",\"" : "\"") + environment.hex() + "\":{\"described\":[";
    for (const auto& [key, flag] : *now.told.described) {
      json variations = json::array();
      for (const FlagDescription::Variation& variation : flag.variations)
        variations.push_back({variation.name, variation.value});
      if (all.back() != '[') all += ',';
      all += dumped({{"key", flag.key}, {"name", flag.name}, {"variations", std::move(variations)}});
    }
    all += "],\"seen\":[";
    for (const FlagEntry* flag : now.seen) {
      const FlagFacts known = facts(*flag);
      json variations = json::array();
      for (const VariationSeen& seen : known.variations)
        variations.push_back({seen.index, seen.value, seen.evaluations});
      if (all.back() != '[') all += ',';
      all += dumped({{"key", flag->key},
                     {"exportedWhenNew", flag->remembered_},
                     {"firstSeen", known.first_seen_ms},
                     {"lastSeen", known.last_seen_ms},
                     {"evaluations", known.evaluations},
                     {"lastSummary", known.last_summary_ms},
                     {"summarized", known.summarized},
                     {"variations", std::move(variations)}});
    }
    all += "]}";
  }
  return all + "}";
}

Result<void> FlagRegistry::take_text(std::string_view text) {
  std::map<ObjectId, Flags> read;
  try {
    const json all = json::parse(text);
    for (const auto& [id, known] : all.items()) {
      const auto environment = ObjectId::parse(id);
      if (!environment) return fail("\"" + id + "\" is no environment's id");
      Flags& flags = read[*environment];
      Described described;
      for (const json& one : known.at("described")) {
        FlagDescription flag{one.at("key").get<std::string>(), one.at("name").get<std::string>(), {}};
        for (const json& variation : one.at("variations"))
          flag.variations.push_back({variation.at(0).get<std::string>(), variation.at(1).get<std::string>()});
        described.emplace(flag.key, std::move(flag));
      }
      flags.told.described = std::make_shared<const Described>(std::move(described));
      for (const json& one : known.at("seen")) {
        auto key = one.at("key").get<std::string>();
        if (flags.by_key.contains(key)) continue;
        FlagEntry& flag = flags.seen.emplace_back(std::move(key), one.at("firstSeen").get<std::int64_t>(), true);
        flag.remembered_ = one.at("exportedWhenNew").get<bool>();
        flag.last_seen_ms_ = one.at("lastSeen").get<std::int64_t>();
        flag.evaluations_ = one.at("evaluations").get<std::uint64_t>();
        flag.last_summary_ms_ = one.value("lastSummary", std::int64_t{0});
        flag.summarized_ = one.value("summarized", std::uint64_t{0});
        for (const json& seen : one.at("variations")) {
          const auto index = seen.at(0).get<std::int64_t>();
          if (index < 0 || index >= static_cast<std::int64_t>(kMaxVariationsSeen)) continue;
          flag.variations_seen_ |= std::uint64_t{1} << static_cast<unsigned>(index);
          const std::uint64_t evaluations = seen.size() > 2 ? seen.at(2).get<std::uint64_t>() : 0;
          if (index < static_cast<std::int64_t>(kCountedVariations))
            flag.by_variation_[static_cast<std::size_t>(index)] = evaluations;
          flag.variations_.push_back({index, seen.at(1).get<std::string>(), 0});
        }
        flag.exported_ = flag.remembered_;
        flags.by_key.emplace(flag.key, &flag);
      }
    }
  } catch (const json::exception& error) {
    return fail(error.what());
  }
  const std::lock_guard lock(mutex_);
  environments_ = std::move(read);
  return {};
}

}  // namespace sluice::flags
