#include "config/toml_table.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/edit_distance.h"

namespace sluice::config {

struct TomlTable::Node {
  std::shared_ptr<const toml::table> root;  // keeps `table` alive
  const toml::table* table = nullptr;
  std::string file;
  std::string name;  // of this table, for faults; empty at the top
  ConfigFaults* faults = nullptr;
  std::set<std::string> asked;
  std::string (*spelled)(std::string_view) = nullptr;
  std::vector<std::shared_ptr<Node>> inside;

  std::string place(const std::string& key) const {
    const toml::node* value = table->get(key);
    const auto line = (value ? value->source() : table->source()).begin.line;
    std::string place = line > 0 ? fmt::format("{}, line {}", file, line) : file;
    if (!name.empty()) place += ", " + name;
    if (!key.empty()) place += ", " + key;
    return place;
  }
};

namespace {

std::string_view type_in_words(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a fractional number";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

std::string wrong_type(const toml::node& node, std::string_view expected, std::string_view example) {
  return fmt::format("This is {}; expected {}. Example: {}", type_in_words(node), expected, example);
}

// Puts what is no list and no object where `put` says; false when TOML has no such value.
template <typename Put>
bool put_scalar(const nlohmann::json& value, const Put& put) {
  if (value.is_string()) {
    put(value.get<std::string>());
  } else if (value.is_boolean()) {
    put(value.get<bool>());
  } else if (value.is_number_integer() &&
             !(value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX})) {
    put(value.get<std::int64_t>());
  } else if (value.is_number_float()) {
    put(value.get<double>());
  } else {
    return false;
  }
  return true;
}

// Each is false when something inside is of no kind that TOML has.
bool assign(toml::table& table, const std::string& key, const nlohmann::json& value);

bool append(toml::array& list, const nlohmann::json& value) {
  if (!value.is_structured()) return put_scalar(value, [&](auto scalar) { list.push_back(std::move(scalar)); });
  toml::table holder;
  if (!assign(holder, "item", value)) return false;
  holder.get("item")->visit([&](auto& node) { list.push_back(std::move(node)); });
  return true;
}

bool assign(toml::table& table, const std::string& key, const nlohmann::json& value) {
  if (value.is_array()) {
    toml::array list;
    for (const nlohmann::json& item : value)
      if (!append(list, item)) return false;
    table.insert_or_assign(key, std::move(list));
    return true;
  }
  if (value.is_object()) {
    toml::table inside;
    for (const auto& [name, member] : value.items())
      if (!assign(inside, name, member)) return false;
    table.insert_or_assign(key, std::move(inside));
    return true;
  }
  return put_scalar(value, [&](auto scalar) { table.insert_or_assign(key, std::move(scalar)); });
}

}  // namespace

TomlTable TomlTable::from_json(const nlohmann::json& object, const std::string& name, ConfigFaults& faults) {
  auto node = std::make_shared<Node>();
  node->file = name;
  node->faults = &faults;
  auto table = std::make_shared<toml::table>();
  for (const auto& [key, value] : object.items()) {
    if (assign(*table, key, value)) continue;
    node->asked.insert(key);
    faults.add(name + ", " + key,
               value.is_null() ? "It is null; remove it, or give a value."
                               : "It holds null, or a number beyond 64 bits; expected neither.",
               key);
  }
  node->root = table;
  node->table = node->root.get();
  return TomlTable(std::move(node));
}

TomlTable TomlTable::parse(std::string_view text, const std::string& name, ConfigFaults& faults) {
  auto node = std::make_shared<Node>();
  node->file = name;
  node->faults = &faults;
  try {
    node->root = std::make_shared<const toml::table>(toml::parse(text, name));
  } catch (const toml::parse_error& error) {
    faults.add(fmt::format("{}, line {}", name, error.source().begin.line),
               fmt::format("{}. This is not valid TOML; nothing after it was read. Fix it and check again.",
                           error.description()));
    node->root = std::make_shared<const toml::table>();
  }
  node->table = node->root.get();
  return TomlTable(std::move(node));
}

std::optional<std::string> TomlTable::text(const std::string& key, std::string_view expected,
                                           std::string_view example) {
  node_->asked.insert(key);
  const toml::node* value = node_->table->get(key);
  if (!value) return std::nullopt;
  if (const auto text = value->value_exact<std::string>()) return *text;
  fault(key, wrong_type(*value, expected, example));
  return std::nullopt;
}

std::optional<bool> TomlTable::boolean(const std::string& key, std::string_view example) {
  node_->asked.insert(key);
  const toml::node* value = node_->table->get(key);
  if (!value) return std::nullopt;
  if (const auto flag = value->value_exact<bool>()) return *flag;
  fault(key, wrong_type(*value, "true or false", example));
  return std::nullopt;
}

std::vector<std::string> TomlTable::texts(const std::string& key, std::string_view expected, std::string_view example) {
  node_->asked.insert(key);
  std::vector<std::string> all;
  const toml::node* value = node_->table->get(key);
  if (!value) return all;
  const toml::array* list = value->as_array();
  if (!list) {
    fault(key, wrong_type(*value, expected, example));
    return all;
  }
  for (const toml::node& item : *list) {
    if (const auto text = item.value_exact<std::string>()) {
      all.push_back(*text);
    } else {
      fault(key, fmt::format("The list holds {}; expected {}. Example: {}", type_in_words(item), expected, example));
    }
  }
  return all;
}

std::optional<std::string> TomlTable::scalar(const std::string& key, std::string_view expected,
                                             std::string_view example) {
  node_->asked.insert(key);
  const toml::node* value = node_->table->get(key);
  if (!value) return std::nullopt;
  if (const auto text = value->value_exact<std::string>()) return *text;
  if (const auto number = value->value_exact<std::int64_t>()) return std::to_string(*number);
  if (const auto flag = value->value_exact<bool>()) return *flag ? "true" : "false";
  fault(key, wrong_type(*value, expected, example));
  return std::nullopt;
}

std::string TomlTable::required(const std::string& key, std::string_view expected, std::string_view example) {
  const bool there = has(key);
  const auto value = text(key, expected, example);
  if (!there) {
    const std::string shown =
        node_->spelled ? fmt::format("\"{}\": {}", node_->spelled(key), example) : fmt::format("{} = {}", key, example);
    fault(key, fmt::format("It is missing; expected {}. Example: {}", expected, shown));
  }
  if (value && value->empty()) fault(key, fmt::format("It is empty; expected {}. Example: {}", expected, example));
  return value.value_or("");
}

TomlTable TomlTable::table(const std::string& key) {
  node_->asked.insert(key);
  auto inside = std::make_shared<Node>(Node{node_->root,
                                            nullptr,
                                            node_->file,
                                            node_->name.empty() ? "[" + key + "]" : node_->name,
                                            node_->faults,
                                            {},
                                            node_->spelled,
                                            {}});
  const toml::node* value = node_->table->get(key);
  inside->table = value ? value->as_table() : nullptr;
  if (value && !inside->table) fault(key, wrong_type(*value, "a table", fmt::format("[{}]", key)));
  if (!inside->table) {
    inside->root = std::make_shared<const toml::table>();
    inside->table = inside->root.get();
  }
  node_->inside.push_back(inside);
  return TomlTable(std::move(inside));
}

std::vector<TomlTable> TomlTable::tables(const std::string& key) {
  node_->asked.insert(key);
  std::vector<TomlTable> all;
  const toml::node* value = node_->table->get(key);
  if (!value) return all;
  const toml::array* list = value->as_array();
  if (!list || !list->is_homogeneous(toml::node_type::table)) {
    fault(key, wrong_type(*value, "a list of tables", fmt::format("[[{}]]", key)));
    return all;
  }
  for (const toml::node& item : *list) {
    auto inside = std::make_shared<Node>(
        Node{node_->root, item.as_table(), node_->file, key, node_->faults, {}, node_->spelled, {}});
    node_->inside.push_back(inside);
    all.push_back(TomlTable(std::move(inside)));
  }
  return all;
}

std::string TomlTable::peek(const std::string& key) const { return (*node_->table)[key].value_or(std::string()); }

bool TomlTable::has(const std::string& key) const { return node_->table->contains(key); }

void TomlTable::fault(const std::string& key, std::string message) {
  node_->faults->add(node_->place(key), std::move(message), key);
}

void TomlTable::fault_when_saved(const std::string& key, std::string message) {
  node_->faults->add(node_->place(key), std::move(message), key, true);
}

void TomlTable::spell(std::string (*spelled)(std::string_view key)) { node_->spelled = spelled; }

void TomlTable::call(std::string name) { node_->name = std::move(name); }

void TomlTable::accept_unknown() {
  for (const auto& [key, value] : *node_->table) node_->asked.emplace(key.str());
}

void TomlTable::refuse_unknown() {
  const auto spelled = [this](const std::string& name) { return node_->spelled ? node_->spelled(name) : name; };
  for (const auto& [key, value] : *node_->table) {
    const std::string name(key.str());
    if (node_->asked.count(name) > 0) continue;
    std::string message = "Unknown setting.";
    const auto nearest = std::min_element(node_->asked.begin(), node_->asked.end(), [&](const auto& a, const auto& b) {
      return edit_distance(a, name) < edit_distance(b, name);
    });
    if (nearest != node_->asked.end()) {
      if (edit_distance(*nearest, name) <= 3 && !spelled(*nearest).empty())
        message += fmt::format(" Did you mean {}?", spelled(*nearest));
      std::string known;
      for (const std::string& asked : node_->asked)
        if (const std::string shown = spelled(asked); !shown.empty()) known += (known.empty() ? "" : ", ") + shown;
      message += fmt::format(" Expected one of: {}.", known);
    }
    fault(name, std::move(message));
  }
  for (const auto& inside : node_->inside) TomlTable(inside).refuse_unknown();
}

}  // namespace sluice::config
