#include "destinations/s3/object_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/arn.h"
#include "base/text.h"

namespace sluice::s3 {
namespace {

constexpr std::array<std::string_view, 9> kVariables = {"prefix", "project", "environment", "destination", "date",
                                                        "hour",   "node",    "first",       "last"};
constexpr std::array<std::string_view, 3> kRequired = {"node", "first", "last"};

// AWS's safe characters, and "=", which partition names of Hive need. Neither may end a path's segment as "." does.
bool safe(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!-_.*'()/=").find(c) != std::string_view::npos;
}

std::string unsafe_characters(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (!safe(c) && out.find(c) == std::string::npos) out += c;
  return out;
}

bool has_bad_segment(std::string_view path) {
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, slash - at);
    if (segment.empty() || segment == "." || segment == "..") return true;
    at = slash + 1;
  }
  return false;
}

// Calls text(piece) and variable(name) for the parts of a template, in order. False: a brace is not closed.
template <typename Text, typename Variable>
bool walk(std::string_view text, Text&& on_text, Variable&& on_variable) {
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    if (open > 0) on_text(text.substr(0, open));
    text.remove_prefix(open);
    if (text.empty()) break;
    const std::size_t close = text.find('}');
    if (close == std::string_view::npos) return false;
    on_variable(text.substr(1, close - 1));
    text.remove_prefix(close + 1);
  }
  return true;
}

}  // namespace

std::string fault_of_prefix(std::string_view prefix) {
  if (prefix.empty()) return {};
  if (const std::string unsafe = unsafe_characters(prefix); !unsafe.empty())
    return fmt::format(
        "The prefix '{}' has characters that are not safe in keys of objects: {}. Use letters, digits and "
        "!-_.*'()/=.",
        shown_value(prefix), shown_value(unsafe));
  if (has_bad_segment(prefix))
    return fmt::format(
        "The prefix '{}' begins or ends with a slash, or has an empty part, '.' or '..'. Expected one "
        "such as exports/flags.",
        shown_value(prefix));
  return {};
}

std::string fault_of_node(std::string_view node) {
  constexpr std::size_t kMaxNode = 128;
  const bool slash = node.find('/') != std::string_view::npos;
  if (node.size() <= kMaxNode && !slash && unsafe_characters(node).empty()) return {};
  return fmt::format(
      "The node name {} cannot be part of an object's name. Use at most {} letters, digits and !-_.*'()=, without a "
      "slash, such as sluice-1.",
      aws::shown_name(node), kMaxNode);
}

tl::expected<KeyTemplate, std::vector<Error>> KeyTemplate::parse(std::string_view text, const KeyFacts& facts) {
  std::vector<Error> errors;
  const auto complain = [&](std::string message) { errors.push_back({std::move(message)}); };
  constexpr std::string_view kStart = "{prefix}/";
  if (!text.starts_with(kStart))
    complain("The key template must begin with {prefix}/, so that one policy covers all objects.");
  std::vector<std::string_view> used;
  std::string unsafe;
  const bool closed = walk(
      text, [&](std::string_view piece) { unsafe += unsafe_characters(piece); },
      [&](std::string_view name) { used.push_back(name); });
  if (!closed) complain("The key template has a { without its }.");
  if (!unsafe.empty())
    complain(
        fmt::format("The key template has characters that are not safe in keys of objects: {}. Use letters, digits "
                    "and !-_.*'()/=.",
                    unsafe));
  for (const std::string_view name : used)
    if (std::find(kVariables.begin(), kVariables.end(), name) == kVariables.end())
      complain(fmt::format("The key template has no variable {{{}}}. There are {{{}}}.", name,
                           fmt::join(kVariables, "}, {")));
  for (const std::string_view name : kRequired)
    if (std::find(used.begin(), used.end(), name) == used.end())
      complain(fmt::format("The key template needs {{{}}}, so that no two objects have the same key.", name));
  if (std::string fault = fault_of_prefix(facts.prefix); !fault.empty()) complain(std::move(fault));
  if (!errors.empty()) return tl::unexpected(std::move(errors));

  const bool names_destination = std::find(used.begin(), used.end(), "destination") != used.end();
  KeyTemplate out{std::string(text), facts, names_destination};
  const EventPlace longest{{UINT64_MAX}, UINT32_MAX};
  const std::string example = out.key("replay=0123456789abcdef01234567", 0, longest, longest, Compression::zstd);
  if (has_bad_segment(example))
    complain(
        fmt::format("The key template gives {}, which has an empty part, '.' or '..'. Change the template; if a key of "
                    "the project or the environment is only dots, leave {{project}} or {{environment}} out.",
                    shown_value(example)));
  if (const std::string bad = unsafe_characters(example); !bad.empty())
    complain(fmt::format("The key template gives {}, which has characters that are not safe in keys of objects: {}.",
                         shown_value(example), bad));
  if (example.size() > kMaxKeyBytes)
    complain(
        fmt::format("The key template gives keys of {} bytes; S3 takes {}. In them are the prefix ({} bytes), the "
                    "keys of project ({}) and environment ({}), and the node ({}). Shorten the prefix or the node, "
                    "or leave a variable out of the template.",
                    example.size(), kMaxKeyBytes, facts.prefix.size(), facts.project.size(), facts.environment.size(),
                    facts.node.size()));
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  return out;
}

std::string KeyTemplate::key(std::string_view kind, std::int64_t received_ms, const EventPlace& first,
                             const EventPlace& last, Compression compression) const {
  const std::string time = iso_time_ms(received_ms);  // 2026-11-27T08:33:19.000Z
  std::string out;
  const auto variable = [&](std::string_view name) {
    if (name == "prefix") out += facts_.prefix;
    if (name == "project") out += facts_.project;
    if (name == "environment") out += facts_.environment;
    if (name == "destination") out += facts_.destination;
    if (name == "node") out += facts_.node;
    if (name == "date") out += time.substr(0, 10);
    if (name == "hour") out += time.substr(11, 2);
    if (name == "first") out += place_text(first);
    if (name == "last") out += place_text(last);
    if (name == "prefix" && !kind.empty()) out.append(out.empty() ? "" : "/").append(kind);
  };
  walk(
      text_, [&](std::string_view piece) { out += piece; }, variable);
  if (out.starts_with('/')) out.erase(0, 1);  // an empty prefix
  if (!names_destination_) {
    const std::string_view id = facts_.destination;
    out.append("-").append(id.substr(id.size() - std::min(kShownIdDigits, id.size())));
  }
  out += extension_of(compression);
  return out;
}

std::optional<std::string> next_key(std::string_view key) {
  const std::size_t extension = key.rfind(extension_of(Compression::none));
  if (extension == std::string_view::npos) return std::nullopt;
  std::string_view name = key.substr(0, extension);
  char next = '2';
  if (name.size() > 2 && name[name.size() - 2] == '.' && name.back() >= '2' && name.back() <= '9') {
    if (name.back() == '9') return std::nullopt;
    next = static_cast<char>(name.back() + 1);
    name.remove_suffix(2);
  }
  std::string out(name);
  out.append(".").append(1, next).append(key.substr(extension));
  return out.size() <= kMaxKeyBytes ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace sluice::s3
