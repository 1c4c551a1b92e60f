#include "intake/handler.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "event/payload_reader.h"
#include "intake/answers.h"
#include "intake/authentication.h"
#include "intake/body_reader.h"
#include "intake/cors.h"
#include "intake/dedupe.h"
#include "intake/diagnostics.h"
#include "intake/flag_cache.h"
#include "intake/gif.h"
#include "intake/log_gate.h"
#include "intake/pending.h"
#include "intake/router.h"
#include "intake/sdk_headers.h"

namespace sluice::intake {
namespace {

// An entry writer that a payload made larger than this is not kept.
constexpr std::size_t kKeptEntryBytes = 4 << 20;
// Lines of dead letters of one payload; the journal has what is beyond.
constexpr std::size_t kMaxLetterBytes = 1 << 20;
// What an entry has at most beside the bytes of its payload, and what gzip makes of JSON, as far as it is worth waiting
// for: an entry for which there is no room all the same is answered 503.
constexpr std::uint64_t kEntryGrowthPercent = 125;
constexpr std::uint64_t kUsualInflation = 8;
// Diagnostic events as sent: more than one may have, so that the answer still says what is wrong.
constexpr std::uint64_t kMaxDiagnosticBodyBytes = 1 << 20;

CorsRequest cors_request(const http::HttpRequest& request) {
  return {request.header("Origin"), request.header("Access-Control-Request-Headers"),
          request.header("Access-Control-Request-Private-Network") == "true"};
}

std::uint64_t random_bits() {
  std::uint64_t bits;
  random_secret_bytes(&bits, sizeof bits);
  return bits;
}

// What reading takes beside a body counts as the bodies do.
class BudgetMemory final : public event::ParseMemory {
 public:
  explicit BudgetMemory(http::ByteBudget& budget) : budget_(budget) {}
  bool take(std::uint64_t bytes) override { return budget_.take(bytes); }
  void give_back(std::uint64_t bytes) override { budget_.give_back(bytes); }

 private:
  http::ByteBudget& budget_;
};

class MemoryCharge {
 public:
  MemoryCharge(event::ParseMemory& memory, std::uint64_t bytes)
      : memory_(memory), bytes_(bytes), taken_(bytes == 0 || memory.take(bytes)) {}
  ~MemoryCharge() {
    if (taken_ && bytes_ > 0) memory_.give_back(bytes_);
  }
  MemoryCharge(const MemoryCharge&) = delete;
  MemoryCharge& operator=(const MemoryCharge&) = delete;
  bool taken() const { return taken_; }

 private:
  event::ParseMemory& memory_;
  const std::uint64_t bytes_;
  const bool taken_;
};

Refusal refusal_of(event::PayloadFault fault) {
  switch (fault) {
    case event::PayloadFault::over_a_limit:
      return Refusal::too_large;
    case event::PayloadFault::no_memory:
      return Refusal::overloaded;
    case event::PayloadFault::not_an_array:
      break;
  }
  return Refusal::not_a_payload;
}

// One request on its way through, and what an answer to it needs.
struct Exchange {
  const http::HttpRequest& request;
  Route route;
  http::HttpResponder& responder;
  std::int64_t started_us;
  const catalog::Environment* environment = nullptr;

  HttpHeaders cors() const {
    HttpHeaders headers;
    if (route.browser()) append_cors_headers(headers, cors_request(request), route.allow, environment);
    return headers;
  }
};

class IntakeHandler final : public http::HttpHandler {
 public:
  explicit IntakeHandler(Intake& intake)
      : intake_(intake),
        metrics_(intake.metrics.add_loop()),
        reader_(ObjectIdMinter(random_bits())),
        flags_(intake.flags),
        memory_(intake.inflated),
        bodies_(intake.inflated, intake.limits.max_inflated_bytes),
        authenticator_(intake.limits.log_interval_ms) {}

  http::Admission admit(const http::HttpRequest& request) override;
  bool ready(const http::HttpRequest& request) override;
  void handle(const http::HttpRequest& request, http::HttpResponder responder) override;
  http::HttpResponse fault(unsigned status, std::string_view code, std::string_view message,
                           const http::HttpRequest& request) override;

 private:
  void refresh_catalog();
  void refuse(Exchange& exchange, Refusal refusal, std::string_view message);
  void refuse(Exchange& exchange, const Refused& refused) { refuse(exchange, refused.refusal, refused.message); }
  void answer(Exchange& exchange, http::HttpResponse response);
  void take_payload(Exchange& exchange);
  void take_diagnostic(Exchange& exchange);
  void append(Exchange& exchange, const event::PayloadSource& source, std::string_view body, std::int64_t received_ms);
  void write_dead_letters(PendingAnswer& pending, ObjectId environment, const event::PayloadSource& source,
                          std::int64_t received_ms);
  void tidy();

  Intake& intake_;
  IntakeLoopMetrics& metrics_;
  catalog::CatalogPointer catalog_;
  std::uint64_t catalog_revision_ = 0;
  event::PayloadReader reader_;
  FlagCache flags_;
  event::EntryWriter writer_;
  BudgetMemory memory_;
  BodyReader bodies_;
  Authenticator authenticator_;
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
  admission.owner = std::max<std::uint64_t>(ObjectIdHash{}(environment->id), 1);
  if (where.endpoint == EndpointKind::diagnostic) admission.max_body_bytes = kMaxDiagnosticBodyBytes;
  return admission;
}

bool IntakeHandler::ready(const http::HttpRequest& request) {
  if (request.body.empty()) return true;
  std::uint64_t bytes = request.body.size();
  if (request.has_header("Content-Encoding"))
    bytes = std::min(bytes * kUsualInflation, intake_.limits.max_inflated_bytes);
  return intake_.journal.has_room(bytes * kEntryGrowthPercent / 100);
}

void IntakeHandler::handle(const http::HttpRequest& request, http::HttpResponder responder) {
  refresh_catalog();
  Exchange exchange{request, route(request.method, request.path, intake_.limits.path_prefix), responder,
                    intake_.clock.steady_us()};
  const Route& route = exchange.route;
  if (route.browser() && catalog_) exchange.environment = catalog_->by_client_side_id(route.client_side_id);

  if (route.endpoint == EndpointKind::unknown || (route.endpoint == EndpointKind::common && !intake_.common_answers))
    return refuse(exchange, Refusal::unknown_path,
                  "This path does not exist. SDKs send events to /bulk, /mobile and /events/bulk/{id}.");
  if (route.endpoint == EndpointKind::root) return responder(http::HttpResponse{});
  if (route.method == MethodFit::preflight) return answer(exchange, http::HttpResponse{});
  if (route.method == MethodFit::wrong)
    return refuse(exchange, Refusal::wrong_method, "This path accepts " + std::string(route.allow) + " only.");
  if (route.endpoint == EndpointKind::common) return responder(intake_.common_answers(request));
  const auto environment = authenticator_.authenticate(catalog_.get(), route, request, exchange.started_us);
  if (!environment) return refuse(exchange, environment.error());
  exchange.environment = *environment;
  if (route.endpoint == EndpointKind::diagnostic)
    take_diagnostic(exchange);
  else
    take_payload(exchange);
  tidy();
}

// Two loads a request, and a lock only when something was changed.
void IntakeHandler::refresh_catalog() {
  const std::uint64_t revision = intake_.catalog.revision();
  if (revision == catalog_revision_) return;
  catalog_ = intake_.catalog.current();
  catalog_revision_ = revision;
}

void IntakeHandler::answer(Exchange& exchange, http::HttpResponse response) {
  for (auto& header : exchange.cors()) response.headers.push_back(std::move(header));
  exchange.responder(std::move(response));
}

void IntakeHandler::refuse(Exchange& exchange, Refusal refusal, std::string_view message) {
  metrics_.refuse(refusal);
  http::HttpResponse response = refusal_answer(refusal, message);
  if (refusal == Refusal::wrong_method) response.headers.emplace_back("Allow", std::string(exchange.route.allow));
  // The authenticator has told of these, in words of its own.
  if (refusal != Refusal::unknown_credential && refusal != Refusal::unknown_environment)
    intake_.refusals.note(refusal, message, exchange.request, exchange.environment, exchange.started_us);
  answer(exchange, std::move(response));
}

void IntakeHandler::take_payload(Exchange& exchange) {
  const http::HttpRequest& request = exchange.request;
  IntakeLoopMetrics::add(metrics_.payloads_received);
  const bool gif = exchange.route.endpoint == EndpointKind::gif;
  IntakeLoopMetrics::add(metrics_.bytes_received, gif ? request.query.size() : request.body.size());
  const auto body = bodies_.read(request, exchange.route.endpoint, intake_.limits.max_inflated_bytes);
  if (!body) return refuse(exchange, body.error());
  IntakeLoopMetrics::add(metrics_.bytes_inflated, body->size());
  if (!intake_.rates.take(exchange.environment->id, body->size(), exchange.started_us))
    return refuse(exchange, Refusal::overloaded,
                  "This environment sends more than " + human_bytes(intake_.limits.max_environment_bytes_per_s) +
                      " a second, which is intake.max_environment_bytes_per_s; send it again in a second.");

  const event::PayloadSource source = payload_source(request, exchange.route.credential, gif);
  const std::int64_t received_ms = intake_.clock.wall_ms();
  writer_.begin(exchange.environment->project_id, exchange.environment->id, received_ms, source);
  flags_.begin(*exchange.environment, source.unsummarized, received_ms, source.credential);
  const std::uint64_t entry_bytes = body->size() > intake_.limits.max_uncharged_bytes ? body->size() : 0;
  const MemoryCharge entry_charge(memory_, entry_bytes);
  if (!entry_charge.taken())
    return refuse(exchange, Refusal::overloaded,
                  "Sluice reads as much as it may at a time; send it again in a second.");
  if (const Result<void> read = reader_.read(*body, source.schema, received_ms, writer_, &flags_, &memory_); !read)
    return refuse(exchange, refusal_of(reader_.fault()), read.error().message);
  if (reader_.not_exported() > 0) IntakeLoopMetrics::add(metrics_.events_not_exported, reader_.not_exported());
  append(exchange, source, *body, received_ms);
}

void IntakeHandler::append(Exchange& exchange, const event::PayloadSource& source, std::string_view body,
                           std::int64_t received_ms) {
  http::HttpResponse success;
  success.status = 202;
  if (exchange.route.endpoint == EndpointKind::gif) {
    success.status = 200;
    success.content_type = "image/gif";
    success.body = gif_picture();
  }
  if (writer_.event_count() == 0) {
    IntakeLoopMetrics::add(metrics_.payloads_empty);
    return answer(exchange, std::move(success));
  }
  if (writer_.finished_size() > intake_.journal.max_entry_bytes())
    return refuse(exchange, Refusal::too_large,
                  "The payload is larger than the journal's largest entry, " +
                      human_bytes(intake_.journal.max_entry_bytes()) + ".");

  // Shared because std::function wants to be copyable; there is one.
  const auto pending = std::make_shared<PendingAnswer>(intake_, metrics_, std::move(exchange.responder));
  pending->success = std::move(success);
  pending->cors_headers = exchange.cors();
  pending->environment = exchange.environment->id;
  pending->started_us = exchange.started_us;
  pending->credential = source.credential;
  pending->events = writer_.event_count();
  pending->unusable = reader_.unusable_counts();
  if (!reader_.unusable().empty()) write_dead_letters(*pending, exchange.environment->id, source, received_ms);

  journal::AppendRequest append;
  append.environment = exchange.environment->id;
  append.dedupe_key = dedupe_key(source.credential, source.payload_id, body);
  append.received_ms = received_ms;
  append.counts = writer_.counts();
  append.entry.reserve(writer_.finished_size());
  writer_.finish(append.entry);
  append.done = [pending](journal::AppendOutcome outcome) { pending->finish(outcome); };
  intake_.journal.append(std::move(append));
}

void IntakeHandler::write_dead_letters(PendingAnswer& pending, ObjectId environment, const event::PayloadSource& source,
                                       std::int64_t received_ms) {
  for (const event::UnusableEvent& event : reader_.unusable()) {
    if (pending.dead_letters.size() > kMaxLetterBytes) break;
    append_dead_letter(
        pending.dead_letters,
        {received_ms, environment, source.payload_id, source.sdk, event.position, event.reason, event.bytes},
        intake_.limits.max_dead_letter_event_bytes);
    ++pending.dead_letter_count;
  }
}

void IntakeHandler::take_diagnostic(Exchange& exchange) {
  IntakeLoopMetrics::add(metrics_.diagnostics);
  const auto body = bodies_.read(exchange.request, exchange.route.endpoint, intake_.limits.max_diagnostic_bytes);
  if (!body) return refuse(exchange, body.error());
  if (body->size() > intake_.limits.max_diagnostic_bytes)
    return refuse(exchange, Refusal::too_large,
                  "The diagnostic event is larger than " + human_bytes(intake_.limits.max_diagnostic_bytes) + ".");
  const Result<Diagnostic> diagnostic = read_diagnostic(*body);
  if (!diagnostic) return refuse(exchange, Refusal::not_a_payload, diagnostic.error().message);
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
  http::HttpResponse response;
  response.status = 202;
  answer(exchange, std::move(response));
}

// Frees buffers that a large payload enlarged.
void IntakeHandler::tidy() {
  bodies_.release();
  if (writer_.json().capacity() > kKeptEntryBytes) writer_ = event::EntryWriter();
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
  if (where.browser()) append_cors_headers(response.headers, cors_request(request), where.allow, environment);
  return response;
}

}  // namespace

Intake::Intake(const catalog::Catalog& with_catalog, flags::FlagRegistry& with_flags, journal::Journal& with_journal,
               const Clock& with_clock, IntakeMetrics& with_metrics, IntakeDeadLetters& with_dead_letters,
               IntakeLimits with_limits, CommonAnswers with_common_answers)
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
      refusals(limits.log_interval_ms) {}

std::unique_ptr<http::HttpHandler> Intake::make_handler() { return std::make_unique<IntakeHandler>(*this); }

}  // namespace sluice::intake
