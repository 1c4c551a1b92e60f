#include "intake/handler.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "intake/answers.h"
#include "intake/authentication.h"
#include "intake/body_reader.h"
#include "intake/cors.h"
#include "intake/diagnostics.h"
#include "intake/exchange.h"
#include "intake/large_payloads.h"
#include "intake/log_gate.h"
#include "intake/original_head.h"
#include "intake/payload_taker.h"
#include "intake/router.h"
#include "intake/sdk_headers.h"
#include "intake/seen_sdks.h"

namespace sluice::intake {
namespace {

// What an entry has at most beside the bytes of its payload, and what gzip makes of JSON, as far as it is worth waiting
// for: an entry for which there is no room all the same is answered 503.
constexpr std::uint64_t kEntryGrowthPercent = 125;
constexpr std::uint64_t kUsualInflation = 8;
// Diagnostic events as sent: more than one may have, so that the answer still says what is wrong.
constexpr std::uint64_t kMaxDiagnosticBodyBytes = 1 << 20;

class IntakeHandler final : public http::HttpHandler {
 public:
  explicit IntakeHandler(Intake& intake)
      : intake_(intake),
        metrics_(intake.metrics.add_loop()),
        payloads_(intake, metrics_),
        diagnostic_bodies_(intake.inflated, intake.limits.max_diagnostic_bytes),
        authenticator_(intake.limits.log_interval_ms),
        sdks_(intake.metrics.sdks) {}

  http::Admission admit(const http::HttpRequest& request) override;
  bool ready(const http::HttpRequest& request) override;
  void handle(const http::HttpRequest& request, http::HttpResponder responder) override;
  http::HttpResponse fault(unsigned status, std::string_view code, std::string_view message,
                           const http::HttpRequest& request) override;

 private:
  void refresh_catalog();
  void take_payload(Exchange& exchange);
  void take_diagnostic(Exchange& exchange);

  Intake& intake_;
  IntakeLoopMetrics& metrics_;
  catalog::CatalogPointer catalog_;
  std::uint64_t catalog_revision_ = 0;
  PayloadTaker payloads_;
  BodyReader diagnostic_bodies_;
  OriginalHead diagnostic_head_;
  Authenticator authenticator_;
  SeenSdkCache sdks_;
  LogGate dropped_gate_;
};

http::Admission IntakeHandler::admit(const http::HttpRequest& request) {
  refresh_catalog();
  http::Admission admission;
  const Route where = route(request.method, request.path, intake_.limits.path_prefix);
  const bool takes_body = where.endpoint == EndpointKind::analytics || where.endpoint == EndpointKind::diagnostic;
  const catalog::Environment* environment = nullptr;
  if (takes_body && where.method == MethodFit::allowed && catalog_)
    environment = Authenticator::find(*catalog_, where, request);
  admission.refused = environment == nullptr;
  if (environment == nullptr) return admission;
  // What comes under a public id takes nothing from what comes with a key.
  const auto credential = static_cast<std::uint64_t>(where.credential);
  admission.owner = std::max<std::uint64_t>(ObjectIdHash{}(environment->id) + credential, 1);
  if (where.endpoint == EndpointKind::diagnostic) admission.max_body_bytes = kMaxDiagnosticBodyBytes;
  return admission;
}

bool IntakeHandler::ready(const http::HttpRequest& request) {
  if (request.body.empty()) return true;
  std::uint64_t bytes = request.body.size();
  if (request.has_header("Content-Encoding"))
    bytes = std::min(bytes * kUsualInflation, intake_.limits.max_inflated_bytes);
  bytes = bytes * kEntryGrowthPercent / 100;
  refresh_catalog();
  if (catalog_ && intake_.catalog.keeps_originals(*catalog_)) bytes += request.body.size();
  return intake_.journal.has_room(bytes);
}

void IntakeHandler::handle(const http::HttpRequest& request, http::HttpResponder responder) {
  refresh_catalog();
  Exchange exchange{intake_,   metrics_,
                    request,   route(request.method, request.path, intake_.limits.path_prefix),
                    responder, intake_.clock.steady_us()};
  const Route& route = exchange.route;
  if (route.browser() && catalog_) exchange.environment = catalog_->by_client_side_id(route.client_side_id);

  if (route.endpoint == EndpointKind::unknown || (route.endpoint == EndpointKind::common && !intake_.common_answers))
    return exchange.refuse(Refusal::unknown_path,
                           "This path does not exist. SDKs send events to /bulk, /mobile and /events/bulk/{id}.");
  if (route.endpoint == EndpointKind::root) return responder(http::HttpResponse{});
  if (route.method == MethodFit::preflight) return exchange.answer(http::HttpResponse{});
  if (route.method == MethodFit::wrong)
    return exchange.refuse(Refusal::wrong_method, "This path accepts " + std::string(route.allow) + " only.");
  if (route.endpoint == EndpointKind::common) return responder(intake_.common_answers(request));
  const auto environment = authenticator_.authenticate(catalog_.get(), route, request, exchange.started_us);
  if (!environment) return exchange.refuse(environment.error());
  exchange.environment = *environment;
  const std::int64_t now_ms = intake_.clock.wall_ms();
  if (SeenSdk* const sdk = sdks_.of(request, (*environment)->id, route.credential, now_ms)) sdk->sent_events(now_ms);
  if (request.has_header(event::kForwardedHeader))
    return exchange.refuse(Refusal::forwarded,
                           "This was forwarded by a Sluice whose destination leads back to a Sluice: it would go in "
                           "circles. Set the destination's address to LaunchDarkly's event service.");
  if (route.endpoint == EndpointKind::diagnostic)
    take_diagnostic(exchange);
  else
    take_payload(exchange);
}

// Two loads a request, and a lock only when something was changed.
void IntakeHandler::refresh_catalog() {
  const std::uint64_t revision = intake_.catalog.revision();
  if (revision == catalog_revision_) return;
  catalog_ = intake_.catalog.current();
  catalog_revision_ = revision;
}

void IntakeHandler::take_payload(Exchange& exchange) {
  const http::HttpRequest& request = exchange.request;
  IntakeLoopMetrics::add(metrics_.payloads_received);
  const bool gif = exchange.route.endpoint == EndpointKind::gif;
  IntakeLoopMetrics::add(metrics_.bytes_received, gif ? request.query.size() : request.body.size());
  const std::uint64_t most_bytes = std::min(intake_.limits.max_bytes_on_loop, intake_.limits.max_inflated_bytes);
  if (payloads_.take(exchange, most_bytes) == PayloadTaker::Outcome::too_large)
    intake_.large->put(
        {request, exchange.route, std::move(exchange.responder), catalog_, exchange.environment, exchange.started_us});
}

void IntakeHandler::take_diagnostic(Exchange& exchange) {
  IntakeLoopMetrics::add(metrics_.diagnostics);
  const auto body =
      diagnostic_bodies_.read(exchange.request, exchange.route.endpoint, intake_.limits.max_diagnostic_bytes);
  if (!body) return exchange.refuse(body.error());
  if (body->size() > intake_.limits.max_diagnostic_bytes)
    return exchange.refuse(Refusal::too_large, "The diagnostic event is larger than " +
                                                   human_bytes(intake_.limits.max_diagnostic_bytes) + ".");
  const Result<Diagnostic> diagnostic = read_diagnostic(*body);
  if (!diagnostic) return exchange.refuse(Refusal::not_a_payload, diagnostic.error().message);
  const std::string_view sdk = user_agent(exchange.request);
  intake_.metrics.count_diagnostic(exchange.environment->id, sdk_label(sdk), diagnostic->start,
                                   diagnostic->dropped_events, intake_.limits.max_diagnostic_labels);
  if (diagnostic->dropped_events > 0) {
    if (const auto suppressed = dropped_gate_.pass(exchange.started_us, intake_.limits.log_interval_ms))
      log_warn("intake.sdk_dropped_events",
               {{"message", "An SDK dropped events before sending: raise its capacity or flush more often."},
                {"dropped_events", diagnostic->dropped_events},
                {"project", exchange.environment->project_key},
                {"environment", exchange.environment->key},
                {"sdk", sdk.substr(0, kLoggedText)},
                {"lines_left_out", *suppressed}});
  }
  if (exchange.environment->keeps_originals && intake_.forward_diagnostic) {
    std::string original(diagnostic_head_.of(exchange.request, exchange.route));
    original += exchange.request.body;
    intake_.forward_diagnostic(*exchange.environment, exchange.route.credential, std::move(original));
  }
  http::HttpResponse response;
  response.status = 202;
  exchange.answer(std::move(response));
}

http::HttpResponse IntakeHandler::fault(unsigned status, std::string_view code, std::string_view message,
                                        const http::HttpRequest& request) {
  const Refusal refusal = refusal_of_fault(status, code);
  metrics_.refuse(refusal);
  http::HttpResponse response = refusal_answer(refusal, message);
  const Route where = route(request.method, request.path, intake_.limits.path_prefix);
  refresh_catalog();
  const catalog::Environment* environment = catalog_ ? Authenticator::find(*catalog_, where, request) : nullptr;
  intake_.refusals.note(refusal, message, request, environment, intake_.clock.steady_us());
  if (where.browser()) append_cors(response.headers, request, where, environment);
  return response;
}

}  // namespace

Intake::Intake(const catalog::Catalog& with_catalog, flags::FlagRegistry& with_flags, journal::Journal& with_journal,
               const Clock& with_clock, IntakeMetrics& with_metrics, IntakeDeadLetters& with_dead_letters,
               IntakeLimits with_limits, CommonAnswers with_common_answers, Workers& workers)
    : catalog(with_catalog),
      flags(with_flags),
      journal(with_journal),
      clock(with_clock),
      metrics(with_metrics),
      dead_letters(with_dead_letters),
      limits(std::move(with_limits)),
      common_answers(std::move(with_common_answers)),
      inflated(limits.max_inflated_total_bytes),
      rates(limits.max_environment_bytes_per_s),
      refusals(limits.log_interval_ms),
      large(std::make_unique<LargePayloads>(*this, workers)) {}

Intake::~Intake() = default;

void Intake::stop() { large->stop(); }

std::unique_ptr<http::HttpHandler> Intake::make_handler() { return std::make_unique<IntakeHandler>(*this); }

}  // namespace sluice::intake
