#include "framing/record_packer.h"

#include <gtest/gtest.h>
#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <memory>
#include <string>

#include "framing/outbound_fake.h"

namespace sluice::framing {
namespace {

constexpr std::uint32_t kKeyBytes = 8;
constexpr std::int64_t kLingerUs = 1'000'000;

PackLimits limits(Encoding encoding) {
  const bool compressed = encoding == Encoding::ndjson_gzip || encoding == Encoding::ndjson_zstd;
  return {.record_bytes = default_record_bytes(encoding),
          .max_events = compressed ? kMaxCompressedEvents : kMaxEvents,
          .linger_us = kLingerUs,
          .key_bytes = kKeyBytes};
}

std::string inflated(std::string_view gzip) {
  auto state = std::make_unique<inflate_state>();
  isal_inflate_init(state.get());
  state->crc_flag = ISAL_GZIP;
  std::string out(64u << 20, '\0');
  state->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(gzip.data()));
  state->avail_in = static_cast<std::uint32_t>(gzip.size());
  state->next_out = reinterpret_cast<std::uint8_t*>(out.data());
  state->avail_out = static_cast<std::uint32_t>(out.size());
  EXPECT_EQ(isal_inflate_stateless(state.get()), ISAL_DECOMP_OK);
  out.resize(state->total_out);
  return out;
}

std::string unzstd(std::string_view frame) {
  std::string out(64u << 20, '\0');
  const std::size_t bytes = ZSTD_decompress(out.data(), out.size(), frame.data(), frame.size());
  EXPECT_FALSE(ZSTD_isError(bytes));
  out.resize(bytes);
  return out;
}

std::string lines_of(const Record& record) {
  std::string lines(lines_size(record), '\0');
  write_lines(record, lines.data());
  return lines;
}

// What a consumer reads.
std::string read(Encoding encoding, const Record& record) {
  if (encoding == Encoding::ndjson_gzip) return inflated(record.data);
  if (encoding == Encoding::ndjson_zstd) return unzstd(record.data);
  return lines_of(record);
}

std::uint64_t units(const Record& record) { return (record.bytes + kKeyBytes + kPutUnitBytes - 1) / kPutUnitBytes; }

double fill(const std::vector<Record>& records) {
  std::uint64_t bytes = 0, billed = 0;
  for (const Record& record : records) {
    bytes += record.bytes + kKeyBytes;
    billed += units(record) * kPutUnitBytes;
  }
  return static_cast<double>(bytes) / static_cast<double>(billed);
}

// Puts all events, some at a time, and takes every record that is full.
std::vector<Record> full_records(RecordPacker& packer, const std::vector<exporting::OutboundEvent>& events,
                                 std::size_t at_a_time = 37) {
  std::vector<Record> records;
  for (std::size_t i = 0; i < events.size();) {
    for (std::size_t n = 0; n < at_a_time && i < events.size(); ++n) packer.put(events[i++]);
    while (auto record = packer.take(0, false)) records.push_back(std::move(*record));
  }
  return records;
}

std::vector<exporting::OutboundEvent> events_of(std::size_t count, std::size_t line_bytes) {
  const std::size_t envelope = outbound_events({"{}"})[0].record_size() - 2;
  return outbound_events(
      std::vector<std::string>(count, R"({"pad":")" + std::string(line_bytes - envelope - 10, 'x') + "\"}"));
}

class Packing : public ::testing::TestWithParam<Encoding> {};

TEST_P(Packing, keeps_every_event_once_and_in_order_and_consumers_read_its_line) {
  Random random(3);
  RecordPacker packer(GetParam(), limits(GetParam()));
  const auto events = typical_events(random, 5'000);
  std::vector<Record> records = full_records(packer, events);
  while (auto record = packer.take(0, true)) records.push_back(std::move(*record));
  std::uint64_t ticket = 0;
  for (const Record& record : records) {
    EXPECT_EQ(read(GetParam(), record), lines_of(record));
    EXPECT_EQ(record.bytes, record.data.empty() ? lines_size(record) : record.data.size());
    for (const exporting::OutboundEvent& event : record.events) EXPECT_EQ(event.ticket, ticket++);
  }
  EXPECT_EQ(ticket, events.size());
  EXPECT_EQ(packer.events(), 0u);
  EXPECT_EQ(packer.bytes(), 0u);
}

TEST_P(Packing, fills_95_percent_of_the_units_while_there_are_enough_events) {
  Random random(4);
  RecordPacker packer(GetParam(), limits(GetParam()));
  const std::vector<Record> records = full_records(packer, typical_events(random, 60'000));
  ASSERT_GT(records.size(), 10u);
  EXPECT_GE(fill(records), 0.95);
  for (const Record& record : records)
    EXPECT_LE(record.bytes + kKeyBytes, default_record_bytes(GetParam())) << "no record begins a unit too many";
}

TEST_P(Packing, follows_a_change_of_what_the_events_are) {
  Random random(5);
  RecordPacker packer(GetParam(), limits(GetParam()));
  full_records(packer, typical_events(random, 10'000));
  std::vector<std::string> random_texts;
  for (int i = 0; i < 3'000; ++i) {
    std::string text;
    while (text.size() < 700) text += std::to_string(random.next());
    random_texts.push_back("{\"pad\":\"" + text + "\"}");
  }
  EXPECT_GE(fill(full_records(packer, outbound_events(random_texts))), 0.93);
  EXPECT_GE(fill(full_records(packer, typical_events(random, 20'000))), 0.93);
}

TEST_P(Packing, gives_what_has_lingered_and_says_when_that_is) {
  Random random(6);
  RecordPacker packer(GetParam(), limits(GetParam()));
  EXPECT_EQ(packer.due_us(), INT64_MAX);
  for (auto& event : typical_events(random, 3)) packer.put(event);
  EXPECT_EQ(packer.due_us(), 0) << "the time of waiting is not known yet";
  EXPECT_FALSE(packer.take(5'000, false));
  for (auto& event : typical_events(random, 2)) packer.put(event);
  EXPECT_FALSE(packer.take(9'000, false));
  EXPECT_EQ(packer.due_us(), 5'000 + kLingerUs);
  EXPECT_FALSE(packer.take(4'999 + kLingerUs, false));
  const auto record = packer.take(5'000 + kLingerUs, false);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->events.size(), 5u);
  EXPECT_EQ(packer.due_us(), INT64_MAX);
}

TEST_P(Packing, gives_what_there_is_when_asked_not_to_wait) {
  Random random(7);
  RecordPacker packer(GetParam(), limits(GetParam()));
  packer.put(typical_events(random, 1)[0]);
  EXPECT_FALSE(packer.take(0, false));
  EXPECT_EQ(packer.take(0, true)->events.size(), 1u);
  EXPECT_FALSE(packer.take(0, true));
}

TEST_P(Packing, an_event_larger_than_a_record_goes_alone) {
  Random random(8);
  std::string noise;
  while (noise.size() < 800'000) noise += std::to_string(random.next());
  RecordPacker packer(GetParam(), limits(GetParam()));
  std::vector<std::string> jsons(3, typical_event(random));
  jsons[1] = "{\"pad\":\"" + noise + "\"}";
  std::vector<Record> records = full_records(packer, outbound_events(jsons), 1);
  while (auto record = packer.take(0, true)) records.push_back(std::move(*record));
  bool alone = false;
  for (const Record& record : records) {
    if (record.bytes > default_record_bytes(GetParam())) {
      EXPECT_EQ(record.events.size(), 1u);
      alone = record.events[0].ticket == 1;
    }
  }
  EXPECT_TRUE(alone);
}

TEST_P(Packing, lines_of_a_record_stay_under_4_MiB) {
  RecordPacker packer(GetParam(), limits(GetParam()));
  const std::vector<Record> records = full_records(packer, events_of(100, 100'000));
  ASSERT_FALSE(records.empty());
  for (const Record& record : records) EXPECT_LE(lines_size(record), kMaxLinesBytes);
}

TEST_P(Packing, halves_of_a_refused_record_hold_its_events_and_can_be_read) {
  Random random(9);
  RecordPacker packer(GetParam(), limits(GetParam()));
  for (auto& event : typical_events(random, 7)) packer.put(event);
  Record whole = *packer.take(0, true);
  const std::string lines = lines_of(whole);
  const auto [first, second] = packer.split(std::move(whole));
  EXPECT_EQ(first.events.size(), 3u);
  EXPECT_EQ(second.events.size(), 4u);
  EXPECT_EQ(read(GetParam(), first) + read(GetParam(), second), lines);
  EXPECT_EQ(second.bytes, second.data.empty() ? lines_size(second) : second.data.size());
}

TEST_P(Packing, gives_the_same_bytes_of_the_same_events) {
  std::string seen[2];
  for (std::string& text : seen) {
    Random random(10);
    RecordPacker packer(GetParam(), limits(GetParam()));
    for (const Record& record : full_records(packer, typical_events(random, 3'000))) text += record.data;
  }
  EXPECT_EQ(seen[0], seen[1]);
}

INSTANTIATE_TEST_SUITE_P(RecordPacker, Packing,
                         ::testing::Values(Encoding::ndjson, Encoding::ndjson_gzip, Encoding::ndjson_zstd),
                         [](const auto& each) {
                           std::string name(framing::encoding_name(each.param));
                           for (char& c : name)
                             if (c == '+') c = '_';
                           return name;
                         });

// 500 lines of 130 bytes are 2.54 units: 393 fill two.
TEST(RecordPacker, small_events_that_meet_the_limit_of_events_still_fill_their_units) {
  RecordPacker packer(Encoding::ndjson, limits(Encoding::ndjson));
  const std::vector<Record> records = full_records(packer, events_of(5'000, 130));
  for (const Record& record : records) EXPECT_LE(record.events.size(), kMaxEvents);
  EXPECT_GE(fill(records), 0.95);
}

// 5,000 equal lines compress to a part of a unit.
TEST(RecordPacker, compressed_events_end_at_their_limit_however_small_they_get) {
  RecordPacker packer(Encoding::ndjson_zstd, limits(Encoding::ndjson_zstd));
  const std::vector<Record> records = full_records(packer, events_of(20'000, 130));
  ASSERT_FALSE(records.empty());
  EXPECT_EQ(records.back().events.size(), kMaxCompressedEvents);
}

TEST(RecordPacker, its_target_is_rounded_down_to_whole_units) {
  PackLimits two_and_a_half = limits(Encoding::ndjson);
  two_and_a_half.record_bytes = 64'000;
  RecordPacker packer(Encoding::ndjson, two_and_a_half);
  for (const Record& record : full_records(packer, events_of(1'000, 200))) EXPECT_EQ(units(record), 2u);
}

// Noise first, then what compresses to nothing: no ratio of the whole tells how many events fit.
TEST(RecordPacker, ends_its_search_also_when_lines_follow_no_ratio) {
  Random random(11);
  std::vector<std::string> jsons;
  for (int i = 0; i < 300; ++i) {
    std::string text;
    while (text.size() < 2'000) text += static_cast<char>('!' + 2 + random.below(57));
    jsons.push_back("{\"pad\":\"" + text + "\"}");
  }
  for (int i = 0; i < 1'700; ++i) jsons.push_back("{\"pad\":\"" + std::string(1'000, 'x') + "\"}");
  RecordPacker packer(Encoding::ndjson_gzip, limits(Encoding::ndjson_gzip));
  for (auto& event : outbound_events(jsons)) packer.put(event);
  std::size_t events = 0;
  while (auto record = packer.take(0, true)) {
    events += record->events.size();
    EXPECT_LE(units(*record), 4u);
  }
  EXPECT_EQ(events, jsons.size());
}

// An encoding that adds 71 bytes to a record and 10 to an event.
TEST(RecordPacker, counts_what_the_encoding_adds) {
  PackLimits with_frames = limits(Encoding::kpl);
  with_frames.fixed_bytes = 71;
  with_frames.event_bytes = [](std::uint64_t line_bytes) { return line_bytes + 10; };
  RecordPacker packer(Encoding::kpl, with_frames);
  const std::vector<Record> records = full_records(packer, events_of(2'000, 190));
  ASSERT_FALSE(records.empty());
  for (const Record& record : records) {
    EXPECT_EQ(record.bytes, 71 + record.events.size() * 200);
    EXPECT_EQ(record.events.size(), (51'200 - kKeyBytes - 71) / 200);
  }
}

}  // namespace
}  // namespace sluice::framing
