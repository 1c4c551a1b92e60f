// What libcurl is told about an exchange: the same for whole answers and streams but for the body and the times.
#pragma once

#include "http_client/curl_transfer.h"
#include "http_client/curl_transport.h"
#include "http_client/proxy_choice.h"

namespace sluice::http_client {

// Readies the transfer's handle for the exchange that it has.
void prepare_transfer(CurlTransfer& transfer, const CurlTransportOptions& options, const ProxyChoice& proxies);

}  // namespace sluice::http_client
