#include "ld_relay/relay_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "ld_relay/gcfg_reader.h"

namespace sluice::ld_relay {
namespace {

bool is_named(std::string_view section) { return section == "environment" || section == "filters"; }

// Where the settings of a section are kept. `of`: its name, where it has one.
GivenSettings& settings_in(RelayConfig& config, const std::string& section, const std::string& of) {
  if (section == "environment") return config.environments[of];
  if (section == "filters") return config.filters[of];
  return config.sections[section];
}

// As ld-relay's page writes it.
std::string shown_name(const Setting& setting, std::string_view of) {
  return of.empty() ? fmt::format("[{}] {}", setting.section, setting.name)
                    : fmt::format("[{} \"{}\"] {}", setting.section, shown_value(of), setting.name);
}

void add_entry(const GcfgEntry& entry, const std::string& file, RelayConfig& config, config::ConfigFaults& faults) {
  const std::string line = fmt::format("{}, line {}", file, entry.line);
  if (entry.name.empty()) {
    if (!is_section(entry.section)) {
      faults.add(line, fmt::format("ld-relay has no section [{}]; expected [Main], [Events], [Environment \"NAME\"] or "
                                   "another of its own. Remove it, or correct its name.",
                                   shown_value(entry.section)));
    } else if (is_named(entry.section) == entry.of.empty()) {
      faults.add(line, entry.of.empty() ? fmt::format("The section [{}] needs a name. Example: [Environment \"shop\"]",
                                                      entry.section)
                                        : fmt::format("The section [{}] has no name beside it. Remove \"{}\".",
                                                      entry.section, shown_value(entry.of)));
    } else {
      settings_in(config, entry.section, entry.of);
    }
    return;
  }
  if (!is_section(entry.section) || is_named(entry.section) == entry.of.empty()) return;  // told at its header
  const Setting* setting = find_setting(entry.section, entry.name);
  if (setting == nullptr) {
    faults.add(line, fmt::format("ld-relay has no setting \"{}\" in the section [{}]. Remove it, or correct its name.",
                                 shown_value(entry.name), entry.section));
    return;
  }
  const std::string value = entry.value.value_or("true");
  GivenSetting& given = settings_in(config, entry.section, entry.of)[entry.name];
  given.setting = setting;
  given.values.push_back(value);
  given.place = fmt::format("{}, {}", line, shown_name(*setting, entry.of));
}

bool is_on(const Variables& variables, std::string_view name) {
  return std::ranges::any_of(
      variables, [&](const auto& variable) { return variable.first == name && read_switch(variable.second) == true; });
}

// The setting that a variable is for, and the name behind it; null: none.
std::pair<const Setting*, std::string> setting_of_variable(std::string_view variable) {
  // LD_TTL_MINUTES_ before LD_TTL_.
  const Setting* longest = nullptr;
  for (const Setting& setting : settings()) {
    if (setting.variable.empty()) continue;
    const bool has_name = setting.variable.ends_with('_');
    if (has_name ? !variable.starts_with(setting.variable) || variable.size() == setting.variable.size()
                 : variable != setting.variable)
      continue;
    if (longest == nullptr || setting.variable.size() > longest->variable.size()) longest = &setting;
  }
  if (longest == nullptr) return {nullptr, ""};
  return {longest, longest->variable.ends_with('_') ? std::string(variable.substr(longest->variable.size())) : ""};
}

}  // namespace

const GivenSetting* RelayConfig::find(std::string_view section, std::string_view name) const {
  const auto in = sections.find(section);
  if (in == sections.end()) return nullptr;
  const auto found = in->second.find(name);
  return found == in->second.end() ? nullptr : &found->second;
}

std::optional<bool> read_switch(std::string_view text) {
  const std::string word = lower(text);
  if (word == "true" || word == "1" || word == "yes" || word == "on") return true;
  if (word.empty() || word == "false" || word == "0" || word == "no" || word == "off") return false;
  return std::nullopt;
}

void read_relay_file(std::string_view text, const std::string& name, RelayConfig& config,
                     config::ConfigFaults& faults) {
  const auto entries = read_gcfg(text);
  if (!entries) return faults.add(name, entries.error().message);
  for (const GcfgEntry& entry : *entries) add_entry(entry, name, config, faults);
}

void read_relay_variables(const Variables& variables, RelayConfig& config) {
  for (const auto& [variable, value] : variables)
    if (variable.starts_with("LD_ENV_") && variable.size() > 7 && !value.empty())
      config.environments[variable.substr(7)];
  for (const auto& [variable, value] : variables) {
    const auto [setting, of] = setting_of_variable(variable);
    if (setting == nullptr || value.empty()) continue;
    if (!setting->only_with.empty() && !is_on(variables, setting->only_with)) continue;
    const std::string section = lower(setting->section);
    if (section == "environment" && !config.environments.contains(of)) {
      config.without_environment.push_back(variable);
      continue;
    }
    GivenSetting& given =
        settings_in(config, section, of)[lower(setting->name.empty() ? setting->variable : setting->name)];
    given = {setting, {value}, fmt::format("variable {}", variable)};
  }
}

}  // namespace sluice::ld_relay
