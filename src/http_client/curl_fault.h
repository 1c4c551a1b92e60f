// The cause of a failed libcurl transfer, as a code and as text. Pure.
#pragma once

#include <string>
#include <string_view>

#include "http_client/http_transport.h"

namespace sluice::http_client {

struct FaultFacts {
  int code = 0;          // CURLcode
  std::string words;     // libcurl's
  std::string host;      // host[:port] of the request
  std::string proxy;     // the proxy in use, without password; empty: none
  int proxy_status = 0;  // what the proxy answered to CONNECT; 0: nothing
};

TransportFault fault_of(const FaultFacts& facts);
// "Could not resolve kinesis.eu-west-1.amazonaws.com: …"
std::string fault_text(const FaultFacts& facts);

// Which proxy libcurl uses for a URL, for messages only: the given one, or those of the environment as libcurl reads
// them.
class ProxyWords {
 public:
  // Reads the environment once, when no proxy is given.
  ProxyWords(std::string_view proxy, std::string_view no_proxy);
  // scheme://host:port without user and password; empty when the URL is reached directly.
  std::string proxy_for(std::string_view url) const;

 private:
  std::string http_;
  std::string https_;
  std::string no_proxy_;
};

}  // namespace sluice::http_client
