#include "relay/client_requests.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/text.h"
#include "http/address_count.h"
#include "http_client/url.h"
#include "intake/answers.h"
#include "intake/sdk_headers.h"
#include "relay/flag_path.h"
#include "relay/flag_rewrite.h"

namespace sluice::relay {
namespace {

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
  const std::string_view text = request.header(kRelayedHeader);
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
  bool is_evaluation = false;
  CredentialKind credential = CredentialKind::mobile_key;
  std::string if_none_match;
  std::shared_ptr<std::atomic<std::uint64_t>> unreadable;
};

// Scheme and host alone: its path may have somebody's context.
std::string location_of(const http_client::HttpResponse& upstream) {
  for (const auto& [name, value] : upstream.headers) {
    if (name != "location") continue;
    const auto url = http_client::parse_url(value);
    if (!url) break;
    return fmt::format("{}://{}", url->https ? "https" : "http", url->host_and_port);
  }
  return "an address that it does not name in full";
}

// Whether bytes may be what was asked for: a page of a proxy, or of some other server, is never handed on.
bool may_be_json(std::string_view body) {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (body[first] == '{' || body[first] == '[');
}

// Why clients are told to ask again; empty: they are not. Whoever asks has a key that was checked here, so a source
// that does not accept it is no fault of theirs, and SDKs that are told 401 or 404 do not ask again before their page
// or app is started anew.
EvaluationFailure failure_of(const http_client::HttpResponse& upstream, const Passed& passed) {
  const char* const key = passed.credential == CredentialKind::mobile_key ? "mobile key" : "client-side id";
  const int status = upstream.status;
  if (upstream.fault != http_client::TransportFault::none)
    return {upstream.fault_text, "Check flagBaseUri, and that this server reaches it."};
  if (status >= 300 && status < 400)
    return {fmt::format("It redirects to {}.", location_of(upstream)),
            "Set flagBaseUri to the address that it has now."};
  if (passed.is_evaluation && (status == 401 || status == 403))
    return {fmt::format("It answers {}: the environment's {} is not accepted.", status, key),
            fmt::format(
                "Give the environment the {} that it has there, or set flagBaseUri to the server that knows it.", key)};
  if (passed.is_evaluation && status == 404)
    return {fmt::format("It answers 404: it does not know the environment's {}, or does not evaluate flags.", key),
            fmt::format("Set flagBaseUri to LaunchDarkly or an ld-relay, and give the environment the {} that it has "
                        "there.",
                        key)};
  if (status == 508)
    return {"It answers 508: flag sources lead in a circle, or too many servers stand in a row.",
            "Set flagBaseUri to LaunchDarkly, or to a server that is nearer to it."};
  if (status == 429 || status >= 500 || (status != 200 && status < 400))
    return {fmt::format("It answers {}.", status), "Look at the server that flagBaseUri names. Apps ask again."};
  if (status == 200 && !may_be_json(upstream.body))
    return {fmt::format("It answers 200 with {} that are no JSON.", human_bytes(upstream.body.size())),
            "Set flagBaseUri to LaunchDarkly, an ld-relay, or another Sluice."};
  return {};
}

// What clients are told of a failure: neither words nor addresses of upstream's.
http::HttpResponse failure_answer(const http_client::HttpResponse& upstream) {
  http::HttpResponse response =
      unavailable("upstream", "This environment's flag source does not answer. Ask again in a second.");
  if (upstream.status == 429) response.status = 429;
  for (const auto& [name, value] : upstream.headers)
    if (name == "retry-after" && (upstream.status == 429 || upstream.status == 503))
      response.headers.back().second = value;
  return response;
}

// `failure`: what is wrong with an answer that its client gets all the same.
http::HttpResponse answer_of(http_client::HttpResponse&& upstream, const Passed& passed, EvaluationFailure& failure) {
  if (upstream.status != 200)
    return intake::json_answer(static_cast<unsigned>(upstream.status), "refused",
                               "The flag source does not accept this request.");
  http::HttpResponse response;
  response.content_type = "application/json";
  for (const auto& [name, value] : upstream.headers)
    if (name == "cache-control") response.headers.emplace_back(name, value);
  response.body = std::move(upstream.body);
  if (!passed.rewritten) return response;
  std::string rewritten;
  const Rewriting outcome = rewrite_evaluations(response.body, passed.selection.is_selected, passed.options, rewritten);
  if (outcome == Rewriting::unreadable) {
    passed.unreadable->fetch_add(1, std::memory_order_relaxed);
    failure = {
        fmt::format("It answers 200 with {} that are no evaluations of flags.", human_bytes(response.body.size())),
        "Set flagBaseUri to LaunchDarkly, an ld-relay, or another Sluice."};
  }
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

bool ClientRequests::Calls::put(Queue::Call&& call) {
  {
    const std::lock_guard lock(mutex_);
    if (!queue_.put(std::move(call))) return false;
  }
  begin_calls();
  return true;
}

// One at a time: a transport that is stopping answers within send(), and what is answered lets another begin.
void ClientRequests::Calls::begin_calls() {
  std::unique_lock lock(mutex_);
  if (std::exchange(beginning_, true)) return;
  while (auto call = queue_.next()) {
    lock.unlock();
    begin(std::move(*call));
    lock.lock();
  }
  beginning_ = false;
}

void ClientRequests::Calls::begin(Queue::Call call) {
  call.work.call.timeout_ms = std::max(kUpstreamTimeoutMs - (now_us() - call.since_us) / 1'000, kLeastCallMs);
  transport_.send(std::move(call.work.call),
                  [calls = shared_from_this(), source = std::move(call.source), owner = std::move(call.owner),
                   done = std::move(call.work.done)](http_client::HttpResponse upstream) {
                    {
                      const std::lock_guard lock(calls->mutex_);
                      calls->queue_.finished(source, owner);
                    }
                    calls->begin_calls();
                    done(std::move(upstream));
                  });
}

void ClientRequests::Calls::tick() {
  std::vector<Queue::Call> late;
  {
    const std::lock_guard lock(mutex_);
    late = queue_.take_older(now_us() - kUpstreamTimeoutMs * 1'000, kMaxLatePerTick);
  }
  for (Queue::Call& call : late) {
    http_client::HttpResponse none;
    none.fault = http_client::TransportFault::timeout;
    none.fault_text = fmt::format("This request waited {} for its turn.", human_duration_ms(kUpstreamTimeoutMs));
    call.work.done(std::move(none));
  }
  begin_calls();
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
        fmt::format("This request has passed {} servers already, the most that it may: their flag sources lead in a "
                    "circle, or there are too many in a row. Set flagStreamUri, or flagBaseUri where it is set, to "
                    "LaunchDarkly, to an ld-relay, or to a server that is nearer to LaunchDarkly.",
                    kMaxHops)));
  Passed passed{selection_of(environment, flags_),
                {},
                route.endpoint == RelayEndpoint::evaluations,
                route.endpoint != RelayEndpoint::passed_on,
                route.credential,
                std::string(request.header("If-None-Match")),
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
  call.headers.emplace_back(kRelayedHeader, std::to_string(hops + 1));
  call.policy = policy_;
  call.max_response_bytes = kMaxEvaluationBytes;

  Queue::Call waiting;
  waiting.source = http_client::host_header_of(environment.flag_source.client_base_uri);
  waiting.owner = {credential_owner(environment.id, route.credential),
                   addresses_tell_ ? http::counted_address(request.peer) : std::string()};
  waiting.bytes = request.path.size() + request.query.size() + request.body.size();
  waiting.since_us = calls_->now_us();
  const auto kept = std::make_shared<http::HttpResponder>(std::move(responder));
  const auto finish = [feed = std::move(feed), kept, with = std::move(with)](http::HttpResponse response) {
    if (feed && (response.status >= 500 || response.status == 429)) feed->note_unanswered();
    response.headers.insert(response.headers.end(), with.begin(), with.end());
    (*kept)(std::move(response));
  };
  waiting.work.call = std::move(call);
  waiting.work.done = [finish, passed = std::move(passed), health = health_,
                       source = EvaluationHealth::source_of(environment, route.credential), owner = waiting.owner,
                       unsent = unsent_](http_client::HttpResponse upstream) {
    EvaluationFailure failure = failure_of(upstream, passed);
    if (failure) {
      if (passed.is_evaluation) health->note(source, failure);
      return finish(failure_answer(upstream));
    }
    const int status = upstream.status;
    http::HttpResponse response = answer_of(std::move(upstream), passed, failure);
    if (passed.is_evaluation && status == 200) health->note(source, failure);
    if (passed.is_evaluation && status == 400) health->note_refused_context(source);
    response.while_unsent = unsent->hold(owner, response.body.size());
    if (!response.while_unsent)
      response =
          unavailable("busy", "Too many answers of this key or address are not read yet. Ask again in a second.");
    finish(std::move(response));
  };
  if (!calls_->put(std::move(waiting)))
    finish(unavailable("busy", "Too many requests wait for the source of flags. Ask again in a second."));
}

}  // namespace sluice::relay
