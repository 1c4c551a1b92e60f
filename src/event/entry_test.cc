#include "event/entry.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "event/envelope.h"
#include "event/fixtures_fake.h"

namespace sluice::event {
namespace {

const ObjectId kProject = *ObjectId::parse("5744c96707c9900708000004");
const ObjectId kEnvironment = *ObjectId::parse("578d1e02d2943862c52b9686");

void add(EntryWriter& writer, std::string_view json, EventKind kind, std::uint32_t key_offset = 0,
         std::uint16_t key_size = 0) {
  writer.json().append(json);
  writer.end_event(kind, 2, false, key_offset, key_size);
}

std::string finished(const EntryWriter& writer) {
  std::string bytes;
  writer.finish(bytes);
  return bytes;
}

std::string small_entry() {
  PayloadSource source;
  source.sdk = "demo/1";
  source.schema = 4;
  EntryWriter writer;
  writer.begin(kProject, kEnvironment, 1'700'000'000'000, source);
  add(writer, R"({"kind":"custom","id":"6553f1000000000000000000","key":"buy"})", EventKind::custom, 56, 3);
  return finished(writer);
}

constexpr std::string_view kHeadAsSent = "POST /mobile\r\nuser-agent: demo/1\r\n\r\n";

std::string entry_with_original() {
  PayloadSource source;
  source.sdk = "demo/1";
  source.schema = 4;
  source.credential = CredentialKind::mobile_key;
  EntryWriter writer;
  writer.begin(kProject, kEnvironment, 1'700'000'000'000, source);
  add(writer, R"({"kind":"custom","id":"6553f1000000000000000000","key":"buy"})", EventKind::custom, 56, 3);
  writer.set_original(kHeadAsSent, "[{}]");
  return finished(writer);
}

std::string hex_lines(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    text += fmt::format("{:02x}{}", static_cast<unsigned char>(bytes[i]),
                        i % 16 == 15 || i + 1 == bytes.size() ? "\n" : " ");
  return text;
}

TEST(Entry, of_before_credentials_were_stored_reads_as_sent_with_an_sdk_key) {
  std::string bytes = small_entry();
  EXPECT_EQ(EntryView::open(bytes)->source().credential, CredentialKind::sdk_key);
  bytes[1] = '\xc8';  // a schema of 200, which no SDK has
  EXPECT_EQ(EntryView::open(bytes)->source().credential, CredentialKind::sdk_key);
  PayloadSource source;
  source.schema = 200;
  source.credential = CredentialKind::mobile_key;
  EntryWriter writer;
  writer.begin(kProject, kEnvironment, 0, source);
  bytes = finished(writer);
  EXPECT_EQ(EntryView::open(bytes)->source().schema, kMaxStoredSchema);
  EXPECT_EQ(EntryView::open(bytes)->source().credential, CredentialKind::mobile_key);
}

TEST(Entry, gives_back_what_was_written) {
  PayloadSource source{"NodeJSClient/9.13.7",         "wrap/1", "application-id/a", "instance", "payload", 4, true,
                       CredentialKind::client_side_id};
  EntryWriter writer;
  writer.begin(kProject, kEnvironment, -5, source);
  add(writer, R"({"kind":"feature","key":"f1"})", EventKind::feature, 25, 2);
  writer.json().append("half an event");
  writer.discard_event();
  writer.json().append("{}");
  writer.end_event(EventKind::summary, 1, true, 0, 0);
  add(writer, "", EventKind::unusable);

  const std::string bytes = finished(writer);
  EXPECT_EQ(bytes.size(), writer.finished_size());
  const auto entry = EntryView::open(bytes);
  ASSERT_TRUE(entry.has_value()) << entry.error().message;
  EXPECT_EQ(entry->project(), kProject);
  EXPECT_EQ(entry->environment(), kEnvironment);
  EXPECT_EQ(entry->received_ms(), -5);
  EXPECT_EQ(entry->source().sdk, source.sdk);
  EXPECT_EQ(entry->source().wrapper, source.wrapper);
  EXPECT_EQ(entry->source().tags, source.tags);
  EXPECT_EQ(entry->source().instance_id, source.instance_id);
  EXPECT_EQ(entry->source().payload_id, source.payload_id);
  EXPECT_EQ(entry->source().schema, 4);
  EXPECT_EQ(entry->source().credential, CredentialKind::client_side_id);
  EXPECT_TRUE(entry->source().unsummarized);
  ASSERT_EQ(entry->event_count(), 3u);

  EntryView::Walk position;
  EventSlot event;
  ASSERT_TRUE(entry->next(position, event));
  EXPECT_EQ(event.json, R"({"kind":"feature","key":"f1"})");
  EXPECT_EQ(event.key, "f1");
  EXPECT_EQ(event.kind, EventKind::feature);
  EXPECT_EQ(event.version, 2);
  EXPECT_FALSE(event.in_experiment);
  ASSERT_TRUE(entry->next(position, event));
  EXPECT_EQ(event.json, "{}");
  EXPECT_EQ(event.kind, EventKind::summary);
  EXPECT_EQ(event.version, 1);
  EXPECT_TRUE(event.in_experiment);
  ASSERT_TRUE(entry->next(position, event));
  EXPECT_EQ(event.kind, EventKind::unusable);
  EXPECT_FALSE(entry->next(position, event));
  EXPECT_EQ(writer.counts()[static_cast<std::size_t>(EventKind::feature)], 1u);
}

TEST(Entry, a_writer_starts_afresh_and_appends) {
  EntryWriter writer;
  writer.begin(kProject, kEnvironment, 1, {});
  add(writer, "{}", EventKind::custom);
  const std::string first = finished(writer);
  writer.begin(kProject, kEnvironment, 1, {});
  EXPECT_EQ(writer.event_count(), 0u);
  add(writer, "{}", EventKind::custom);
  std::string out = "before";
  writer.finish(out);
  EXPECT_EQ(out, "before" + first);
}

TEST(Entry, long_texts_of_the_source_are_cut) {
  const std::string tags(kMaxSourceText + 1, 't');
  PayloadSource source;
  source.tags = tags;
  EntryWriter writer;
  writer.begin(kProject, kEnvironment, 1, source);
  EXPECT_EQ(EntryView::open(finished(writer))->source().tags.size(), kMaxSourceText);
}

TEST(Entry, every_shorter_or_longer_piece_is_refused) {
  const std::string bytes = small_entry();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto entry = EntryView::open(std::string_view(bytes).substr(0, size));
    EXPECT_FALSE(entry.has_value()) << size;
  }
  EXPECT_FALSE(EntryView::open(bytes + "x").has_value());
}

TEST(Entry, an_unknown_kind_is_read_as_other) {
  std::string bytes = small_entry();
  bytes[56 + 6 + 10] = 15;
  const auto entry = EntryView::open(bytes);
  ASSERT_TRUE(entry.has_value());
  EntryView::Walk position;
  EventSlot event;
  ASSERT_TRUE(entry->next(position, event));
  EXPECT_EQ(event.kind, EventKind::other);
}

TEST(Entry, damaged_bytes_are_refused_or_safe_to_walk) {
  const std::uint64_t seed = 20261123;
  SCOPED_TRACE(seed);
  Random random(seed);
  const std::string goods[] = {small_entry(), entry_with_original()};
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = goods[round % 2];
    for (std::uint64_t changes = 1 + random.below(3); changes > 0; --changes)
      bytes[random.below(bytes.size())] = static_cast<char>(random.next());
    const auto entry = EntryView::open(bytes);
    if (!entry) continue;
    EntryView::Walk position;
    EventSlot event;
    std::size_t walked = 0;
    while (entry->next(position, event)) walked += event.json.size() + event.key.size();
    EXPECT_LE(walked, 2 * bytes.size());
  }
}

// The example under a heading of the page.
void expect_example(const std::string& heading, const std::string& entry) {
  SCOPED_TRACE(heading);
  const auto page = source_directory() / "docs" / "entry-format.md";
  std::string text = read_file(page);
  const std::string fence = "```\n";
  const auto at = text.find("\n" + heading + "\n");
  ASSERT_NE(at, std::string::npos);
  const auto begin = text.find(fence, at) + fence.size();
  const auto end = text.find(fence, begin);
  ASSERT_NE(end, std::string::npos);
  if (updating_goldens()) {
    text.replace(begin, end - begin, hex_lines(entry));
    write_file(page, text);
    return;
  }
  EXPECT_EQ(text.substr(begin, end - begin), hex_lines(entry));
}

TEST(Entry, is_laid_out_as_the_page_says) {
  expect_example("## Example", small_entry());
  expect_example("## Example with an original", entry_with_original());
}

TEST(Entry, holds_the_payload_as_sent_behind_its_events) {
  const std::string bytes = entry_with_original();
  const auto entry = EntryView::open(bytes);
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(entry->event_count(), 2u);
  EXPECT_EQ(entry->source().credential, CredentialKind::mobile_key);
  EntryView::Walk position;
  EventSlot event;
  ASSERT_TRUE(entry->next(position, event));
  EXPECT_EQ(event.kind, EventKind::custom);
  EXPECT_EQ(event.key, "buy");
  ASSERT_TRUE(entry->next(position, event));
  EXPECT_EQ(event.kind, EventKind::original);
  EXPECT_EQ(event.json, std::string(kHeadAsSent) + "[{}]");
  EXPECT_EQ(event.key, "");
  EXPECT_FALSE(entry->next(position, event));
}

TEST(Entry, may_hold_the_payload_as_sent_alone) {
  EntryWriter writer;
  writer.begin(kProject, kEnvironment, 1, {});
  writer.set_original(kHeadAsSent, "[]");
  EXPECT_EQ(writer.event_count(), 0u);
  EXPECT_TRUE(writer.has_original());
  EXPECT_EQ(writer.counts()[static_cast<std::size_t>(EventKind::original)], 1u);
  EXPECT_EQ(event_total(writer.counts()), 0u);
  const std::string bytes = finished(writer);
  EXPECT_EQ(bytes.size(), writer.finished_size());
  EXPECT_EQ(EntryView::open(bytes)->event_count(), 1u);
  writer.begin(kProject, kEnvironment, 1, {});
  EXPECT_FALSE(writer.has_original()) << "it was the last entry's";
  EXPECT_EQ(EntryView::open(finished(writer))->event_count(), 0u);
}

// An older version must stop at it, and this one at what a later version adds.
TEST(Entry, says_in_its_head_that_it_has_an_original_and_is_refused_when_that_is_not_so) {
  constexpr std::size_t kFlags = 2, kRows = 56 + 6, kRow = 12, kKind = 10;
  std::string bytes = entry_with_original();
  EXPECT_EQ(bytes[kFlags], 2);
  EXPECT_FALSE(EntryView::of_later_version(bytes));
  bytes[kFlags] = 6;
  EXPECT_TRUE(EntryView::of_later_version(bytes));
  bytes[kFlags] = 0;
  EXPECT_FALSE(EntryView::open(bytes)) << "an original that the head does not know of";
  bytes = entry_with_original();
  bytes[kRows + kRow + kKind] = static_cast<char>(EventKind::custom);
  EXPECT_FALSE(EntryView::open(bytes)) << "none, and the head says otherwise";
  bytes = entry_with_original();
  bytes[kRows + kKind] = static_cast<char>(EventKind::original);
  EXPECT_FALSE(EntryView::open(bytes)) << "two";
  for (const std::size_t with_key : {4u, 8u, 11u}) {
    bytes = entry_with_original();
    bytes[kRows + kRow + with_key] = 1;
    EXPECT_FALSE(EntryView::open(bytes)) << with_key;
  }
  EntryWriter writer;
  writer.begin(kProject, kEnvironment, 1, {});
  bytes = finished(writer);
  bytes[kFlags] = 2;
  EXPECT_FALSE(EntryView::open(bytes)) << "no rows";
}

TEST(EventKinds, an_original_is_selected_by_no_name_and_by_no_default) {
  EXPECT_FALSE(EventKindSet::defaults().has(EventKind::original));
  for (const EventKindRow& row : kEventKinds)
    EXPECT_EQ(is_export_event(row.kind), row.kind != EventKind::unusable && row.kind != EventKind::original)
        << row.name;
  for (const std::string_view name : {"original", "(original)"}) EXPECT_EQ(event_kind_named(name), EventKind::other);
  EventKindCounts counts{};
  counts[static_cast<std::size_t>(EventKind::feature)] = 3;
  counts[static_cast<std::size_t>(EventKind::original)] = 2;
  EXPECT_EQ(event_total(counts), 3u);
}

TEST(Envelope, can_leave_the_newline_out_and_writes_what_it_appends) {
  const std::string bytes = small_entry();
  const auto entry = EntryView::open(bytes);
  EntryView::Walk position;
  EventSlot event;
  ASSERT_TRUE(entry->next(position, event));
  const std::string bare = R"({"project":"5744c96707c9900708000004","environment":"578d1e02d2943862c52b9686",)"
                           R"("event":{"kind":"custom","id":"6553f1000000000000000000","key":"buy"},"version":2})";
  for (const bool newline : {false, true}) {
    const EnvelopeWriter envelope(*entry, {newline});
    std::string appended = "x";
    envelope.append(appended, event);
    EXPECT_EQ(appended, "x" + bare + (newline ? "\n" : ""));
    std::string written(envelope.size(event), '\0');
    EXPECT_EQ(envelope.write(written.data(), event), written.data() + written.size());
    EXPECT_EQ("x" + written, appended);
  }
}

}  // namespace
}  // namespace sluice::event
