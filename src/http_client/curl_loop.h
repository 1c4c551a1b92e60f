// The thread of CurlTransport: takes exchanges from any thread, admits as many as are allowed, and drives libcurl.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "http_client/curl_transfer.h"
#include "http_client/curl_transport.h"
#include "http_client/proxy_choice.h"

namespace sluice::http_client {

class CurlLoop {
 public:
  explicit CurlLoop(CurlTransportOptions options);
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;
  ~CurlLoop();

  // See CurlTransport. Any thread.
  void send(HttpRequest request, std::function<void(HttpResponse)> done);
  std::unique_ptr<HttpStream> open(HttpStreamRequest request, std::function<void()> ready);
  void stop();

 private:
  void submit(CurlExchange exchange);
  void wake_stream(std::uint64_t stream_id);

  // Of the loop's thread.
  void run();
  void take_inbox();
  void look_after_woken_streams();
  void look_after_woken_stream(std::uint64_t stream_id);
  void expire_waiting();
  void expire_streams();
  int poll_ms() const;
  bool may_start(const CurlExchange& exchange) const;
  void admit();
  void start(CurlExchange exchange);
  void run_transfer(std::unique_ptr<CurlTransfer> transfer);
  void finish_completed();
  std::unique_ptr<CurlTransfer> withdraw(CURL* easy);
  void keep_spare(std::unique_ptr<CurlTransfer> transfer);
  void set_connection_cache();
  void stop_all();

  const CurlTransportOptions options_;
  const ProxyChoice proxies_;
  CURLM* const multi_;
  CURLSH* const share_;

  std::mutex mutex_;
  std::vector<CurlExchange> inbox_;           // guarded by mutex_
  std::vector<std::uint64_t> woken_streams_;  // guarded by mutex_: cancelled, or with room again
  std::uint64_t last_stream_id_ = 0;          // guarded by mutex_
  bool stopping_ = false;                     // guarded by mutex_
  bool stopped_ = false;                      // guarded by mutex_: the inbox is no longer read

  // Of the loop's thread.
  std::vector<CurlExchange> taken_;
  std::vector<std::uint64_t> taken_woken_;
  std::deque<CurlExchange> waiting_;
  std::unordered_map<CURL*, std::unique_ptr<CurlTransfer>> active_;  // streams, too
  std::unordered_map<std::uint64_t, CURL*> active_streams_;          // by id
  std::map<std::string, std::size_t> active_by_host_;                // whole answers
  std::vector<std::unique_ptr<CurlTransfer>> spare_;

  std::mutex stop_mutex_;
  std::thread thread_;  // guarded by stop_mutex_; last: it uses all of the above
};

}  // namespace sluice::http_client
