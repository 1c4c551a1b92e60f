// The event source on CurlTransport, against a scripted server on loopback: what comes over a network.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/rounds_fake.h"
#include "base/worker.h"
#include "http_client/curl_transport.h"
#include "http_client/event_source.h"
#include "http_client/gzip_fake.h"
#include "http_client/http_server_fake.h"
#include "http_client/pem_file_fake.h"

namespace sluice::http_client {
namespace {

using Connection = HttpServerFake::Connection;
using Request = HttpServerFake::Request;
using Answer = HttpServerFake::Answer;

// Records on the source's thread what a test waits for on its own.
class WaitingReceiver final : public EventSourceReceiver {
 public:
  std::optional<EventSourceProblem> on_connected(const HttpStreamHead&) override {
    note([this] { ++connected_; });
    return std::nullopt;
  }
  Result<void> on_event(ServerSentEvent event) override {
    note([&] { events_.push_back(std::move(event)); });
    return {};
  }
  void on_problem(const EventSourceProblem& problem) override {
    note([&] { problems_.push_back(problem); });
  }
  bool wait_for(std::size_t events, std::size_t problems, std::size_t connected = 0) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] {
      return events_.size() >= events && problems_.size() >= problems && connected_ >= connected;
    });
  }
  std::vector<ServerSentEvent> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  std::vector<EventSourceProblem> problems() {
    const std::lock_guard lock(mutex_);
    return problems_;
  }

 private:
  void note(const std::function<void()>& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ServerSentEvent> events_;
  std::vector<EventSourceProblem> problems_;
  std::size_t connected_ = 0;
};

// A source that steps on a thread of its own until it goes.
class RunningSource {
 public:
  RunningSource(EventSourceSettings settings, HttpStreamTransport& transport)
      : source(std::move(settings), transport, clock_, Random(1), notifier_, receiver),
        worker_(worker_threads().start("test-source", notifier_, [this] { return source.step(); })) {}
  RunningSource(const RunningSource&) = delete;
  RunningSource& operator=(const RunningSource&) = delete;
  ~RunningSource() {
    source.cancel();
    worker_->join();
  }

 private:
  SystemClock clock_;
  Notifier notifier_;

 public:
  WaitingReceiver receiver;
  EventSource source;

 private:
  std::unique_ptr<Worker> worker_;
};

EventSourceSettings quick(const std::string& url) {
  EventSourceSettings settings;
  settings.url = url;
  settings.first_delay_ms = 1;
  settings.most_delay_ms = 10;
  return settings;
}

TEST(EventSourceConnection, begins_anew_after_half_a_line_and_a_reset) {
  Notifier received;
  std::atomic<int> requests = 0;
  HttpServerFake server([&](const Request& request) {
    return HttpServerFake::event_stream(
        [&, number = ++requests, id = request.header("last-event-id")](Connection& connection) {
          if (number == 1) {
            connection.send("id: 1\ndata: a\n\ndata: half a li");
            received.wait_us(30'000'000);
            return connection.reset();
          }
          connection.send("data: after " + id + "\n\n");
          connection.wait_for_close();
        });
  });
  CurlTransport transport;
  RunningSource running(quick(server.url() + "/all"), transport);
  ASSERT_TRUE(running.receiver.wait_for(1, 0));
  received.notify();
  ASSERT_TRUE(running.receiver.wait_for(2, 1, 2));
  EXPECT_EQ(running.receiver.events()[1].data, "after 1");
  const EventSourceProblem problem = running.receiver.problems()[0];
  EXPECT_EQ(problem.fault, TransportFault::reset);
  EXPECT_NE(problem.text.find("An event was not complete."), std::string::npos) << problem.text;
  EXPECT_EQ(problem.place, server.url() + "/all");
}

TEST(EventSourceConnection, takes_no_event_from_garbage) {
  std::string garbage;
  Random random(7);
  while (garbage.size() < 200'000) garbage += static_cast<char>(random.below(256));
  std::atomic<int> requests = 0;
  HttpServerFake server([&](const Request&) {
    if (++requests == 1) return Answer{garbage, true};
    return HttpServerFake::event_stream([&](Connection& connection) {
      connection.send(garbage + "\n\ndata: a\n\n");
      connection.wait_for_close();
    });
  });
  CurlTransport transport;
  RunningSource running(quick(server.url()), transport);
  ASSERT_TRUE(running.receiver.wait_for(1, 1));
  EXPECT_EQ(running.receiver.events()[0].data, "a");
  EXPECT_EQ(running.receiver.problems().size(), 1u) << "no HTTP is a problem, no event stream is skipped";
}

TEST(EventSourceConnection, tells_of_statuses_and_obeys_them) {
  std::atomic<int> status = 401, requests = 0;
  HttpServerFake server([&](const Request&) {
    ++requests;
    return HttpServerFake::reply(status, "{\"message\":\"no\"}", status == 503 ? "Retry-After: 77\r\n" : "");
  });
  CurlTransport transport;
  RunningSource running(quick(server.url()), transport);
  const struct {
    int status;
    bool is_final;
    std::int64_t least_ms, most_ms;
  } cases[] = {{401, true, kFinalDelayMs / 2, kFinalDelayMs},
               {404, true, kFinalDelayMs / 2, kFinalDelayMs},
               {503, false, 77'000, 77'000}};
  std::size_t seen = 0;
  for (const auto& c : cases) {
    ASSERT_TRUE(running.receiver.wait_for(0, ++seen));
    const EventSourceProblem problem = running.receiver.problems().back();
    EXPECT_EQ(problem.status, c.status);
    EXPECT_EQ(problem.is_final, c.is_final);
    EXPECT_GE(problem.next_attempt_ms - problem.at_ms, c.least_ms);
    EXPECT_LE(problem.next_attempt_ms - problem.at_ms, c.most_ms);
    EXPECT_EQ(requests, static_cast<int>(seen)) << "once";
    status = c.status == 401 ? 404 : 503;
    running.source.restart();
  }
}

TEST(EventSourceConnection, follows_a_redirect_to_another_server_without_its_headers) {
  std::atomic<bool> leaked = false;
  HttpServerFake other([&](const Request& request) {
    leaked = !request.header("authorization").empty();
    return HttpServerFake::event_stream([target = request.target](Connection& connection) {
      connection.send("data: " + target + "\n\n");
      connection.wait_for_close();
    });
  });
  HttpServerFake server([&](const Request& request) {
    EXPECT_EQ(request.header("authorization"), "key");
    if (request.target == "/all") return HttpServerFake::reply(302, "", "Location: /moved\r\n");
    return HttpServerFake::reply(308, "", "Location: " + other.url() + "/there\r\n");
  });
  CurlTransport transport;
  EventSourceSettings settings = quick(server.url() + "/all");
  settings.headers = {{"Authorization", "key"}};
  RunningSource running(settings, transport);
  ASSERT_TRUE(running.receiver.wait_for(1, 0));
  EXPECT_EQ(running.receiver.events()[0].data, "/there");
  EXPECT_FALSE(leaked);
}

TEST(EventSourceConnection, follows_no_redirect_to_where_the_policy_forbids) {
  HttpServerFake server(
      [](const Request&) { return HttpServerFake::reply(307, "", "Location: https://169.254.169.254/latest\r\n"); },
      HttpServerFake::Over::tls);
  const PemFile bundle(server.certificate_pem());
  CurlTransportOptions options;
  options.ca_bundle = bundle.path();
  CurlTransport transport(options);
  const OutboundPolicy policy = *OutboundPolicy::parse("127.0.0.0/8");
  EventSourceSettings settings = quick(server.url());
  settings.policy = &policy;
  RunningSource running(settings, transport);
  ASSERT_TRUE(running.receiver.wait_for(0, 1));
  EXPECT_EQ(running.receiver.problems()[0].fault, TransportFault::forbidden);
  EXPECT_TRUE(running.receiver.problems()[0].is_final);
}

TEST(EventSourceConnection, reads_bytes_that_come_one_by_one) {
  HttpServerFake server([](const Request&) {
    return HttpServerFake::event_stream([](Connection& connection) {
      for (const char byte : std::string("event: put\r\ndata: slowly\r\n\r\n")) connection.send(std::string(1, byte));
      connection.wait_for_close();
    });
  });
  CurlTransport transport;
  RunningSource running(quick(server.url()), transport);
  ASSERT_TRUE(running.receiver.wait_for(1, 0));
  EXPECT_EQ(running.receiver.events()[0], (ServerSentEvent{"put", "slowly", ""}));
}

TEST(EventSourceConnection, connects_again_when_nothing_comes) {
  HttpServerFake server([](const Request&) {
    return HttpServerFake::event_stream([](Connection& connection) {
      connection.send(":\n");
      connection.wait_for_close();
    });
  });
  CurlTransport transport;
  EventSourceSettings settings = quick(server.url());
  settings.idle_timeout_ms = 60;
  RunningSource running(settings, transport);
  ASSERT_TRUE(running.receiver.wait_for(0, 2, 2));
  EXPECT_EQ(running.receiver.problems()[0].fault, TransportFault::timeout);
  EXPECT_NE(running.receiver.problems()[0].text.find("no byte came for 60 ms"), std::string::npos);
}

// The event itself, and smaller buffers of its growth that the allocator may keep.
TEST(EventSourceConnection, takes_a_put_of_50_MB_in_bounded_memory) {
  constexpr std::size_t kBytes = 50 << 20;
  std::atomic<std::size_t> most_resident = 0;
  HttpServerFake server([&](const Request&) {
    return HttpServerFake::event_stream([&](Connection& connection) {
      connection.send("event: put\ndata: ");
      const std::string piece(1 << 20, 'x');
      for (std::size_t sent = 0; sent < kBytes; sent += piece.size()) {
        connection.send(piece);
        most_resident = std::max<std::size_t>(most_resident, resident_bytes());
      }
      connection.send("\n\n");
      connection.wait_for_close();
    });
  });
  CurlTransport transport;
  const std::size_t before = resident_bytes();
  RunningSource running(quick(server.url()), transport);
  ASSERT_TRUE(running.receiver.wait_for(1, 0));
  EXPECT_EQ(running.receiver.events()[0].data.size(), kBytes);
  RecordProperty("resident_growth_bytes", std::to_string(most_resident - before));
#ifndef SLUICE_FEWER_ROUNDS  // the sanitizers' own memory comes on top
  EXPECT_LT(most_resident - before, 3 * kBytes);
#endif
}

TEST(EventSourceConnection, reads_a_stream_in_gzip) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "data: line " + std::to_string(i * 7919) + "\n\n";
  HttpServerFake server([&](const Request& request) {
    EXPECT_EQ(request.header("accept-encoding"), "gzip");
    return HttpServerFake::event_stream(
        [&](Connection& connection) {
          connection.send(gzipped(text));
          connection.wait_for_close();
        },
        "Content-Encoding: gzip\r\n");
  });
  CurlTransport transport;
  RunningSource running(quick(server.url()), transport);
  ASSERT_TRUE(running.receiver.wait_for(20'000, 0));
  EXPECT_EQ(running.receiver.events().back().data, "line " + std::to_string(19'999 * 7919));
}

TEST(EventSourceConnection, goes_through_a_proxy) {
  HttpServerFake proxy([](const Request& request) {
    return HttpServerFake::event_stream([target = request.target](Connection& connection) {
      connection.send("data: " + target + "\n\n");
      connection.wait_for_close();
    });
  });
  CurlTransportOptions options;
  options.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  CurlTransport transport(options);
  RunningSource running(quick("http://stream.example.com/all"), transport);
  ASSERT_TRUE(running.receiver.wait_for(1, 0));
  EXPECT_EQ(running.receiver.events()[0].data, "http://stream.example.com/all");
}

TEST(EventSourceConnection, trusts_no_wrong_certificate) {
  HttpServerFake server(
      [](const Request&) {
        return HttpServerFake::event_stream([](Connection& connection) { connection.send("data: a\n\n"); });
      },
      HttpServerFake::Over::tls);
  CurlTransport distrusting;
  RunningSource refused(quick(server.url()), distrusting);
  ASSERT_TRUE(refused.receiver.wait_for(0, 1));
  EXPECT_EQ(refused.receiver.problems()[0].fault, TransportFault::tls);
  EXPECT_NE(refused.receiver.problems()[0].remedy.find("certificate"), std::string::npos);
  EXPECT_TRUE(refused.receiver.events().empty());

  const PemFile bundle(server.certificate_pem());
  CurlTransportOptions options;
  options.ca_bundle = bundle.path();
  CurlTransport trusting(options);
  RunningSource running(quick(server.url()), trusting);
  ASSERT_TRUE(running.receiver.wait_for(1, 0));
}

TEST(EventSourceConnection, is_told_when_its_transport_stops_before_it) {
  HttpServerFake server([](const Request&) {
    return HttpServerFake::event_stream([](Connection& connection) { connection.wait_for_close(); });
  });
  CurlTransport transport;
  RunningSource running(quick(server.url()), transport);
  ASSERT_TRUE(running.receiver.wait_for(0, 0, 1));
  transport.stop();
  ASSERT_TRUE(running.receiver.wait_for(0, 1));
  EXPECT_NE(running.receiver.problems()[0].text.find("stopped"), std::string::npos);
}

}  // namespace
}  // namespace sluice::http_client
