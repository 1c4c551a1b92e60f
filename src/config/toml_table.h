// A TOML table that collects all errors with their lines instead of stopping at the first, and reports unknown keys.
// toml++ stays inside toml_table.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/fault.h"

namespace sluice::config {

class TomlTable {
 public:
  // Reads a whole file. On a syntax error, or a file that cannot be read, adds an error and returns an empty table.
  // `name` is how faults call the file.
  static TomlTable parse(std::string_view text, const std::string& name, ConfigFaults& faults);

  // The same from JSON: an object of texts, numbers, booleans, lists of texts and objects. What TOML cannot
  // hold (null, numbers beyond 64 bits) is a fault.
  static TomlTable from_json(const nlohmann::json& object, const std::string& name, ConfigFaults& faults);

  // Each adds an error when the value is there but of another type; `expected` completes "expected …", `example` is
  // shown as it would be written.
  std::optional<std::string> text(const std::string& key, std::string_view expected, std::string_view example);
  std::optional<bool> boolean(const std::string& key, std::string_view example);
  std::vector<std::string> texts(const std::string& key, std::string_view expected, std::string_view example);
  // Text, number or boolean, as text: for settings that are parsed the same from a file, a variable and a flag.
  std::optional<std::string> scalar(const std::string& key, std::string_view expected, std::string_view example);
  // As text(), and missing or empty is a fault too.
  std::string required(const std::string& key, std::string_view expected, std::string_view example);
  TomlTable table(const std::string& key);
  std::vector<TomlTable> tables(const std::string& key);

  bool has(const std::string& key) const;
  // The text at a key, empty if there is none: for naming things in faults, before they are read.
  std::string peek(const std::string& key) const;
  // A fault at a key's line (at the table's own when the key is absent).
  void fault(const std::string& key, std::string message);
  // The same, of a rule that stored settings may break: ConfigFault::when_saved.
  void fault_when_saved(const std::string& key, std::string message);
  // How faults in this table call it: `destination "orders"`.
  void call(std::string name);
  // How keys are spelled where this came from, when not as here: for "did you mean".
  void spell(std::string (*spelled)(std::string_view key));
  // Takes all keys for known ones: where nobody can tell which are.
  void accept_unknown();
  // Adds an error for every key that was never read, with the most similar known one. Call it last; it includes
  // nested tables.
  void refuse_unknown();

 private:
  struct Node;
  explicit TomlTable(std::shared_ptr<Node> node) : node_(std::move(node)) {}
  std::shared_ptr<Node> node_;
};

}  // namespace sluice::config
