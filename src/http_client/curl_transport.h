// HttpTransport and HttpStreamTransport on libcurl: one thread, connections kept and reused, HTTP/1.1.
// docs/decisions/0004-libcurl-to-aws.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/process_environment.h"
#include "http_client/http_stream.h"
#include "http_client/http_transport.h"

namespace sluice::http_client {

struct CurlTransportOptions {
  // Empty: libcurl takes HTTPS_PROXY, https_proxy, http_proxy, ALL_PROXY, NO_PROXY and their lower-case forms from the
  // environment. scheme://[user:password@]host:port, else; the password is never shown.
  std::string proxy;
  std::string no_proxy;   // hosts by comma that `proxy` is not used for
  std::string ca_bundle;  // PEM file of certificate authorities; empty: the system's
  std::string user_agent = "sluice";
  // Of whole answers; streams take none of these places. Further requests wait in the transport; their time runs.
  std::size_t max_connections_per_host = 32;
  std::size_t max_connections = 128;
  std::size_t max_streams = 1'024;  // open, each on a connection of its own; further ones wait, their time runs
  std::int64_t max_idle_connection_s =
      20;  // under the minute after which AWS closes, and libcurl 7.88 may take a dead one for alive
  std::size_t max_response_bytes = 32u << 20;  // more is a fault `other`
};

// The options that AWS's tools take from the environment: AWS_CA_BUNDLE. Proxies libcurl reads itself.
CurlTransportOptions curl_transport_options(const ProcessEnvironment& environment);

class CurlLoop;

class CurlTransport final : public HttpTransport, public HttpStreamTransport {
 public:
  explicit CurlTransport(CurlTransportOptions options = {});
  // Calls stop() if it was not called.
  ~CurlTransport() override;

  void send(HttpRequest request, std::function<void(HttpResponse)> done) override;
  std::unique_ptr<HttpStream> open(HttpStreamRequest request, std::function<void()> ready) override;
  // Answers every request and ends every stream that is under way with fault `other`, "stopped", ends the thread, and
  // from then on answers new ones so immediately, on the caller's thread. Called early in a shutdown it releases
  // threads that wait for an answer. Any thread but the transport's own.
  void stop();

 private:
  std::unique_ptr<CurlLoop> loop_;
};

}  // namespace sluice::http_client
