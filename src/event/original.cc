#include "event/original.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <optional>

#include "base/text.h"

namespace sluice::event {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kAfterName = ": ";
constexpr std::string_view kPrefix = "x-launchdarkly-";
constexpr std::string_view kMethods[] = {"POST", "GET"};

// In this order, before all others.
constexpr std::array<std::string_view, 5> kFirst = {"user-agent", "content-type", "content-encoding",
                                                    "x-launchdarkly-event-schema", kPayloadIdHeader};

bool is_token_character(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || kOthers.find(c) != std::string_view::npos;
}
bool is_name(std::string_view text) { return std::all_of(text.begin(), text.end(), is_token_character); }
bool is_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
  });
}

char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool fits(std::string_view name, std::string_view value) {
  return name.size() + value.size() <= kMaxOriginalHeaderBytes && is_name(name) && is_value(value);
}

void append_header(std::string_view name, std::string_view value, std::string& out) {
  std::transform(name.begin(), name.end(), std::back_inserter(out), ascii_lower);
  out.append(kAfterName).append(value).append(kLineEnd);
}

// The first of that name that fits; null: there is none.
const OriginalHeader* find(std::span<const OriginalHeader> headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(), [name](const OriginalHeader& header) {
    return equals_ignoring_case(header.first, name) && fits(header.first, header.second);
  });
  return found == headers.end() ? nullptr : &*found;
}

bool is_first(std::string_view name) {
  return std::any_of(kFirst.begin(), kFirst.end(),
                     [name](std::string_view first) { return equals_ignoring_case(name, first); });
}

// Up to the line's end, which is taken too; nothing when no line ends.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find(kLineEnd);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + kLineEnd.size());
  return line;
}

Result<OriginalTarget> read_target(std::string_view line) {
  const std::size_t space = line.find(' ');
  OriginalTarget target;
  target.method = line.substr(0, space);
  target.path = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
  if (std::find(std::begin(kMethods), std::end(kMethods), target.method) == std::end(kMethods) ||
      !target.path.starts_with('/') || !is_visible_ascii(target.path))
    return fail(fmt::format("the original starts with \"{}\"; expected POST or GET and a path", shown_words(line, 64)));
  if (const std::size_t question = target.path.find('?'); question != std::string_view::npos) {
    target.query = target.path.substr(question + 1);
    target.path = target.path.substr(0, question);
  }
  return target;
}

Result<OriginalHeader> read_header(std::string_view line) {
  const std::size_t end = line.find(kAfterName);
  const std::string_view name = line.substr(0, end);
  if (end == std::string_view::npos)
    return fail(fmt::format("the original's line \"{}\" is no header; expected a name, a colon and a value",
                            shown_words(line, 64)));
  const std::string_view value = line.substr(end + kAfterName.size());
  const bool is_lower = std::all_of(name.begin(), name.end(), [](char c) { return c == ascii_lower(c); });
  if (!is_lower || !is_original_header(name) || !fits(name, value))
    return fail(fmt::format("the original's header \"{}\" is none that is kept, or does not hold what a header may",
                            shown_words(name, 64)));
  return OriginalHeader(name, value);
}

}  // namespace

bool is_original_header(std::string_view name) {
  return is_first(name) ||
         (name.size() > kPrefix.size() && equals_ignoring_case(name.substr(0, kPrefix.size()), kPrefix));
}

void append_original_head(const OriginalTarget& target, std::span<const OriginalHeader> headers,
                          std::string_view payload_id, std::string& out) {
  out.append(target.method).append(" ").append(target.path);
  if (!target.query.empty()) out.append("?").append(target.query);
  out.append(kLineEnd);
  std::size_t kept = 0;
  for (const std::string_view name : kFirst) {
    const OriginalHeader* header = find(headers, name);
    std::string_view value = header == nullptr ? std::string_view() : header->second;
    if (name == kPayloadIdHeader && value.empty()) value = payload_id;
    if (value.empty()) continue;
    append_header(name, value, out);
    ++kept;
  }
  for (const auto& [name, value] : headers) {
    if (kept == kMaxOriginalHeaders) break;
    if (is_first(name) || !is_original_header(name) || !fits(name, value)) continue;
    append_header(name, value, out);
    ++kept;
  }
  out.append(kLineEnd);
}

std::string_view Original::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [name](const OriginalHeader& header) { return header.first == name; });
  return found == headers.end() ? std::string_view() : found->second;
}

bool Original::has_client_side_id() const {
  return target.path.find(kClientSideIdPlaceholder) != std::string_view::npos;
}

std::string Original::path_for(std::string_view client_side_id) const {
  std::string path(target.path);
  if (const std::size_t at = path.find(kClientSideIdPlaceholder); at != std::string::npos)
    path.replace(at, kClientSideIdPlaceholder.size(), client_side_id);
  return path;
}

Result<Original> read_original(std::string_view bytes) {
  const auto first = take_line(bytes);
  if (!first) return fail("the original has no first line; expected POST or GET and a path");
  Original original;
  auto target = read_target(*first);
  if (!target) return tl::unexpected(target.error());
  original.target = *target;
  while (true) {
    const auto line = take_line(bytes);
    if (!line) return fail("the original's head does not end; expected an empty line behind its headers");
    if (line->empty()) break;
    if (original.headers.size() == kMaxOriginalHeaders)
      return fail(fmt::format("the original has more than {} headers", kMaxOriginalHeaders));
    const auto header = read_header(*line);
    if (!header) return tl::unexpected(header.error());
    original.headers.push_back(*header);
  }
  original.body = bytes;
  return original;
}

}  // namespace sluice::event
