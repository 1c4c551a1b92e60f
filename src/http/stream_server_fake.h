// A server of tests whose GET /stream becomes a stream that the test feeds.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "http/server.h"
#include "http/stream.h"

namespace sluice::http {

class StreamServer {
 public:
  explicit StreamServer(const HttpLimits& limits = {}, const StreamOptions& options = {},
                        const std::optional<HttpTls>& tls = std::nullopt, unsigned loops = 1);

  std::string address() const { return server->address(); }
  // The stream of the next request that came, in their order. Waits for it.
  std::shared_ptr<HttpStream> take();

  // GET of it is answered by a stream; of "/owner/N" too, which counts against that owner. Everything else: "other".
  static constexpr std::string_view kAsk = "GET /stream HTTP/1.1\r\nHost: t\r\n\r\n";

 private:
  class Handler;
  StreamOptions options_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::shared_ptr<HttpStream>> streams_;

 public:
  std::unique_ptr<HttpServer> server;  // the first to go: its loops use the rest
};

}  // namespace sluice::http
