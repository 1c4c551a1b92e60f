#include "catalog/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/terminal_text.h"
#include "base/text.h"
#include "config/field_reading.h"

namespace sluice::catalog {
namespace {

constexpr std::string_view kKeyExpected = "a key of letters, digits, '.', '_' and '-', not of dots alone";

std::vector<std::string> credentials(config::TomlTable& table, const std::string& field, std::string_view expected,
                                     std::string_view example) {
  std::vector<std::string> keys = table.texts(field, expected, example);
  for (const std::string& key : keys)
    if (key.size() < 4 || key.size() > 256) table.fault(field, "A key has 4 to 256 characters.");
  return keys;
}

void check_name(config::TomlTable& table, std::string_view name) {
  if (std::string fault = fault_of_name(name); !fault.empty()) table.fault_when_saved("name", std::move(fault));
}

std::optional<std::string> read_name(config::TomlTable& table, std::string_view example) {
  auto name = table.text("name", "a name", example);
  if (name) check_name(table, *name);
  return name;
}

void flag_export(config::TomlTable& table, FlagExport& choice) {
  const std::string mode =
      table.text("feature_events", "\"as sent\" or \"chosen flags\"", "\"chosen flags\"").value_or("as sent");
  if (mode != "as sent" && mode != "chosen flags")
    table.fault("feature_events",
                fmt::format("\"{}\" is not valid; expected \"as sent\" (every evaluation that SDKs send) or \"selected "
                            "flags\" (those of flags with export = true).",
                            shown_value(mode)));
  choice.as_sent = mode == "as sent";
  choice.new_flags = table.boolean("export_new_flags", "false").value_or(true);
  choice.all_flags = table.boolean("export_all_flags", "true");
}

void kinds(config::TomlTable& table, Destination& destination) {
  if (!table.has("kinds")) return;
  event::EventKindSet selected;
  for (const std::string& name :
       table.texts("kinds", "a list of event kinds", "[\"feature\", \"identify\", \"custom\"]")) {
    const event::EventKind kind = event::event_kind_named(name);
    if (kind == event::EventKind::other && name != "other") {
      std::string known;
      for (const event::EventKindRow& row : event::kEventKinds)
        if (row.name.front() != '(') known += fmt::format("{}, ", row.name);
      table.fault("kinds",
                  fmt::format("\"{}\" is not a kind of event; expected {}or other (kinds that Sluice does not know).",
                              shown_value(name), known));
    }
    selected.set(kind, true);
  }
  destination.kinds = selected;
}

void filter(config::TomlTable& table, DestinationFilter& filter) {
  const auto names = [&table](const std::string& of, std::string_view what, std::string_view example) {
    OnlyNever choice;
    choice.only = table.texts("only_" + of, what, example);
    choice.never = table.texts("never_" + of, what, example);
    return choice;
  };
  filter.flags = names("flags", "a list of flag keys", "[\"new-checkout\"]");
  filter.events = names("events", "a list of event keys", "[\"order-placed\"]");
  filter.context_kinds = names("context_kinds", "a list of context kinds", "[\"user\"]");
  config::read_number(table, "sample_one_in", filter.sample_one_in, 1, 1'000'000);
}

void privacy(config::TomlTable& table, event::ContextPrivacy& privacy) {
  const auto references = [&table](const std::string& field) {
    constexpr std::string_view kExample = "[\"email\", \"/address/street\"]";
    std::vector<std::string> texts = table.texts(field, "a list of attribute references", kExample);
    for (const std::string& text : texts)
      if (const auto reference = event::parse_attribute_reference(text); !reference)
        table.fault(field, fmt::format("\"{}\" is not a reference to a context attribute: {}. Example: {}",
                                       shown_value(text), reference.error().message, kExample));
    return texts;
  };
  privacy.drop = references("drop_attributes");
  privacy.hash = references("hash_attributes");
  privacy.hash_keys_of = table.texts("hash_keys_of", "a list of context kinds, or \"*\" for all", "[\"user\"]");
  privacy.secret =
      table.text("hash_secret", "a secret of 16 characters or more", "\"$(openssl rand -hex 16)\"").value_or("");
  const bool hashes = !privacy.hash.empty() || !privacy.hash_keys_of.empty();
  if (hashes && privacy.secret.size() < event::kLeastSecretBytes)
    table.fault("hash_secret",
                fmt::format("Hashes need a secret of {} characters or more, or anyone could try all keys; "
                            "make one with: openssl rand -hex 16",
                            event::kLeastSecretBytes));
}

void fields(config::TomlTable& table, event::RecordFields& fields) {
  const std::pair<std::string_view, bool*> known[] = {{"receivedDate", &fields.received_date},
                                                      {"projectKey", &fields.project_key},
                                                      {"environmentKey", &fields.environment_key},
                                                      {"sdk", &fields.sdk},
                                                      {"application", &fields.application}};
  for (const std::string& name : table.texts("add_fields", "a list of fields", "[\"receivedDate\", \"projectKey\"]")) {
    const auto found =
        std::find_if(std::begin(known), std::end(known), [&](const auto& one) { return one.first == name; });
    if (found == std::end(known)) {
      table.fault("add_fields",
                  fmt::format("\"{}\" is not a field that can be added; expected receivedDate, projectKey, "
                              "environmentKey, sdk or application.",
                              shown_value(name)));
    } else {
      *found->second = true;
    }
  }
}

// Those of another kind of destination are faults; asking for them makes them known, so that they are not unknown, too.
void refuse_unsupported(config::TomlTable& table, const SettingsKind& kind) {
  const CommonSettings& common = kind.common();
  const std::pair<bool, std::vector<std::string>> all[] = {
      {common.event_kinds, {"kinds"}},
      {common.filters,
       {"only_flags", "never_flags", "only_events", "never_events", "only_context_kinds", "never_context_kinds"}},
      {common.sampling, {"sample_one_in"}},
      {common.privacy, {"drop_attributes", "hash_attributes", "hash_keys_of", "hash_secret"}},
      {common.added_fields, {"add_fields"}}};
  for (const auto& [supported, fields] : all)
    for (const std::string& field : fields)
      if (!supported && table.has(field))
        table.fault(field, fmt::format("A destination of the kind {} does not have this setting: {} Remove it.",
                                       kind.name(), common.reason));
}

void kind(config::TomlTable& table, Destination& destination, const DestinationKinds& kinds) {
  const std::string expected = names_text(kinds), first = fmt::format("\"{}\"", kinds.names().front());
  const auto named = table.text("kind", expected, first);
  if (!named && table.has("kind")) return table.accept_unknown();  // as below
  destination.kind = named.value_or(std::string(kinds.names().front()));
  const SettingsKind* kind = kinds.settings_kind(destination.kind);
  if (kind == nullptr) {
    table.fault("kind", fmt::format("\"{}\" is not a kind of destination; expected {}.", shown_value(destination.kind),
                                    expected));
    table.accept_unknown();  // nobody can tell what the settings of another kind are
    return;
  }
  refuse_unsupported(table, *kind);
  KindReading reading = kind->read(table);
  destination.settings = std::move(reading.settings);
  destination.target = std::move(reading.target);
  destination.ends_lines = reading.ends_lines;
  destination.wants_originals = reading.wants_originals;
  destination.behind_after_ms = reading.behind_after_ms;
  if (destination.from_oldest && !kind->common().replay)
    table.fault("start", fmt::format("A destination of the kind {} starts with what comes from now on: {}",
                                     kind->name(), kind->common().reason));
}

}  // namespace

std::string names_text(const DestinationKinds& kinds) {
  const std::vector<std::string_view> names = kinds.names();
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += fmt::format("{}\"{}\"", i == 0 ? "" : i + 1 == names.size() ? " or " : ", ", names[i]);
  return text;
}

std::string fault_of_name(std::string_view name) {
  constexpr std::size_t kMaxName = 256;
  const auto characters =
      std::ranges::count_if(name, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  if (static_cast<std::size_t>(characters) > kMaxName)
    return fmt::format("The name has {} characters; expected at most {}.", characters, kMaxName);
  if (terminal_text(name, false) != name || name.find('\t') != std::string_view::npos)
    return "The name has a line end, another control character, or one that changes the direction of text. Remove it.";
  return {};
}

bool is_catalog_key(std::string_view key) {
  return !key.empty() && key.size() <= kMaxKeyBytes && std::all_of(key.begin(), key.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

std::string read_catalog_key(config::TomlTable& table, std::string_view example) {
  std::string key = table.required("key", kKeyExpected, example);
  const auto wrong = [&] {
    return fmt::format("\"{}\" is not a key; expected {}, at most {}. Example: {}", shown_value(key), kKeyExpected,
                       kMaxKeyBytes, example);
  };
  if (!key.empty() && !is_catalog_key(key)) table.fault("key", wrong());
  // In a path, "." and ".." mean another place.
  if (!key.empty() && key.find_first_not_of('.') == std::string::npos) table.fault_when_saved("key", wrong());
  return key;
}

std::optional<ObjectId> read_id(config::TomlTable& table) {
  constexpr std::string_view kExpected = "24 hex digits";
  constexpr std::string_view kExample = "\"5744c96707c9900708000004\"";
  const auto text = table.text("id", kExpected, kExample);
  if (!text) return std::nullopt;
  const auto parsed = ObjectId::parse(*text);
  if (!parsed)
    table.fault("id",
                fmt::format("\"{}\" is not an id; expected {}. Example: {}", shown_value(*text), kExpected, kExample));
  return parsed;
}

Project read_project_fields(config::TomlTable& table) {
  Project project;
  project.key = read_catalog_key(table, "\"web\"");
  project.name = read_name(table, "\"Web shop\"").value_or(project.key);
  project.launchdarkly_key = table.text("launchdarkly_key", "a project's key at LaunchDarkly", "\"web\"").value_or("");
  return project;
}

std::string fault_of_key(std::string_view key) {
  if (is_visible_ascii(key)) return {};
  return "A key with a space, a line end or a sign that is not ASCII can never match what an SDK sends. Give the key "
         "exactly as the SDK has it, without anything around it.";
}

Environment read_environment_fields(config::TomlTable& table) {
  Environment environment;
  environment.key = read_catalog_key(table, "\"production\"");
  environment.project_key = table.required("project", "the key of a [[project]]", "\"web\"");
  environment.name = read_name(table, "\"Production\"").value_or(environment.key);
  environment.sdk_keys = credentials(table, "sdk_keys", "a list of SDK keys", "[\"sdk-2b9d1c7e-…\"]");
  environment.mobile_keys = credentials(table, "mobile_keys", "a list of mobile keys", "[\"mob-5f1c0a3d-…\"]");
  environment.allowed_origins = table.texts("allowed_origins", "a list of origins", "[\"https://shop.example\"]");
  environment.allowed_headers = table.texts("allowed_headers", "a list of header names", "[\"X-Shop\"]");
  flag_export(table, environment.flag_export);
  environment.flag_source = read_flag_source(table);
  return environment;
}

DeclaredFlag read_flag_fields(config::TomlTable& table) {
  DeclaredFlag declared;
  declared.exported = table.boolean("export", "true");
  declared.name = table.text("name", "a name", "\"New checkout\"").value_or("");
  declared.variation_values =
      table.texts("variation_values", "the values of the variations, from 0, as JSON", "[\"false\", \"true\"]");
  declared.variation_names = table.texts("variation_names", "the names of the variations, from 0", "[\"off\", \"on\"]");
  return declared;
}

Destination read_destination_fields(config::TomlTable& table, const DestinationKinds& all_kinds) {
  Destination destination;
  destination.name = table.required("name", "a name", "\"orders stream\"");
  check_name(table, destination.name);
  destination.project_key = table.required("project", "the key of a [[project]]", "\"web\"");
  destination.environment_key =
      table.required("environment", "the key of an [[environment]] of that project", "\"production\"");
  destination.on = table.boolean("on", "true").value_or(true);
  const std::string start = table.text("start", "\"now\" or \"oldest\"", "\"now\"").value_or("now");
  if (start != "now" && start != "oldest")
    table.fault("start", fmt::format("\"{}\" is not a place to start; expected \"now\" (events from now on) or "
                                     "\"oldest\" (all that the journal still has).",
                                     shown_value(start)));
  destination.from_oldest = start == "oldest";
  kinds(table, destination);
  filter(table, destination.filter);
  privacy(table, destination.privacy);
  fields(table, destination.fields);
  kind(table, destination, all_kinds);
  return destination;
}

}  // namespace sluice::catalog
