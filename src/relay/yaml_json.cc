#include "relay/yaml_json.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstdint>
#include <istream>
#include <map>
#include <set>
#include <streambuf>
#include <unordered_set>

#include "base/json_string.h"
#include "base/text.h"
#include "relay/yaml_scalar.h"

namespace sluice::relay {
namespace {

// Places are kept of this many levels: those of the members that Sluice reads itself.
constexpr std::size_t kPlacedLevels = 4;

struct YamlFault {
  TextPlace place;
  std::string message;
};

TextPlace place_in(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

struct YamlNode {
  enum class Type : std::uint8_t { scalar, plain, sequence, mapping, alias };
  Type type = Type::scalar;
  TextPlace place;
  std::string text;                     // of a scalar
  std::vector<std::uint32_t> children;  // of a mapping: names and values in turn
  std::uint32_t target = 0;             // of an alias
  bool open = false;                    // its end has not come yet
};

// The document as a tree of nodes, the first of them at its top.
class YamlTree final : public YAML::EventHandler {
 public:
  explicit YamlTree(std::size_t node_limit) : limit_(node_limit) {}

  const YamlNode& at(std::uint32_t node) const { return nodes_[node]; }
  bool empty() const { return nodes_.empty(); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(YamlNode::Type::plain, mark, anchor, "~"); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto target = anchors_.find(anchor);
    if (target == anchors_.end() || nodes_[target->second].open)
      throw YamlFault{place_in(mark), "the alias stands inside of what it stands for"};
    nodes_[add(YamlNode::Type::alias, mark, 0, "")].target = target->second;
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (tag == "?") {
      add(YamlNode::Type::plain, mark, anchor, value);
    } else if (tag == "!" || tag == kTag + "str") {
      add(YamlNode::Type::scalar, mark, anchor, value);
    } else {
      require_type(mark, tag, value);
      add(YamlNode::Type::plain, mark, anchor, value);
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Type::sequence, mark, tag, "seq", anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Type::mapping, mark, tag, "map", anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  inline static const std::string kTag = "tag:yaml.org,2002:";

  std::uint32_t add(YamlNode::Type type, const YAML::Mark& mark, YAML::anchor_t anchor, std::string text) {
    if (nodes_.size() == limit_)
      throw YamlFault{place_in(mark), fmt::format("the file has more than {} values; split it", grouped(limit_))};
    const auto node = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({type, place_in(mark), std::move(text), {}, 0, false});
    if (!around_.empty()) nodes_[around_.back()].children.push_back(node);
    if (anchor != 0) anchors_[anchor] = node;
    return node;
  }
  void open(YamlNode::Type type, const YAML::Mark& mark, const std::string& tag, std::string_view name,
            YAML::anchor_t anchor) {
    if (tag != "?" && tag != "!" && tag != kTag + std::string(name)) refuse_tag(mark, tag);
    const std::uint32_t node = add(type, mark, anchor, "");
    nodes_[node].open = true;
    around_.push_back(node);
  }
  void close() {
    nodes_[around_.back()].open = false;
    around_.pop_back();
  }

  static void require_type(const YAML::Mark& mark, const std::string& tag, std::string_view value) {
    using Type = YamlScalar::Type;
    const Type type = yaml_plain_scalar(value).type;
    const bool known = tag == kTag + "int" || tag == kTag + "float" || tag == kTag + "bool" || tag == kTag + "null";
    if (!known) refuse_tag(mark, tag);
    const Type wanted = tag == kTag + "null" ? Type::null : tag == kTag + "bool" ? Type::boolean : Type::number;
    if (type != wanted)
      throw YamlFault{place_in(mark),
                      fmt::format("\"{}\" is not what its tag !!{} says", shown_value(value), tag.substr(kTag.size()))};
  }
  [[noreturn]] static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    throw YamlFault{place_in(mark), fmt::format("the tag \"{}\" is of no type that JSON has", shown_value(tag))};
  }

  const std::size_t limit_;
  std::vector<YamlNode> nodes_;
  std::map<YAML::anchor_t, std::uint32_t> anchors_;
  std::vector<std::uint32_t> around_;
};

class YamlToJson {
 public:
  YamlToJson(const YamlTree& tree, const YamlLimits& limits) : tree_(tree), limits_(limits) {}

  JsonOfYaml run() {
    write(0, 0);
    return std::move(out_);
  }

 private:
  using Members = std::vector<std::pair<std::uint32_t, std::uint32_t>>;  // name and value

  const YamlNode& followed(std::uint32_t node) const {
    const YamlNode& at = tree_.at(node);
    return at.type == YamlNode::Type::alias ? tree_.at(at.target) : at;  // no alias has an anchor
  }

  void write(std::uint32_t node, std::size_t depth) {
    const YamlNode& at = followed(node);
    if (depth >= kMaxJsonDepth)
      throw YamlFault{at.place,
                      fmt::format("at most {} sequences and mappings may stand within each other", kMaxJsonDepth)};
    if (++written_ > 2 * limits_.nodes) throw YamlFault{tree_.at(node).place, "its aliases stand for too many values"};
    place(tree_.at(node), depth);
    switch (at.type) {
      case YamlNode::Type::plain:
        write_plain(at);
        break;
      case YamlNode::Type::sequence:
        write_sequence(at, depth);
        break;
      case YamlNode::Type::mapping:
        write_mapping(at, depth);
        break;
      case YamlNode::Type::scalar:
      case YamlNode::Type::alias:
        append_json_string(out_.json, at.text);
        break;
    }
    if (out_.json.size() > limits_.json_bytes)
      throw YamlFault{tree_.at(node).place,
                      fmt::format("with its aliases the file is larger than {}", human_bytes(limits_.json_bytes))};
  }

  void write_plain(const YamlNode& at) {
    const YamlScalar scalar = yaml_plain_scalar(at.text);
    if (scalar.type == YamlScalar::Type::not_in_json)
      throw YamlFault{at.place, fmt::format("JSON has no number {}", at.text)};
    if (scalar.type == YamlScalar::Type::text)
      append_json_string(out_.json, at.text);
    else
      out_.json.append(scalar.json);
  }

  void write_sequence(const YamlNode& at, std::size_t depth) {
    out_.json.push_back('[');
    for (const std::uint32_t child : at.children) {
      if (child != at.children.front()) out_.json.push_back(',');
      write(child, depth + 1);
    }
    out_.json.push_back(']');
  }

  void write_mapping(const YamlNode& at, std::size_t depth) {
    Members members;
    std::unordered_set<std::string_view> names;
    collect(at, depth, false, names, members);
    out_.json.push_back('{');
    for (const auto& [name, value] : members) {
      if (out_.json.back() != '{') out_.json.push_back(',');
      place(tree_.at(name), depth + 1);
      append_json_string(out_.json, followed(name).text);
      out_.json.push_back(':');
      write(value, depth + 1);
    }
    out_.json.push_back('}');
  }

  // Its members, and then what its merge keys add that was not there. `merged`: it stands behind a merge key itself.
  void collect(const YamlNode& at, std::size_t depth, bool merged, std::unordered_set<std::string_view>& names,
               Members& members) {
    if (depth >= kMaxJsonDepth) throw YamlFault{at.place, "its merge keys lead too deep"};
    std::vector<std::uint32_t> sources;
    for (std::size_t i = 0; i + 1 < at.children.size(); i += 2) {
      if (++visited_ > 2 * limits_.nodes) throw YamlFault{at.place, "its merge keys stand for too many members"};
      const std::uint32_t name_node = at.children[i], value = at.children[i + 1];
      const YamlNode& name = followed(name_node);
      if (name.type != YamlNode::Type::plain && name.type != YamlNode::Type::scalar)
        throw YamlFault{tree_.at(name_node).place, "a member's name has to be a text"};
      if (name.type == YamlNode::Type::plain && name.text == "<<")
        sources.push_back(value);
      else if (names.insert(name.text).second)
        members.emplace_back(name_node, value);
      else if (!merged)
        throw YamlFault{tree_.at(name_node).place,
                        fmt::format("\"{}\" comes twice in this mapping", shown_value(name.text))};
    }
    for (const std::uint32_t source : sources) merge(source, depth, names, members);
  }

  void merge(std::uint32_t source, std::size_t depth, std::unordered_set<std::string_view>& names, Members& members) {
    const YamlNode& at = followed(source);
    if (at.type == YamlNode::Type::mapping) return collect(at, depth + 1, true, names, members);
    const auto is_mapping = [&](std::uint32_t one) { return followed(one).type == YamlNode::Type::mapping; };
    if (at.type != YamlNode::Type::sequence || !std::all_of(at.children.begin(), at.children.end(), is_mapping))
      throw YamlFault{tree_.at(source).place, "a merge key needs a mapping, or a sequence of mappings"};
    for (const std::uint32_t one : at.children) {
      if (++visited_ > 2 * limits_.nodes) throw YamlFault{at.place, "its merge keys stand for too many members"};
      collect(followed(one), depth + 1, true, names, members);
    }
  }

  void place(const YamlNode& at, std::size_t depth) {
    if (depth < kPlacedLevels) out_.places.emplace_back(out_.json.size(), at.place);
  }

  const YamlTree& tree_;
  const YamlLimits& limits_;
  JsonOfYaml out_;
  std::size_t written_ = 0, visited_ = 0;
};

// Reads from the text where it stands.
class TextBuffer final : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // a get area is not const, and not written to
    setg(begin, begin, begin + text.size());
  }
};

tl::unexpected<Error> failed_at(const TextPlace& place, std::string_view message) {
  return fail(fmt::format("line {}, column {}: {}", place.line, place.column, message));
}

}  // namespace

TextPlace JsonOfYaml::place_of(std::size_t json_offset) const {
  const auto after = std::upper_bound(places.begin(), places.end(), json_offset,
                                      [](std::size_t offset, const auto& one) { return offset < one.first; });
  return after == places.begin() ? TextPlace{} : std::prev(after)->second;
}

Result<JsonOfYaml> json_of_yaml(std::string_view text, const YamlLimits& limits) {
  try {
    TextBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    YamlTree tree(limits.nodes), second(limits.nodes);
    if (!parser.HandleNextDocument(tree) || tree.empty()) return failed_at({}, "the file is empty");
    if (parser.HandleNextDocument(second))
      return failed_at(second.empty() ? TextPlace{} : second.at(0).place, "the file has a second document");
    return YamlToJson(tree, limits).run();
  } catch (const YamlFault& fault) {
    return failed_at(fault.place, fault.message);
  } catch (const YAML::Exception& error) {
    return failed_at(place_in(error.mark), error.msg);
  }
}

}  // namespace sluice::relay
