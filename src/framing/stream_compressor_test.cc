#include "framing/stream_compressor.h"

#include <gtest/gtest.h>

#include "base/rounds_fake.h"
#include "framing/decompress_fake.h"
#include "framing/outbound_fake.h"

namespace sluice::framing {
namespace {

using Format = StreamCompressor::Format;

// Lines that resemble each other, and some that do not.
std::string lines(Random& random, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) {
    out += "{\"kind\":\"feature\",\"key\":\"flag-" + std::to_string(random.below(40)) + "\",\"id\":\"";
    for (int i = 0; i < 24; ++i) out += "0123456789abcdef"[random.below(16)];
    out += "\"}\n";
  }
  return out;
}

TEST(StreamCompressor, gives_a_stream_that_others_read_whatever_the_pieces) {
  for (const Format format : {Format::none, Format::gzip, Format::zstd}) {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
      Random random(seed);
      const std::string raw = lines(random, 3 << 20);
      StreamCompressor compressor(format);
      std::string out;
      for (std::size_t at = 0; at < raw.size();) {
        const std::size_t piece = std::min<std::size_t>(random.below(5000), raw.size() - at);
        compressor.write(std::string_view(raw).substr(at, piece), out);
        at += piece;
      }
      compressor.finish(out);
      EXPECT_EQ(decompressed(out, format), raw) << "seed " << seed;
    }
  }
}

TEST(StreamCompressor, makes_a_whole_stream_of_nothing_and_of_one_huge_event) {
  for (const Format format : {Format::none, Format::gzip, Format::zstd}) {
    for (const std::string& raw : {std::string(), std::string(12 << 20, 'x')}) {
      StreamCompressor compressor(format);
      std::string out;
      compressor.write(raw, out);
      compressor.finish(out);
      EXPECT_EQ(decompressed(out, format), raw);
    }
  }
}

// What is not appended yet is bounded: a stream of 64 MiB comes out while it goes in.
TEST(StreamCompressor, holds_little_of_what_it_was_given) {
  for (const Format format : {Format::gzip, Format::zstd}) {
    Random random(7);
    StreamCompressor compressor(format);
    std::string out, rest;
    for (std::uint64_t i = 0; i < rounds(64); ++i) compressor.write(lines(random, 1 << 20), out);
    compressor.finish(rest);
    EXPECT_GT(out.size(), rounds(4) << 20);
    EXPECT_LT(rest.size(), 512u << 10);
  }
}

}  // namespace
}  // namespace sluice::framing
