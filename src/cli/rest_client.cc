#include "cli/rest_client.h"

#include <fmt/format.h>

#include <future>
#include <utility>

#include "http_client/curl_transport.h"

namespace sluice::cli {

using nlohmann::ordered_json;

// The check of a destination calls AWS several times.
constexpr std::int64_t kReplyTimeoutMs = 90'000;

Result<RestReply> call_rest(const RestServer& server, const std::string& method, const std::string& path,
                            const std::optional<ordered_json>& body) {
  http_client::CurlTransport transport;
  http_client::HttpRequest request;
  request.method = method;
  request.url = server.url + "/api/v2/" + path;
  request.timeout_ms = kReplyTimeoutMs;
  request.headers = {{"Authorization", server.token}};
  if (body) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = body->dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  }
  std::promise<http_client::HttpResponse> answered;
  auto answer = answered.get_future();
  transport.send(std::move(request),
                 [&](http_client::HttpResponse response) { answered.set_value(std::move(response)); });
  const http_client::HttpResponse response = answer.get();
  if (response.fault != http_client::TransportFault::none)
    return fail(
        fmt::format("Cannot reach {}: {}. Is the server running? Name its admin port with --server or "
                    "SLUICE_SERVER.",
                    server.url, response.fault_text));
  RestReply reply{response.status, nullptr};
  if (response.body.empty()) return reply;
  reply.body = ordered_json::parse(response.body, nullptr, false);
  if (reply.body.is_discarded())
    return fail(
        fmt::format("{} is not Sluice's admin port. Set its address with --server or SLUICE_SERVER.", server.url));
  return reply;
}

}  // namespace sluice::cli
