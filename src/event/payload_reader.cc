#include "event/payload_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include "event/array_splitter.h"
#include "event/context_keys.h"
#include "event/event_parts.h"
#include "event/json_grammar.h"
#include "event/json_index.h"
#include "event/json_walk.h"

namespace sluice::event {

using std::string_view_literals::operator""sv;

namespace {

bool takes_context_keys(EventKind kind) {
  switch (kind) {
    case EventKind::feature:
    case EventKind::debug:
    case EventKind::custom:
    case EventKind::click:
    case EventKind::pageview:
    case EventKind::migration_op:
      return true;
    default:
      return false;
  }
}

// Members whose null means the same as their absence. For unknown event kinds this is not known.
bool null_is_absent(MemberName name, EventKind kind) {
  if (kind == EventKind::other) return false;
  return name == MemberName::version || name == MemberName::variation || name == MemberName::reason ||
         name == MemberName::prereq_of;
}

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Indexed at a time: an index has four bytes for each of these, and is kept from payload to payload.
constexpr std::size_t kWindowBytes = std::size_t{1} << 20;
static_assert(kWindowBytes < kKeptCapacity);

std::string_view json_type(char first) {
  switch (first) {
    case '{':
      return "an object";
    case '[':
      return "an array";
    case '"':
      return "a string";
    case 't':
    case 'f':
      return "a boolean";
    case 'n':
      return "null";
    default:
      return "a number";
  }
}

}  // namespace

std::string_view unusable_reason_name(UnusableReason reason) {
  static constexpr std::array<std::string_view, kUnusableReasons> kNames = {
      "not_an_object", "no_kind", "kind_is_no_string", "nested_too_deep", "not_json", "too_large"};
  return kNames[static_cast<std::size_t>(reason)];
}

struct PayloadReader::State {
  explicit State(ObjectIdMinter with) : minter(with) {}

  Result<void> read(std::string_view body, EntryWriter& entry);
  Result<void> read_in_windows(EntryWriter& entry);
  Result<void> read_one_by_one(std::size_t begin, std::size_t end, EntryWriter& entry);
  Result<std::size_t> read_range(std::size_t begin, std::size_t end, EntryWriter& entry);
  std::uint32_t read_event(std::uint32_t token, EntryWriter& entry);
  FlagVerdict ask(EventKind kind, std::optional<std::uint32_t> key_token);
  void tell_summary() const;
  std::uint64_t summarized_evaluations(std::uint32_t flag_token) const;
  void compose(EventKind kind, std::uint32_t kind_token, EntryWriter& entry);
  void note_creation();
  std::size_t append_tokens(std::uint32_t first, std::uint32_t after, std::uint32_t key_token, std::string& out) const;
  bool left_out(const EventMember& member, EventKind kind) const;
  void set_aside(std::string_view bytes, UnusableReason reason, std::string why, EntryWriter& entry);
  void set_aside_too_large(std::string_view bytes, EntryWriter& entry);
  bool ends_event(std::uint32_t token) const { return token == walk.size() || walk.at(token) == ','; }
  std::string why_not_json(std::string_view text) const;
  Result<void> within_limits();
  std::size_t window_bytes() const { return parts == nullptr ? kWindowBytes : std::min(parts->bytes, kWindowBytes); }
  tl::unexpected<Error> refuse(PayloadFault why, std::string message);
  tl::unexpected<Error> refuse_body(std::size_t at);

  ObjectIdMinter minter;
  JsonIndex index;
  JsonWalk walk;
  EventParts event{walk};
  std::vector<UnusableEvent> unusable;
  UnusableCounts unusable_counts{};

  // Of the payload that is being read.
  std::string_view body;
  std::string_view inside;  // what stands between the array's brackets; offsets count from its start
  PayloadFault fault = PayloadFault::not_an_array;
  std::size_t unusable_total = 0, tokens = 0;
  ParseMemory* memory = nullptr;
  const PayloadParts* parts = nullptr;
  std::optional<DerivedIds> derived;
  double newest_creation_ms = 0;
  std::uint8_t schema = 1;
  std::int64_t received_ms = 0;
  std::size_t position = 0;
  EvaluationFilter* flags = nullptr;
  std::size_t not_exported = 0;
};

PayloadReader::PayloadReader(ObjectIdMinter minter) : state_(std::make_unique<State>(minter)) {}
PayloadReader::~PayloadReader() = default;

const UnusableCounts& PayloadReader::unusable_counts() const { return state_->unusable_counts; }

const std::vector<UnusableEvent>& PayloadReader::unusable() const { return state_->unusable; }

Result<void> PayloadReader::read(std::string_view body, std::uint8_t schema, std::int64_t received_ms,
                                 EntryWriter& entry, EvaluationFilter* flags, ParseMemory* memory,
                                 const PayloadParts* parts, const PayloadIdentity* identity) {
  State& state = *state_;
  state.parts = parts;
  state.derived.reset();
  if (identity != nullptr) state.derived.emplace(*identity, body);
  state.flags = flags;
  state.memory = memory;
  state.schema = schema;
  state.received_ms = received_ms;
  return state.read(body, entry);
}

PayloadFault PayloadReader::fault() const { return state_->fault; }

std::uint32_t PayloadReader::newest_creation_s() const {
  constexpr double kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp(state_->newest_creation_ms / 1000, 0.0, kMost));
}

std::size_t PayloadReader::event_count() const { return state_->position; }

std::size_t PayloadReader::not_exported() const { return state_->not_exported; }

Result<void> PayloadReader::State::read(std::string_view with_body, EntryWriter& entry) {
  unusable.clear();
  unusable_counts = {};
  not_exported = position = unusable_total = tokens = 0;
  newest_creation_ms = 0;
  body = with_body;
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  const std::size_t first = skip_space(body, 0);
  const std::size_t last = body.find_last_not_of(kSpace);
  if (last == std::string_view::npos || first == last || body[first] != '[' || body[last] != ']')
    return refuse_body(last == std::string_view::npos ? 0 : last);
  inside = body.substr(first + 1, last - first - 1);
  if (skip_space(inside, 0) == inside.size()) return {};

  if (inside.size() > window_bytes()) return read_in_windows(entry);
  const auto read = read_range(0, inside.size(), entry);
  if (!read) return tl::unexpected(read.error());
  return *read == inside.size() ? within_limits() : read_one_by_one(*read, inside.size(), entry);
}

// Splits a large payload at the ends of its events, so that the index of each part stays small, whatever it consists
// of.
Result<void> PayloadReader::State::read_in_windows(EntryWriter& entry) {
  const std::size_t kept = parts == nullptr ? inside.size() : std::min(inside.size(), window_bytes());
  entry.json().reserve(kept + kept / 8);  // ids are added: growing would copy all of it
  for (std::size_t begin = 0; begin <= inside.size();) {
    begin = skip_space(inside, begin);
    std::size_t end = begin, next = begin;
    bool too_large = false;
    while (next <= inside.size() && end - begin < window_bytes()) {
      const std::size_t element_end = next_element(inside, next);
      if (element_end == kUnsplittable) return refuse_body(next);
      too_large = next == begin && element_end - next > kMaxEventBytes;
      if (next > begin && element_end - next > kMaxEventBytes) break;  // what is before it is read first
      end = element_end;
      next = element_end + 1;
    }
    if (too_large) set_aside_too_large(inside.substr(begin, end - begin), entry);  // with the space behind it
    const auto read = too_large ? Result<std::size_t>(end) : read_range(begin, end, entry);
    if (!read) return tl::unexpected(read.error());
    if (*read != end || begin == end)
      if (auto rest = read_one_by_one(*read, end, entry); !rest) return rest;
    if (parts != nullptr) parts->end();
    begin = end + 1;
  }
  return within_limits();
}

// After something in these events was not JSON: which of them, and are the others?
Result<void> PayloadReader::State::read_one_by_one(std::size_t begin, std::size_t end, EntryWriter& entry) {
  const std::string_view all = inside.substr(0, end);
  for (std::size_t next = begin; next <= end;) {
    if (auto within = within_limits(); !within) return within;
    const std::size_t element_end = next_element(all, next);
    if (element_end == kUnsplittable) return refuse_body(next);
    const std::size_t first = skip_space(all, next);
    if (first >= element_end) return refuse_body(next);  // nothing between two commas
    const std::size_t after = all.find_last_not_of(kSpace, element_end - 1) + 1;
    const std::string_view element = all.substr(first, after - first);
    next = element_end + 1;
    if (element.size() > kMaxEventBytes) {
      set_aside_too_large(element, entry);
      continue;
    }
    const auto read = read_range(first, after, entry);
    if (!read) return tl::unexpected(read.error());
    if (*read == after) continue;
    if (element.front() != '{') return refuse_body(first);
    set_aside(element, UnusableReason::not_json, why_not_json(element), entry);
    ++position;
  }
  return within_limits();
}

// Reads events side by side with commas between. Returns where the first that is not JSON begins, or `end`.
Result<std::size_t> PayloadReader::State::read_range(std::size_t begin, std::size_t end, EntryWriter& entry) {
  const std::uint64_t bytes = end - begin > kKeptCapacity ? JsonIndex::memory_for(end - begin) : 0;
  if (bytes > 0 && memory != nullptr && !memory->take(bytes))
    return refuse(PayloadFault::no_memory, "Sluice reads as much as it may at a time; send it again in a second");
  struct Return {
    ParseMemory* memory;
    JsonIndex& index;
    std::uint64_t bytes;
    ~Return() {
      if (bytes == 0) return;
      index.release();
      if (memory != nullptr) memory->give_back(bytes);
    }
  } const give_back{memory, index, bytes};

  if (!index.scan(inside.substr(begin, end - begin))) return begin;
  tokens += index.size();
  if (tokens > kMaxPayloadTokens)
    return refuse(PayloadFault::over_a_limit,
                  fmt::format("the payload has more than {} values, names, brackets and commas; send it in parts",
                              kMaxPayloadTokens));
  walk.start(index);
  for (std::uint32_t token = 0; token < walk.size(); ++token) {
    const std::size_t event_begin = begin + walk.offset(token);
    if (auto within = within_limits(); !within) return tl::unexpected(within.error());
    token = read_event(token, entry);
    if (token == JsonWalk::kInvalid) return event_begin;
    ++position;
    if (token == walk.size()) return end;
  }
  return begin + walk.offset(walk.size() - 1);  // a comma, and no event behind it
}

// Returns the token after the event, or kInvalid.
std::uint32_t PayloadReader::State::read_event(std::uint32_t token, EntryWriter& entry) {
  if (walk.at(token) != '{') {
    const std::uint32_t after = walk.check_value(token);
    if (after == JsonWalk::kInvalid || !ends_event(after)) return JsonWalk::kInvalid;
    set_aside(walk.text(token, after), UnusableReason::not_an_object,
              fmt::format("is {}; expected an object with a \"kind\"", json_type(walk.at(token))), entry);
    return after;
  }

  const std::uint32_t after = event.take(token);
  if (after == JsonWalk::kInvalid || !ends_event(after)) return JsonWalk::kInvalid;
  const auto kind = event.value(MemberName::kind);
  if (!kind) {
    set_aside(walk.text(token, after), UnusableReason::no_kind, "has no \"kind\"; expected one such as \"feature\"",
              entry);
  } else if (walk.at(*kind) != '"') {
    set_aside(walk.text(token, after), UnusableReason::kind_is_no_string,
              fmt::format("has a \"kind\" that is {}; expected a string", json_type(walk.at(*kind))), entry);
  } else if (event.depth() > kMaxEventDepth) {
    set_aside(walk.text(token, after), UnusableReason::nested_too_deep,
              fmt::format("is nested {} deep; at most {} are taken", event.depth(), kMaxEventDepth), entry);
  } else {
    compose(event_kind_sent(walk.inside(*kind)), *kind, entry);
  }
  return after;
}

// Asked before each event, and after the last.
Result<void> PayloadReader::State::within_limits() {
  if (position > kMaxPayloadEvents)
    return refuse(PayloadFault::over_a_limit,
                  fmt::format("the payload has more than {} events; send it in parts", kMaxPayloadEvents));
  if (unusable_total > kMaxUnusableEvents)
    return refuse(PayloadFault::over_a_limit,
                  fmt::format("more than {} events of the payload are unusable; expected objects with a \"kind\"",
                              kMaxUnusableEvents));
  return {};
}

bool PayloadReader::State::left_out(const EventMember& member, EventKind kind) const {
  if (member.superseded) return true;
  if (member.name == MemberName::kind || member.name == MemberName::id || member.name == MemberName::housekeeping ||
      member.name == MemberName::track_events)
    return true;
  return null_is_absent(member.name, kind) && walk.at(member.at.value) == 'n';
}

// Appends the tokens without the whitespace between them; returns where the key's string starts in `out`, or 0 if the
// key is not among them.
std::size_t PayloadReader::State::append_tokens(std::uint32_t first, std::uint32_t after, std::uint32_t key_token,
                                                std::string& out) const {
  if (walk.compact()) {
    const bool has_key = key_token >= first && key_token < after;
    const std::size_t key_at = has_key ? out.size() + walk.offset(key_token) - walk.offset(first) : 0;
    out.append(walk.text(first, after));
    return key_at;
  }
  std::size_t key_at = 0;
  for (std::uint32_t token = first; token < after; ++token) {
    if (token == key_token) key_at = out.size();
    out.append(walk.text(token));
  }
  return key_at;
}

// Events that are not evaluations are always exported.
FlagVerdict PayloadReader::State::ask(EventKind kind, std::optional<std::uint32_t> key_token) {
  if (flags == nullptr || !key_token || !is_evaluation(kind)) return {};
  FlagEvaluation evaluation;
  evaluation.kind = kind;
  evaluation.key = walk.inside(*key_token);
  std::optional<std::uint32_t> variation, value;
  if (kind == EventKind::migration_op) {
    const auto inner = event.value(MemberName::evaluation);
    variation = walk.find_in_checked(*inner, "variation");
    value = walk.find_in_checked(*inner, "value");
  } else {
    variation = event.value(MemberName::variation);
    value = event.value(MemberName::value);
  }
  if (variation) {
    const std::string_view text = walk.text(*variation);
    const char* end = text.data() + text.size();
    if (const auto read = std::from_chars(text.data(), end, evaluation.variation); read.ptr != end)
      evaluation.variation = -1;
  }
  if (value) evaluation.value = walk.text(*value, walk.skip_checked(*value));
  evaluation.in_experiment = event.in_experiment();
  const auto track_events = event.value(MemberName::track_events);
  evaluation.track_events = track_events && walk.at(*track_events) == 't';
  return flags->verdict(evaluation);
}

// {flag: {counters: [{count}]}}. Other shapes count as zero and are exported as sent.
void PayloadReader::State::tell_summary() const {
  const auto features = event.value(MemberName::features);
  if (!features || walk.at(*features) != '{') return;
  for (std::uint32_t name = *features + 1; walk.at(name) == '"'; ++name) {
    flags->summarized(walk.inside(name), summarized_evaluations(name + 2));
    name = walk.skip_checked(name + 2);
  }
}

std::uint64_t PayloadReader::State::summarized_evaluations(std::uint32_t flag_token) const {
  const auto counters = walk.find_in_checked(flag_token, "counters");
  if (!counters || walk.at(*counters) != '[') return 0;
  std::uint64_t sum = 0;
  for (std::uint32_t counter = *counters + 1; walk.at(counter) != ']'; counter += walk.at(counter) == ',') {
    if (const auto count = walk.find_in_checked(counter, "count")) {
      const std::string_view text = walk.text(*count);
      std::uint32_t read = 0;  // a larger count is none that one SDK came to
      if (std::from_chars(text.data(), text.data() + text.size(), read).ec == std::errc()) sum += read;
    }
    counter = walk.skip_checked(counter);
  }
  return sum;
}

void PayloadReader::State::note_creation() {
  const auto value = event.value(MemberName::creation_date);
  if (!value) return;
  const std::string_view text = walk.text(*value);
  double ms = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size())
    newest_creation_ms = std::max(newest_creation_ms, ms);
}

void PayloadReader::State::compose(EventKind kind, std::uint32_t kind_token, EntryWriter& entry) {
  if (derived) note_creation();
  if (kind == EventKind::summary && flags != nullptr) tell_summary();
  const auto key = event_key(event, kind);
  const FlagVerdict verdict = ask(kind, key);
  if (!verdict.exported) {
    ++not_exported;
    return;
  }
  std::string& out = entry.json();
  const std::size_t start = out.size();
  const std::uint32_t key_token = key.value_or(JsonWalk::kInvalid);
  std::size_t key_at = 0;

  constexpr std::string_view kBeforeId = ",\"id\":\"";
  char id[kBeforeId.size() + ObjectId::kHexDigits + 1];
  std::copy(kBeforeId.begin(), kBeforeId.end(), id);
  const ObjectId event_id = derived ? derived->of(position) : minter.mint(received_ms);
  event_id.write_hex(id + kBeforeId.size());
  id[sizeof id - 1] = '"';
  out.append("{\"kind\":"sv).append(walk.text(kind_token)).append(id, sizeof id);
  if (derived) entry.note_id(out.size() - start - (ObjectId::kHexDigits + 1));

  // Members that stay are copied in runs, with the commas between them.
  const std::vector<EventMember>& members = event.members();
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (left_out(members[i], kind)) continue;
    const std::uint32_t first = members[i].at.name;
    while (i + 1 < members.size() && !left_out(members[i + 1], kind)) ++i;
    out.push_back(',');
    key_at = std::max(key_at, append_tokens(first, members[i].at.after, key_token, out));
  }

  // A migration's variation is inside its evaluation, which is passed through as sent.
  if (!verdict.variation_name.empty() && kind != EventKind::migration_op && !event.value(MemberName::variation_name))
    out.append(",\"variationName\":"sv).append(verdict.variation_name);
  if (takes_context_keys(kind) && !event.value(MemberName::context_keys) && !event.context_members().empty()) {
    const std::size_t before = out.size();
    out.append(",\"contextKeys\":"sv);
    if (!append_context_keys(walk, event.context_members(), out)) out.resize(before);
  }
  out.push_back('}');

  const std::size_t key_size = key_at > 0 ? walk.inside(key_token).size() : 0;
  const bool indexed = key_size > 0 && key_size <= std::numeric_limits<std::uint16_t>::max();
  entry.end_event(kind, event_version(event, kind, schema), event.in_experiment(),
                  indexed ? static_cast<std::uint32_t>(key_at + 1 - start) : 0,
                  indexed ? static_cast<std::uint16_t>(key_size) : std::uint16_t{0});
}

void PayloadReader::State::set_aside(std::string_view bytes, UnusableReason reason, std::string why,
                                     EntryWriter& entry) {
  ++unusable_counts[static_cast<std::size_t>(reason)];
  ++unusable_total;
  constexpr std::uint8_t kNoVersion = 2;
  entry.json().append(reason == UnusableReason::too_large ? bytes.substr(0, kStoredOfTooLarge) : bytes);
  entry.end_event(EventKind::unusable, kNoVersion, false, 0, 0);
  if (unusable.size() < kMaxUnusableReported)
    unusable.push_back({position, fmt::format("event {} {}", position, why), bytes});
}

void PayloadReader::State::set_aside_too_large(std::string_view bytes, EntryWriter& entry) {
  set_aside(bytes, UnusableReason::too_large,
            fmt::format("has {} bytes; at most {} are taken", bytes.size(), kMaxEventBytes), entry);
  ++position;
}

std::string PayloadReader::State::why_not_json(std::string_view text) const {
  constexpr std::size_t kExplained = std::size_t{64} << 10;  // the check that says why is slow
  if (text.size() > kExplained || unusable.size() >= kMaxUnusableReported) return "is not JSON";
  const auto valid = check_json(text);
  return valid ? "is not JSON" : fmt::format("is not JSON: {} of the event", valid.error().message);
}

tl::unexpected<Error> PayloadReader::State::refuse(PayloadFault why, std::string message) {
  fault = why;
  return tl::unexpected(Error{std::move(message)});
}

// `at`: an offset in the array that is not past what is wrong.
tl::unexpected<Error> PayloadReader::State::refuse_body(std::size_t at) {
  const std::size_t first = skip_space(body, 0);
  const auto wrong = [this](std::string message) { return refuse(PayloadFault::not_an_array, std::move(message)); };
  if (first == body.size()) return wrong("the body is empty; expected a JSON array of events");
  if (body.size() > kWindowBytes)  // the check that says what is wrong is slow
    return wrong(body[first] == '['
                     ? fmt::format("the body is not a JSON array: something is wrong at or behind byte {}", at)
                     : "the body is not a JSON array; expected '[' and events");
  if (const auto valid = check_json(body); !valid)
    return wrong(fmt::format("the body is not JSON: {}", valid.error().message));
  if (body[first] != '[')
    return wrong(fmt::format("the body is {}; expected a JSON array of events", json_type(body[first])));
  return wrong("the body could not be read as JSON; please report it");
}

}  // namespace sluice::event
