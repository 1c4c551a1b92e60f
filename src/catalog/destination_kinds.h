// What the catalog knows of the kinds of destinations: how each reads its own settings, and which of the settings that
// kinds have in common it supports. The whole of a kind is destinations/kind.h. Immutable; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/kind_settings.h"
#include "config/toml_table.h"

namespace sluice::catalog {

// One thing wrong with a destination's settings: the field as the configuration calls it, and what was expected.
struct FieldFault {
  std::string field;
  std::string message;
  bool operator==(const FieldFault&) const = default;
};

// Settings that are not of one kind. Those that a kind does not support are refused, with its reason.
struct CommonSettings {
  bool event_kinds = true;   // kinds
  bool filters = true;       // only_… and never_…
  bool sampling = true;      // sample_one_in
  bool privacy = true;       // drop_attributes, hash_…
  bool added_fields = true;  // add_fields
  bool replay = true;        // replays of a span of time, and the start at the oldest event
  std::string_view reason;  // why it does not support the others, for people: "It forwards payloads as SDKs sent them."
};

// What a destination's settings mean for those that do not know its kind.
struct KindReading {
  KindSettings settings;
  std::string target;                     // what it delivers to, for people: "stream flags in eu-west-1"
  bool ends_lines = true;                 // each event ends in a newline
  bool wants_originals = false;           // it delivers payloads as SDKs sent them instead of export events
  std::int64_t behind_after_ms = 10'000;  // how old the oldest event gets while all is well
};

class SettingsKind {
 public:
  virtual ~SettingsKind() = default;
  // As configuration, API and command line call it.
  virtual std::string_view name() const = 0;
  virtual const CommonSettings& common() const = 0;
  // Reads its settings from the table of a destination, and notes every fault at its field.
  virtual KindReading read(config::TomlTable& table) const = 0;
  // Of its settings, as the configuration calls them: those that are shown to nobody.
  virtual const std::vector<std::string>& secret_fields() const = 0;
};

class DestinationKinds {
 public:
  virtual ~DestinationKinds() = default;
  // Null when there is none of that name.
  virtual const SettingsKind* settings_kind(std::string_view name) const = 0;
  // In the order in which they are shown; never empty. The first is meant where a configuration file names none.
  virtual std::vector<std::string_view> names() const = 0;
};

// "\"kinesis\", \"s3\" or \"webhook\"": for messages.
std::string names_text(const DestinationKinds& kinds);

}  // namespace sluice::catalog
