#include "http_client/curl_loop.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "http_client/curl_options.h"
#include "http_client/outbound_policy.h"
#include "http_client/url.h"

namespace sluice::http_client {

namespace {

constexpr int kIdlePollMs = 60'000;
constexpr int kBusyPollMs = 1'000;

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

void answer_fault(CurlExchange& exchange, TransportFault fault, std::string text) {
  HttpResponse response;
  response.fault = fault;
  response.fault_text = std::move(text);
  answer_exchange(exchange, std::move(response));
}

}  // namespace

CurlLoop::CurlLoop(CurlTransportOptions options)
    : options_(std::move(options)),
      proxies_(options_.proxy, options_.no_proxy),
      multi_((initialise_libcurl(), curl_multi_init())),
      share_(curl_share_init()) {
  SLUICE_CHECK(multi_ != nullptr && share_ != nullptr, "memory for libcurl");
  set_connection_cache();
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  // Used by the loop's thread only, hence without locks.
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  thread_ = std::thread([this] { run(); });
}

void CurlLoop::stop() {
  const std::lock_guard stop_lock(stop_mutex_);
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  curl_multi_wakeup(multi_);
  thread_.join();
}

CurlLoop::~CurlLoop() {
  stop();
  spare_.clear();
  curl_multi_cleanup(multi_);
  curl_share_cleanup(share_);
}

void CurlLoop::send(HttpRequest request, std::function<void(HttpResponse)> done) {
  CurlExchange exchange;
  exchange.request = std::move(request);
  exchange.done = std::move(done);
  submit(std::move(exchange));
}

std::unique_ptr<HttpStream> CurlLoop::open(HttpStreamRequest request, std::function<void()> ready) {
  CurlExchange exchange;
  {
    const std::lock_guard lock(mutex_);
    exchange.stream_id = ++last_stream_id_;
  }
  const auto pipe = std::make_shared<StreamPipe>(request.max_buffered_bytes, std::move(ready),
                                                 [this, id = exchange.stream_id] { wake_stream(id); });
  exchange.request = std::move(request.request);
  exchange.pipe = pipe;
  exchange.idle_timeout_ms = request.idle_timeout_ms;
  exchange.accept_gzip = request.accept_gzip;
  submit(std::move(exchange));
  return stream_of(pipe);
}

void CurlLoop::submit(CurlExchange exchange) {
  exchange.arrived_ms = loop_clock_ms();
  exchange.host = host_header_of(exchange.request.url);
  {
    const std::lock_guard lock(mutex_);
    if (!stopped_) {
      if (inbox_.empty()) curl_multi_wakeup(multi_);
      inbox_.push_back(std::move(exchange));
      return;
    }
  }
  answer_fault(exchange, TransportFault::other, "stopped");
}

void CurlLoop::wake_stream(std::uint64_t stream_id) {
  const std::lock_guard lock(mutex_);
  woken_streams_.push_back(stream_id);
  curl_multi_wakeup(multi_);
}

void CurlLoop::run() {
  block_broken_pipe_signal();
  for (;;) {
    take_inbox();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
    }
    look_after_woken_streams();
    expire_waiting();
    expire_streams();
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

void CurlLoop::take_inbox() {
  {
    const std::lock_guard lock(mutex_);
    taken_.swap(inbox_);
    taken_woken_.swap(woken_streams_);
  }
  for (CurlExchange& exchange : taken_) {
    const OutboundPolicy* policy = exchange.request.policy;
    const auto allowed = policy != nullptr ? policy->check_url(exchange.request.url) : Result<void>();
    if (allowed)
      waiting_.push_back(std::move(exchange));
    else
      answer_fault(exchange, TransportFault::forbidden, allowed.error().message);
  }
  taken_.clear();
}

void CurlLoop::look_after_woken_streams() {
  for (const std::uint64_t stream_id : taken_woken_) look_after_woken_stream(stream_id);
  taken_woken_.clear();
}

void CurlLoop::look_after_woken_stream(std::uint64_t stream_id) {
  const auto found = active_streams_.find(stream_id);
  if (found == active_streams_.end()) {  // it has ended, or was cancelled before it began
    const auto has_id = [&](const CurlExchange& exchange) { return exchange.stream_id == stream_id; };
    const auto waiting = std::find_if(waiting_.begin(), waiting_.end(), has_id);
    if (waiting == waiting_.end()) return;
    waiting->pipe->end({});
    waiting_.erase(waiting);
    return;
  }
  CURL* const easy = found->second;
  CurlTransfer& transfer = *active_.at(easy);
  if (transfer.what.pipe->is_cancelled()) {
    std::unique_ptr<CurlTransfer> cancelled = withdraw(easy);
    cancelled->finish_with(TransportFault::other, "cancelled");
    return keep_spare(std::move(cancelled));
  }
  transfer.is_paused = false;
  transfer.restart_idle_clock();
  const CURLcode code = curl_easy_pause(easy, CURLPAUSE_CONT);
  if (code == CURLE_OK) return;
  std::unique_ptr<CurlTransfer> failed = withdraw(easy);
  failed->finish(code);
  keep_spare(std::move(failed));
}

void CurlLoop::expire_waiting() {
  if (waiting_.empty()) return;
  const std::int64_t now = loop_clock_ms();
  std::deque<CurlExchange> expired;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (now - it->arrived_ms < it->request.timeout_ms) {
      ++it;
      continue;
    }
    expired.push_back(std::move(*it));
    it = waiting_.erase(it);
  }
  for (CurlExchange& exchange : expired) {
    const std::string in_flight =
        exchange.pipe ? std::to_string(active_streams_.size()) + " streams are open"
                      : std::to_string(active_.size() - active_streams_.size()) + " requests are in flight";
    answer_fault(exchange, TransportFault::timeout,
                 "no connection to " + exchange.host + " came free within " +
                     human_duration_ms(exchange.request.timeout_ms) + ": " + in_flight);
  }
}

void CurlLoop::expire_streams() {
  const std::int64_t now = loop_clock_ms();
  std::vector<CURL*> expired;
  for (const auto& [id, easy] : active_streams_) {
    const CurlTransfer& transfer = *active_.at(easy);
    if (!transfer.is_paused && transfer.deadline_ms <= now) expired.push_back(easy);
  }
  for (CURL* const easy : expired) {
    std::unique_ptr<CurlTransfer> transfer = withdraw(easy);
    transfer->finish_timed_out();
    keep_spare(std::move(transfer));
  }
}

// libcurl knows when its own requests expire, but neither those that wait here, nor streams.
int CurlLoop::poll_ms() const {
  std::int64_t wait = active_.empty() ? kIdlePollMs : kBusyPollMs;
  const std::int64_t now = loop_clock_ms();
  for (const CurlExchange& exchange : waiting_)
    wait = std::min(wait, exchange.arrived_ms + exchange.request.timeout_ms - now);
  for (const auto& [id, easy] : active_streams_) {
    const CurlTransfer& transfer = *active_.at(easy);
    if (!transfer.is_paused) wait = std::min(wait, transfer.deadline_ms - now);
  }
  return static_cast<int>(std::max<std::int64_t>(wait, 0));
}

bool CurlLoop::may_start(const CurlExchange& exchange) const {
  if (exchange.pipe) return active_streams_.size() < options_.max_streams;
  if (active_.size() - active_streams_.size() >= options_.max_connections) return false;
  const auto of_host = active_by_host_.find(exchange.host);
  return of_host == active_by_host_.end() || of_host->second < options_.max_connections_per_host;
}

// In the order of arrival, but one host at its limit does not hold up the others, nor do streams and whole answers each
// other.
void CurlLoop::admit() {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (!may_start(*it)) {
      ++it;
      continue;
    }
    CurlExchange exchange = std::move(*it);
    it = waiting_.erase(it);
    start(std::move(exchange));
  }
}

void CurlLoop::start(CurlExchange exchange) {
  std::unique_ptr<CurlTransfer> transfer;
  if (spare_.empty()) {
    transfer = std::make_unique<CurlTransfer>();
    curl_easy_setopt(transfer->easy, CURLOPT_SHARE, share_);
  } else {
    transfer = std::move(spare_.back());
    spare_.pop_back();
  }
  if (exchange.pipe)
    active_streams_.emplace(exchange.stream_id, transfer->easy);
  else
    ++active_by_host_[exchange.host];
  set_connection_cache();
  transfer->what = std::move(exchange);
  transfer->is_on_new_connection = false;
  run_transfer(std::move(transfer));
}

void CurlLoop::run_transfer(std::unique_ptr<CurlTransfer> transfer) {
  prepare_transfer(*transfer, options_, proxies_);
  CURL* const easy = transfer->easy;
  const CURLMcode code = curl_multi_add_handle(multi_, easy);
  SLUICE_CHECK(code == CURLM_OK, "a prepared handle of ours that is in no multi can be added");
  active_.emplace(easy, std::move(transfer));
}

void CurlLoop::finish_completed() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;  // the message dies with remove_handle
    if (active_.at(easy)->deserves_new_connection(code)) {
      curl_multi_remove_handle(multi_, easy);
      std::unique_ptr<CurlTransfer> again = std::move(active_.extract(easy).mapped());
      again->is_on_new_connection = true;
      run_transfer(std::move(again));
      continue;
    }
    std::unique_ptr<CurlTransfer> transfer = withdraw(easy);
    transfer->finish(code);
    keep_spare(std::move(transfer));
  }
}

// Takes it out of libcurl's hands and gives its place to another.
std::unique_ptr<CurlTransfer> CurlLoop::withdraw(CURL* easy) {
  std::unique_ptr<CurlTransfer> transfer = std::move(active_.extract(easy).mapped());
  curl_multi_remove_handle(multi_, easy);
  if (transfer->what.pipe) {
    active_streams_.erase(transfer->what.stream_id);
  } else {
    const auto of_host = active_by_host_.find(transfer->what.host);
    if (--of_host->second == 0) active_by_host_.erase(of_host);
  }
  set_connection_cache();
  return transfer;
}

void CurlLoop::keep_spare(std::unique_ptr<CurlTransfer> transfer) {
  if (spare_.size() < options_.max_connections) spare_.push_back(std::move(transfer));
}

// libcurl counts connections in use, too, and closes idle ones when there are more: those of streams come on top.
void CurlLoop::set_connection_cache() {
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.max_connections + active_streams_.size()));
}

void CurlLoop::stop_all() {
  while (!active_.empty()) withdraw(active_.begin()->first)->finish_with(TransportFault::other, "stopped");
  // Answers may send again.
  for (;;) {
    take_inbox();
    if (waiting_.empty()) {
      const std::lock_guard lock(mutex_);
      stopped_ = inbox_.empty();
      if (stopped_) return;
      continue;
    }
    CurlExchange exchange = std::move(waiting_.front());
    waiting_.pop_front();
    answer_fault(exchange, TransportFault::other, "stopped");
  }
}

}  // namespace sluice::http_client
