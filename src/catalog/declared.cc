#include "catalog/declared.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "config/quantity.h"

namespace sluice {
namespace {

bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= 256 && std::all_of(key.begin(), key.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

constexpr std::string_view kKeyExpected = "a key of letters, digits, '.', '_' and '-'";
constexpr std::string_view kIdExpected = "24 hex digits";
constexpr std::string_view kIdExample = "\"5744c96707c9900708000004\"";

// Reads the lists into vectors, and knows what it has seen to tell of doubles.
class Reader {
 public:
  Reader(TomlTable& root, const KinesisCheck& check) : root_(root), check_(check) {}

  std::shared_ptr<const CatalogSnapshot> read() {
    for (TomlTable& table : root_.tables("project")) project(table);
    for (TomlTable& table : root_.tables("environment")) environment(table);
    for (TomlTable& table : root_.tables("flag")) flag(table);
    for (TomlTable& table : root_.tables("destination")) destination(table);
    return std::make_shared<const CatalogSnapshot>(std::move(projects_), std::move(environments_),
                                                   std::move(destinations_));
  }

 private:
  ObjectId id(TomlTable& table, std::string_view kind, const std::string& keys) {
    ObjectId id = derived_id(kind, keys);
    if (const auto text = table.text("id", kIdExpected, kIdExample)) {
      const auto parsed = ObjectId::parse(*text);
      if (parsed)
        id = *parsed;
      else
        table.fault("id", fmt::format("\"{}\" is not an id; expected {}. Example: {}", *text, kIdExpected, kIdExample));
    }
    const auto [at, fresh] = ids_.emplace(id, fmt::format("{} {}", kind, keys));
    if (!fresh)
      table.fault("id", fmt::format("{} already has the id {}; every id must be its own.", at->second, id.hex()));
    return id;
  }

  std::string key(TomlTable& table, std::string_view example) {
    std::string key = table.required("key", kKeyExpected, example);
    if (!key.empty() && !is_key(key))
      table.fault(
          "key", fmt::format("\"{}\" is not a key; expected {}, at most 256. Example: {}", key, kKeyExpected, example));
    return key;
  }

  void project(TomlTable& table) {
    Project project;
    project.key = key(table, "\"web\"");
    table.call(fmt::format("project \"{}\"", project.key));
    project.name = table.text("name", "a name", "\"Web shop\"").value_or(project.key);
    project.launchdarkly_key =
        table.text("launchdarkly_key", "a project's key at LaunchDarkly", "\"web\"").value_or("");
    project.id = id(table, "project", project.key);
    if (find_project(project.key))
      table.fault("key", fmt::format("There is already a project \"{}\"; keys must differ.", project.key));
    projects_.push_back(std::move(project));
  }

  void environment(TomlTable& table) {
    Environment environment;
    environment.key = key(table, "\"production\"");
    environment.project_key = table.required("project", "the key of a [[project]]", "\"web\"");
    const std::string path = environment.project_key + "/" + environment.key;
    table.call(fmt::format("environment \"{}\"", path));
    environment.name = table.text("name", "a name", "\"Production\"").value_or(environment.key);
    environment.id = id(table, "environment", path);
    if (const Project* project = find_project(environment.project_key)) {
      environment.project_id = project->id;
    } else if (!environment.project_key.empty()) {
      table.fault("project", fmt::format("There is no [[project]] with the key \"{}\".", environment.project_key));
    }
    if (find_environment(environment.project_key, environment.key))
      table.fault("key",
                  fmt::format("There is already an environment \"{}\"; keys must differ within a project.", path));
    environment.sdk_keys = credentials(table, "sdk_keys", "a list of SDK keys", "[\"sdk-2b9d1c7e-…\"]");
    environment.mobile_keys = credentials(table, "mobile_keys", "a list of mobile keys", "[\"mob-5f1c0a3d-…\"]");
    environment.allowed_origins = table.texts("allowed_origins", "a list of origins", "[\"https://shop.example\"]");
    environment.allowed_headers = table.texts("allowed_headers", "a list of header names", "[\"X-Shop\"]");
    flag_export(table, environment.flag_export);
    environments_.push_back(std::move(environment));
  }

  static void flag_export(TomlTable& table, FlagExport& choice) {
    const std::string mode =
        table.text("feature_events", "\"as sent\" or \"chosen flags\"", "\"chosen flags\"").value_or("as sent");
    if (mode != "as sent" && mode != "chosen flags")
      table.fault(
          "feature_events",
          fmt::format("\"{}\" is not a choice; expected \"as sent\" (every evaluation that SDKs send) or \"chosen "
                      "flags\" (those of flags with export = true).",
                      mode));
    choice.as_sent = mode == "as sent";
    choice.new_flags = table.boolean("export_new_flags", "export_new_flags = false").value_or(true);
    choice.all_flags = table.boolean("export_all_flags", "export_all_flags = true");
  }

  void flag(TomlTable& table) {
    const std::string key = table.required("key", "a flag's key", "\"new-checkout\"");
    table.call(fmt::format("flag \"{}\"", key));
    const std::string project = table.required("project", "the key of a [[project]]", "\"web\"");
    const std::string environment_key =
        table.required("environment", "the key of an [[environment]] of that project", "\"production\"");
    DeclaredFlag declared;
    declared.exported = table.boolean("export", "export = true");
    declared.variation_names =
        table.texts("variation_names", "the names of the variations, from 0", "[\"off\", \"on\"]");
    Environment* environment = find_environment(project, environment_key);
    if (environment == nullptr) {
      if (!project.empty() && !environment_key.empty()) no_environment(table, project, environment_key);
      return;
    }
    if (!environment->flag_export.flags.emplace(key, std::move(declared)).second)
      table.fault("key", fmt::format("There is already a flag \"{}\" in the environment \"{}/{}\"; keys must differ.",
                                     key, project, environment_key));
  }

  static void no_environment(TomlTable& table, std::string_view project, std::string_view environment) {
    table.fault("environment", fmt::format("There is no [[environment]] with the key \"{}\" in the project \"{}\".",
                                           environment, project));
  }

  std::vector<std::string> credentials(TomlTable& table, const std::string& field, std::string_view expected,
                                       std::string_view example) {
    std::vector<std::string> keys = table.texts(field, expected, example);
    for (const std::string& key : keys) {
      if (key.size() < 4 || key.size() > 256) table.fault(field, "A key has 4 to 256 characters.");
      // Not shown in full: it is a credential.
      if (!credentials_.emplace(key, field).second)
        table.fault(field, fmt::format("The key that ends in …{} is declared twice; a key belongs to one environment.",
                                       key.substr(key.size() < 4 ? 0 : key.size() - 4)));
    }
    return keys;
  }

  void destination(TomlTable& table) {
    Destination destination;
    destination.name = table.required("name", "a name, unique within the environment", "\"orders stream\"");
    table.call(fmt::format("destination \"{}\"", destination.name));
    const std::string project = table.required("project", "the key of a [[project]]", "\"web\"");
    const std::string environment_key =
        table.required("environment", "the key of an [[environment]] of that project", "\"production\"");
    if (const Environment* environment = find_environment(project, environment_key)) {
      destination.environment_id = environment->id;
    } else if (!project.empty() && !environment_key.empty()) {
      no_environment(table, project, environment_key);
    }
    destination.id = id(table, "destination", project + "/" + environment_key + "/" + destination.name);
    destination.on = table.boolean("on", "on = true").value_or(true);
    const std::string start = table.text("start", "\"now\" or \"oldest\"", "\"now\"").value_or("now");
    if (start != "now" && start != "oldest")
      table.fault("start", fmt::format("\"{}\" is not a place to start; expected \"now\" (events from now on) or "
                                       "\"oldest\" (all that the journal still has).",
                                       start));
    destination.from_oldest = start == "oldest";
    const std::string kind = table.text("kind", "\"kinesis\"", "\"kinesis\"").value_or("kinesis");
    if (kind != "kinesis")
      table.fault("kind", fmt::format("\"{}\" is not a kind of destination; expected \"kinesis\".", kind));
    destination.project_key = project;
    destination.environment_key = environment_key;
    kinds(table, destination);
    filter(table, destination.filter);
    privacy(table, destination.privacy);
    fields(table, destination.fields);
    kinesis(table, destination.kinesis);
    destinations_.push_back(std::move(destination));
  }

  static void kinds(TomlTable& table, Destination& destination) {
    if (!table.has("kinds")) return;
    EventKindSet chosen;
    for (const std::string& name :
         table.texts("kinds", "a list of event kinds", "[\"feature\", \"identify\", \"custom\"]")) {
      const EventKind kind = event_kind_named(name);
      if (kind == EventKind::other && name != "other") {
        std::string known;
        for (const EventKindRow& row : kEventKinds)
          if (row.name.front() != '(') known += fmt::format("{}, ", row.name);
        table.fault("kinds",
                    fmt::format("\"{}\" is not a kind of event; expected {}or other (kinds that Sluice does not know).",
                                name, known));
      }
      chosen.set(kind, true);
    }
    destination.kinds = chosen;
  }

  static void filter(TomlTable& table, DestinationFilter& filter) {
    const auto names = [&table](const std::string& of, std::string_view what, std::string_view example) {
      OnlyNever choice;
      choice.only = table.texts("only_" + of, what, example);
      choice.never = table.texts("never_" + of, what, example);
      return choice;
    };
    filter.flags = names("flags", "a list of flag keys", "[\"new-checkout\"]");
    filter.events = names("events", "a list of event keys", "[\"order-placed\"]");
    filter.context_kinds = names("context_kinds", "a list of context kinds", "[\"user\"]");
    number(table, "sample_one_in", filter.sample_one_in, 1, 1'000'000);
  }

  static void privacy(TomlTable& table, ContextPrivacy& privacy) {
    const auto references = [&table](const std::string& field) {
      constexpr std::string_view kExample = "[\"email\", \"/address/street\"]";
      std::vector<std::string> texts = table.texts(field, "a list of attribute references", kExample);
      for (const std::string& text : texts)
        if (const auto reference = parse_attribute_reference(text); !reference)
          table.fault(field, fmt::format("\"{}\" is not a reference to a context attribute: {}. Example: {}", text,
                                         reference.error().message, kExample));
      return texts;
    };
    privacy.drop = references("drop_attributes");
    privacy.hash = references("hash_attributes");
    privacy.hash_keys_of = table.texts("hash_keys_of", "a list of context kinds, or \"*\" for all", "[\"user\"]");
    privacy.secret =
        table.text("hash_secret", "a secret of 16 characters or more", "\"$(openssl rand -hex 16)\"").value_or("");
    const bool hashes = !privacy.hash.empty() || !privacy.hash_keys_of.empty();
    if (hashes && privacy.secret.size() < kLeastSecretBytes)
      table.fault("hash_secret",
                  fmt::format("Hashes need a secret of {} characters or more, or anyone could try all keys; "
                              "make one with: openssl rand -hex 16",
                              kLeastSecretBytes));
  }

  static void fields(TomlTable& table, RecordFields& fields) {
    const std::pair<std::string_view, bool*> known[] = {{"receivedDate", &fields.received_date},
                                                        {"projectKey", &fields.project_key},
                                                        {"environmentKey", &fields.environment_key},
                                                        {"sdk", &fields.sdk},
                                                        {"application", &fields.application}};
    for (const std::string& name :
         table.texts("add_fields", "a list of fields", "[\"receivedDate\", \"projectKey\"]")) {
      const auto found =
          std::find_if(std::begin(known), std::end(known), [&](const auto& one) { return one.first == name; });
      if (found == std::end(known)) {
        table.fault("add_fields",
                    fmt::format("\"{}\" is not a field that can be added; expected receivedDate, projectKey, "
                                "environmentKey, sdk or application.",
                                name));
      } else {
        *found->second = true;
      }
    }
  }

  void kinesis(TomlTable& table, KinesisSettings& settings) {
    settings.region = table.required("region", "an AWS region", "\"eu-west-1\"");
    settings.stream_arn =
        table.text("stream_arn", "the ARN of a data stream", "\"arn:aws:kinesis:eu-west-1:123456789012:stream/flags\"")
            .value_or("");
    settings.stream_name = table.text("stream_name", "the name of a data stream", "\"flags\"").value_or("");
    settings.role_arn =
        table.text("role_arn", "the ARN of the role to assume", "\"arn:aws:iam::123456789012:role/sluice\"")
            .value_or("");
    settings.external_id =
        table.text("external_id", "the external id of the role's trust policy", "\"7f0c41d2a9b34c5e8d6f\"")
            .value_or("");
    settings.endpoint = table.text("endpoint", "an http or https address", "\"http://127.0.0.1:4567\"").value_or("");
    settings.sts_endpoint =
        table.text("sts_endpoint", "an http or https address", "\"http://127.0.0.1:4567\"").value_or("");
    settings.newline = table.boolean("newline", "newline = true").value_or(true);
    number(table, "max_calls_in_flight", settings.max_calls_in_flight, 1, 64);
    number(table, "max_records_per_call", settings.max_records_per_call, 1, 500);
    if (const auto text =
            table.scalar("max_bytes_per_call", "a size from 64 KiB to 10 MiB", "\"4.5 MiB\" as 4718592")) {
      const auto bytes = parse_bytes(*text);
      if (bytes && *bytes >= (64u << 10) && *bytes <= (10u << 20))
        settings.max_bytes_per_call = *bytes;
      else
        table.fault(
            "max_bytes_per_call",
            fmt::format(
                "\"{}\" does not fit; expected a size from 64 KiB to 10 MiB, what PutRecords takes. Example: 4718592",
                *text));
    }
    if (const auto text = table.scalar("linger", "a time from 0 to 60 s", "\"50 ms\"")) {
      const auto linger_ms = parse_duration_ms(*text);
      if (linger_ms && *linger_ms <= 60'000)
        settings.linger_ms = *linger_ms;
      else
        table.fault("linger",
                    fmt::format("\"{}\" does not fit; expected a time from 0 to 60 s. Example: \"50 ms\"", *text));
    }
    for (const FieldFault& fault : check_(settings)) table.fault(fault.field, fault.message);
  }

  static void number(TomlTable& table, const std::string& key, std::uint32_t& out, std::uint32_t least,
                     std::uint32_t most) {
    const std::string expected = fmt::format("a whole number from {} to {}", least, most);
    const auto text = table.scalar(key, expected, std::to_string(most));
    if (!text) return;
    const auto value = parse_number(*text);
    if (value && *value >= least && *value <= most)
      out = static_cast<std::uint32_t>(*value);
    else
      table.fault(key, fmt::format("\"{}\" does not fit; expected {}.", *text, expected));
  }

  const Project* find_project(std::string_view key) const {
    const auto found =
        std::find_if(projects_.begin(), projects_.end(), [&](const Project& project) { return project.key == key; });
    return found == projects_.end() ? nullptr : &*found;
  }
  Environment* find_environment(std::string_view project, std::string_view key) {
    const auto found = std::find_if(environments_.begin(), environments_.end(), [&](const Environment& environment) {
      return environment.project_key == project && environment.key == key;
    });
    return found == environments_.end() ? nullptr : &*found;
  }

  TomlTable& root_;
  const KinesisCheck& check_;
  std::vector<Project> projects_;
  std::vector<Environment> environments_;
  std::vector<Destination> destinations_;
  std::map<ObjectId, std::string> ids_;
  std::map<std::string, std::string> credentials_;
};

}  // namespace

ObjectId derived_id(std::string_view kind, std::string_view keys) {
  const std::string text = fmt::format("sluice/{}/{}", kind, keys);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  ObjectId id;
  std::copy_n(digest, ObjectId::kBytes, id.bytes.begin());
  return id;
}

std::shared_ptr<const CatalogSnapshot> read_declared_catalog(TomlTable& root, const KinesisCheck& check) {
  return Reader(root, check).read();
}

}  // namespace sluice
