#include "kinesim/worker.h"

#include "kinesim/control.h"
#include "kinesim/operations.h"
#include "kinesim/sts.h"
#include "kinesim/wire.h"

namespace kinesim {
namespace {

constexpr std::string_view kTargetPrefix = "Kinesis_20131202.";
constexpr std::string_view kControlPrefix = "/_kinesim";

class CarriedHeaders final : public Headers {
 public:
  explicit CarriedHeaders(const sluice::http::HttpRequest& request) : request_(request) {}
  std::optional<std::string_view> find(std::string_view name) const override {
    return request_.has_header(name) ? std::optional(request_.header(name)) : std::nullopt;
  }

 private:
  const sluice::http::HttpRequest& request_;
};

bool is_control(std::string_view path) { return path.starts_with(kControlPrefix) || path == "/kinesim/health"; }

std::string http_date(std::int64_t wall_ms) {
  const std::time_t seconds = wall_ms / 1000;
  std::tm time{};
  gmtime_r(&seconds, &time);
  char text[64];
  return std::string(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &time));
}

}  // namespace

bool Gate::hold(const sluice::http::HttpRequest& request, sluice::http::HttpResponder& responder) {
  const std::lock_guard lock(mutex_);
  if (!closed_) return false;
  held_.emplace_back(request, std::move(responder));
  return true;
}

std::vector<Gate::Held> Gate::open() {
  const std::lock_guard lock(mutex_);
  closed_ = false;
  return std::exchange(held_, {});
}

void Worker::handle(const sluice::http::HttpRequest& carried, sluice::http::HttpResponder responder) {
  if (shared_.gate.closed() && !is_control(carried.path) && shared_.gate.hold(carried, responder)) return;
  const CarriedHeaders headers(carried);
  const Request request{carried.method, carried.path, carried.query, carried.body, &headers};
  send(serve(request), std::move(responder));
}

void Worker::send(Answer answer, sluice::http::HttpResponder responder) {
  sluice::http::HttpResponse response;
  response.status = answer.status;
  response.content_type = answer.content_type;
  response.headers = std::move(answer.headers);
  response.body = std::move(answer.body);
  response.abort = answer.abort;
  if (simulator_.skew_ms() != 0) response.headers.emplace_back("Date", http_date(simulator_.now_ms()));
  if (answer.delay_ms > 0)
    shared_.delayer.send_in(answer.delay_ms, std::move(responder), std::move(response));
  else
    responder(std::move(response));
}

sluice::http::HttpResponse Worker::fault(unsigned status, std::string_view code, std::string_view message,
                                         const sluice::http::HttpRequest&) {
  Answer answer;
  write_kinesis_error(ApiError{status, std::string(code), std::string(message)}, false, answer);
  sluice::http::HttpResponse response;
  response.status = status;
  response.content_type = answer.content_type;
  response.body = std::move(answer.body);
  return response;
}

Answer Worker::serve(const Request& request) {
  if (is_control(request.path)) return serve_control(request);
  if (MetadataEndpoints::owns(request.path)) return shared_.metadata.serve(request);
  const std::string_view target = request.header("x-amz-target");
  if (target.starts_with(kTargetPrefix)) return serve_kinesis(request, target.substr(kTargetPrefix.size()));
  if (is_s3(request, simulator_)) return s3_.serve(request, keys_);
  if (request.header("content-type").starts_with("application/x-www-form-urlencoded") ||
      request.query.find("Action=") != request.query.npos)
    return serve_sts(request);
  Answer answer;
  write_kinesis_error({404, "UnknownOperationException",
                       "kinesim serves Kinesis (X-Amz-Target: Kinesis_20131202.…), STS (a form with Action), S3 "
                       "(signed for it), /latest/…, "
                       "/v1/credentials, /v2/credentials and /_kinesim/…"},
                      false, answer);
  return answer;
}

Answer Worker::serve_kinesis(const Request& request, std::string_view operation) {
  Answer answer;
  const bool cbor = request.header("content-type").starts_with(kCborType);
  answer.content_type = cbor ? kCborType : kJsonType;
  const CborSupport support = simulator_.cbor_support();
  const bool refused = cbor && support != CborSupport::answered;
  const auto run = [&]() -> ApiResult<void> {
    if (refused) return tl::unexpected(cbor_refusal(support));
    if (request.method != "POST") return refuse("UnknownOperationException", "Kinesis is called with POST.", 404);
    const auto caller = authenticate(request, Service::kinesis, simulator_.directory(), keys_,
                                     simulator_.settings().authentication, simulator_.now_ms());
    if (!caller) return tl::unexpected(caller.error());
    if (operation == "PutRecords") return puts_.put_records(request.body, cbor, **caller, answer);
    if (operation == "PutRecord") return puts_.put_record(request.body, cbor, **caller, answer);
    auto result = run_operation(simulator_, {operation, request.body, cbor, **caller}, answer);
    if (result) simulator_.stats().count(operation, {});
    return result;
  };
  const auto result = run();
  if (!result) {
    simulator_.stats().count(operation, result.error().code);
    write_kinesis_error(result.error(), cbor && !refused, answer);
  }
  answer.headers.emplace_back("x-amzn-RequestId", new_request_id());
  return answer;
}

Answer Worker::serve_sts(const Request& request) {
  Answer answer;
  answer.content_type = "text/xml";
  const Form form = parse_form(request.method == "GET" ? request.query : request.body);
  const auto action_field = form.find("Action");
  const std::string action = action_field == form.end() ? "" : action_field->second;
  const std::string request_id = new_request_id();
  const std::int64_t now = simulator_.now_ms();
  const auto run = [&]() -> ApiResult<std::string> {
    std::shared_ptr<const Principal> caller;
    if (sts_needs_signature(action)) {
      auto known =
          authenticate(request, Service::sts, simulator_.directory(), keys_, simulator_.settings().authentication, now);
      if (!known) return tl::unexpected(known.error());
      caller = std::move(*known);
    }
    const CallFaults faults = simulator_.faults().for_call(action, {}, now, request.body);
    answer.delay_ms = faults.latency_ms;
    if (faults.error) return tl::unexpected(*faults.error);
    answer.abort = faults.reset_before || faults.reset_after || faults.truncate;
    if (faults.reset_before || faults.reset_after) return std::string();
    if (faults.garbage) return std::string("<html><body>garbage");
    return run_sts(simulator_, {form, caller.get(), request_id, now});
  };
  auto result = run();
  simulator_.stats().count("sts:" + action, result ? "" : result.error().code);
  if (result)
    answer.body = std::move(*result);
  else
    write_sts_error(result.error(), request_id, answer);
  answer.headers.emplace_back("x-amzn-RequestId", request_id);
  return answer;
}

Answer Worker::serve_control(const Request& request) {
  Answer answer = run_control(shared_, request);
  if (answer.status != 200 || request.path != "/_kinesim/resume") return answer;
  for (auto& [carried, responder] : shared_.gate.open()) handle(carried, std::move(responder));
  return answer;
}

}  // namespace kinesim
