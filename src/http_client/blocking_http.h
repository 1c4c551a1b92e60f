// Sends one request and waits for its answer: for credentials sources, which may block.
#pragma once

#include "http_client/http_transport.h"

namespace sluice::http_client {

// Not on the transport's own thread.
HttpResponse send_and_wait(HttpTransport& transport, HttpRequest request);

}  // namespace sluice::http_client
