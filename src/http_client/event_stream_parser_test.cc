#include "http_client/event_stream_parser.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/rounds_fake.h"

namespace sluice::http_client {
namespace {

using Events = std::vector<ServerSentEvent>;

struct Reading {
  Events events;
  std::string last_event_id;
  std::optional<std::int64_t> retry_ms;
  bool is_inside_event = false;
  std::string error;
  bool operator==(const Reading&) const = default;
};

Reading read_in(const std::vector<std::string_view>& chunks, std::size_t max_data_bytes = kMaxEventDataBytes) {
  EventStreamParser parser({}, max_data_bytes);
  Reading reading;
  for (const std::string_view chunk : chunks) {
    const auto fed = parser.feed(chunk, [&](ServerSentEvent event) -> Result<void> {
      reading.events.push_back(std::move(event));
      return {};
    });
    if (fed) continue;
    reading.error = fed.error().message;
    break;
  }
  reading.last_event_id = parser.last_event_id();
  reading.retry_ms = parser.retry_ms();
  reading.is_inside_event = parser.is_inside_event();
  return reading;
}

constexpr std::string_view operator""_bytes(const char* text, std::size_t size) { return {text, size}; }

const struct {
  const char* what;
  std::string_view stream;
  Events events;
} kCases[] = {
    {"nothing", "", {}},
    {"one event", "data: a\n\n", {{"message", "a", ""}}},
    {"a type", "event: put\ndata: {}\n\n", {{"put", "{}", ""}}},
    {"a type of the event before is forgotten",
     "event: put\ndata: a\n\ndata: b\n\n",
     {{"put", "a", ""}, {"message", "b", ""}}},
    {"a type without data is forgotten", "event: put\n\ndata: b\n\n", {{"message", "b", ""}}},
    {"the last of two types", "event: a\nevent: b\ndata: c\n\n", {{"b", "c", ""}}},
    {"an empty type", "event: put\nevent\ndata: c\n\n", {{"message", "c", ""}}},
    {"lines of data", "data: YHOO\ndata: +2\ndata: 10\n\n", {{"message", "YHOO\n+2\n10", ""}}},
    {"one space after the colon is none of the value",
     "data:test\n\ndata: test\n\ndata:  test \n\n",
     {{"message", "test", ""}, {"message", "test", ""}, {"message", " test ", ""}}},
    {"fields without a colon", "data\n\ndata\ndata\n\ndata:", {{"message", "", ""}, {"message", "\n", ""}}},
    {"an empty line of data at the end", "data: a\ndata\n\n", {{"message", "a\n", ""}}},
    {"comments", ":\n: test stream\n\ndata: first\n:between\ndata: second\n\n", {{"message", "first\nsecond", ""}}},
    {"colons in the value", "data: a:b: c\n\n", {{"message", "a:b: c", ""}}},
    {"carriage returns", "data: a\rdata: b\r\rdata: c\r\r", {{"message", "a\nb", ""}, {"message", "c", ""}}},
    {"both", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", {{"message", "a\nb", ""}, {"message", "c", ""}}},
    {"a line feed, then a carriage return, are two ends",
     "data: a\n\rdata: b\n\n",
     {{"message", "a", ""}, {"message", "b", ""}}},
    {"an id stays",
     "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
     {{"message", "a", "1"}, {"message", "b", "1"}, {"message", "c", ""}}},
    {"an id without data counts", "id: 7\n\ndata: b\n\n", {{"message", "b", "7"}}},
    {"an id with NUL is ignored",
     "id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n"_bytes,
     {{"message", "a", "1"}, {"message", "b", "1"}}},
    {"unknown fields",
     "foo: bar\nDATA: x\ndatas: x\ndat: x\n data: x\ndata : x\nfoobarbaz\ndata: a\n\n",
     {{"message", "a", ""}}},
    {"a byte order mark",
     "\xEF\xBB\xBF"
     "data: a\n\n",
     {{"message", "a", ""}}},
    {"a byte order mark of an empty line", "\xEF\xBB\xBF\n\ndata: a\n\n", {{"message", "a", ""}}},
    {"two byte order marks",
     "\xEF\xBB\xBF\xEF\xBB\xBF"
     "data: a\n\n",
     {}},
    {"half a byte order mark",
     "\xEF\xBB"
     "data: a\n\n\xEF\xBB\xBF"
     "data: b\ndata: c\n\n",
     {{"message", "c", ""}}},
    {"what is not complete", "data: a\n\ndata: b\n", {{"message", "a", ""}}},
    {"bytes that are no UTF-8", "data: \xff\xc3\n\n", {{"message", "\xff\xc3", ""}}},
    {"NUL in data", "data: a\0b\n\n"_bytes, {{"message", std::string("a\0b", 3), ""}}},
};

TEST(EventStreamParser, reads_what_the_standard_says) {
  for (const auto& c : kCases) EXPECT_EQ(read_in({c.stream}).events, c.events) << c.what;
}

TEST(EventStreamParser, reads_the_same_however_the_stream_is_split) {
  for (const auto& c : kCases) {
    const Reading whole = read_in({c.stream});
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < c.stream.size(); ++i) bytes.push_back(c.stream.substr(i, 1));
    EXPECT_EQ(read_in(bytes), whole) << c.what;
    for (std::size_t first = 0; first <= c.stream.size(); ++first) {
      for (std::size_t second = first; second <= c.stream.size(); ++second) {
        const Reading split =
            read_in({c.stream.substr(0, first), c.stream.substr(first, second - first), c.stream.substr(second)});
        ASSERT_EQ(split, whole) << c.what << " " << first << " " << second;
      }
    }
  }
}

TEST(EventStreamParser, takes_a_retry_of_digits) {
  const struct {
    std::string_view value;
    std::optional<std::int64_t> retry_ms;
  } cases[] = {{"3000", 3000},
               {"0", 0},
               {"007", 7},
               {"", std::nullopt},
               {"3s", std::nullopt},
               {"-1", std::nullopt},
               {"1.5", std::nullopt},
               {"9223372036854775807", INT64_MAX},
               {"922337203685477580000", INT64_MAX}};
  for (const auto& c : cases)
    EXPECT_EQ(read_in({"retry: " + std::string(c.value) + "\n"}).retry_ms, c.retry_ms) << c.value;
  EXPECT_EQ(read_in({"retry: 5\nretry: no\n"}).retry_ms, 5);
}

TEST(EventStreamParser, knows_the_last_id_of_what_was_complete) {
  EXPECT_EQ(read_in({"id: 1\ndata: a\n\nid: 2\ndata: b\n"}).last_event_id, "1");
  EXPECT_EQ(read_in({"id: 1\ndata: a\n\nid: 2\n\n"}).last_event_id, "2");
  EventStreamParser parser("of the stream before");
  std::string id;
  ASSERT_TRUE(parser.feed("data: a\n\n", [&](ServerSentEvent event) -> Result<void> {
    id = event.id;
    return {};
  }));
  EXPECT_EQ(id, "of the stream before");
}

TEST(EventStreamParser, knows_whether_an_event_is_cut) {
  for (const char* cut :
       {"d", "data", "data: a", "data: a\n", "data\n", "event: put\n", ": a comm", "data: a\n\nid: 1\n"})
    EXPECT_TRUE(read_in({cut}).is_inside_event) << cut;
  for (const char* whole : {"", "\n", ":\n", ": comment\n", "data: a\n\n", "data: a\r\r\n", "event: put\n\n"})
    EXPECT_FALSE(read_in({whole}).is_inside_event) << whole;
}

TEST(EventStreamParser, stops_where_an_event_is_refused) {
  EventStreamParser parser;
  int events = 0;
  const auto fed =
      parser.feed("id: 1\ndata: a\n\nid: 2\ndata: b\n\ndata: c\n\n", [&](ServerSentEvent event) -> Result<void> {
        ++events;
        if (event.data == "b") return fail("no JSON");
        return {};
      });
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().message, "no JSON");
  EXPECT_EQ(events, 2);
}

TEST(EventStreamParser, takes_data_up_to_its_limit_and_names_it_beyond) {
  // The end of each line counts.
  EXPECT_EQ(read_in({"data: 123456789\n\n"}, 10).events, (Events{{"message", "123456789", ""}}));
  EXPECT_EQ(read_in({"data: 123456789\n\ndata: 123456789\n\n"}, 10).events.size(), 2u) << "of one event";
  EXPECT_EQ(read_in({"data: 1234\ndata: 6789\n\n"}, 10).events.size(), 1u);
  for (const char* larger : {"data: 1234567890", "data: 1234\ndata: 67890", "data: 123456789\ndata\n",
                             "data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n"}) {
    const Reading reading = read_in({larger}, 10);
    EXPECT_EQ(reading.error, "An event of the stream has more than 10 B of data.") << larger;
    EXPECT_TRUE(reading.events.empty());
  }
  EXPECT_EQ(kMaxEventDataBytes, 64u << 20);
}

TEST(EventStreamParser, takes_other_values_up_to_their_limit_and_names_it_beyond) {
  const std::string most(kMaxEventFieldBytes, '7');
  EXPECT_EQ(read_in({"event: " + most + "\ndata: a\n\n"}).events.at(0).type, most);
  EXPECT_EQ(read_in({"id: " + most + "\n\n"}).last_event_id, most);
  for (const char* name : {"event", "id", "retry"}) {
    EXPECT_EQ(read_in({name, ": ", most, "7"}).error,
              std::string("A line \"") + name + "\" of the stream has a value of more than 4.0 KiB.");
  }
}

TEST(EventStreamParser, keeps_nothing_of_comments_and_unknown_fields_however_long) {
  const std::string piece(1 << 20, 'x');
  std::vector<std::string_view> chunks{":"};
  for (int i = 0; i < 100; ++i) chunks.push_back(piece);
  chunks.push_back("\n");
  for (int i = 0; i < 100; ++i) chunks.push_back(piece);  // a name without end
  chunks.push_back(":");
  for (int i = 0; i < 100; ++i) chunks.push_back(piece);
  chunks.push_back("\ndata: a\n\n");
  const Reading reading = read_in(chunks, 1 << 20);
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.events, (Events{{"message", "a", ""}}));
}

TEST(EventStreamParser, takes_an_event_of_50_MB_that_comes_in_small_pieces) {
  const std::string piece(16 << 10, 'x');
  EventStreamParser parser;
  std::size_t data_bytes = 0;
  const auto on_event = [&](ServerSentEvent event) -> Result<void> {
    data_bytes = event.data.size();
    return {};
  };
  ASSERT_TRUE(parser.feed("event: put\ndata: ", on_event));
  for (std::size_t fed = 0; fed < (50u << 20); fed += piece.size()) ASSERT_TRUE(parser.feed(piece, on_event));
  ASSERT_TRUE(parser.feed("\n\n", on_event));
  EXPECT_EQ(data_bytes, 50u << 20);
}

// A chunk of carriage returns would take a minute if each line looked for a line feed to the end of the chunk.
TEST(EventStreamParser, takes_time_in_proportion_to_the_bytes) {
  for (const char* line : {"\r", "\n", "data\r", ":\n", "id:\r"}) {
    std::string stream;
    while (stream.size() < (1u << 20)) stream += line;
    const auto started = std::chrono::steady_clock::now();
    EXPECT_EQ(read_in({stream}).error, "");
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(10));
  }
}

TEST(EventStreamParser, reads_random_streams_the_same_in_random_pieces) {
  const std::uint64_t seed = Random::from_system().next();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const std::string_view words[] = {"data", "event", "id",  "retry",        ":",    " ",   "\r",      "\n", "\r\n",
                                    "\n\n", "7",     "xyz", "\xEF\xBB\xBF", "\xEF", "foo", "\0"_bytes};
  for (std::uint64_t round = 0; round < rounds(3'000); ++round) {
    std::string stream;
    for (std::uint64_t n = random.below(60); n > 0; --n) stream += words[random.below(std::size(words))];
    std::vector<std::string_view> pieces;
    for (std::string_view rest = stream; !rest.empty();) {
      const std::size_t size = random.below(std::min<std::size_t>(rest.size(), 9) + 1);
      pieces.push_back(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    ASSERT_EQ(read_in(pieces, 30), read_in({stream}, 30)) << testing::PrintToString(stream);
  }
}

}  // namespace
}  // namespace sluice::http_client
