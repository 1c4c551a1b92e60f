#include "relay/relay_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "intake/answers.h"
#include "intake/authentication.h"
#include "intake/cors.h"
#include "relay/flag_path.h"
#include "relay/relay_routes.h"

namespace sluice::relay {
namespace {

using Headers = ClientRequests::Headers;
using Kind = catalog::FlagSource::Kind;

constexpr std::string_view kEventStream = "text/event-stream; charset=utf-8";
constexpr std::string_view kJson = "application/json";
constexpr const char* kFallbackHeader = "x-ld-fd-fallback";
constexpr std::size_t kMaxFilterBytes = 256;
constexpr std::string_view kGzipEtagEnd = "-gzip\"";

intake::Route intake_route(const RelayRoute& route) {
  intake::Route out;
  out.credential = route.credential;
  out.client_side_id = route.client_side_id;
  return out;
}

// The first value of `name`, which ends with '='; empty: there is none.
std::string_view query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view part = query.substr(0, end);
    if (part.starts_with(name)) return part.substr(name.size());
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return {};
}

// The payload filter that a query asks for; empty: none. Nothing: what it asks for is no filter's key.
std::optional<std::string> filter_of(std::string_view query) {
  const std::string_view value = query_value(query, "filter=");
  // https://docs.launchdarkly.com/sdk/features/config-payload-filtering
  const bool is_key = value.size() <= kMaxFilterBytes && std::ranges::all_of(value, [](char c) {
                        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                               c == '_' || c == '.';
                      });
  return is_key ? std::optional(std::string(value)) : std::nullopt;
}

bool accepts_gzip(const http::HttpRequest& request) {
  return request.header("Accept-Encoding").find("gzip") != std::string_view::npos;
}

// The same whether the client was answered compressed or not.
bool has_etag(const http::HttpRequest& request, const std::string& etag) {
  const std::string_view known = request.header("If-None-Match");
  if (known.empty()) return false;
  const std::string_view inside = std::string_view(etag).substr(0, etag.size() - 1);
  return known == etag || (known.starts_with(inside) && known.substr(inside.size()) == kGzipEtagEnd);
}

class RelayHandler final : public http::HttpHandler {
 public:
  RelayHandler(const FlagDelivery& delivery, std::unique_ptr<http::HttpHandler> next)
      : delivery_(delivery), next_(std::move(next)), authenticator_(delivery.log_interval_ms), sdks_(delivery.sdks) {}

  http::Admission admit(const http::HttpRequest& request) override {
    const RelayRoute route = route_of(request);
    if (route.endpoint == RelayEndpoint::none) return next_->admit(request);
    http::Admission admission;
    const catalog::CatalogPointer catalog = delivery_.catalog.current();
    const catalog::Environment* const environment =
        catalog && route.method == RelayMethod::allowed
            ? intake::Authenticator::find(*catalog, intake_route(route), request)
            : nullptr;
    admission.refused = environment == nullptr;
    if (environment == nullptr) return admission;
    admission.owner = credential_owner(environment->id, route.credential);
    admission.max_body_bytes = kMaxContextBytes;
    return admission;
  }
  bool admits_all() const override { return next_->admits_all(); }
  bool ready(const http::HttpRequest& request) override {
    return route_of(request).endpoint != RelayEndpoint::none || next_->ready(request);
  }
  void tick() override {
    delivery_.clients.tick();
    next_->tick();
  }
  http::HttpResponse fault(unsigned status, std::string_view code, std::string_view message,
                           const http::HttpRequest& request) override;
  void handle(const http::HttpRequest& request, http::HttpResponder responder) override;

 private:
  RelayRoute route_of(const http::HttpRequest& request) const {
    return relay_route(request.method, request.path, delivery_.path_prefix);
  }
  static Headers cors_headers(const http::HttpRequest& request, const RelayRoute& route,
                              const catalog::CatalogPointer& catalog);
  void note_sdk(const http::HttpRequest& request, const RelayRoute& route, const catalog::Environment& environment);
  void serve(const http::HttpRequest& request, const RelayRoute& route, const catalog::Environment& environment,
             Headers with, http::HttpResponder responder);
  static http::HttpResponse latest(const http::HttpRequest& request, const RelayRoute& route,
                                   const ServedFlags& served);
  void begin_stream(const http::HttpRequest& request, const RelayRoute& route, const catalog::Environment& environment,
                    FlagFeed& feed, Headers with, http::HttpResponder responder);

  const FlagDelivery& delivery_;
  const std::unique_ptr<http::HttpHandler> next_;
  intake::Authenticator authenticator_;
  intake::SeenSdkCache sdks_;
};

void answer(http::HttpResponder& responder, http::HttpResponse response, const Headers& with) {
  response.headers.insert(response.headers.end(), with.begin(), with.end());
  responder(std::move(response));
}

// Sends an SDK of the second protocol back to the first, for an hour, after which it asks again. A page cannot read the
// headers of a stream, and reads an event: js-core, internal/fdv2/fallbackDirective.
http::HttpResponse first_protocol(const RelayRoute& route) {
  http::HttpResponse response;
  if (route.endpoint == RelayEndpoint::client_data_stream) {
    response.content_type = kEventStream;
    response.body = "event: goodbye\ndata: {\"reason\":\"first protocol\",\"protocolFallbackTTL\":3600}\n\n";
  } else {
    response = intake::json_answer(404, "first_protocol",
                                   "Sluice delivers flags by the first protocol (/all, /sdk/latest-all, /sdk/evalx); "
                                   "the SDK is asked to use that.");
  }
  response.headers.emplace_back(kFallbackHeader, "true");
  if (route.credential == CredentialKind::client_side_id)
    response.headers.emplace_back("Access-Control-Expose-Headers", kFallbackHeader);
  return response;
}

// SDKs ask again after 503; after 404 they would stop for good.
http::HttpResponse not_now(std::string_view code, std::string_view message) {
  http::HttpResponse response = intake::json_answer(503, code, message);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

Headers RelayHandler::cors_headers(const http::HttpRequest& request, const RelayRoute& route,
                                   const catalog::CatalogPointer& catalog) {
  Headers headers;
  if (route.credential != CredentialKind::client_side_id) return headers;
  const std::string_view id = route.client_side_id.empty() ? query_value(request.query, "auth=") : route.client_side_id;
  intake::append_cors_headers(headers,
                              {request.header("Origin"), request.header("Access-Control-Request-Headers"),
                               request.header("Access-Control-Request-Private-Network") == "true"},
                              route.allow, catalog ? catalog->by_client_side_id(id) : nullptr);
  return headers;
}

http::HttpResponse RelayHandler::fault(unsigned status, std::string_view code, std::string_view message,
                                       const http::HttpRequest& request) {
  http::HttpResponse response = next_->fault(status, code, message, request);
  const Headers cors = cors_headers(request, route_of(request), delivery_.catalog.current());
  response.headers.insert(response.headers.end(), cors.begin(), cors.end());
  return response;
}

void RelayHandler::handle(const http::HttpRequest& request, http::HttpResponder responder) {
  const RelayRoute route = route_of(request);
  if (route.endpoint == RelayEndpoint::none) return next_->handle(request, std::move(responder));
  const catalog::CatalogPointer catalog = delivery_.catalog.current();
  Headers with = cors_headers(request, route, catalog);
  if (route.method == RelayMethod::preflight) return answer(responder, http::HttpResponse{}, with);
  if (route.method == RelayMethod::wrong) {
    with.emplace_back("Allow", route.allow);
    return answer(responder,
                  intake::json_answer(405, "wrong_method", fmt::format("This path accepts {} only.", route.allow)),
                  with);
  }
  // Who it is shows when it asks by the first protocol.
  if (route.endpoint == RelayEndpoint::client_data_system || route.endpoint == RelayEndpoint::client_data_stream)
    return answer(responder, first_protocol(route), with);
  const auto environment =
      authenticator_.authenticate(catalog.get(), intake_route(route), request, delivery_.clock.steady_us());
  if (!environment)
    return answer(responder, intake::refusal_answer(environment.error().refusal, environment.error().message), with);
  with.emplace_back("X-LD-EnvId", (*environment)->id.hex());
  // One that came with its header was not held to what admit() says.
  if (request.body.size() > kMaxContextBytes)
    return answer(responder,
                  intake::refusal_answer(intake::Refusal::too_large,
                                         fmt::format("The body has {}; a context has at most {}.",
                                                     human_bytes_beside(request.body.size(), kMaxContextBytes),
                                                     human_bytes_beside(kMaxContextBytes, request.body.size()))),
                  with);
  note_sdk(request, route, **environment);
  serve(request, route, **environment, std::move(with), std::move(responder));
}

// Whether there may be flags for this client; who gets none is told why by serve().
bool has_flags_for(const RelayRoute& route, const catalog::Environment& environment) {
  const Kind kind = environment.flag_source.kind;
  return kind == Kind::launchdarkly || (kind == Kind::files && route.credential == CredentialKind::sdk_key);
}

// That a stream began is noted with it.
void RelayHandler::note_sdk(const http::HttpRequest& request, const RelayRoute& route,
                            const catalog::Environment& environment) {
  using enum RelayEndpoint;
  const bool has_flags = has_flags_for(route, environment);
  const bool is_stream =
      route.endpoint == all_stream || route.endpoint == flags_stream || route.endpoint == ping_stream;
  if (is_stream && has_flags) return;
  const std::int64_t now_ms = delivery_.clock.wall_ms();
  intake::SeenSdk* const sdk = sdks_.of(request, environment.id, route.credential, now_ms);
  if (sdk == nullptr) return;
  if (route.endpoint == values)
    sdk->asked_values_only(now_ms);
  else if (!has_flags)
    sdk->asked_in_vain(now_ms);
  else
    sdk->asked_flags(now_ms);
}

void RelayHandler::serve(const http::HttpRequest& request, const RelayRoute& route,
                         const catalog::Environment& environment, Headers with, http::HttpResponder responder) {
  if (route.endpoint == RelayEndpoint::data_system) return answer(responder, first_protocol(route), with);
  if (!is_context(route.context))
    return answer(responder,
                  intake::json_answer(400, "context",
                                      "The context in the path is not base64; expected letters, digits, '-', '_', '+', "
                                      "'/' and '='."),
                  with);
  if (environment.flag_source.kind == Kind::none)
    return answer(responder,
                  not_now("no_flag_source",
                          "This environment has no flag source, so Sluice has no flags to deliver. Set "
                          "flagSource, or leave the SDK's streamUri and baseUri as they were."),
                  with);
  const bool from_client = route.credential != CredentialKind::sdk_key;
  if (from_client && environment.flag_source.kind == Kind::files)
    return answer(responder,
                  intake::json_answer(404, "no_evaluation",
                                      "This environment's flags come from files. Mobile apps and browsers do not "
                                      "evaluate flags, and there is nobody to ask for it."),
                  with);
  if (route.endpoint == RelayEndpoint::evaluations || route.endpoint == RelayEndpoint::values ||
      route.endpoint == RelayEndpoint::passed_on)
    return delivery_.clients.pass_on(request, route, environment, std::move(with),
                                     delivery_.relay.feed(environment.id, "").feed, std::move(responder));

  const auto filter = from_client ? std::optional(std::string()) : filter_of(request.query);
  if (!filter)
    return answer(responder,
                  intake::json_answer(400, "filter",
                                      "The query's filter is not the key of a payload filter; expected "
                                      "letters, digits, '.', '_' and '-'."),
                  with);
  const Relay::Found found = delivery_.relay.feed(environment.id, *filter);
  if (!found.feed && found.missing == Relay::Missing::too_many_filters)
    return answer(responder,
                  not_now("filters", fmt::format("This environment follows {} payload filters already; one that nobody "
                                                 "uses is dropped after an hour.",
                                                 kMaxFilters)),
                  with);
  if (!found.feed) return answer(responder, not_now("starting", "The flag source is being set up."), with);
  FlagFeed& feed = *found.feed;
  feed.note_use();
  using enum RelayEndpoint;
  if (route.endpoint == all_stream || route.endpoint == flags_stream || route.endpoint == ping_stream)
    return begin_stream(request, route, environment, feed, std::move(with), std::move(responder));
  const auto served = feed.served();
  if (!served)
    return answer(responder, not_now("no_flags", "The flag source has said nothing yet. Sluice's log says why."), with);
  answer(responder, latest(request, route, *served), with);
}

http::HttpResponse RelayHandler::latest(const http::HttpRequest& request, const RelayRoute& route,
                                        const ServedFlags& served) {
  http::HttpResponse response;
  response.content_type = kJson;
  std::string etag = served.etag();
  if (route.endpoint == RelayEndpoint::latest_flag || route.endpoint == RelayEndpoint::latest_segment) {
    const ItemKind kind = route.endpoint == RelayEndpoint::latest_flag ? ItemKind::flag : ItemKind::segment;
    const auto key = percent_decoded(route.item, false);
    auto item = key ? served.item(kind, *key) : std::nullopt;
    if (!item)
      return intake::json_answer(404, "unknown_item", fmt::format("There is no such {}.", item_kind_name(kind)));
    etag = std::move(item->etag);
    response.shared_body = std::move(item->body);
  } else if (route.endpoint == RelayEndpoint::latest_flags) {
    response.shared_body = served.flags();
  } else if (accepts_gzip(request)) {
    response.shared_body = served.latest_all_gzip();
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.headers.emplace_back("Vary", "Accept-Encoding");
  } else {
    response.shared_body = served.latest_all();
    response.headers.emplace_back("Vary", "Accept-Encoding");
  }
  if (has_etag(request, etag)) {
    response = {};
    response.status = 304;
  } else if (!response.headers.empty() && response.headers.front().first == "Content-Encoding") {
    etag = etag.substr(0, etag.size() - 1) + std::string(kGzipEtagEnd);
  }
  response.headers.emplace_back("ETag", std::move(etag));
  response.headers.emplace_back("Cache-Control", "no-cache");
  return response;
}

void RelayHandler::begin_stream(const http::HttpRequest& request, const RelayRoute& route,
                                const catalog::Environment& environment, FlagFeed& feed, Headers with,
                                http::HttpResponder responder) {
  // Whoever has a page or an app has its key: all of an environment's have a share. Servers' keys are secret.
  const std::uint64_t owner =
      route.credential == CredentialKind::sdk_key ? 0 : credential_owner(environment.id, route.credential);
  const auto stream = http::HttpStream::make({.heartbeat_ms = kHeartbeatMs, .owner = owner});
  http::HttpResponse response;
  response.content_type = kEventStream;
  response.headers = std::move(with);
  response.headers.emplace_back("Cache-Control", "no-cache, must-revalidate");
  response.headers.emplace_back("X-Accel-Buffering", "no");
  response.stream = stream;
  if (route.credential == CredentialKind::sdk_key && request.has_header(kRelayedHeader))
    response.headers.emplace_back(kPathHeader, feed.join_relayed(stream));
  const std::int64_t now_ms = delivery_.clock.wall_ms();
  if (auto sdk = sdks_.shared_of(request, environment.id, route.credential, now_ms)) {
    sdk->stream_began(now_ms);
    stream->on_end([sdk, &clock = delivery_.clock](http::StreamEnd) { sdk->stream_ended(clock.wall_ms()); });
  }
  if (route.endpoint == RelayEndpoint::all_stream)
    feed.join_all(stream);
  else if (route.endpoint == RelayEndpoint::flags_stream)
    feed.join_flags(stream);
  else
    feed.join_pings(stream);
  responder(std::move(response));
}

}  // namespace

std::unique_ptr<http::HttpHandler> make_relay_handler(const FlagDelivery& delivery,
                                                      std::unique_ptr<http::HttpHandler> next) {
  return std::make_unique<RelayHandler>(delivery, std::move(next));
}

}  // namespace sluice::relay
