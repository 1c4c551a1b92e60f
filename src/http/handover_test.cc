// Two servers on one port: one drains while clients keep connecting, and no connection is reset or refused.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "http/raw_client_fake.h"
#include "http/server.h"

namespace sluice::http {
namespace {

class NameHandler final : public HttpHandler {
 public:
  explicit NameHandler(std::string name) : name_(std::move(name)) {}
  void handle(const HttpRequest&, HttpResponder responder) override {
    HttpResponse response;
    response.body = name_;
    responder(std::move(response));
  }

 private:
  const std::string name_;
};

std::unique_ptr<HttpServer> start(const std::string& address, const std::string& name, bool reuse_port = true) {
  auto started = HttpServer::start(address, 1, {}, std::nullopt,
                                   [name](unsigned) { return std::make_unique<NameHandler>(name); }, {reuse_port});
  EXPECT_TRUE(started.has_value()) << (started ? "" : started.error().message);
  return started ? std::move(*started) : nullptr;
}

constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";

TEST(Handover, a_port_is_shared_only_when_both_ask_for_it) {
  const auto first = start("127.0.0.1:0", "first");
  auto second = HttpServer::start(first->address(), 1, {}, std::nullopt,
                                  [](unsigned) { return std::make_unique<NameHandler>("second"); });
  EXPECT_FALSE(second);
  EXPECT_NE(start(first->address(), "third"), nullptr);
}

TEST(Handover, an_open_connection_goes_on_for_the_grace_and_is_told_to_close_with_its_next_answer) {
  const auto server = start("127.0.0.1:0", "first");
  RawClient talks(server->address()), silent(server->address());
  ASSERT_EQ(talks.ask(kGet).status, 200u);
  ASSERT_EQ(silent.ask(kGet).status, 200u);
  std::thread draining([&] { server->drain(20'000, 4'000); });
  // The other connection is not closed before its grace is over, although it says nothing.
  RawResponse answer;
  do {
    answer = talks.ask(kGet);
  } while (answer.status == 200 && answer.header("connection").empty());
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_EQ(silent.ask(kGet).status, 200u);
  draining.join();
  EXPECT_EQ(server->stats().connections_open, 0u);
}

TEST(Handover, clients_that_keep_connecting_see_no_fault_while_one_of_two_servers_goes) {
  const auto first = start("127.0.0.1:0", "first");
  const auto second = start(first->address(), "second");
  std::atomic<bool> stop = false;
  std::atomic<int> answered = 0, failed = 0, by_first = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&] {
      while (!stop) {
        // Many at once, so that some always wait in the queue of the socket that is closed.
        std::vector<std::unique_ptr<RawClient>> burst;
        for (int k = 0; k < 100; ++k) burst.push_back(std::make_unique<RawClient>(first->address()));
        for (const auto& client : burst) {
          const RawResponse response = client->ask(kGet);
          ++(response.status == 200 ? answered : failed);
          if (response.body == "first") ++by_first;
        }
      }
    });
  while (by_first < 2000 && failed == 0) std::this_thread::yield();
  first->drain(20'000, 10'000);
  const int before = answered;
  while (answered < before + 200 && failed == 0) std::this_thread::yield();
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(failed, 0) << "of " << answered + failed;
  EXPECT_GT(by_first, 0);
  EXPECT_EQ(first->stats().connections_open, 0u);
}

}  // namespace
}  // namespace sluice::http
