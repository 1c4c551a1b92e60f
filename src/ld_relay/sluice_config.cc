#include "ld_relay/sluice_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

#include "base/json_string.h"
#include "base/object_id.h"
#include "base/text.h"

namespace sluice::ld_relay {
namespace {

constexpr std::string_view kPort = "8030", kAdminPort = "8031", kOtherAdminPort = "8032";
// What `intake.max_body_bytes` can be (docs/configuration.md).
constexpr std::uint64_t kLeastPayload = 64u << 10, kMostPayload = 64u << 20;
// Payload filters that are followed at the same time (relay/relay.h, kMaxFilters).
constexpr std::size_t kFollowedFilters = 8;
constexpr std::size_t kMaxKeyBytes = 256;  // catalog/fields.h

struct Site {
  std::string_view name, stream, client_base, events;
};
constexpr std::array<Site, 3> kSites = {{
    {"launchdarkly.com", "https://stream.launchdarkly.com", "https://clientsdk.launchdarkly.com",
     "https://events.launchdarkly.com"},
    {"eu.launchdarkly.com", "https://stream.eu.launchdarkly.com", "https://clientsdk.eu.launchdarkly.com",
     "https://events.eu.launchdarkly.com"},
    {"launchdarkly.us", "https://stream.launchdarkly.us", "https://clientsdk.launchdarkly.us",
     "https://events.launchdarkly.us"},
}};
// With these, ld-relay asks another host for browsers and mobile apps.
constexpr std::string_view kDefaultBases[] = {"https://sdk.launchdarkly.com", "https://app.launchdarkly.com"};

// A text of TOML, whose escapes are JSON's.
std::string toml_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string quoted_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? ", " : "") + toml_string(text);
  return out + "]";
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Lists come as several settings, or in one with commas.
std::vector<std::string> list_of(const GivenSetting* given) {
  std::vector<std::string> items;
  if (given == nullptr) return items;
  for (std::string_view rest : given->values)
    for (bool last = false; !last;) {
      const std::size_t comma = rest.find(',');
      last = comma == std::string_view::npos;
      if (const auto item = trimmed(rest.substr(0, comma)); !item.empty()) items.emplace_back(item);
      if (!last) rest.remove_prefix(comma + 1);
    }
  return items;
}

const GivenSetting* find(const GivenSettings& settings, std::string_view name) {
  const auto found = settings.find(name);
  return found == settings.end() ? nullptr : &found->second;
}

// What Sluice takes as the key of a project or an environment: any other sign becomes '-'.
std::string key_of(std::string_view name) {
  std::string key;
  for (const char c : name) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                      c == '-' || (c == '.' && !key.empty());
    if (good || !key.ends_with('-')) key += good ? c : '-';
  }
  key.resize(std::min(key.size(), kMaxKeyBytes - 8));
  return key.empty() ? "environment" : key;
}

// "100MiB": nothing when it is no size.
std::optional<std::uint64_t> bytes_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc()) return std::nullopt;
  const std::string unit = lower(text.substr(static_cast<std::size_t>(read.ptr - text.data())));
  constexpr std::string_view kUnits = "bkmgtpe";
  const std::size_t power = unit.empty() ? std::string_view::npos : kUnits.find(unit.front());
  if (power == std::string_view::npos ||
      (power == 0 ? unit != "b" : unit.size() > 1 && unit.substr(1) != "ib" && unit.substr(1) != "b"))
    return std::nullopt;
  if (power > 0 && number >> (64 - 10 * power) != 0) return UINT64_MAX;
  return number << (10 * power);
}

class Importer {
 public:
  Importer(const RelayConfig& config, config::ConfigFaults& faults) : config_(config), faults_(faults) {}

  SluiceConfig run(std::string_view name) {
    for (const auto& [section, settings] : config_.sections) look_at(settings);
    for (const auto& [environment, settings] : config_.environments) look_at(settings);
    for (const std::string& variable : config_.without_environment)
      note(false, "variable " + variable, "No LD_ENV_… names this environment; ld-relay ignores it, too.");
    if (config_.environments.empty() && faults_.empty())
      faults_.add(
          name, "There is no environment. Expected [Environment \"NAME\"] with an sdkKey, or a variable LD_ENV_NAME.");
    read_sources();
    SluiceConfig result;
    result.toml = fmt::format("# Imported from {}.\n", shown_value(name));
    add_server(result.toml);
    add_catalog(result.toml);
    look_at_filters();
    std::ranges::stable_sort(notes_, [](const Note& a, const Note& b) { return a.to_do && !b.to_do; });
    result.notes = std::move(notes_);
    return result;
  }

 private:
  void note(bool to_do, std::string place, std::string text) {
    notes_.push_back({to_do, std::move(place), std::move(text)});
  }
  void fault(const GivenSetting& given, std::string_view text) { faults_.add(given.place, text); }

  // What the table alone decides.
  void look_at(const GivenSettings& settings) {
    for (const auto& [name, given] : settings) {
      const Setting& setting = *given.setting;
      if (setting.is_switch) {
        const auto on = read_switch(given.value());
        if (!on) fault(given, fmt::format("\"{}\" is no switch; expected true or false.", shown_value(given.value())));
        if (on != true) continue;
      } else if (given.value().empty()) {
        continue;
      }
      if (setting.use == Use::refused) fault(given, setting.words);
      if (setting.use == Use::check || setting.use == Use::ignored)
        note(setting.use == Use::check, given.place, with_admin_address(setting.words));
    }
  }

  const GivenSetting* given(std::string_view section, std::string_view name) const {
    const GivenSetting* found = config_.find(section, name);
    return found != nullptr && !found->value().empty() ? found : nullptr;
  }
  bool is_on(std::string_view section, std::string_view name) const {
    const GivenSetting* found = config_.find(section, name);
    return found != nullptr && read_switch(found->value()) == true;
  }
  // Without slashes at its end; empty: not given.
  std::string address(std::string_view section, std::string_view name) {
    const GivenSetting* found = given(section, name);
    if (found == nullptr) return {};
    std::string uri = found->value();
    while (uri.ends_with('/')) uri.pop_back();
    if ((!uri.starts_with("http://") && !uri.starts_with("https://")) || uri.find_first_of("? #") != std::string::npos)
      fault(*found, fmt::format("\"{}\" is no address; expected an http or https address without query.",
                                shown_value(found->value())));
    return uri;
  }

  void read_sources() {
    stream_ = address("main", "streamuri");
    const std::string base = address("main", "baseuri");
    client_base_ = address("main", "clientsidebaseuri");
    events_ = address("events", "eventsuri");
    if (stream_.empty()) stream_ = kSites[0].stream;
    if (client_base_.empty())
      client_base_ = base.empty() || std::ranges::find(kDefaultBases, base) != std::end(kDefaultBases)
                         ? std::string(kSites[0].client_base)
                         : base;
    if (events_.empty()) events_ = kSites[0].events;
  }

  void add_server(std::string& out) {
    const std::string port = read_port();
    out += fmt::format("\n[intake]\nlisten = \"0.0.0.0:{}\"\n", port);
    add_tls(out);
    add_payload_size(out);
    if (port == kAdminPort) {
      out += fmt::format("\n[admin]\nlisten = \"127.0.0.1:{}\"\n", kOtherAdminPort);
      note(true, given("main", "port")->place,
           fmt::format("SDKs have the port {} that is Sluice's admin port by default. The admin port is now {}.",
                       kAdminPort, kOtherAdminPort));
    }
    add_log_level(out);
  }

  // SDKs' port is imported as it is, and the admin port gives way.
  std::string_view admin_port() const {
    const GivenSetting* const port = given("main", "port");
    return port != nullptr && port->value() == kAdminPort ? kOtherAdminPort : kAdminPort;
  }
  std::string with_admin_address(std::string_view words) const {
    constexpr std::string_view kPlace = "ADMIN";
    std::string text(words);
    if (const std::size_t at = text.find(kPlace); at != std::string::npos)
      text.replace(at, kPlace.size(), fmt::format("127.0.0.1:{}", admin_port()));
    return text;
  }

  std::string read_port() {
    const GivenSetting* port = given("main", "port");
    if (port == nullptr) return std::string(kPort);
    const std::string& text = port->value();
    std::uint32_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || number < 1 || number > 65'535)
      fault(*port, fmt::format("\"{}\" is no port; expected a number from 1 to 65535.", shown_value(text)));
    return std::to_string(number);
  }

  void add_tls(std::string& out) {
    const GivenSetting *certificate = given("main", "tlscert"), *key = given("main", "tlskey");
    if (!is_on("main", "tlsenabled")) {
      for (const GivenSetting* unused : {certificate, key})
        if (unused != nullptr) note(false, unused->place, "TLS is not enabled.");
      return;
    }
    if (certificate == nullptr || key == nullptr)
      return fault(*config_.find("main", "tlsenabled"), "TLS is enabled; expected tlsCert and tlsKey, too.");
    out += fmt::format("tls_certificate = {}\ntls_key = {}\n", toml_string(certificate->value()),
                       toml_string(key->value()));
    const GivenSetting* least = given("main", "tlsminversion");
    if (least == nullptr) return;
    if (least->value() == "1.3")
      fault(*least, "Sluice accepts TLS 1.2 too. Remove this, or let a proxy in front of Sluice end TLS.");
    else if (least->value() != "1.2")
      note(false, least->place, "Sluice accepts TLS 1.2 and 1.3, and nothing older.");
  }

  void add_payload_size(std::string& out) {
    const GivenSetting* size = given("events", "maxinboundpayloadsize");
    if (size == nullptr) return;
    const auto bytes = bytes_of(size->value());
    if (!bytes)
      return fault(*size, fmt::format("\"{}\" is no size; expected a number and B, KiB, MiB or GiB. Example: 10MiB",
                                      shown_value(size->value())));
    if (*bytes == 0) return;
    const std::uint64_t taken = std::clamp(*bytes, kLeastPayload, kMostPayload);
    out += fmt::format("max_body_bytes = {0}\nmax_inflated_bytes = {0}\n", taken);
    if (taken != *bytes)
      note(true, size->place,
           fmt::format("Sluice accepts payloads of {} to {} at most: it is {} now.", human_bytes(kLeastPayload),
                       human_bytes(kMostPayload), human_bytes(taken)));
  }

  void add_log_level(std::string& out) {
    const GivenSetting* level = given("main", "loglevel");
    if (level == nullptr) return;
    std::string name = lower(level->value());
    if (name == "none") {
      name = "error";
      note(false, level->place, "Sluice logs errors in any case.");
    }
    if (name != "debug" && name != "info" && name != "warn" && name != "error")
      fault(*level, fmt::format("\"{}\" is no log level; expected debug, info, warn, error or none.",
                                shown_value(level->value())));
    out += fmt::format("\n[log]\nlevel = {}\n", toml_string(name));
  }

  void add_catalog(std::string& out) {
    std::string environments, destinations;
    std::set<std::string> projects;
    std::set<std::pair<std::string, std::string>> taken;
    for (const auto& [name, settings] : config_.environments) {
      const GivenSetting* in = find(settings, "projkey");
      const std::string project = in == nullptr || in->value().empty() ? "default" : key_of(in->value());
      std::string key = key_of(name);
      for (int next = 2; !taken.emplace(project, key).second; ++next) key = fmt::format("{}-{}", key_of(name), next);
      if (projects.insert(project).second) out += fmt::format("\n[[project]]\nkey = {}\n", toml_string(project));
      add_environment(environments, name, settings, project, key);
      if (is_on("events", "sendevents")) add_destination(destinations, project, key);
    }
    out += environments + destinations;
    if (is_on("events", "sendevents")) return;
    out +=
        "\n# ld-relay forwarded no events (sendEvents). Sluice stores what SDKs send; add a [[destination]] for it.\n";
  }

  void add_environment(std::string& out, const std::string& name, const GivenSettings& settings,
                       const std::string& project, const std::string& key) {
    out += fmt::format("\n[[environment]]\nproject = {}\nkey = {}\nname = {}\n", toml_string(project), toml_string(key),
                       toml_string(name));
    const GivenSetting* sdk_key = find(settings, "sdkkey");
    if (sdk_key == nullptr || sdk_key->value().empty())
      faults_.add(fmt::format("[Environment \"{}\"]", shown_value(name)),
                  "The environment has no SDK key. Add sdkKey, or the variable LD_ENV_NAME.");
    else
      out += fmt::format("sdk_keys = [{}]\n", toml_string(sdk_key->value()));
    if (const GivenSetting* mobile = find(settings, "mobilekey"); mobile != nullptr && !mobile->value().empty())
      out += fmt::format("mobile_keys = [{}]\n", toml_string(mobile->value()));
    if (const GivenSetting* id = find(settings, "envid"); id != nullptr && !id->value().empty()) {
      if (!ObjectId::parse(id->value()))
        fault(*id, fmt::format("\"{}\" is no client-side id; expected 24 hex digits.", shown_value(id->value())));
      out += fmt::format("id = {}\n", toml_string(id->value()));
    }
    if (const auto origins = list_of(find(settings, "allowedorigin")); !origins.empty())
      out += fmt::format("allowed_origins = {}\n", quoted_list(origins));
    if (const auto headers = list_of(find(settings, "allowedheader")); !headers.empty())
      out += fmt::format("allowed_headers = {}\n", quoted_list(headers));
    out += "flag_source = \"launchdarkly\"\n";
    const auto* site = std::ranges::find_if(
        kSites, [&](const Site& each) { return each.stream == stream_ && each.client_base == client_base_; });
    if (site == kSites.end())
      out += fmt::format("flag_stream_uri = {}\nflag_base_uri = {}\n", toml_string(stream_), toml_string(client_base_));
    else if (site != kSites.begin())
      out += fmt::format("flag_site = {}\n", toml_string(site->name));
  }

  void add_destination(std::string& out, const std::string& project, const std::string& key) const {
    out += fmt::format(
        "\n[[destination]]\nname = \"LaunchDarkly\"\nproject = {}\nenvironment = {}\nkind = \"launchdarkly-events\"\n",
        toml_string(project), toml_string(key));
    const auto* site = std::ranges::find(kSites, events_, &Site::events);
    if (site == kSites.end())
      out += fmt::format("events_uri = {}\n", toml_string(events_));
    else if (site != kSites.begin())
      out += fmt::format("site = {}\n", toml_string(site->name));
  }

  void look_at_filters() {
    for (const auto& [project, settings] : config_.filters) {
      const GivenSetting* keys = find(settings, "keys");
      const std::size_t count = list_of(keys).size();
      if (count == 0) continue;
      if (count > kFollowedFilters)
        note(true, keys->place,
             fmt::format(
                 "There are {} payload filters. Sluice follows the {} of an environment that SDKs ask for first, "
                 "and answers others 503 until one is unused for an hour.",
                 count, kFollowedFilters));
      else
        note(false, keys->place, "Sluice follows a payload filter when an SDK asks for it. It need not be listed.");
    }
  }

  const RelayConfig& config_;
  config::ConfigFaults& faults_;
  std::vector<Note> notes_;
  std::string stream_, client_base_, events_;
};

}  // namespace

SluiceConfig sluice_config_of(const RelayConfig& config, std::string_view name, config::ConfigFaults& faults) {
  return Importer(config, faults).run(name);
}

}  // namespace sluice::ld_relay
