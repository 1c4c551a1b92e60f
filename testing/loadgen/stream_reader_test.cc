#include "loadgen/stream_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace loadgen {
namespace {

const std::string kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n";

// As it is when the bytes come in pieces of this size.
StreamReader read_in_pieces(const std::string& bytes, std::size_t size) {
  StreamReader reader;
  for (std::size_t at = 0; at < bytes.size(); at += size) EXPECT_TRUE(reader.take(bytes.substr(at, size)));
  return reader;
}

TEST(StreamReader, counts_the_events_however_they_are_cut) {
  const std::string bytes =
      kHead +
      "1e\r\nevent: put\ndata: {\"a\":\"\\n\"}\n\n\r\n2\r\n:\n\r\n14\r\nevent: ping\ndata:  \n\r\n1\r\n\n\r\n0\r\n\r\n";
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    const StreamReader reader = read_in_pieces(bytes, size);
    EXPECT_EQ(reader.status(), 200u) << size;
    EXPECT_EQ(reader.events(), 2u) << size;
    EXPECT_TRUE(reader.ended()) << size;
  }
}

TEST(StreamReader, counts_no_event_that_is_not_complete_and_no_comment) {
  const StreamReader reader = read_in_pieces(kHead + "14\r\n:\n\n:\n\nevent: put\nda", 3);
  EXPECT_EQ(reader.events(), 0u);
  EXPECT_FALSE(reader.ended());
}

TEST(StreamReader, reads_an_answer_without_chunks) {
  EXPECT_EQ(read_in_pieces("HTTP/1.1 200 OK\r\n\r\ndata: 1\n\ndata: 2\n\ndata", 4).events(), 2u);
}

TEST(StreamReader, knows_a_refusal_and_what_is_no_answer) {
  EXPECT_EQ(read_in_pieces("HTTP/1.1 503 Service Unavailable\r\n\r\n", 7).status(), 503u);
  EXPECT_FALSE(StreamReader().take("SSH-2.0-OpenSSH_9.2\r\n"));
  EXPECT_FALSE(StreamReader().take(kHead + "no size\r\n"));
}

}  // namespace
}  // namespace loadgen
