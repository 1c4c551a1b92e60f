#include "http/stream_server_fake.h"

#include <utility>

#include "base/check.h"

namespace sluice::http {

class StreamServer::Handler final : public HttpHandler {
 public:
  explicit Handler(StreamServer& server) : server_(server) {}

  void handle(const HttpRequest& request, HttpResponder responder) override {
    HttpResponse response;
    const bool owned = request.path.starts_with("/owner/");
    if (!owned && request.path != "/stream") {
      response.body = "other";
      return responder(std::move(response));
    }
    StreamOptions options = server_.options_;
    if (owned) options.owner = std::stoull(std::string(request.path.substr(7)));
    std::shared_ptr<HttpStream> stream = HttpStream::make(options);
    response.content_type = "text/event-stream";
    response.stream = stream;
    {
      const std::lock_guard lock(server_.mutex_);
      server_.streams_.push_back(std::move(stream));
    }
    server_.arrived_.notify_all();
    responder(std::move(response));
  }

 private:
  StreamServer& server_;
};

StreamServer::StreamServer(const HttpLimits& limits, const StreamOptions& options, const std::optional<HttpTls>& tls,
                           unsigned loops)
    : options_(options) {
  auto started = HttpServer::start("127.0.0.1:0", loops, limits, tls,
                                   [this](unsigned) { return std::make_unique<Handler>(*this); });
  SLUICE_CHECK(started.has_value(), "a server on a port that the system chooses starts");
  server = std::move(*started);
}

std::shared_ptr<HttpStream> StreamServer::take() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return !streams_.empty(); });
  std::shared_ptr<HttpStream> stream = std::move(streams_.front());
  streams_.pop_front();
  return stream;
}

}  // namespace sluice::http
