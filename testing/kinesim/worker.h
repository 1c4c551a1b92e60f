// Serves the requests of one event loop: finds out which service is meant, who calls, and gives the answer its outside.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "http/server.h"
#include "kinesim/delayer.h"
#include "kinesim/metadata.h"
#include "kinesim/put_handler.h"
#include "kinesim/s3.h"
#include "kinesim/sigv4_verifier.h"
#include "kinesim/simulator.h"

namespace kinesim {

// Requests that wait while the simulator is paused. Any thread.
class Gate {
 public:
  using Held = std::pair<sluice::http::HttpRequest, sluice::http::HttpResponder>;
  bool closed() const { return closed_; }
  void close() { closed_ = true; }
  // False when the gate has been opened meanwhile.
  bool hold(const sluice::http::HttpRequest& request, sluice::http::HttpResponder& responder);
  std::vector<Held> open();

 private:
  std::mutex mutex_;
  std::atomic<bool> closed_{false};
  std::vector<Held> held_;
};

// What all loops share.
struct Shared {
  explicit Shared(SimulatorSettings settings, const sluice::Clock& clock)
      : simulator(std::move(settings), clock), metadata(simulator) {}
  Simulator simulator;
  MetadataEndpoints metadata;
  Gate gate;
  Delayer delayer;
};

class Worker final : public sluice::http::HttpHandler {
 public:
  explicit Worker(Shared& shared)
      : shared_(shared), simulator_(shared.simulator), puts_(shared.simulator), s3_(shared.simulator) {}

  void handle(const sluice::http::HttpRequest& request, sluice::http::HttpResponder responder) override;
  sluice::http::HttpResponse fault(unsigned status, std::string_view code, std::string_view message,
                                   const sluice::http::HttpRequest& request) override;

  // The whole of a request but the carrying.
  Answer serve(const Request& request);

 private:
  void send(Answer answer, sluice::http::HttpResponder responder);
  Answer serve_kinesis(const Request& request, std::string_view operation);
  Answer serve_sts(const Request& request);
  Answer serve_control(const Request& request);

  Shared& shared_;
  Simulator& simulator_;
  PutHandler puts_;
  S3Handler s3_;
  SigningKeys keys_;
};

}  // namespace kinesim
