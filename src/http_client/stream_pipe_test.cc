#include "http_client/stream_pipe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/notifier.h"
#include "http_client/http_stream_fake.h"

namespace sluice::http_client {
namespace {

struct Counts {
  int ready = 0, wanted = 0;
};

std::shared_ptr<StreamPipe> pipe_of(std::size_t most, Counts& counts) {
  return std::make_shared<StreamPipe>(
      most, [&] { ++counts.ready; }, [&] { ++counts.wanted; });
}

TEST(StreamPipe, gives_what_came_once_and_says_once_that_something_came) {
  Counts counts;
  const auto pipe = pipe_of(100, counts);
  pipe->put_head({200, {{"content-type", "text/plain"}}});
  EXPECT_TRUE(pipe->put("one "));
  EXPECT_TRUE(pipe->put("two"));
  EXPECT_EQ(counts.ready, 1);
  HttpStreamPart part = pipe->take();
  ASSERT_TRUE(part.head);
  EXPECT_EQ(part.head->status, 200);
  EXPECT_EQ(part.head->header("content-type"), "text/plain");
  EXPECT_EQ(part.head->header("content-length"), "");
  EXPECT_EQ(part.bytes, "one two");
  EXPECT_FALSE(part.end);
  part = pipe->take();
  EXPECT_TRUE(!part.head && part.bytes.empty() && !part.end);
  pipe->end({TransportFault::reset, "broke", 502});
  EXPECT_EQ(counts.ready, 2) << "it was taken in between";
  part = pipe->take();
  ASSERT_TRUE(part.end);
  EXPECT_EQ(part.end->fault, TransportFault::reset);
  EXPECT_EQ(part.end->fault_text, "broke");
  EXPECT_EQ(part.end->proxy_status, 502);
  EXPECT_FALSE(pipe->take().end);
}

TEST(StreamPipe, takes_no_more_than_it_may_hold_and_asks_for_more_when_there_is_room) {
  Counts counts;
  const auto pipe = pipe_of(10, counts);
  EXPECT_TRUE(pipe->put("123456789"));
  EXPECT_TRUE(pipe->put("whole, if there is room for a byte"));
  EXPECT_FALSE(pipe->put("x"));
  EXPECT_EQ(counts.wanted, 0);
  EXPECT_EQ(pipe->take().bytes, "123456789whole, if there is room for a byte");
  EXPECT_EQ(counts.wanted, 1);
  EXPECT_EQ(pipe->take().bytes, "");
  EXPECT_EQ(counts.wanted, 1) << "asked for once";
  EXPECT_TRUE(pipe->put("x"));
}

TEST(StreamPipe, has_room_for_one_piece_whatever_its_limit_is) {
  Counts counts;
  const auto pipe = pipe_of(0, counts);
  EXPECT_TRUE(pipe->put("x"));
  EXPECT_FALSE(pipe->put("y"));
}

TEST(StreamPipe, is_quiet_after_it_was_cancelled_and_tells_the_transport) {
  Counts counts;
  const auto pipe = pipe_of(4, counts);
  pipe->put("never taken");
  EXPECT_FALSE(pipe->is_cancelled());
  pipe->cancel();
  EXPECT_TRUE(pipe->is_cancelled());
  EXPECT_EQ(counts.wanted, 1);
  EXPECT_EQ(counts.ready, 1);
  EXPECT_TRUE(pipe->put("what arrives all the same"));
  EXPECT_TRUE(pipe->put("is not kept"));
  pipe->end({});
  const HttpStreamPart part = pipe->take();
  EXPECT_TRUE(part.bytes.empty() && !part.end);
  EXPECT_EQ(counts.ready, 1);
  pipe->cancel();
  EXPECT_EQ(counts.wanted, 1) << "it has ended";
}

TEST(StreamPipe, may_be_cancelled_and_ended_inside_its_calls) {
  std::shared_ptr<StreamPipe> pipe;
  int calls = 0;
  pipe = std::make_shared<StreamPipe>(
      10, [&] { ++calls, pipe->cancel(); }, [&] { ++calls, pipe->end({}); });
  pipe->put_head({});
  EXPECT_EQ(calls, 2);
  pipe->cancel();
  EXPECT_EQ(calls, 2);
}

TEST(StreamPipe, is_used_by_two_threads) {
  constexpr std::size_t kBytes = 3 << 20;
  Notifier ready, wanted;
  StreamPipe pipe(
      1000, [&] { ready.notify(); }, [&] { wanted.notify(); });
  std::thread server([&] {
    std::string piece(777, 'x');
    for (std::size_t sent = 0; sent < kBytes;) {
      const std::string_view next = std::string_view(piece).substr(0, kBytes - sent);
      if (pipe.put(next))
        sent += next.size();
      else
        wanted.wait_us(30'000'000);
    }
    pipe.end({});
  });
  std::size_t taken = 0, largest = 0;
  for (bool ended = false; !ended;) {
    const HttpStreamPart part = pipe.take();
    taken += part.bytes.size();
    largest = std::max(largest, part.bytes.size());
    ended = part.end.has_value();
    if (!ended) ready.wait_us(30'000'000);
  }
  server.join();
  EXPECT_EQ(taken, kBytes);
  EXPECT_LE(largest, 1000u + 777u);
}

TEST(HttpStreamTransportFake, plays_a_server_by_hand) {
  ManualClock clock;
  HttpStreamTransportFake transport(&clock);
  int ready = 0;
  HttpStreamRequest request;
  request.request.url = "https://example.com/all";
  request.request.headers = {{"Authorization", "key"}};
  request.max_buffered_bytes = 4;
  auto stream = transport.open(request, [&] { ++ready; });
  ASSERT_EQ(transport.opened(), 1u);
  ServedStreamFake& server = transport.last();
  EXPECT_EQ(server.request().request.url, "https://example.com/all");
  EXPECT_EQ(server.header("authorization"), "key");
  server.event_stream();
  server.bytes(std::string(16 << 10, 'a'));
  server.bytes("held");
  EXPECT_EQ(server.held_bytes(), 4u) << "until the taker has room";
  server.end();
  EXPECT_FALSE(server.is_open());
  EXPECT_EQ(ready, 1);
  HttpStreamPart part = stream->take();
  EXPECT_EQ(part.head->header("content-type"), "text/event-stream");
  EXPECT_EQ(part.bytes.size(), 16u << 10);
  EXPECT_FALSE(part.end) << "what it held comes first";
  part = stream->take();
  EXPECT_EQ(part.bytes, "held");
  EXPECT_TRUE(part.end);
}

TEST(HttpStreamTransportFake, keeps_the_timeouts_of_the_request_by_its_clock) {
  ManualClock clock;
  HttpStreamTransportFake transport(&clock);
  HttpStreamRequest request;
  request.request.timeout_ms = 1'000;
  request.idle_timeout_ms = 5'000;
  auto stream = transport.open(request, [] {});
  auto second = transport.open(request, [] {});
  transport.last().event_stream();
  clock.advance_us(1'000'000);
  transport.expire();
  EXPECT_EQ(stream->take().end->fault, TransportFault::timeout);
  EXPECT_FALSE(second->take().end);
  clock.advance_us(3'999'000);
  transport.last().bytes(":\n");
  clock.advance_us(4'999'000);
  transport.expire();
  EXPECT_FALSE(second->take().end) << "a byte came";
  clock.advance_us(1'000);
  transport.expire();
  EXPECT_EQ(second->take().end->fault, TransportFault::timeout);
  EXPECT_FALSE(transport.last().is_open());
}

TEST(HttpStreamTransportFake, ends_what_is_open_when_it_goes) {
  std::unique_ptr<HttpStream> stream, cancelled;
  {
    HttpStreamTransportFake transport;
    transport.serve_by([](ServedStreamFake& server) { server.event_stream(); });
    HttpStreamRequest request;
    request.max_buffered_bytes = 1;
    stream = transport.open(request, [] {});
    cancelled = transport.open(request, [] {});
    transport.stream(0).bytes(std::string(40 << 10, 'x'));
    cancelled->cancel();
    EXPECT_TRUE(transport.stream(1).is_cancelled());
    EXPECT_FALSE(transport.stream(1).is_open());
    EXPECT_TRUE(transport.stream(0).is_open());
  }
  const HttpStreamPart part = stream->take();
  EXPECT_TRUE(part.head);
  EXPECT_EQ(part.end->fault_text, "stopped");
}

}  // namespace
}  // namespace sluice::http_client
