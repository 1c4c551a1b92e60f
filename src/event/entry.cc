#include "event/entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hex.h"

// The offsets below are those of docs/entry-format.md.
namespace sluice::event {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kFormatAt = 0;
constexpr std::size_t kSchemaAt = 1;
constexpr std::size_t kFlagsAt = 2;
constexpr std::size_t kReservedAt = 3;
constexpr std::size_t kCountAt = 4;
constexpr std::size_t kReceivedAt = 8;
constexpr std::size_t kProjectAt = 16;
constexpr std::size_t kEnvironmentAt = 28;
constexpr std::size_t kJsonSizeAt = 40;
constexpr std::size_t kTextSizesAt = 44;
constexpr std::size_t kTexts = 5;
constexpr std::size_t kPaddingAt = 54;
constexpr std::size_t kHeadSize = 56;

constexpr std::uint8_t kUnsummarized = 1;
constexpr std::uint8_t kHasOriginal = 2;
constexpr std::uint8_t kKnownFlags = kUnsummarized | kHasOriginal;
constexpr unsigned kCredentialShift = 6;  // in the schema's byte

constexpr std::size_t kRowSize = 12;
constexpr std::size_t kRowKeyOffsetAt = 4;
constexpr std::size_t kRowKeySizeAt = 8;
constexpr std::size_t kRowKindAt = 10;
constexpr std::size_t kRowFlagsAt = 11;
constexpr std::uint8_t kRowContextAware = 1;
constexpr std::uint8_t kRowInExperiment = 2;

struct Row {
  std::uint32_t size;
  std::uint32_t key_offset;
  std::uint16_t key_size;
  std::uint8_t kind;
  std::uint8_t flags;
};

Row load_row(const char* at) {
  return {load<std::uint32_t>(at), load<std::uint32_t>(at + kRowKeyOffsetAt), load<std::uint16_t>(at + kRowKeySizeAt),
          load<std::uint8_t>(at + kRowKindAt), load<std::uint8_t>(at + kRowFlagsAt)};
}

// A kind that only a later version knows is, to this one, `other`.
EventKind known_kind(std::uint8_t stored) {
  return stored < kEventKinds.size() ? static_cast<EventKind>(stored) : EventKind::other;
}

std::uint8_t schema_byte(const PayloadSource& source) {
  return static_cast<std::uint8_t>(std::min(source.schema, kMaxStoredSchema) | static_cast<unsigned>(source.credential)
                                                                                   << kCredentialShift);
}

CredentialKind stored_credential(std::uint8_t schema_byte) {
  const unsigned stored = schema_byte >> kCredentialShift;
  return stored < kCredentialKinds ? static_cast<CredentialKind>(stored) : CredentialKind::sdk_key;
}

std::array<std::string_view, kTexts> texts_of(const PayloadSource& source) {
  return {source.sdk, source.wrapper, source.tags, source.instance_id, source.payload_id};
}

}  // namespace

void EntryWriter::begin(ObjectId project, ObjectId environment, std::int64_t received_ms, const PayloadSource& source) {
  json_.clear();
  index_.clear();
  ids_.clear();
  event_start_ = 0;
  original_head_ = original_body_ = {};
  counts_ = {};

  head_.assign(kHeadSize, '\0');
  char* head = head_.data();
  store(head + kFormatAt, kFormat);
  store(head + kSchemaAt, schema_byte(source));
  store(head + kFlagsAt, source.unsummarized ? kUnsummarized : std::uint8_t{0});
  store(head + kReceivedAt, received_ms);
  std::memcpy(head + kProjectAt, project.bytes.data(), ObjectId::kBytes);
  std::memcpy(head + kEnvironmentAt, environment.bytes.data(), ObjectId::kBytes);
  std::size_t size_at = kTextSizesAt;
  for (const std::string_view text : texts_of(source)) {
    const auto size = static_cast<std::uint16_t>(std::min(text.size(), kMaxSourceText));
    store(head_.data() + size_at, size);
    size_at += sizeof size;
    head_.append(text.substr(0, size));
  }
}

void EntryWriter::end_event(EventKind kind, std::uint8_t version, bool in_experiment, std::uint32_t key_offset,
                            std::uint16_t key_size) {
  const std::size_t size = json_.size() - event_start_;
  SLUICE_CHECK(json_.size() <= std::numeric_limits<std::uint32_t>::max(), "an entry's events stay under 4 GiB");
  SLUICE_CHECK(std::size_t{key_offset} + key_size <= size, "an event's key lies within its JSON");
  const auto flags =
      static_cast<std::uint8_t>((version == 2 ? kRowContextAware : 0) | (in_experiment ? kRowInExperiment : 0));
  index_.push_back({static_cast<std::uint32_t>(size), key_offset, key_size, kind, flags});
  ++counts_[static_cast<std::size_t>(kind)];
  event_start_ = json_.size();
}

void EntryWriter::note_id(std::size_t offset) { ids_.push_back(static_cast<std::uint32_t>(event_start_ + offset)); }

void EntryWriter::stamp_ids(std::uint32_t seconds) {
  constexpr std::size_t kDigits = 8;
  std::array<char, kDigits> digits;
  for (std::size_t i = 0; i < kDigits; ++i) digits[i] = kHexDigitsLower[seconds >> (28 - 4 * i) & 15];
  for (const std::uint32_t at : ids_) std::copy(digits.begin(), digits.end(), json_.begin() + at);
  ids_.clear();
}

void EntryWriter::discard_event() { json_.resize(event_start_); }

void EntryWriter::set_original(std::string_view head, std::string_view body) {
  SLUICE_CHECK(!head.empty() && original_head_.empty(), "an entry has one original, and that has a head");
  original_head_ = head;
  original_body_ = body;
  ++counts_[static_cast<std::size_t>(EventKind::original)];
}

std::size_t EntryWriter::finished_size() const {
  return head_.size() + (index_.size() + (has_original() ? 1 : 0)) * kRowSize + event_start_ + original_head_.size() +
         original_body_.size();
}

void EntryWriter::finish(std::string& out) const {
  const std::size_t start = out.size();
  out.reserve(start + finished_size());
  const std::size_t original_size = original_head_.size() + original_body_.size();
  const std::size_t json_size = event_start_ + original_size;
  SLUICE_CHECK(json_size <= std::numeric_limits<std::uint32_t>::max(), "an entry's JSON and original stay under 4 GiB");
  out.append(head_);
  char* head = out.data() + start;
  if (has_original())
    store(head + kFlagsAt, static_cast<std::uint8_t>(load<std::uint8_t>(head + kFlagsAt) | kHasOriginal));
  store(head + kCountAt, event_count() + (has_original() ? 1 : 0));
  store(head + kJsonSizeAt, static_cast<std::uint32_t>(json_size));
  for (const IndexRow& row : index_) append_row(row, out);
  if (has_original()) append_row({static_cast<std::uint32_t>(original_size), 0, 0, EventKind::original, 0}, out);
  out.append(json_, 0, event_start_);
  out.append(original_head_).append(original_body_);
}

void EntryWriter::append_row(const IndexRow& row, std::string& out) {
  char bytes[kRowSize];
  store(bytes, row.size);
  store(bytes + kRowKeyOffsetAt, row.key_offset);
  store(bytes + kRowKeySizeAt, row.key_size);
  store(bytes + kRowKindAt, static_cast<std::uint8_t>(row.kind));
  store(bytes + kRowFlagsAt, row.flags);
  out.append(bytes, kRowSize);
}

Result<EntryView> EntryView::open(std::string_view bytes) {
  if (bytes.size() < kHeadSize)
    return fail(fmt::format("an entry has at least {} bytes, this one {}", kHeadSize, bytes.size()));
  const char* head = bytes.data();
  const auto format = load<std::uint8_t>(head + kFormatAt);
  if (format != kFormat)
    return fail(fmt::format(
        "the entry's format is {}; this version reads {}: a later Sluice wrote it, or it is damaged", format, kFormat));
  const auto flags = load<std::uint8_t>(head + kFlagsAt);
  if ((flags & ~kKnownFlags) != 0 || load<std::uint8_t>(head + kReservedAt) != 0 ||
      load<std::uint16_t>(head + kPaddingAt) != 0)
    return fail("bits of the entry's head that must be 0 are set: it is damaged");

  EntryView view;
  const auto schema = load<std::uint8_t>(head + kSchemaAt);
  view.source_.schema = schema & kMaxStoredSchema;
  view.source_.credential = stored_credential(schema);
  view.source_.unsummarized = (flags & kUnsummarized) != 0;
  view.event_count_ = load<std::uint32_t>(head + kCountAt);
  view.received_ms_ = load<std::int64_t>(head + kReceivedAt);
  std::memcpy(view.project_.bytes.data(), head + kProjectAt, ObjectId::kBytes);
  std::memcpy(view.environment_.bytes.data(), head + kEnvironmentAt, ObjectId::kBytes);

  const std::uint64_t json_size = load<std::uint32_t>(head + kJsonSizeAt);
  const std::uint64_t index_size = std::uint64_t{view.event_count_} * kRowSize;
  std::array<std::size_t, kTexts> text_sizes{};
  std::uint64_t texts_size = 0;
  for (std::size_t i = 0; i < kTexts; ++i) {
    text_sizes[i] = load<std::uint16_t>(head + kTextSizesAt + i * sizeof(std::uint16_t));
    texts_size += text_sizes[i];
  }
  if (const std::uint64_t said = kHeadSize + texts_size + index_size + json_size; said != bytes.size())
    return fail(fmt::format("the entry's head says {} bytes, there are {}", said, bytes.size()));

  std::size_t at = kHeadSize;
  const auto take = [&](std::size_t size) {
    const std::string_view part = bytes.substr(at, size);
    at += size;
    return part;
  };
  view.source_.sdk = take(text_sizes[0]);
  view.source_.wrapper = take(text_sizes[1]);
  view.source_.tags = take(text_sizes[2]);
  view.source_.instance_id = take(text_sizes[3]);
  view.source_.payload_id = take(text_sizes[4]);
  view.index_ = take(index_size);
  view.json_ = take(json_size);

  const bool has_original = (flags & kHasOriginal) != 0;
  if (has_original && view.event_count_ == 0)
    return fail("the entry's head says that it has an original, and it has no rows: it is damaged");
  std::uint64_t events_size = 0;
  for (std::uint32_t i = 0; i < view.event_count_; ++i) {
    const Row row = load_row(view.index_.data() + std::size_t{i} * kRowSize);
    events_size += row.size;
    if (std::uint64_t{row.key_offset} + row.key_size > row.size)
      return fail(fmt::format("the key of event {} lies outside its {} bytes: the entry is damaged", i, row.size));
    if ((row.flags & ~(kRowContextAware | kRowInExperiment)) != 0)
      return fail(fmt::format("bits of event {} that must be 0 are set: the entry is damaged", i));
    const bool is_original = row.kind == static_cast<std::uint8_t>(EventKind::original);
    if (is_original != (has_original && i + 1 == view.event_count_))
      return fail(fmt::format("row {} is {}; the entry's head says otherwise: it is damaged", i,
                              is_original ? "an original" : "no original"));
    if (is_original && (row.key_size != 0 || row.key_offset != 0 || row.flags != 0))
      return fail("the row of the entry's original has a key or flags: it is damaged");
  }
  if (events_size != json_size)
    return fail(fmt::format("the entry's events have {} bytes together, its head says {}", events_size, json_size));
  return view;
}

bool EntryView::of_later_version(std::string_view bytes) {
  if (bytes.empty()) return false;
  if (load<std::uint8_t>(bytes.data() + kFormatAt) != kFormat) return true;
  if (bytes.size() < kHeadSize) return false;
  const char* head = bytes.data();
  return (load<std::uint8_t>(head + kFlagsAt) & ~kKnownFlags) != 0 || load<std::uint8_t>(head + kReservedAt) != 0 ||
         load<std::uint16_t>(head + kPaddingAt) != 0;
}

bool EntryView::next(Walk& position, EventSlot& event) const {
  if (position.next >= event_count_) return false;
  const Row row = load_row(index_.data() + std::size_t{position.next} * kRowSize);
  event.json = json_.substr(position.offset, row.size);
  event.key = event.json.substr(row.key_offset, row.key_size);
  event.kind = known_kind(row.kind);
  event.version = (row.flags & kRowContextAware) != 0 ? 2 : 1;
  event.in_experiment = (row.flags & kRowInExperiment) != 0;
  position.offset += row.size;
  ++position.next;
  return true;
}

}  // namespace sluice::event
