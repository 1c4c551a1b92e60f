#include "journal/segment_format.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "journal/cursor_store.h"
#include "journal/segment_summary.h"
#include "storage/file_system_fake.h"

namespace sluice::journal {
namespace {

SegmentHeader example_segment() {
  SegmentHeader header;
  header.number = 1795416000;
  header.identity = 0x0123456789ABCDEF;
  header.segment_bytes = 128ull << 20;
  header.created_ms = 1795416000123;
  header.first_sequence = 1;
  return header;
}

FrameHeader example_frame(std::string_view payload) {
  FrameHeader frame;
  frame.payload_bytes = static_cast<std::uint32_t>(payload.size());
  frame.payload_crc = frame_payload_crc(payload, frame_seed(example_segment()));
  frame.sequence = 1;
  frame.received_ms = 1795416000456;
  frame.durable_before = kSegmentHeaderBytes;
  frame.environment = *ObjectId::parse("578d1e02d2943862c52b9681");
  for (std::uint8_t i = 0; i < 16; ++i) frame.dedupe_key[i] = i;
  frame.counts[static_cast<std::size_t>(event::EventKind::feature)] = 2;
  frame.counts[static_cast<std::size_t>(event::EventKind::identify)] = 1;
  return frame;
}

std::string hex_lines(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 16 == 0) text += fmt::format("{}{:04x} ", i == 0 ? "" : "\n", i);
    text += fmt::format(" {:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return text + "\n";
}

// The lines of the page between ```hex NAME and ```.
std::string on_the_page(const std::string& name) {
  std::ifstream file(SLUICE_JOURNAL_FORMAT_PAGE);
  std::stringstream page;
  page << file.rdbuf();
  const std::string text = page.str();
  const std::string fence = "```hex " + name + "\n";
  const std::size_t begin = text.find(fence);
  if (begin == std::string::npos) return "there is no such example";
  return text.substr(begin + fence.size(), text.find("```", begin + fence.size()) - begin - fence.size());
}

TEST(SegmentFormat, is_what_the_page_says) {
  const SegmentHeader segment = example_segment();
  EXPECT_EQ(hex_lines(encode_segment_header(segment).substr(0, 60)), on_the_page("segment-header"));
  std::string bytes;
  append_frame_header(bytes, example_frame("hello"), frame_seed(segment));
  bytes += "hello";
  bytes.resize(example_frame("hello").frame_bytes());
  EXPECT_EQ(hex_lines(bytes), on_the_page("frame"));
}

TEST(SegmentFormat, a_cursor_is_what_the_page_says) {
  storage::FakeFileSystem files(1);
  const ObjectId destination = *ObjectId::parse("610addeadbeefaa86ec9a7d4");
  auto cursor = CursorFile::open("/cursors", destination, files);
  ASSERT_TRUE(cursor);
  ASSERT_TRUE((*cursor)->save({make_position(1795416000, 4184), 3, 100, 60000, 1, 700, 0, 0, CursorUnit::events}));
  EXPECT_EQ(hex_lines(files.bytes("/cursors/610addeadbeefaa86ec9a7d4.cursor").substr(0, 104)), on_the_page("cursor"));
}

TEST(SegmentFormat, a_segment_header_survives_the_loss_of_either_copy) {
  const std::string block = encode_segment_header(example_segment());
  ASSERT_EQ(decode_segment_header(block), example_segment());
  for (std::size_t at = 0; at < block.size(); ++at) {
    std::string bad = block;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    ASSERT_EQ(decode_segment_header(bad), example_segment()) << "byte " << at;
    bad[at < 2048 ? 2048 : 0] ^= 1;
    if (at % 2048 < 60) {
      ASSERT_FALSE(decode_segment_header(bad)) << "byte " << at;
    }
  }
}

TEST(SegmentFormat, no_flipped_bit_of_a_frame_header_goes_unnoticed) {
  const std::uint32_t seed = frame_seed(example_segment());
  std::string bytes;
  append_frame_header(bytes, example_frame("hello"), seed);
  ASSERT_EQ(decode_frame_header(bytes, seed), example_frame("hello"));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string bad = bytes;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    ASSERT_FALSE(decode_frame_header(bad, seed)) << "bit " << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size)
    ASSERT_FALSE(decode_frame_header(std::string_view(bytes).substr(0, size), seed));
}

TEST(SegmentFormat, a_frame_of_another_life_of_the_file_does_not_hold) {
  SegmentHeader other = example_segment();
  ++other.identity;
  std::string bytes;
  append_frame_header(bytes, example_frame("hello"), frame_seed(other));
  EXPECT_FALSE(decode_frame_header(bytes, frame_seed(example_segment())));
  other = example_segment();
  ++other.number;
  EXPECT_NE(frame_seed(other), frame_seed(example_segment()));
  EXPECT_FALSE(payload_holds(example_frame("hello"), "hello", frame_seed(other)));
  EXPECT_TRUE(payload_holds(example_frame("hello"), "hello", frame_seed(example_segment())));
}

TEST(SegmentFormat, an_index_is_read_back_and_no_flipped_bit_goes_unnoticed) {
  SegmentSummary summary;
  summary.next_sequence = 1;
  summary.add(example_frame("hello"), 4184);
  FrameHeader second = example_frame("other");
  second.environment.bytes[0] = 9;
  second.dedupe_key = {};
  second.sequence = 2;
  second.received_ms = 5;
  summary.add(second, 5000);
  const std::string bytes = encode_index(example_segment(), summary);
  const auto read = decode_index(bytes, example_segment());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->end, 5000u);
  EXPECT_EQ(read->next_sequence, 3u);
  EXPECT_EQ(read->oldest_received_ms, 5);
  EXPECT_EQ(read->newest_received_ms, 1795416000456);
  EXPECT_EQ(read->environments.size(), 2u);
  EXPECT_EQ(read->environments.at(second.environment).events, second.counts);
  EXPECT_EQ(read->keys, summary.keys);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string bad = bytes;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    ASSERT_FALSE(decode_index(bad, example_segment())) << "bit " << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size)
    ASSERT_FALSE(decode_index(std::string_view(bytes).substr(0, size), example_segment()));
  SegmentHeader other = example_segment();
  ++other.identity;
  EXPECT_FALSE(decode_index(bytes, other)) << "an index left from an earlier life of the number";
}

TEST(SegmentFormat, finds_a_magic_only_where_frames_can_start) {
  std::string bytes(64, '\0');
  bytes.replace(20, 4, "SFRM");
  EXPECT_EQ(find_frame_magic(bytes, 0), 64u);
  bytes.replace(40, 4, "SFRM");
  EXPECT_EQ(find_frame_magic(bytes, 8), 40u);
  EXPECT_EQ(find_frame_magic(bytes, 48), 64u);
}

}  // namespace
}  // namespace sluice::journal
