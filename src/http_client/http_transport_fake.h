// A transport that answers from a script and records its requests. Deterministic: nothing runs by itself.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "http_client/http_transport.h"

namespace sluice::http_client {

class HttpTransportFake final : public HttpTransport {
 public:
  enum class When {
    at_once,    // `done` is called inside send(): for code that blocks on the answer
    on_demand,  // requests wait until deliver_next() or deliver_all(), which call `done` on the test's thread
  };
  explicit HttpTransportFake(When when = When::at_once) : when_(when) {}
  // Answers what still waits with fault `other`, "stopped".
  ~HttpTransportFake() override;

  // The answer to the next request that has none yet; answers are taken in order. Used before `answer_by`.
  void answer(HttpResponse response);
  void answer(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers = {});
  void answer(TransportFault fault, std::string text = "scripted fault");
  // Makes the answer of every request that no scripted answer is left for. Without it such a request gets fault
  // `other`, "no answer scripted".
  void answer_by(std::function<HttpResponse(const HttpRequest&)> answerer);

  void send(HttpRequest request, std::function<void(HttpResponse)> done) override;

  // With When::on_demand: answers the oldest waiting request; false when none waits. `index` picks a later one, for
  // answers out of order.
  bool deliver_next(std::size_t index = 0);
  // Answers until none waits, including those sent in the meantime. Returns how many.
  std::size_t deliver_all();
  std::size_t waiting() const;

  // Every request that was sent, in order, with its body; a body_source was read into it.
  std::vector<HttpRequest> requests() const;
  std::size_t request_count() const;

 private:
  struct Waiting {
    HttpRequest request;
    std::function<void(HttpResponse)> done;
    std::string body_failure;  // not empty: that is the answer
  };
  HttpResponse answer_to(const HttpRequest& request);
  void finish(Waiting waiting);

  const When when_;
  mutable std::mutex mutex_;
  std::deque<HttpResponse> script_;
  std::function<HttpResponse(const HttpRequest&)> answerer_;
  std::deque<Waiting> waiting_;
  std::vector<HttpRequest> requests_;
};

}  // namespace sluice::http_client
