#include "flags/flag_registry.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::flags {
namespace {

using nlohmann::json;

// Of a key as it stands between quotes.
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
  FlagEntry& made = flags.seen.emplace_back(std::move(key), now_ms, flags.choice.new_flags);
  made.remembered_ = flags.choice.new_flags;
  choose(flags, made);
  flags.by_key.emplace(made.key, &made);
  return &made;
}

FlagDescription FlagRegistry::told(const Flags& flags, const std::string& key) {
  FlagDescription out{key, {}, {}};
  if (const auto found = flags.described.find(key); found != flags.described.end()) out = found->second;
  const auto found = flags.choice.flags.find(key);
  if (found == flags.choice.flags.end()) return out;
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

void FlagRegistry::choose(const Flags& flags, FlagEntry& flag) {
  const catalog::FlagExport& choice = flags.choice;
  bool exported = choice.all_flags.value_or(flag.remembered_);
  if (const auto found = choice.flags.find(flag.key); found != choice.flags.end())
    exported = found->second.exported.value_or(exported);
  std::vector<std::string> called;
  for (FlagDescription::Variation& variation : told(flags, flag.key).variations)
    called.push_back(std::move(variation.name));
  std::vector<std::shared_ptr<const std::string>> names;
  for (const std::string& name : called)
    names.push_back(name.empty() ? nullptr : std::make_shared<const std::string>(dumped(name)));
  flag.exported_.store(exported, std::memory_order_relaxed);
  const std::lock_guard lock(flag.mutex_);
  flag.names_ = std::move(names);
  flag.has_names_.store(!flag.names_.empty(), std::memory_order_release);
}

void FlagRegistry::apply(const catalog::CatalogSnapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  for (const catalog::Environment& environment : snapshot.environments()) {
    Flags& flags = environments_[environment.id];
    flags.choice = environment.flag_export;
    for (FlagEntry& flag : flags.seen) choose(flags, flag);
  }
}

void FlagRegistry::describe(ObjectId environment, const std::vector<FlagDescription>& described) {
  const std::lock_guard lock(mutex_);
  Flags& flags = environments_[environment];
  flags.described.clear();
  for (const FlagDescription& flag : described) {
    if (flags.described.size() >= kMaxFlags) break;
    flags.described.emplace(flag.key, flag);
  }
  for (FlagEntry& flag : flags.seen) choose(flags, flag);
}

bool FlagRegistry::new_flags_exported(ObjectId environment) const {
  const std::lock_guard lock(mutex_);
  const auto found = environments_.find(environment);
  if (found == environments_.end()) return true;
  return found->second.choice.all_flags.value_or(found->second.choice.new_flags);
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

// What was told of it beside what was seen.
void FlagRegistry::add_told(const FlagDescription& told, FlagFacts& facts) {
  facts.name = told.name;
  for (const FlagDescription::Variation& variation : told.variations) facts.values.push_back(variation.value);
}

// One that was told of but not seen.
FlagFacts FlagRegistry::unseen(const Flags& flags, const FlagDescription& described) {
  FlagEntry flag(described.key, 0, flags.choice.new_flags);
  flag.remembered_ = flags.choice.new_flags;
  choose(flags, flag);
  FlagFacts out = facts(flag);
  add_told(described, out);
  return out;
}

bool FlagRegistry::is_told(const Flags& flags, std::string_view key) {
  const auto declared = flags.choice.flags.find(std::string(key));
  return flags.described.contains(key) || (declared != flags.choice.flags.end() && !declared->second.name.empty());
}

std::string FlagRegistry::name_of(const Flags& flags, const std::string& key) {
  const auto declared = flags.choice.flags.find(key);
  if (declared != flags.choice.flags.end() && !declared->second.name.empty()) return declared->second.name;
  const auto described = flags.described.find(key);
  return described == flags.described.end() ? std::string() : described->second.name;
}

std::optional<FlagFacts> FlagRegistry::one(ObjectId environment, std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto found = environments_.find(environment);
  if (found == environments_.end()) return std::nullopt;
  const Flags& flags = found->second;
  const FlagDescription told_of = told(flags, std::string(key));
  if (const auto seen = flags.by_key.find(key); seen != flags.by_key.end()) {
    FlagFacts out = facts(*seen->second);
    add_told(told_of, out);
    return out;
  }
  return is_told(flags, key) ? std::optional(unseen(flags, told_of)) : std::nullopt;
}

void FlagRegistry::each(const Flags& flags, const std::function<void(const FlagEntry&)>& seen,
                        const std::function<void(const std::string&)>& only_told) {
  for (const FlagEntry& flag : flags.seen) seen(flag);
  for (const auto& [key, described] : flags.described)
    if (!flags.by_key.contains(key)) only_told(key);
  for (const auto& [key, declared] : flags.choice.flags)
    if (!declared.name.empty() && !flags.by_key.contains(key) && !flags.described.contains(key)) only_told(key);
}

std::vector<FlagFacts> FlagRegistry::list(ObjectId environment) const {
  std::vector<FlagFacts> out;
  std::vector<std::pair<const FlagEntry*, FlagDescription>> seen;
  {
    const std::lock_guard lock(mutex_);
    const auto found = environments_.find(environment);
    if (found == environments_.end()) return out;
    const Flags& flags = found->second;
    seen.reserve(flags.seen.size());
    each(
        flags, [&](const FlagEntry& flag) { seen.emplace_back(&flag, told(flags, flag.key)); },
        [&](const std::string& key) { out.push_back(unseen(flags, told(flags, key))); });
  }
  // Entries do not go: intake need not wait for the rest.
  for (const auto& [flag, told_of] : seen) {
    out.push_back(facts(*flag));
    add_told(told_of, out.back());
  }
  std::sort(out.begin(), out.end(), [](const FlagFacts& a, const FlagFacts& b) { return a.key < b.key; });
  return out;
}

std::vector<FlagLine> FlagRegistry::lines(ObjectId environment) const {
  std::vector<FlagLine> out;
  const std::lock_guard lock(mutex_);
  const auto found = environments_.find(environment);
  if (found == environments_.end()) return out;
  const Flags& flags = found->second;
  out.reserve(flags.seen.size());
  each(
      flags,
      [&](const FlagEntry& flag) {
        out.push_back({flag.key, name_of(flags, flag.key), flag.evaluations_, flag.last_seen_ms_});
      },
      [&](const std::string& key) {
        out.push_back({key, name_of(flags, key), 0, 0});
      });
  return out;
}

std::string FlagRegistry::text() const {
  struct Kept {
    ObjectId environment;
    std::vector<std::pair<const FlagEntry*, bool>> seen;  // with what new flags were given when it was new
    std::vector<FlagDescription> described;
  };
  std::vector<Kept> kept;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [environment, flags] : environments_) {
      Kept& one = kept.emplace_back(Kept{environment, {}, {}});
      one.seen.reserve(flags.seen.size());
      for (const FlagEntry& flag : flags.seen) one.seen.emplace_back(&flag, flag.remembered_);
      for (const auto& [key, flag] : flags.described) one.described.push_back(flag);
    }
  }
  // Entries do not go: intake need not wait for the writing. Flag by flag: as one JSON value all would take many times
  // the memory of the text.
  std::string all = "{";
  for (const Kept& flags : kept) {
    all += (all.size() > 1 ? ",\"" : "\"") + flags.environment.hex() + "\":{\"described\":[";
    for (const FlagDescription& flag : flags.described) {
      json variations = json::array();
      for (const FlagDescription::Variation& variation : flag.variations)
        variations.push_back({variation.name, variation.value});
      if (all.back() != '[') all += ',';
      all += dumped({{"key", flag.key}, {"name", flag.name}, {"variations", std::move(variations)}});
    }
    all += "],\"seen\":[";
    for (const auto& [flag, remembered] : flags.seen) {
      const FlagFacts known = facts(*flag);
      json variations = json::array();
      for (const VariationSeen& seen : known.variations)
        variations.push_back({seen.index, seen.value, seen.evaluations});
      if (all.back() != '[') all += ',';
      all += dumped({{"key", flag->key},
                     {"exportedWhenNew", remembered},
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
      for (const json& one : known.at("described")) {
        FlagDescription flag{one.at("key").get<std::string>(), one.at("name").get<std::string>(), {}};
        for (const json& variation : one.at("variations"))
          flag.variations.push_back({variation.at(0).get<std::string>(), variation.at(1).get<std::string>()});
        flags.described.emplace(flag.key, std::move(flag));
      }
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
