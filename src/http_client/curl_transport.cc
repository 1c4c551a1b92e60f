#include "http_client/curl_transport.h"

#include <utility>

#include "http_client/curl_loop.h"

namespace sluice::http_client {

CurlTransportOptions curl_transport_options(const ProcessEnvironment& environment) {
  CurlTransportOptions options;
  options.ca_bundle = environment("AWS_CA_BUNDLE").value_or("");
  return options;
}

CurlTransport::CurlTransport(CurlTransportOptions options) : loop_(std::make_unique<CurlLoop>(std::move(options))) {}
CurlTransport::~CurlTransport() = default;
void CurlTransport::stop() { loop_->stop(); }

void CurlTransport::send(HttpRequest request, std::function<void(HttpResponse)> done) {
  loop_->send(std::move(request), std::move(done));
}

std::unique_ptr<HttpStream> CurlTransport::open(HttpStreamRequest request, std::function<void()> ready) {
  return loop_->open(std::move(request), std::move(ready));
}

}  // namespace sluice::http_client
