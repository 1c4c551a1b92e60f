#include "http_client/curl_options.h"

#include <curl/curl.h>

#include <algorithm>
#include <string>

#include "base/text.h"

namespace sluice::http_client {

namespace {

constexpr long kUploadBufferBytes = 128 * 1024;
constexpr long kReceiveBufferBytes = 64 * 1024;
// Of a stream: what libcurl has decoded of one of these it keeps while the taker does not keep up.
constexpr long kStreamReceiveBufferBytes = 16 * 1024;

void set_connection(CurlTransfer& transfer, const CurlTransportOptions& options) {
  CURL* const easy = transfer.easy;
  const HttpRequest& request = transfer.what.request;
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // what was checked, and signed, is what is asked for
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);  // a redirect would lead past the check of the URL
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.words.data());
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_ms));
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, static_cast<long>(options.max_idle_connection_s));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_bundle.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_bundle.c_str());
}

void set_route(CurlTransfer& transfer, const ProxyChoice& proxies) {
  CURL* const easy = transfer.easy;
  const HttpRequest& request = transfer.what.request;
  transfer.proxy = request.use_proxy ? proxies.proxy_for(request.url) : std::string();
  // Both are set, empty or not, so that libcurl looks for neither in the environment.
  curl_easy_setopt(easy, CURLOPT_PROXY, transfer.proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, transfer.is_on_new_connection ? 1L : 0L);
}

void set_method_and_body(CurlTransfer& transfer) {
  CURL* const easy = transfer.easy;
  const HttpRequest& request = transfer.what.request;
  if (request.body_source != nullptr) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body_source->size()));
  }
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request.method == "POST" && request.body_source == nullptr) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
  } else if (request.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  if (request.body_source == nullptr &&
      (request.method == "POST" || request.method == "PUT" || !request.body.empty())) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());  // not copied
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
}

void set_headers(CurlTransfer& transfer) {
  curl_slist_free_all(transfer.headers);
  transfer.headers = curl_slist_append(nullptr, "Expect:");  // no round trip for "100 Continue"
  bool has_content_type = false;
  for (const auto& [name, value] : transfer.what.request.headers) {
    has_content_type = has_content_type || equals_ignoring_case(name, "content-type");
    // libcurl's way to send a header without a value is a semicolon.
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    transfer.headers = curl_slist_append(transfer.headers, line.c_str());
  }
  if (!has_content_type) transfer.headers = curl_slist_append(transfer.headers, "Content-Type:");
  curl_easy_setopt(transfer.easy, CURLOPT_HTTPHEADER, transfer.headers);
}

void set_answer(CurlTransfer& transfer) {
  CURL* const easy = transfer.easy;
  const CurlExchange& what = transfer.what;
  if (what.pipe) {
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kStreamReceiveBufferBytes);
    if (what.accept_gzip) curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    return;
  }
  const std::int64_t left_ms = what.request.timeout_ms - (loop_clock_ms() - what.arrived_ms);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(left_ms, 1)));
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
}

}  // namespace

void prepare_transfer(CurlTransfer& transfer, const CurlTransportOptions& options, const ProxyChoice& proxies) {
  curl_easy_reset(transfer.easy);  // keeps the share
  transfer.begin(options.max_response_bytes);
  set_connection(transfer, options);
  set_route(transfer, proxies);
  set_method_and_body(transfer);
  set_headers(transfer);
  set_answer(transfer);
}

}  // namespace sluice::http_client
