#include "http_client/curl_transport.h"

#include <curl/curl.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "http_client/curl_fault.h"
#include "http_client/ip_address.h"
#include "http_client/outbound_policy.h"
#include "http_client/proxy_choice.h"
#include "http_client/url.h"

namespace sluice::http_client {

namespace {

constexpr long kUploadBufferBytes = 128 * 1024;
constexpr long kReceiveBufferBytes = 64 * 1024;
constexpr std::size_t kMaxHeaderBytes = 256 * 1024;  // of all headers of one answer, interim ones included
constexpr int kIdlePollMs = 60'000;
constexpr int kBusyPollMs = 1'000;

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// libcurl wants it called once, before there are threads that use it.
void initialise_libcurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  SLUICE_CHECK(code == CURLE_OK, "libcurl starts with OpenSSL present");
}

// With CURLOPT_NOSIGNAL libcurl leaves SIGPIPE alone, and OpenSSL writes to connections that the server has closed. The
// signal goes to the thread that writes, so that it is enough to block it here.
void block_broken_pipe_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

struct Waiting {
  HttpRequest request;
  std::function<void(HttpResponse)> done;
  std::string host;
  std::int64_t arrived_ms = 0;
};

// One exchange and the easy handle that carries it; both are used again.
struct Transfer {
  CURL* easy = curl_easy_init();
  curl_slist* headers = nullptr;
  Waiting what;
  HttpResponse response;
  int status_of_part = 0;
  bool has_headers = false;  // all of them
  std::size_t header_bytes = 0;
  std::size_t max_response_bytes = 0;
  std::uint64_t body_sent = 0;  // of its body_source
  std::string body_failure;     // why that could not be read
  std::string too_large;        // what of the answer is
  std::string proxy;            // in use, with its password; empty: the connection is direct
  bool tried_an_address = false;
  bool on_new_connection = false;  // no other is used
  bool request_begun = false;
  bool broke_unanswered = false;  // and libcurl would have sent the request again
  std::string forbidden;          // why an address of the host was not connected to, or a connection not used
  std::array<char, CURL_ERROR_SIZE> words{};

  Transfer() { SLUICE_CHECK(easy != nullptr, "memory for a libcurl handle"); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
  }
};

std::size_t take_header(char* line, std::size_t size, std::size_t count, void* into) {
  auto& transfer = *static_cast<Transfer*>(into);
  std::string_view text(line, size * count);
  transfer.header_bytes += text.size();
  if (transfer.header_bytes > kMaxHeaderBytes) {
    transfer.too_large = "its headers are larger than " + human_bytes(kMaxHeaderBytes);
    return 0;
  }
  if (text.starts_with("HTTP/")) {
    transfer.response.headers.clear();  // what came before was an interim answer
    const std::size_t space = std::min(text.find(' '), text.size());
    const int status = std::atoi(std::string(text.substr(space)).c_str());
    transfer.status_of_part = status >= 200 ? status : 0;
    transfer.has_headers = false;
    return size * count;
  }
  if (text == "\r\n" || text == "\n") transfer.has_headers = true;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return size * count;
  std::string_view value = text.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() <= ' ')) value.remove_suffix(1);
  std::string name = lower(text.substr(0, colon));
  if (name == "content-length" && transfer.what.request.method != "HEAD") {
    const std::size_t announced = std::strtoull(std::string(value).c_str(), nullptr, 10);
    transfer.response.body.reserve(std::min(announced, transfer.max_response_bytes));
  }
  transfer.response.headers.emplace_back(std::move(name), value);
  return size * count;
}

// Whether this exchange may be with this address. A proxy's own address is the owner's configuration.
Result<void> may_reach(const Transfer& transfer, const IpAddress& address) {
  const HttpRequest& request = transfer.what.request;
  if (request.link_local || !transfer.proxy.empty()) return {};
  const std::string host = host_of(request.url);
  if (request.policy != nullptr) return request.policy->check_address(host, address);
  return is_link_local(address) ? Result<void>(fail(never_allowed(host, address))) : Result<void>();
}

// For each address that the host's name resolved to, whatever the name is: the connection is made to what is checked.
curl_socket_t open_socket(void* of, curlsocktype, curl_sockaddr* to) {
  auto& transfer = *static_cast<Transfer*>(of);
  const auto address = ip_address_of(to->addr);
  if (!address) return CURL_SOCKET_BAD;
  if (const auto allowed = may_reach(transfer, *address); !allowed) {
    transfer.forbidden = allowed.error().message;
    return CURL_SOCKET_BAD;
  }
  transfer.tried_an_address = true;
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

std::size_t give_body(char* out, std::size_t size, std::size_t count, void* of) {
  auto& transfer = *static_cast<Transfer*>(of);
  const HttpBody& body = *transfer.what.request.body_source;
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(size * count, body.size() - transfer.body_sent));
  if (const auto read = body.read(transfer.body_sent, out, bytes); !read) {
    transfer.body_failure = read.error().message;
    return CURL_READFUNC_ABORT;
  }
  transfer.body_sent += bytes;
  return bytes;
}

// A connection that was kept turns out to be closed: libcurl sends the request again on another.
int rewind_body(void* of, curl_off_t offset, int origin) {
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Transfer*>(of)->body_sent = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

void set_body_source(Transfer& transfer, const HttpBody& body) {
  CURL* const easy = transfer.easy;
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, &give_body);
  curl_easy_setopt(easy, CURLOPT_READDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &rewind_body);
  curl_easy_setopt(easy, CURLOPT_SEEKDATA, &transfer);
}

// Before each request goes out: a connection that is used again was opened for another request, which may have been
// allowed more. When a kept connection breaks without an answer, libcurl sends the request again by itself: not one
// that changes something. Its caller decides, who counts attempts and pauses between them.
int before_request(void* of, char* remote_address, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(of);
  transfer.broke_unanswered =
      transfer.request_begun && transfer.what.request.method != "GET" && transfer.what.request.method != "HEAD";
  if (transfer.broke_unanswered) return CURL_PREREQFUNC_ABORT;
  transfer.request_begun = true;
  const auto address = ip_address_of(std::string(remote_address != nullptr ? remote_address : ""));
  const auto allowed = address ? may_reach(transfer, *address) : fail("The connection's address is not known.");
  if (allowed) return CURL_PREREQFUNC_OK;
  transfer.forbidden = allowed.error().message;
  return CURL_PREREQFUNC_ABORT;
}

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* into) {
  auto& transfer = *static_cast<Transfer*>(into);
  if (transfer.response.body.size() + size * count > transfer.max_response_bytes) {
    transfer.too_large = "the answer is larger than " + human_bytes(transfer.max_response_bytes);
    return 0;
  }
  transfer.response.body.append(bytes, size * count);
  return size * count;
}

}  // namespace

class CurlTransport::Loop {
 public:
  explicit Loop(CurlTransportOptions options);
  ~Loop();
  void send(HttpRequest request, std::function<void(HttpResponse)> done);
  void stop();

 private:
  void run();
  void take_inbox();
  void expire_waiting();
  int poll_ms() const;
  void admit();
  void start(Waiting waiting);
  void run_transfer(std::unique_ptr<Transfer> transfer);
  void prepare(Transfer& transfer);
  void set_route(Transfer& transfer);
  void finish_completed();
  void finish(std::unique_ptr<Transfer> transfer, CURLcode code);
  HttpResponse fault_response(const Transfer& transfer, CURLcode code) const;
  void stop_all();
  static void answer_fault(Waiting& waiting, TransportFault fault, std::string text);

  const CurlTransportOptions options_;
  const ProxyChoice proxies_;
  CURLM* const multi_;
  CURLSH* const share_;

  std::mutex mutex_;
  std::vector<Waiting> inbox_;  // guarded by mutex_
  bool stopping_ = false;       // guarded by mutex_
  bool stopped_ = false;        // guarded by mutex_: the inbox is no longer read

  // Of the loop's thread.
  std::vector<Waiting> taken_;
  std::deque<Waiting> waiting_;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> active_;
  std::map<std::string, std::size_t> active_by_host_;
  std::vector<std::unique_ptr<Transfer>> spare_;

  std::mutex stop_mutex_;
  std::thread thread_;  // guarded by stop_mutex_; last: it uses all of the above
};

CurlTransport::Loop::Loop(CurlTransportOptions options)
    : options_(std::move(options)),
      proxies_(options_.proxy, options_.no_proxy),
      multi_((initialise_libcurl(), curl_multi_init())),
      share_(curl_share_init()) {
  SLUICE_CHECK(multi_ != nullptr && share_ != nullptr, "memory for libcurl");
  const auto most = static_cast<long>(options_.max_connections);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, most);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  // Used by the loop's thread only, hence without locks.
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  thread_ = std::thread([this] { run(); });
}

void CurlTransport::Loop::stop() {
  const std::lock_guard stop_lock(stop_mutex_);
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  curl_multi_wakeup(multi_);
  thread_.join();
}

CurlTransport::Loop::~Loop() {
  stop();
  spare_.clear();
  curl_multi_cleanup(multi_);
  curl_share_cleanup(share_);
}

void CurlTransport::Loop::send(HttpRequest request, std::function<void(HttpResponse)> done) {
  Waiting waiting{std::move(request), std::move(done), {}, steady_ms()};
  waiting.host = host_header_of(waiting.request.url);
  {
    const std::lock_guard lock(mutex_);
    if (!stopped_) {
      if (inbox_.empty()) curl_multi_wakeup(multi_);
      inbox_.push_back(std::move(waiting));
      return;
    }
  }
  answer_fault(waiting, TransportFault::other, "stopped");
}

void CurlTransport::Loop::run() {
  block_broken_pipe_signal();
  for (;;) {
    take_inbox();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
    }
    expire_waiting();
    admit();
    int running = 0;
    curl_multi_perform(multi_, &running);
    const std::size_t before = active_.size();
    finish_completed();
    if (active_.size() < before && !waiting_.empty()) continue;  // a place came free
    curl_multi_poll(multi_, nullptr, 0, poll_ms(), nullptr);
  }
  stop_all();
}

void CurlTransport::Loop::take_inbox() {
  {
    const std::lock_guard lock(mutex_);
    taken_.swap(inbox_);
  }
  for (Waiting& waiting : taken_) {
    const OutboundPolicy* policy = waiting.request.policy;
    const auto allowed = policy != nullptr ? policy->check_url(waiting.request.url) : Result<void>();
    if (allowed)
      waiting_.push_back(std::move(waiting));
    else
      answer_fault(waiting, TransportFault::forbidden, allowed.error().message);
  }
  taken_.clear();
}

void CurlTransport::Loop::expire_waiting() {
  if (waiting_.empty()) return;
  const std::int64_t now = steady_ms();
  std::deque<Waiting> expired;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (now - it->arrived_ms < it->request.timeout_ms) {
      ++it;
      continue;
    }
    expired.push_back(std::move(*it));
    it = waiting_.erase(it);
  }
  for (Waiting& waiting : expired) {
    answer_fault(waiting, TransportFault::timeout,
                 "no connection to " + waiting.host + " came free within " +
                     human_duration_ms(waiting.request.timeout_ms) + ": " + std::to_string(active_.size()) +
                     " requests are in flight");
  }
}

// libcurl knows when its own requests expire, but not those that wait here.
int CurlTransport::Loop::poll_ms() const {
  std::int64_t wait = active_.empty() ? kIdlePollMs : kBusyPollMs;
  const std::int64_t now = steady_ms();
  for (const Waiting& waiting : waiting_) wait = std::min(wait, waiting.arrived_ms + waiting.request.timeout_ms - now);
  return static_cast<int>(std::max<std::int64_t>(wait, 0));
}

// In the order of arrival, but one host at its limit does not hold up the others.
void CurlTransport::Loop::admit() {
  for (auto it = waiting_.begin(); it != waiting_.end() && active_.size() < options_.max_connections;) {
    std::size_t& of_host = active_by_host_[it->host];
    if (of_host >= options_.max_connections_per_host) {
      ++it;
      continue;
    }
    ++of_host;
    Waiting waiting = std::move(*it);
    it = waiting_.erase(it);
    start(std::move(waiting));
  }
}

void CurlTransport::Loop::start(Waiting waiting) {
  std::unique_ptr<Transfer> transfer;
  if (spare_.empty()) {
    transfer = std::make_unique<Transfer>();
    curl_easy_setopt(transfer->easy, CURLOPT_SHARE, share_);
  } else {
    transfer = std::move(spare_.back());
    spare_.pop_back();
  }
  transfer->what = std::move(waiting);
  transfer->on_new_connection = false;
  run_transfer(std::move(transfer));
}

void CurlTransport::Loop::run_transfer(std::unique_ptr<Transfer> transfer) {
  prepare(*transfer);
  CURL* const easy = transfer->easy;
  const CURLMcode code = curl_multi_add_handle(multi_, easy);
  SLUICE_CHECK(code == CURLM_OK, "a prepared handle of ours that is in no multi can be added");
  active_.emplace(easy, std::move(transfer));
}

void CurlTransport::Loop::prepare(Transfer& transfer) {
  CURL* const easy = transfer.easy;
  HttpRequest& request = transfer.what.request;
  transfer.response = HttpResponse();
  transfer.request_begun = false;
  transfer.broke_unanswered = false;
  transfer.body_sent = 0;
  transfer.body_failure.clear();
  transfer.status_of_part = 0;
  transfer.has_headers = false;
  transfer.header_bytes = 0;
  transfer.max_response_bytes = options_.max_response_bytes;
  if (request.max_response_bytes != 0)
    transfer.max_response_bytes = std::min(transfer.max_response_bytes, request.max_response_bytes);
  transfer.too_large.clear();
  transfer.tried_an_address = false;
  transfer.forbidden.clear();
  transfer.words[0] = '\0';

  curl_easy_reset(easy);  // keeps the share
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);  // a redirect would lead past the check of the URL
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.words.data());

  const std::int64_t left_ms = request.timeout_ms - (steady_ms() - transfer.what.arrived_ms);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(left_ms, 1)));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_ms));
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, static_cast<long>(options_.max_idle_connection_s));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options_.ca_bundle.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_bundle.c_str());

  set_route(transfer);

  if (request.body_source != nullptr) set_body_source(transfer, *request.body_source);
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

  curl_slist_free_all(transfer.headers);
  transfer.headers = curl_slist_append(nullptr, "Expect:");  // no round trip for "100 Continue"
  bool has_content_type = false;
  for (const auto& [name, value] : request.headers) {
    has_content_type = has_content_type || equals_ignoring_case(name, "content-type");
    // libcurl's way to send a header without a value is a semicolon.
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    transfer.headers = curl_slist_append(transfer.headers, line.c_str());
  }
  if (!has_content_type) transfer.headers = curl_slist_append(transfer.headers, "Content-Type:");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers);

  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
}

void CurlTransport::Loop::set_route(Transfer& transfer) {
  CURL* const easy = transfer.easy;
  const HttpRequest& request = transfer.what.request;
  transfer.proxy = request.use_proxy ? proxies_.proxy_for(request.url) : std::string();
  // Both are set, empty or not, so that libcurl looks for neither in the environment.
  curl_easy_setopt(easy, CURLOPT_PROXY, transfer.proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, transfer.on_new_connection ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &before_request);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, &transfer);
}

void CurlTransport::Loop::finish_completed() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // the message dies with remove_handle
    const auto found = active_.find(message->easy_handle);
    SLUICE_CHECK(found != active_.end(), "libcurl finishes only what was started");
    std::unique_ptr<Transfer> transfer = std::move(found->second);
    active_.erase(found);
    curl_multi_remove_handle(multi_, transfer->easy);
    if (code == CURLE_ABORTED_BY_CALLBACK && !transfer->on_new_connection && !transfer->broke_unanswered) {
      // libcurl has closed the one it had
      transfer->on_new_connection = true;
      run_transfer(std::move(transfer));
      continue;
    }
    const auto of_host = active_by_host_.find(transfer->what.host);
    if (--of_host->second == 0) active_by_host_.erase(of_host);
    finish(std::move(transfer), code);
  }
}

void CurlTransport::Loop::finish(std::unique_ptr<Transfer> transfer, CURLcode code) {
  HttpResponse response;
  if (code == CURLE_OK) {
    response = std::move(transfer->response);
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
  } else {
    response = fault_response(*transfer, code);
  }
  response.request_body = std::move(transfer->what.request.body);
  const std::function<void(HttpResponse)> done = std::move(transfer->what.done);
  transfer->what = Waiting();
  transfer->response = HttpResponse();  // what came of one that failed
  spare_.push_back(std::move(transfer));
  done(std::move(response));
}

HttpResponse CurlTransport::Loop::fault_response(const Transfer& transfer, CURLcode code) const {
  long connect_status = 0, sent_bytes = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
  curl_easy_getinfo(transfer.easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
  FaultFacts facts;
  facts.code = static_cast<int>(code);
  facts.words = !transfer.too_large.empty() ? transfer.too_large
                : transfer.words[0] != '\0' ? std::string(transfer.words.data())
                                            : std::string(curl_easy_strerror(code));
  if (transfer.too_large.empty()) facts.body_failure = transfer.body_failure;
  if (transfer.broke_unanswered) {
    facts.code = CURLE_GOT_NOTHING;
    facts.words = "it closed the connection without an answer";
  }
  facts.host = transfer.what.host;
  facts.proxy = without_password(transfer.proxy);
  facts.proxy_status = static_cast<int>(connect_status);
  if (!transfer.tried_an_address || (code == CURLE_ABORTED_BY_CALLBACK && !transfer.broke_unanswered))
    facts.forbidden = transfer.forbidden;
  else if (!transfer.forbidden.empty())
    facts.words += ". Another of its addresses was not tried: " + transfer.forbidden;
  HttpResponse response;
  response.fault = fault_of(facts);
  response.fault_text = fault_text(facts);
  response.proxy_status = facts.proxy.empty() ? 0 : facts.proxy_status;
  response.request_sent = sent_bytes > 0 || transfer.broke_unanswered;
  response.status_of_part = transfer.status_of_part;
  const bool is_announced =
      !transfer.response.header("content-length").empty() || !transfer.response.header("transfer-encoding").empty();
  response.is_cut =
      response.fault == TransportFault::reset && transfer.too_large.empty() && (!transfer.has_headers || is_announced);
  return response;
}

void CurlTransport::Loop::answer_fault(Waiting& waiting, TransportFault fault, std::string text) {
  HttpResponse response;
  response.fault = fault;
  response.fault_text = std::move(text);
  response.request_body = std::move(waiting.request.body);
  waiting.done(std::move(response));
}

void CurlTransport::Loop::stop_all() {
  while (!active_.empty()) {
    std::unique_ptr<Transfer> transfer = std::move(active_.begin()->second);
    active_.erase(active_.begin());
    curl_multi_remove_handle(multi_, transfer->easy);
    answer_fault(transfer->what, TransportFault::other, "stopped");
  }
  // Answers may send again.
  for (;;) {
    take_inbox();
    if (waiting_.empty()) {
      const std::lock_guard lock(mutex_);
      stopped_ = inbox_.empty();
      if (stopped_) return;
      continue;
    }
    Waiting waiting = std::move(waiting_.front());
    waiting_.pop_front();
    answer_fault(waiting, TransportFault::other, "stopped");
  }
}

CurlTransportOptions curl_transport_options(const ProcessEnvironment& environment) {
  CurlTransportOptions options;
  options.ca_bundle = environment("AWS_CA_BUNDLE").value_or("");
  return options;
}

CurlTransport::CurlTransport(CurlTransportOptions options) : loop_(std::make_unique<Loop>(std::move(options))) {}
CurlTransport::~CurlTransport() = default;
void CurlTransport::stop() { loop_->stop(); }

void CurlTransport::send(HttpRequest request, std::function<void(HttpResponse)> done) {
  loop_->send(std::move(request), std::move(done));
}

}  // namespace sluice::http_client
