// The registry as lines of text, and back (flags/flag_store.h has the format).
#include <simdjson.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "flags/flag_registry.h"

namespace sluice::flags {
namespace {

using nlohmann::json;
// Read at every start, tens of thousands of lines: ten times faster than nlohmann's.
using Read = simdjson::dom::element;

std::string text_of(const Read& value) { return std::string(std::string_view(value)); }
std::uint64_t count_of(const Read& value) { return value; }
std::int64_t ms_of(const Read& value) { return value; }
// For what a file of an older format lacks.
template <typename T>
T value_or(const simdjson::simdjson_result<Read>& found, T otherwise) {
  T value{};
  return found.get(value) == simdjson::SUCCESS ? value : otherwise;
}

// Keys may hold bytes that are no UTF-8.
std::string line(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace) + '\n'; }

FlagDescription description_of(const Read& one) {
  FlagDescription flag{text_of(one["key"]), text_of(one["name"]), {}};
  for (const Read variation : one["variations"].get_array()) {
    if (flag.variations.size() == kMaxVariationsDescribed) break;
    flag.variations.push_back({text_of(variation.at(0)), text_of(variation.at(1))});
  }
  return flag;
}

CredentialKind credential_of(const Read& one) {
  const auto name = value_or(one["credential"], std::string_view());
  for (std::size_t i = 0; i < kCredentialKinds; ++i)
    if (name == credential_kind_name(static_cast<CredentialKind>(i))) return static_cast<CredentialKind>(i);
  return CredentialKind::sdk_key;
}

}  // namespace

struct FlagRegistry::LoadedFlag {
  std::string key;
  CredentialKind credential = CredentialKind::sdk_key;
  bool remembered = true;
  std::int64_t first_seen_ms = 0, last_seen_ms = 0, last_summary_ms = 0;
  std::uint64_t evaluations = 0, summarized = 0;
  std::vector<VariationSeen> variations;

  static LoadedFlag of(const Read& one) {
    LoadedFlag flag;
    flag.key = text_of(one["key"]);
    flag.credential = credential_of(one);
    flag.remembered = one["exportedWhenNew"];
    flag.first_seen_ms = ms_of(one["firstSeen"]);
    flag.last_seen_ms = ms_of(one["lastSeen"]);
    flag.evaluations = count_of(one["evaluations"]);
    flag.last_summary_ms = value_or(one["lastSummary"], std::int64_t{0});
    flag.summarized = value_or(one["summarized"], std::uint64_t{0});
    for (const Read seen : one["variations"].get_array()) {
      const std::int64_t index = seen.at(0);
      if (index < 0 || index >= static_cast<std::int64_t>(kMaxVariationsSeen)) continue;
      flag.variations.push_back({index, text_of(seen.at(1)), value_or(seen.at(2), std::uint64_t{0})});
    }
    return flag;
  }
};

std::string FlagRegistry::line_of(ObjectId environment, const FlagEntry& flag, bool remembered) {
  const FlagFacts known = facts(flag);
  json variations = json::array();
  for (const VariationSeen& seen : known.variations) variations.push_back({seen.index, seen.value, seen.evaluations});
  return line({{"environment", environment.hex()},
               {"flag",
                {{"key", flag.key},
                 {"credential", credential_kind_name(flag.credential())},
                 {"exportedWhenNew", remembered},
                 {"firstSeen", known.first_seen_ms},
                 {"lastSeen", known.last_seen_ms},
                 {"evaluations", known.evaluations},
                 {"lastSummary", known.last_summary_ms},
                 {"summarized", known.summarized},
                 {"variations", std::move(variations)}}}});
}

void FlagRegistry::save_all(const WriteLine& write) { save(true, true, write); }
void FlagRegistry::save_changed(bool counts, const WriteLine& write) { save(false, counts, write); }

void FlagRegistry::save(bool all, bool counts, const WriteLine& write) {
  using Unsaved = FlagEntry::Unsaved;
  for (const ObjectId environment : environments()) {
    Flags* flags = nullptr;
    std::shared_ptr<const Described> described, before;
    {
      const std::lock_guard lock(mutex_);
      flags = &flags_of(environment);
      described = flags->told.described;
      before = std::exchange(flags->saved_described, described);
    }
    const bool none_before = before == nullptr || before->empty();
    if (!all && described != before && !none_before)
      write(line({{"environment", environment.hex()}, {"describedAnew", true}}));
    if (all || described != before)
      for (const auto& [key, flag] : *described) {
        json variations = json::array();
        for (const FlagDescription::Variation& variation : flag.variations)
          variations.push_back({variation.name, variation.value});
        write(line({{"environment", environment.hex()},
                    {"described", {{"key", flag.key}, {"name", flag.name}, {"variations", std::move(variations)}}}}));
      }
    std::vector<std::pair<std::shared_ptr<FlagEntry>, bool>> unsaved;
    const Unsaved least = all ? Unsaved::nothing : counts ? Unsaved::counts : Unsaved::news;
    walk(*flags, [&](const std::shared_ptr<FlagEntry>& flag) {
      if (flag->unsaved_.load(std::memory_order_relaxed) < least) return;
      flag->unsaved_.store(Unsaved::nothing, std::memory_order_relaxed);
      unsaved.emplace_back(flag, flag->remembered_);
    });
    for (const auto& [flag, remembered] : unsaved)
      if (!flag->gone()) write(line_of(environment, *flag, remembered));
  }
}

void FlagRegistry::load(ObjectId environment, LoadedFlag loaded) {
  const std::lock_guard lock(mutex_);
  Flags& flags = flags_of(environment);
  const auto found = flags.by_key.find(loaded.key);
  const std::shared_ptr<FlagEntry> flag =
      found != flags.by_key.end() ? found->second
                                  : add(flags, std::move(loaded.key), loaded.first_seen_ms, loaded.credential);
  if (flag == nullptr) return;
  flag->remembered_ = loaded.remembered;
  flag->exported_ = loaded.remembered;
  flag->last_seen_ms_ = loaded.last_seen_ms;
  flag->evaluations_ = loaded.evaluations;
  flag->last_summary_ms_ = loaded.last_summary_ms;
  flag->summarized_ = loaded.summarized;
  flag->times_queued_ = flag->times_seen();
  for (const VariationSeen& seen : loaded.variations) {
    if (seen.index < static_cast<std::int64_t>(kCountedVariations))
      flag->by_variation_[static_cast<std::size_t>(seen.index)] = seen.evaluations;
    flag->keep_variation(seen.index, seen.value);
  }
  flag->unsaved_ = FlagEntry::Unsaved::nothing;
}

Result<void> FlagRegistry::load_line(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  try {
    const Read one = parser.parse(text.data(), text.size());
    const auto environment = ObjectId::parse(one["environment"]);
    if (!environment) return fail("its environment is no environment's id");
    Read flag;
    if (one["flag"].get(flag) == simdjson::SUCCESS) {
      load(*environment, LoadedFlag::of(flag));
      return {};
    }
    FlagDescription description;
    const bool anew = value_or(one["describedAnew"], false);
    if (!anew) description = description_of(one["described"]);
    const std::lock_guard lock(mutex_);
    Flags& flags = flags_of(*environment);
    // Grown line by line, before anybody reads it.
    if (anew || flags.loading == nullptr || flags.told.described != flags.loading)
      flags.told.described = flags.loading = std::make_shared<Described>(anew ? Described() : *flags.told.described);
    if (!anew && flags.loading->size() < kMaxFlags) {
      std::string key = description.key;
      flags.loading->insert_or_assign(std::move(key), std::move(description));
    }
    flags.saved_described = flags.told.described;
  } catch (const simdjson::simdjson_error& error) {
    return fail(error.what());
  }
  return {};
}

Result<void> FlagRegistry::load_json(std::string_view text) {
  std::map<ObjectId, std::pair<std::vector<FlagDescription>, std::vector<LoadedFlag>>> read;
  try {
    simdjson::dom::parser parser;
    const simdjson::dom::object all = parser.parse(text.data(), text.size());
    for (const auto& [id, known] : all) {
      const auto environment = ObjectId::parse(id);
      if (!environment) return fail("\"" + std::string(id) + "\" is no environment's id");
      auto& [described, seen] = read[*environment];
      for (const Read one : known["described"].get_array()) described.push_back(description_of(one));
      for (const Read one : known["seen"].get_array()) seen.push_back(LoadedFlag::of(one));
    }
  } catch (const simdjson::simdjson_error& error) {
    return fail(error.what());
  }
  for (auto& [environment, known] : read) {
    if (!known.first.empty()) describe(environment, known.first);
    for (LoadedFlag& flag : known.second) load(environment, std::move(flag));
  }
  return {};
}

}  // namespace sluice::flags
