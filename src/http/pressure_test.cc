// What a server does when there is too little of something: memory for bodies, connections, time. The fast and the busy
// are served; who only holds things goes.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "http/address_count.h"
#include "http/body_memory.h"
#include "http/padded_buffer.h"
#include "http/raw_client_fake.h"
#include "http/server.h"
#include "http/turn.h"

namespace sluice::http {
namespace {

// Decides by the path, and says how large a body was.
struct Doorman {
  std::mutex mutex;
  std::condition_variable arrived;
  std::deque<HttpResponder> held;
  std::atomic<bool> is_ready{true};
  std::atomic<int> asked{0};

  HttpResponder take() {
    std::unique_lock lock(mutex);
    const bool came = arrived.wait_for(lock, std::chrono::seconds(20), [this] { return !held.empty(); });
    SLUICE_CHECK(came, "a request for /hold arrives");
    HttpResponder responder = std::move(held.front());
    held.pop_front();
    return responder;
  }
};

class DoorHandler final : public HttpHandler {
 public:
  explicit DoorHandler(Doorman& doorman) : doorman_(doorman) {}
  Admission admit(const HttpRequest& request) override {
    ++doorman_.asked;
    Admission admission;
    admission.refused = request.path == "/refused";
    if (request.path == "/small") admission.max_body_bytes = 1000;
    if (request.path == "/of-one") admission.owner = 1;
    if (request.path == "/of-two") admission.owner = 2;
    return admission;
  }
  bool ready(const HttpRequest& request) override { return request.path != "/when-ready" || doorman_.is_ready; }
  void handle(const HttpRequest& request, HttpResponder responder) override {
    if (request.path == "/hold") {
      const std::lock_guard lock(doorman_.mutex);
      doorman_.held.push_back(std::move(responder));
      return doorman_.arrived.notify_one();
    }
    HttpResponse response;
    if (request.path == "/refused") response.status = 401;
    response.body = std::to_string(request.body.size());
    responder(std::move(response));
  }

 private:
  Doorman& doorman_;
};

struct Door {
  Doorman doorman;
  std::unique_ptr<HttpServer> server;
  explicit Door(const HttpLimits& limits) {
    auto started = HttpServer::start("127.0.0.1:0", 1, limits, std::nullopt,
                                     [this](unsigned) { return std::make_unique<DoorHandler>(doorman); });
    EXPECT_TRUE(started.has_value());
    server = std::move(*started);
  }
  std::unique_ptr<RawClient> connect() const { return std::make_unique<RawClient>(server->address()); }
  std::uint64_t cuts(Cut cut) const { return server->stats().cuts[static_cast<std::size_t>(cut)]; }
};

template <typename Condition>
bool holds_in_time(Condition condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

std::string head_of(std::string_view path, std::size_t length) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

constexpr const char* kAsk = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";

TEST(Pressure, a_request_that_is_refused_anyway_is_answered_before_its_body_comes) {
  Door door({});
  const auto client = door.connect();
  const RawResponse response = client->ask(head_of("/refused", 1 << 20));
  EXPECT_EQ(response.status, 401u);
  EXPECT_EQ(response.header("connection"), "close");
  EXPECT_TRUE(client->closed());
  const auto chunked = door.connect();
  EXPECT_EQ(chunked->ask("POST /refused HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab").status,
            401u);
  const auto careful = door.connect();
  EXPECT_EQ(
      careful->ask("POST /refused HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n").status,
      401u);
}

TEST(Pressure, what_came_whole_costs_no_question_and_keeps_its_connection) {
  Door door({});
  const auto client = door.connect();
  EXPECT_EQ(client->ask(post_text("/refused", "body")).header("connection"), "");
  EXPECT_EQ(client->ask(post_text("/other", "body")).body, "4");
  EXPECT_EQ(door.doorman.asked, 0);
}

TEST(Pressure, a_handler_sets_a_lower_limit_for_one_body) {
  HttpLimits limits;
  limits.too_large_status = 413;
  Door door(limits);
  EXPECT_EQ(door.connect()->ask(head_of("/small", 1001)).status, 413u);
  const auto chunked = door.connect();
  ASSERT_TRUE(chunked->send("POST /small HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3e9"));
  EXPECT_TRUE(holds_in_time([&] { return door.doorman.asked == 2; }));
  EXPECT_EQ(chunked->ask("\r\n" + std::string(1001, 'x')).status, 413u);
  const auto fits = door.connect();
  ASSERT_TRUE(fits->send(head_of("/small", 1000)));
  EXPECT_EQ(fits->ask(std::string(1000, 'x')).body, "1000");
}

TEST(Pressure, what_a_header_announces_takes_no_memory) {
  HttpLimits limits;
  limits.max_buffered_bytes = 1 << 20;
  Door door(limits);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 100; ++i) {
    slow.push_back(door.connect());
    ASSERT_TRUE(slow.back()->send(head_of("/slow", 16 << 20) + "x"));
  }
  EXPECT_TRUE(holds_in_time([&] { return door.doorman.asked == 100; }));
  EXPECT_LE(door.server->stats().buffered_bytes, 100 * PaddedBuffer::kKeptBytes);
  EXPECT_EQ(door.connect()->ask(post_text("/x", std::string(100'000, 'x'))).status, 200u);
}

TEST(Pressure, the_slowest_body_goes_first_when_the_memory_is_full) {
  HttpLimits limits;
  limits.max_buffered_bytes = 2 << 20;
  limits.max_body_bytes = 1 << 20;
  limits.keep_alive_ms = 1000;  // ticks come often
  Door door(limits);
  // The pool is full, each owner within its share, and the room to finish taken: what comes now finds nothing.
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(door.connect());
    ASSERT_TRUE(slow.back()->send(head_of(i % 2 == 0 ? "/of-one" : "/of-two", 1 << 20) + std::string(250'000, 'x')));
  }
  const auto fast = door.connect();
  EXPECT_EQ(fast->ask(post_text("/fast", std::string(900'000, 'x'))).body, "900000");
  EXPECT_EQ(door.cuts(Cut::memory_full), 0u);
}

TEST(Pressure, slow_bodies_are_answered_503_and_closed_when_others_need_their_memory) {
  HttpLimits limits;
  limits.max_buffered_bytes = 1 << 20;
  limits.max_body_bytes = 1 << 20;
  Door door(limits);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 8; ++i) {  // one address: its share is half of the memory
    slow.push_back(door.connect());
    ASSERT_TRUE(slow.back()->send(head_of("/slow", 1 << 20) + std::string(60'000, 'x')));
  }
  // Room to finish is there for two; the third of these needs what the slow ones hold.
  std::vector<std::unique_ptr<RawClient>> busy;
  for (int i = 0; i < 2; ++i) {
    busy.push_back(door.connect());
    ASSERT_TRUE(busy.back()->send(post_text("/hold", std::string(700'000, 'x'))));
  }
  HttpResponder first = door.doorman.take(), second = door.doorman.take();
  const auto fast = door.connect();
  EXPECT_EQ(fast->ask(post_text("/fast", std::string(400'000, 'x'))).body, "400000");
  EXPECT_GE(door.cuts(Cut::body_evicted), 1u);
  std::size_t evicted = 0;
  for (auto& each : slow) {
    if (evicted == door.cuts(Cut::body_evicted)) break;
    if (each->receive().status == 503u) ++evicted;
  }
  first(HttpResponse{});
  second(HttpResponse{});
  EXPECT_EQ(busy[0]->receive().status, 200u);
  EXPECT_EQ(busy[1]->receive().status, 200u);
}

TEST(Pressure, headers_that_never_end_hold_no_memory_against_bodies) {
  HttpLimits limits;
  limits.max_buffered_bytes = 512 << 10;
  limits.max_body_bytes = 256 << 10;
  Door door(limits);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(door.connect());
    ASSERT_TRUE(slow.back()->send("GET / HTTP/1.1\r\nHost: t\r\nX-Long: " + std::string(60'000, 'x')));
  }
  EXPECT_EQ(door.connect()->ask(post_text("/x", std::string(200'000, 'x'))).status, 200u);
}

TEST(Pressure, many_large_bodies_at_once_are_queued_and_all_taken) {
  constexpr int kBodies = 40;
  HttpLimits limits;
  limits.max_buffered_bytes = 4 << 20;
  limits.max_body_bytes = 2 << 20;
  limits.max_wait_ms = 20'000;
  Door door(limits);
  std::vector<std::thread> clients;
  std::atomic<int> taken = 0;
  for (int i = 0; i < kBodies; ++i)
    clients.emplace_back([&] {
      if (door.connect()->ask(post_text("/x", std::string(1'900'000, 'x'))).body == "1900000") ++taken;
    });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(taken, kBodies);
  EXPECT_TRUE(holds_in_time([&] { return door.server->stats().buffered_bytes == 0; }));
}

TEST(Pressure, a_body_waits_for_memory_for_so_long_and_then_gets_503) {
  HttpLimits limits;
  limits.max_buffered_bytes = 1 << 20;
  limits.max_body_bytes = 1 << 20;
  limits.max_wait_ms = 50;
  Door door(limits);
  std::vector<std::unique_ptr<RawClient>> busy;
  std::vector<HttpResponder> held;
  constexpr std::size_t kSizes[] = {500'000, 1'000'000, 700'000};  // its share, and the room to finish
  for (int i = 0; i < 3; ++i) {
    busy.push_back(door.connect());
    ASSERT_TRUE(busy.back()->send(post_text("/hold", std::string(kSizes[i], 'x'))));
    held.push_back(door.doorman.take());
  }
  const auto late = door.connect();
  ASSERT_TRUE(late->send(head_of("/x", 1'000'000)));
  late->send(std::string(1'000'000, 'x'));
  EXPECT_EQ(late->receive().status, 503u);
  EXPECT_EQ(door.cuts(Cut::memory_full), 1u);
  for (HttpResponder& each : held) each(HttpResponse{});
  for (auto& each : busy) EXPECT_EQ(each->receive().status, 200u);
  EXPECT_EQ(door.connect()->ask(post_text("/x", std::string(1'000'000, 'x'))).status, 200u);
}

TEST(Turn, lasts_as_long_as_others_get_room_and_not_for_ever) {
  HttpLimits limits;
  limits.max_wait_ms = 3'000;
  limits.max_turn_ms = 30'000;
  EXPECT_FALSE(waited_enough(limits, 3'000, 3'000));
  EXPECT_TRUE(waited_enough(limits, 3'001, 3'001));
  EXPECT_FALSE(waited_enough(limits, 10, 1'000'000)) << "nobody waited before";
  EXPECT_FALSE(waited_enough(limits, 30'000, 3'000));
  EXPECT_TRUE(waited_enough(limits, 30'000, 3'001));
  EXPECT_TRUE(waited_enough(limits, 30'001, 0));
  limits.max_wait_ms = 60'000;
  EXPECT_FALSE(waited_enough(limits, 60'000, 60'000)) << "who set it wants it";
  limits.max_wait_ms = 0;
  EXPECT_TRUE(waited_enough(limits, 1, 1));
}

// Bodies that fill what one environment may hold, and one that is held beside them.
TEST(Pressure, bodies_wait_longer_than_max_wait_while_others_get_room) {
  constexpr std::size_t kBodies = 8;
  constexpr std::int64_t kPaceMs = 150;
  HttpLimits limits;
  limits.max_buffered_bytes = 1 << 20;
  limits.max_body_bytes = 1 << 20;
  limits.max_wait_ms = 600;
  Door door(limits);
  const SystemClock clock;
  std::vector<std::unique_ptr<RawClient>> clients;
  std::vector<std::thread> senders;
  for (std::size_t i = 0; i < kBodies; ++i) {
    clients.push_back(door.connect());
    senders.emplace_back([client = clients.back().get()] {
      EXPECT_TRUE(client->send(head_of("/hold", 1'000'000)));
      client->send(std::string(1'000'000, 'x'));
    });
  }
  const std::int64_t began_us = clock.steady_us();
  for (std::size_t i = 0; i < kBodies; ++i) {
    HttpResponder held = door.doorman.take();
    const std::int64_t due_us = began_us + static_cast<std::int64_t>(i + 1) * kPaceMs * 1000;
    EXPECT_TRUE(holds_in_time([&] { return clock.steady_us() >= due_us; }));
    held(HttpResponse{});
  }
  for (std::thread& sender : senders) sender.join();
  for (auto& client : clients) EXPECT_EQ(client->receive().status, 200u);
  EXPECT_EQ(door.cuts(Cut::memory_full), 0u);
}

TEST(Pressure, what_came_whole_does_not_wait_for_what_is_held) {
  HttpLimits limits;
  limits.max_buffered_bytes = 1 << 20;
  limits.max_body_bytes = 1 << 20;
  limits.max_wait_ms = 0;
  Door door(limits);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 12; ++i) {
    slow.push_back(door.connect());
    ASSERT_TRUE(slow.back()->send(head_of("/slow", 1 << 20) + std::string(60'000, 'x')));
  }
  EXPECT_TRUE(holds_in_time([&] { return door.server->stats().buffered_bytes > 400'000; }));
  for (int i = 0; i < 50; ++i) ASSERT_EQ(door.connect()->ask(post_text("/fast", std::string(5000, 'x'))).body, "5000");
  EXPECT_EQ(door.connect()
                ->ask("POST /fast HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n")
                .body,
            "2");
}

TEST(Pressure, a_request_waits_until_its_handler_is_ready_and_not_for_ever) {
  HttpLimits limits;
  limits.max_wait_ms = 10'000;
  Door door(limits);
  door.doorman.is_ready = false;
  const auto client = door.connect();
  ASSERT_TRUE(client->send(post_text("/when-ready", "body")));
  EXPECT_EQ(door.connect()->ask(post_text("/other", "b")).status, 200u);
  door.doorman.is_ready = true;
  EXPECT_EQ(client->receive().body, "4");
  limits.max_wait_ms = 30;
  Door impatient(limits);
  impatient.doorman.is_ready = false;
  EXPECT_EQ(impatient.connect()->ask(post_text("/when-ready", "body")).body, "4");
}

TEST(Pressure, a_new_connection_takes_the_place_of_an_idle_one) {
  HttpLimits limits;
  limits.max_connections = 2;
  Door door(limits);
  const auto oldest = door.connect(), idle = door.connect();
  EXPECT_EQ(oldest->ask(kAsk).status, 200u);
  EXPECT_EQ(idle->ask(kAsk).status, 200u);
  const auto fresh = door.connect();
  EXPECT_EQ(fresh->ask(kAsk).status, 200u);
  EXPECT_TRUE(oldest->closed());
  EXPECT_EQ(idle->ask(kAsk).status, 200u);
  EXPECT_EQ(door.cuts(Cut::idle_recycled), 1u);
  EXPECT_EQ(door.server->stats().connections_refused, 0u);
}

TEST(Pressure, idle_connections_go_before_those_without_a_complete_header) {
  HttpLimits limits;
  limits.max_connections = 2;
  Door door(limits);
  const auto header = door.connect();
  ASSERT_TRUE(header->send("GET / HTTP/1.1\r\n"));
  const auto idle = door.connect();
  EXPECT_EQ(idle->ask(kAsk).status, 200u);
  const auto first = door.connect();
  ASSERT_TRUE(first->send(post_text("/hold", "x")));
  HttpResponder responder = door.doorman.take();
  EXPECT_TRUE(idle->closed());
  EXPECT_EQ(door.connect()->ask(kAsk).status, 200u);
  EXPECT_TRUE(header->closed());
  EXPECT_EQ(door.cuts(Cut::header_recycled), 1u);
  responder(HttpResponse{});
  EXPECT_EQ(first->receive().status, 200u);
}

TEST(Pressure, connections_at_work_are_not_closed_and_one_more_gets_503) {
  HttpLimits limits;
  limits.max_connections = 2;
  Door door(limits);
  std::vector<std::unique_ptr<RawClient>> busy;
  std::vector<HttpResponder> held;
  for (int i = 0; i < 2; ++i) {
    busy.push_back(door.connect());
    ASSERT_TRUE(busy.back()->send(post_text("/hold", "x")));
    held.push_back(door.doorman.take());
  }
  const auto more = door.connect();
  EXPECT_EQ(more->receive().status, 503u);
  EXPECT_EQ(door.server->stats().connections_refused, 1u);
  EXPECT_EQ(door.cuts(Cut::too_many_connections), 1u);
  for (HttpResponder& each : held) each(HttpResponse{});
  for (auto& each : busy) EXPECT_EQ(each->receive().status, 200u);
  EXPECT_EQ(door.connect()->ask(kAsk).status, 200u);
}

TEST(Pressure, an_address_with_its_share_of_connections_gives_one_of_its_own) {
  HttpLimits limits;
  limits.max_connections_per_address = 2;
  Door door(limits);
  const auto oldest = door.connect(), idle = door.connect();
  EXPECT_EQ(oldest->ask(kAsk).status, 200u);
  EXPECT_EQ(idle->ask(kAsk).status, 200u);
  EXPECT_EQ(door.connect()->ask(kAsk).status, 200u);
  EXPECT_TRUE(oldest->closed());
  const auto one = door.connect(), two = door.connect();
  for (const auto& each : {one.get(), two.get()}) ASSERT_TRUE(each->send(post_text("/hold", "x")));
  HttpResponder first = door.doorman.take(), second = door.doorman.take();
  EXPECT_EQ(door.connect()->receive().status, 503u);
  first(HttpResponse{});
  second(HttpResponse{});
}

TEST(Pressure, a_connection_has_so_long_for_its_first_header_from_the_moment_it_is_accepted) {
  HttpLimits limits;
  limits.header_timeout_ms = 60;
  limits.keep_alive_ms = 60'000;
  Door door(limits);
  const auto used = door.connect();
  EXPECT_EQ(used->ask(kAsk).status, 200u);
  EXPECT_TRUE(door.connect()->closed());
  EXPECT_EQ(door.cuts(Cut::header_timeout), 1u);
  EXPECT_EQ(used->ask(kAsk).status, 200u);
}

TEST(AddressCount, counts_an_ipv6_network_as_one_and_forgets_who_has_left) {
  EXPECT_EQ(counted_address("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(counted_address("2001:db8:0:1::7"), "2001:db8:0:1");
  EXPECT_EQ(counted_address("fe80::1%eth0"), "fe80:0:0:0");
  AddressCount count(2);
  const auto share = count.enter("2001:db8:0:1::7");
  EXPECT_TRUE(share);
  EXPECT_EQ(count.enter("2001:db8:0:1:ffff::1"), share);
  EXPECT_FALSE(count.enter("2001:db8:0:1::8"));
  EXPECT_TRUE(count.enter("2001:db8:0:2::7"));
  EXPECT_EQ(count.addresses(), 2u);
  count.leave(*share);
  EXPECT_EQ(count.enter("2001:db8:0:1::9"), share);
  count.leave(*share);
  count.leave(*share);
  EXPECT_EQ(count.addresses(), 1u);
  AddressCount without(0);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(without.enter("192.0.2.7"));
}

TEST(BodyMemory, an_address_and_an_owner_have_half_of_it_and_all_comes_back) {
  BodyMemory memory(1000, 500);
  AddressCount addresses(0, BodyMemory::share_of(1000));
  {
    BodyAccount one(memory), two(memory), three(memory);
    one.set_address(addresses.enter("192.0.2.1"));
    two.set_address(addresses.enter("192.0.2.1"));
    three.set_address(addresses.enter("192.0.2.2"));
    EXPECT_TRUE(one.take(400));
    EXPECT_FALSE(two.take(101));
    EXPECT_EQ(two.full(), BodyAccount::Full::address);
    EXPECT_TRUE(two.take(100));
    one.set_owner(memory.owner_share(7));
    three.set_owner(memory.owner_share(7));
    EXPECT_FALSE(three.take(101));
    EXPECT_EQ(three.full(), BodyAccount::Full::owner);
    EXPECT_TRUE(three.take(100));
    EXPECT_EQ(memory.used(), 600u);
    one.give_back(400);
    EXPECT_TRUE(three.take(400)) << "what is given back is given back to each share";
  }
  EXPECT_EQ(memory.used(), 0u);
}

TEST(BodyMemory, room_to_finish_is_beside_the_pool_and_comes_back_with_the_rest) {
  BodyMemory memory(1000, 500);
  BodyAccount one(memory), two(memory);
  EXPECT_TRUE(one.take(1000));
  EXPECT_FALSE(one.take(1));
  EXPECT_EQ(one.full(), BodyAccount::Full::pool);
  EXPECT_TRUE(one.grant(500));
  EXPECT_TRUE(one.take(500));
  EXPECT_FALSE(one.take(1));
  EXPECT_FALSE(two.grant((1 << 20) + 1)) << "others finish first";
  one.give_back(1500);
  EXPECT_EQ(memory.used(), 0u);
  EXPECT_TRUE(two.grant((1 << 20) + 1));
}

}  // namespace
}  // namespace sluice::http
