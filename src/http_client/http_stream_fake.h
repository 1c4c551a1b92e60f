// A transport of streams whose servers are played by a test, or by the simulation: what they send, and when, is called
// for by hand. Deterministic: nothing runs by itself, and nobody is called but within these calls. One thread, which is
// the taker's, too.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "http_client/http_stream.h"
#include "http_client/stream_pipe.h"

namespace sluice::http_client {

// The server's end of one stream.
class ServedStreamFake {
 public:
  // `clock`: time stands still for the request's timeouts when it is null.
  ServedStreamFake(HttpStreamRequest request, std::function<void()> ready, const Clock* clock);

  const HttpStreamRequest& request() const { return request_; }
  std::string header(std::string_view name) const;  // of the request; empty: it has none

  void head(int status, std::vector<std::pair<std::string, std::string>> headers = {});
  void event_stream() { head(200, {{"content-type", "text/event-stream"}}); }
  // What the taker has no room for waits, and goes to it as soon as it has.
  void bytes(std::string_view bytes);
  void end(TransportFault fault = TransportFault::none, std::string text = {});
  // Ends it with fault `timeout` if a timeout of the request has passed by the clock.
  void expire();

  bool is_cancelled() const;
  bool is_open() const;            // neither ended nor cancelled
  std::size_t held_bytes() const;  // that the taker had no room for

 private:
  friend class HttpStreamTransportFake;
  void push();
  void stop();

  const HttpStreamRequest request_;
  const Clock* const clock_;
  std::shared_ptr<StreamPipe> pipe_;
  std::string held_;
  bool has_head_ = false, has_ended_ = false;
  std::optional<HttpStreamEnd> end_;  // not passed on yet
  std::int64_t quiet_since_us_ = 0;
};

class HttpStreamTransportFake final : public HttpStreamTransport {
 public:
  explicit HttpStreamTransportFake(const Clock* clock = nullptr) : clock_(clock) {}
  // Ends what is open with fault `other`, "stopped".
  ~HttpStreamTransportFake() override;

  // What the server does with each new stream, within open(). Without it a stream waits for what the test does.
  void serve_by(std::function<void(ServedStreamFake&)> server);
  std::unique_ptr<HttpStream> open(HttpStreamRequest request, std::function<void()> ready) override;

  std::size_t opened() const;
  ServedStreamFake& stream(std::size_t index) const;  // 0, 1, …: in the order in which they were opened
  ServedStreamFake& last() const { return stream(opened() - 1); }
  // Call it when time has passed.
  void expire();

 private:
  const Clock* const clock_;
  std::function<void(ServedStreamFake&)> server_;
  std::vector<std::shared_ptr<ServedStreamFake>> streams_;
};

}  // namespace sluice::http_client
