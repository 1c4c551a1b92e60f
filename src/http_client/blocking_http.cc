#include "http_client/blocking_http.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

namespace sluice::http_client {

HttpResponse send_and_wait(HttpTransport& transport, HttpRequest request) {
  // Shared, because the transport's thread may still be inside notify when the waiting one continues.
  struct Exchange {
    std::mutex mutex;
    std::condition_variable answered;
    std::optional<HttpResponse> response;
  };
  const auto exchange = std::make_shared<Exchange>();
  transport.send(std::move(request), [exchange](HttpResponse response) {
    const std::lock_guard lock(exchange->mutex);
    exchange->response = std::move(response);
    exchange->answered.notify_one();
  });
  std::unique_lock lock(exchange->mutex);
  exchange->answered.wait(lock, [&] { return exchange->response.has_value(); });
  return std::move(*exchange->response);
}

}  // namespace sluice::http_client
