#include "relay/client_requests.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <charconv>
#include <string_view>

#include "intake/answers.h"
#include "intake/sdk_headers.h"
#include "relay/flag_rewrite.h"

namespace sluice::relay {
namespace {

constexpr const char* kHopsHeader = "X-Sluice-Relayed";
constexpr std::string_view kWithReasons = "withReasons=true";

// Of this answer's bytes, so that a switch shows in it.
std::string etag_of(std::string_view body) {
  const XXH128_hash_t hash = XXH3_128bits(body.data(), body.size());
  return fmt::format("\"{:016x}{:016x}\"", hash.high64, hash.low64);
}

bool asks_for_reasons(std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    if (query.substr(0, end) == kWithReasons) return true;
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return false;
}

unsigned hops_of(const http::HttpRequest& request) {
  const std::string_view text = request.header(kHopsHeader);
  unsigned hops = 0;
  std::from_chars(text.data(), text.data() + text.size(), hops);
  return hops;
}

http::HttpResponse unavailable(std::string_view code, std::string_view message) {
  http::HttpResponse response = intake::json_answer(503, code, message);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

// What an answer needs of its request, which is gone by then.
struct Passed {
  FlagSelection selection;
  EvaluationOptions options;
  bool rewritten = false;
  std::string if_none_match;
  ClientRequests::Headers with;
  std::shared_ptr<std::atomic<std::uint64_t>> unreadable;
};

std::string_view location_of(const http_client::HttpResponse& upstream) {
  for (const auto& [name, value] : upstream.headers)
    if (name == "location" && !value.empty()) return value;
  return "an address that it does not name";
}

http::HttpResponse answer_of(http_client::HttpResponse&& upstream, const Passed& passed) {
  if (upstream.fault != http_client::TransportFault::none)
    return unavailable("upstream", "The source of this environment's flags does not answer. " + upstream.fault_text);
  if (upstream.status >= 300 && upstream.status < 400)
    return unavailable("upstream",
                       fmt::format("The source of this environment's flags redirects to {}. Set flagBaseUri to the "
                                   "address that it has now.",
                                   location_of(upstream)));
  http::HttpResponse response;
  response.status = static_cast<unsigned>(upstream.status);
  for (const auto& [name, value] : upstream.headers)
    if (name == "content-type" || name == "cache-control" || name == "retry-after")
      response.headers.emplace_back(name == "content-type" ? "Content-Type" : name, value);
  response.body = std::move(upstream.body);
  if (upstream.status != 200 || !passed.rewritten) return response;
  std::string rewritten;
  const Rewriting outcome = rewrite_evaluations(response.body, passed.selection.is_selected, passed.options, rewritten);
  if (outcome == Rewriting::unreadable) passed.unreadable->fetch_add(1, std::memory_order_relaxed);
  if (outcome == Rewriting::changed) response.body = std::move(rewritten);
  std::string etag = etag_of(response.body);
  if (passed.if_none_match == etag) {
    response.status = 304;
    response.body.clear();
  }
  response.headers.emplace_back("ETag", std::move(etag));
  return response;
}

}  // namespace

bool ClientRequests::Waiting::enter(std::uint64_t size) {
  const bool fits = requests.fetch_add(1, std::memory_order_relaxed) < kMaxPassedOn &&
                    bytes.load(std::memory_order_relaxed) + size <= kMaxPassedOnBytes;
  bytes.fetch_add(size, std::memory_order_relaxed);
  if (!fits) leave(size);
  return fits;
}

void ClientRequests::Waiting::leave(std::uint64_t size) {
  requests.fetch_sub(1, std::memory_order_relaxed);
  bytes.fetch_sub(size, std::memory_order_relaxed);
}

void ClientRequests::pass_on(const http::HttpRequest& request, const RelayRoute& route,
                             const catalog::Environment& environment, Headers with, std::shared_ptr<FlagFeed> feed,
                             http::HttpResponder responder) {
  const auto answer = [&](http::HttpResponse response) {
    response.headers.insert(response.headers.end(), with.begin(), with.end());
    responder(std::move(response));
  };
  const unsigned hops = hops_of(request);
  if (hops >= kMaxHops)
    return answer(intake::json_answer(
        508, "circle",
        "This was passed on by Sluice again and again: an environment's flag source leads back to it. Set flagSource's "
        "address to LaunchDarkly or an ld-relay."));
  const std::uint64_t size = request.path.size() + request.query.size() + request.body.size();
  if (!waiting_->enter(size)) {
    if (feed) feed->note_unanswered();
    return answer(unavailable("busy", "Too many requests wait for the source of flags. Ask again in a second."));
  }
  Passed passed{selection_of(environment, flags_),
                {},
                route.endpoint == RelayEndpoint::evaluations,
                std::string(request.header("If-None-Match")),
                std::move(with),
                unreadable_};
  const bool client_asks = asks_for_reasons(request.query);
  const bool exports = !environment.flag_export.as_sent;
  passed.options.reasons = exports && environment.flag_source.reasons;
  passed.options.strip_reasons = passed.options.reasons && !client_asks;

  http_client::HttpRequest call;
  call.method = request.method;
  call.url = environment.flag_source.client_base_uri + std::string(route.path);
  std::string query(request.query);
  if (passed.rewritten && passed.options.reasons && !client_asks)
    query += (query.empty() ? "" : "&") + std::string(kWithReasons);
  if (!query.empty()) call.url += "?" + query;
  call.body = request.body;
  // A browser's credential is the id in its path; what else it sends was not checked here, and is not Sluice's to pass
  // on.
  if (route.credential == CredentialKind::mobile_key)
    call.headers.emplace_back("Authorization", request.header("Authorization"));
  for (const char* name :
       {"Content-Type", "X-LaunchDarkly-Wrapper", "X-LaunchDarkly-Tags", "X-LaunchDarkly-Instance-Id"})
    if (const std::string_view value = request.header(name); !value.empty()) call.headers.emplace_back(name, value);
  if (const std::string_view agent = intake::user_agent(request); !agent.empty())
    call.headers.emplace_back("X-LaunchDarkly-User-Agent", agent);
  call.headers.emplace_back(kHopsHeader, std::to_string(hops + 1));
  call.timeout_ms = kUpstreamTimeoutMs;
  call.policy = policy_;
  call.max_response_bytes = kMaxEvaluationBytes;
  transport_.send(std::move(call), [waiting = waiting_, size, feed = std::move(feed), passed = std::move(passed),
                                    responder = std::make_shared<http::HttpResponder>(std::move(responder))](
                                       http_client::HttpResponse upstream) {
    waiting->leave(size);
    http::HttpResponse response = answer_of(std::move(upstream), passed);
    if (feed && (response.status >= 500 || response.status == 429)) feed->note_unanswered();
    response.headers.insert(response.headers.end(), passed.with.begin(), passed.with.end());
    (*responder)(std::move(response));
  });
}

}  // namespace sluice::relay
