// The form of a kind of destination: its settings as people fill them in. The console, the help of the command line and
// GET /api/v2/destination-kinds are drawn from it. Values; pure.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sluice::destinations {

enum class FieldType : std::uint8_t {
  text,
  secret,    // shown to nobody again
  number,    // whole
  boolean,   // "true" or "false"
  choice,    // one of `choices`
  texts,     // a list
  pairs,     // a list of "Name: value"
  size,      // "64 MiB", or a number of bytes
  duration,  // "250 ms", "10 s", "5 min"
  region,    // an AWS region: GET /api/v2/aws-regions lists them
};
std::string_view field_type_name(FieldType type);

struct FieldChoice {
  std::string value;
  std::string label;
  std::string help;
};

// Which fields stand together, in which order; those of no other group are under "details", folded.
struct FormGroup {
  std::string key;
  std::string title;
  std::string help;
};

struct FormField {
  std::string key;    // in the API's `config`: "streamName"
  std::string flag;   // on the command line: "--stream"
  std::string label;  // "Stream name"
  std::string help;   // one or two sentences
  FieldType type = FieldType::text;
  std::string group;
  bool required = false;
  std::string default_value = {};             // what an empty field means, as it would be written; empty: nothing
  std::string example = {};                   // shown in an empty field
  std::string pattern = {};                   // a regular expression (ECMAScript) that all good values match
  std::vector<FieldChoice> choices = {};      // of a choice
  std::string depends_on = {};                // the key of a field: shown only while that one has a value
  std::vector<std::string> depends_values{};  // … one of these; empty: any
};

struct Form {
  std::vector<FormGroup> groups;
  std::vector<FormField> fields;
  // Where it delivers to, for lists: the first of these fields that has a value or a default. None: all required ones.
  std::vector<std::string> target = {};
};

// `secret`: the keys of fields that are shown to nobody again, whatever their type.
nlohmann::ordered_json form_json(const Form& form, const std::vector<std::string>& secret = {});

}  // namespace sluice::destinations
