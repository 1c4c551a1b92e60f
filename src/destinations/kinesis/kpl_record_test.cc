#include "destinations/kinesis/kpl_record.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <fstream>
#include <string>
#include <vector>

#include "destinations/kinesis/put_records_request.h"
#include "destinations/kinesis/sink_rig_fake.h"
#include "framing/record_packer.h"

namespace sluice::kinesis {
namespace {

constexpr std::string_view kKey = "abcdefgh";
constexpr HashKey kLargest = ~HashKey{0};

// As a consumer reads it: nothing of what the writer assumes.
struct Aggregated {
  std::vector<std::string> partition_keys, hash_keys;
  struct Inner {
    std::uint64_t partition_key = 99, hash_key = 99;
    std::string data;
  };
  std::vector<Inner> records;
};

std::uint64_t read_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.at(0));
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

std::string_view read_bytes(std::string_view& bytes) {
  const std::uint64_t size = read_varint(bytes);
  const std::string_view text = bytes.substr(0, size);
  EXPECT_EQ(text.size(), size);
  bytes.remove_prefix(text.size());
  return text;
}

Aggregated::Inner read_inner(std::string_view bytes) {
  Aggregated::Inner inner;
  while (!bytes.empty()) {
    switch (read_varint(bytes)) {
      case 1 << 3:
        inner.partition_key = read_varint(bytes);
        break;
      case 2 << 3:
        inner.hash_key = read_varint(bytes);
        break;
      case 3 << 3 | 2:
        inner.data = read_bytes(bytes);
        break;
      default:
        ADD_FAILURE() << "a field that the format does not have";
        return inner;
    }
  }
  return inner;
}

Aggregated read_kpl(std::string_view bytes) {
  Aggregated aggregated;
  EXPECT_EQ(bytes.substr(0, 4), "\xf3\x89\x9a\xc2");
  std::string_view message = bytes.substr(4, bytes.size() - 20);
  unsigned char digest[EVP_MAX_MD_SIZE];
  EXPECT_EQ(EVP_Digest(message.data(), message.size(), digest, nullptr, EVP_md5(), nullptr), 1);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(digest), 16), bytes.substr(bytes.size() - 16));
  while (!message.empty()) {
    switch (read_varint(message)) {
      case 1 << 3 | 2:
        aggregated.partition_keys.emplace_back(read_bytes(message));
        break;
      case 2 << 3 | 2:
        aggregated.hash_keys.emplace_back(read_bytes(message));
        break;
      case 3 << 3 | 2:
        aggregated.records.push_back(read_inner(read_bytes(message)));
        break;
      default:
        ADD_FAILURE() << "a field that the format does not have";
        return aggregated;
    }
  }
  return aggregated;
}

framing::Record record_of(std::size_t events, std::size_t json_bytes) {
  framing::Record record;
  for (auto& event : make_events(events, json_bytes)) record.events.push_back(std::move(event));
  return record;
}

std::string written(const framing::Record& record, HashKey hash_key) {
  std::string out(kpl_size(record, kKey, hash_key) + 1, '#');
  const char* const end = write_kpl(out.data(), record, kKey, hash_key);
  EXPECT_EQ(end, out.data() + out.size() - 1) << "the size is exact";
  EXPECT_EQ(out.back(), '#');
  out.pop_back();
  return out;
}

std::string line(const exporting::OutboundEvent& event) {
  std::string text;
  event.entry->envelope.append(text, event.slot);
  return text;
}

TEST(KplRecord, consumers_read_every_event_and_both_keys_of_the_record) {
  const framing::Record record = record_of(60, 400);
  const Aggregated read = read_kpl(written(record, kLargest / 3));
  EXPECT_EQ(read.partition_keys, std::vector<std::string>{std::string(kKey)});
  EXPECT_EQ(read.hash_keys, std::vector<std::string>{hash_key_text(kLargest / 3)});
  ASSERT_EQ(read.records.size(), record.events.size());
  for (std::size_t i = 0; i < read.records.size(); ++i) {
    EXPECT_EQ(read.records[i].partition_key, 0u);
    EXPECT_EQ(read.records[i].hash_key, 0u);
    EXPECT_EQ(read.records[i].data, line(record.events[i]));
  }
}

// Sizes around each length of a varint, with the shortest and the longest hash key.
TEST(KplRecord, its_size_is_known_exactly_before_it_is_written) {
  const std::size_t envelope = make_events(1, 20)[0].record_size() - 20;
  for (const std::size_t limit : {std::size_t{128}, std::size_t{16'384}, std::size_t{2'097'152}}) {
    for (std::size_t line_bytes = limit - 8; line_bytes < limit + 2; ++line_bytes) {
      if (line_bytes < envelope + 20) continue;
      const framing::Record record = record_of(2, line_bytes - envelope);
      ASSERT_EQ(record.events[0].record_size(), line_bytes);
      for (const HashKey hash_key : {HashKey{0}, kLargest})
        EXPECT_EQ(read_kpl(written(record, hash_key)).records[1].data, line(record.events[1]));
    }
  }
}

TEST(KplRecord, the_packer_reserves_for_the_longest_hash_key) {
  constexpr std::uint32_t kKeyBytes = kPartitionKeyBytes;
  framing::RecordPacker packer(framing::Encoding::kpl,
                               {.record_bytes = framing::default_record_bytes(framing::Encoding::kpl),
                                .max_events = framing::kMaxEvents,
                                .linger_us = 0,
                                .key_bytes = kKeyBytes,
                                .fixed_bytes = kpl_fixed_bytes(kKeyBytes),
                                .event_bytes = kpl_event_bytes});
  for (auto& event : make_events(400, 300)) packer.put(std::move(event));
  const auto record = packer.take(0, false);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->bytes, kpl_size(*record, kKey, kLargest));
  EXPECT_EQ(record->bytes, kpl_size(*record, kKey, 0) + kMaxHashKeyDigits - 1);
  EXPECT_LE(record->bytes + kKeyBytes, 51'200u);
  EXPECT_GE(record->bytes + kKeyBytes, 51'200u * 95 / 100);
}

// For libraries of other hands to read: tests/integration/encodings.test.js.
TEST(KplRecord, writes_a_sample_when_asked) {
  const char* const path = std::getenv("SLUICE_KPL_SAMPLE");
  if (path == nullptr) GTEST_SKIP() << "SLUICE_KPL_SAMPLE is not set";
  std::ofstream(path, std::ios::binary) << written(record_of(80, 400), kLargest / 7);
}

}  // namespace
}  // namespace sluice::kinesis
