// A server of tests that answers with what it was asked, and holds back the answers that a test wants to give itself.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "http/server.h"

namespace sluice::http {

// Answers with what it was asked; some paths do more.
class EchoHandler final : public HttpHandler {
 public:
  // Responders that a test answers when it likes, from its own thread.
  struct Held {
    std::mutex mutex;
    std::condition_variable arrived;
    std::deque<HttpResponder> responders;

    HttpResponder take() {
      std::unique_lock lock(mutex);
      arrived.wait(lock, [this] { return !responders.empty(); });
      HttpResponder responder = std::move(responders.front());
      responders.pop_front();
      return responder;
    }
  };
  explicit EchoHandler(Held& held) : held_(held) {}

  void handle(const HttpRequest& request, HttpResponder responder) override {
    if (request.path == "/throw") throw std::runtime_error("a handler that fails");
    if (request.path == "/drop") return;
    if (request.path == "/hold") {
      const std::lock_guard lock(held_.mutex);
      held_.responders.push_back(std::move(responder));
      held_.arrived.notify_one();
      return;
    }
    HttpResponse response;
    response.content_type = "text/plain";
    if (request.path == "/size") {
      response.body = std::to_string(request.body.size());
      // What the contract says about padding: under the address sanitizer this reads every byte of it.
      unsigned padding = 0;
      for (std::size_t i = 0; i < 64; ++i)
        padding += static_cast<unsigned char>(request.body.data()[request.body.size() + i]);
      response.headers.emplace_back("X-Padding", std::to_string(padding));
    } else if (request.path == "/large") {
      response.body.assign(32 << 20, 'x');
    } else if (request.path == "/abort") {
      response.abort = true;
      response.body = request.body;
    } else if (request.path == "/dated") {
      response.headers.emplace_back("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    } else {
      response.body = std::string(request.method) + " " + std::string(request.path) + "?" + std::string(request.query) +
                      " [" + std::string(request.header("x-probe")) + "] " + std::string(request.body);
    }
    responder(std::move(response));
  }

 private:
  Held& held_;
};

struct EchoServer {
  EchoHandler::Held held;
  std::unique_ptr<HttpServer> server;

  explicit EchoServer(HttpLimits limits = {}, unsigned loops = 1, std::optional<HttpTls> tls = std::nullopt) {
    auto started = HttpServer::start("127.0.0.1:0", loops, limits, std::move(tls),
                                     [this](unsigned) { return std::make_unique<EchoHandler>(held); });
    EXPECT_TRUE(started.has_value()) << (started ? "" : started.error().message);
    server = std::move(*started);
  }
  std::string address() const { return server->address(); }
};

}  // namespace sluice::http
