#include "http_client/curl_transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/dispose.h"
#include "base/text.h"
#include "http_client/ip_address.h"
#include "http_client/outbound_policy.h"
#include "http_client/proxy_choice.h"
#include "http_client/url.h"

namespace sluice::http_client {

std::int64_t loop_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

CurlTransfer::CurlTransfer() : easy(curl_easy_init()) { SLUICE_CHECK(easy != nullptr, "memory for a libcurl handle"); }

CurlTransfer::~CurlTransfer() {
  curl_slist_free_all(headers);
  curl_easy_cleanup(easy);
}

void CurlTransfer::begin(std::size_t most_response_bytes) {
  dispose(response_);
  status_ = 0;
  has_headers_ = false;
  header_bytes_ = 0;
  max_response_bytes_ = most_response_bytes;
  if (what.request.max_response_bytes != 0)
    max_response_bytes_ = std::min(max_response_bytes_, what.request.max_response_bytes);
  body_sent_ = 0;
  body_failure_.clear();
  too_large_.clear();
  tried_an_address_ = false;
  request_begun_ = false;
  broke_unanswered_ = false;
  forbidden_.clear();
  words[0] = '\0';
  is_paused = false;
  deadline_ms = what.pipe ? what.arrived_ms + what.request.timeout_ms : INT64_MAX;

  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &before_request);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  if (what.request.body_source != nullptr) {
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &on_body_wanted);
    curl_easy_setopt(easy, CURLOPT_READDATA, this);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &on_rewind);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, this);
  }
}

std::size_t CurlTransfer::on_header(char* line, std::size_t size, std::size_t count, void* into) {
  return static_cast<CurlTransfer*>(into)->take_header({line, size * count}) ? size * count : 0;
}

bool CurlTransfer::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kMaxHeaderBytes) {
    too_large_ = "its headers are larger than " + human_bytes(kMaxHeaderBytes);
    return false;
  }
  if (line.starts_with("HTTP/")) {
    response_.headers.clear();  // what came before was an interim answer
    const std::size_t space = std::min(line.find(' '), line.size());
    const int status = std::atoi(std::string(line.substr(space)).c_str());
    status_ = status >= 200 ? status : 0;
    has_headers_ = false;
    return true;
  }
  if (line == "\r\n" || line == "\n") take_end_of_headers();
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() <= ' ')) value.remove_suffix(1);
  std::string name = lower(line.substr(0, colon));
  if (name == "content-length" && !what.pipe && what.request.method != "HEAD") {
    const std::size_t announced = std::strtoull(std::string(value).c_str(), nullptr, 10);
    response_.body.reserve(std::min(announced, max_response_bytes_));
  }
  response_.headers.emplace_back(std::move(name), value);
  return true;
}

void CurlTransfer::take_end_of_headers() {
  const bool is_first = !std::exchange(has_headers_, true);  // what comes after a body in chunks has an end, too
  if (!what.pipe || status_ == 0 || !is_first) return;
  HttpStreamHead head{status_, std::exchange(response_.headers, {})};
  const auto is_of_coded_body = [](const auto& header) {
    return header.first == "content-encoding" || header.first == "content-length";
  };
  if (what.accept_gzip && !head.header("content-encoding").empty()) std::erase_if(head.headers, is_of_coded_body);
  what.pipe->put_head(std::move(head));
  restart_idle_clock();
}

void CurlTransfer::restart_idle_clock() {
  deadline_ms = what.idle_timeout_ms == 0 ? INT64_MAX : loop_clock_ms() + what.idle_timeout_ms;
}

std::size_t CurlTransfer::on_body(char* bytes, std::size_t size, std::size_t count, void* into) {
  auto& transfer = *static_cast<CurlTransfer*>(into);
  if (!transfer.what.pipe) return transfer.take_body({bytes, size * count}) ? size * count : 0;
  transfer.is_paused = !transfer.what.pipe->put({bytes, size * count});
  transfer.restart_idle_clock();
  return transfer.is_paused ? CURL_WRITEFUNC_PAUSE : size * count;
}

bool CurlTransfer::take_body(std::string_view bytes) {
  if (response_.body.size() + bytes.size() > max_response_bytes_) {
    too_large_ = "the answer is larger than " + human_bytes(max_response_bytes_);
    return false;
  }
  response_.body += bytes;
  return true;
}

// Whether this exchange may be with this address. A proxy's own address is the owner's configuration.
Result<void> CurlTransfer::may_reach(const IpAddress& address) const {
  const HttpRequest& request = what.request;
  if (request.link_local || !proxy.empty()) return {};
  const std::string host = host_of(request.url);
  if (request.policy != nullptr) return request.policy->check_address(host, address);
  return is_link_local(address) ? Result<void>(fail(never_allowed(host, address))) : Result<void>();
}

// For each address that the host's name resolved to, whatever the name is: the connection is made to what is checked.
curl_socket_t CurlTransfer::on_open_socket(void* of, curlsocktype, curl_sockaddr* to) {
  auto& transfer = *static_cast<CurlTransfer*>(of);
  const auto address = ip_address_of(to->addr);
  if (!address) return CURL_SOCKET_BAD;
  if (const auto allowed = transfer.may_reach(*address); !allowed) {
    transfer.forbidden_ = allowed.error().message;
    return CURL_SOCKET_BAD;
  }
  transfer.tried_an_address_ = true;
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

std::size_t CurlTransfer::on_body_wanted(char* out, std::size_t size, std::size_t count, void* of) {
  auto& transfer = *static_cast<CurlTransfer*>(of);
  const HttpBody& body = *transfer.what.request.body_source;
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(size * count, body.size() - transfer.body_sent_));
  if (const auto read = body.read(transfer.body_sent_, out, bytes); !read) {
    transfer.body_failure_ = read.error().message;
    return CURL_READFUNC_ABORT;
  }
  transfer.body_sent_ += bytes;
  return bytes;
}

// A connection that was kept turns out to be closed: libcurl sends the request again on another.
int CurlTransfer::on_rewind(void* of, curl_off_t offset, int origin) {
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<CurlTransfer*>(of)->body_sent_ = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

// Before each request goes out: a connection that is used again was opened for another request, which may have been
// allowed more. When a kept connection breaks without an answer, libcurl sends the request again by itself: not one
// that changes something. Its caller decides, who counts attempts and pauses between them.
int CurlTransfer::before_request(void* of, char* remote_address, char*, int, int) {
  auto& transfer = *static_cast<CurlTransfer*>(of);
  const std::string& method = transfer.what.request.method;
  transfer.broke_unanswered_ = transfer.request_begun_ && method != "GET" && method != "HEAD";
  if (transfer.broke_unanswered_) return CURL_PREREQFUNC_ABORT;
  transfer.request_begun_ = true;
  const auto address = ip_address_of(std::string(remote_address != nullptr ? remote_address : ""));
  const auto allowed = address ? transfer.may_reach(*address) : fail("The connection's address is not known.");
  if (allowed) return CURL_PREREQFUNC_OK;
  transfer.forbidden_ = allowed.error().message;
  return CURL_PREREQFUNC_ABORT;
}

bool CurlTransfer::deserves_new_connection(CURLcode code) const {
  return code == CURLE_ABORTED_BY_CALLBACK && !is_on_new_connection && !broke_unanswered_;
}

void CurlTransfer::finish(CURLcode code) {
  if (code != CURLE_OK) return deliver(fault_response(code));
  HttpResponse response = std::move(response_);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  deliver(std::move(response));
}

void CurlTransfer::finish_with(TransportFault fault, std::string text) {
  HttpResponse response;
  response.fault = fault;
  response.fault_text = std::move(text);
  deliver(std::move(response));
}

void CurlTransfer::finish_timed_out() {
  FaultFacts facts = facts_of(CURLE_OPERATION_TIMEDOUT);
  facts.words = has_headers_ ? "no byte came for " + human_duration_ms(what.idle_timeout_ms)
                             : "no headers came within " + human_duration_ms(what.request.timeout_ms);
  finish_with(TransportFault::timeout, fault_text(facts));
}

void CurlTransfer::deliver(HttpResponse response) {
  answer_exchange(what, std::move(response));
  dispose(what);
  dispose(response_);  // what came of one that failed
}

void answer_exchange(CurlExchange& exchange, HttpResponse response) {
  if (const auto pipe = std::move(exchange.pipe))
    return pipe->end({response.fault, std::move(response.fault_text), response.proxy_status});
  response.request_body = std::move(exchange.request.body);
  const std::function<void(HttpResponse)> done = std::move(exchange.done);
  done(std::move(response));
}

FaultFacts CurlTransfer::facts_of(CURLcode code) const {
  long connect_status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
  FaultFacts facts;
  facts.code = static_cast<int>(code);
  facts.words = !too_large_.empty() ? too_large_
                : words[0] != '\0'  ? std::string(words.data())
                                    : std::string(curl_easy_strerror(code));
  if (too_large_.empty()) facts.body_failure = body_failure_;
  if (broke_unanswered_) {
    facts.code = CURLE_GOT_NOTHING;
    facts.words = "it closed the connection without an answer";
  }
  facts.host = what.host;
  facts.proxy = without_password(proxy);
  facts.proxy_status = static_cast<int>(connect_status);
  if (!tried_an_address_ || (code == CURLE_ABORTED_BY_CALLBACK && !broke_unanswered_))
    facts.forbidden = forbidden_;
  else if (!forbidden_.empty())
    facts.words += ". Another of its addresses was not tried: " + forbidden_;
  return facts;
}

HttpResponse CurlTransfer::fault_response(CURLcode code) const {
  const FaultFacts facts = facts_of(code);
  long sent_bytes = 0;
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
  HttpResponse response;
  response.fault = fault_of(facts);
  response.fault_text = fault_text(facts);
  response.proxy_status = facts.proxy.empty() ? 0 : facts.proxy_status;
  response.request_sent = sent_bytes > 0 || broke_unanswered_;
  response.status_of_part = status_;
  const bool is_announced =
      !response_.header("content-length").empty() || !response_.header("transfer-encoding").empty();
  response.is_cut = response.fault == TransportFault::reset && too_large_.empty() && (!has_headers_ || is_announced);
  return response;
}

}  // namespace sluice::http_client
