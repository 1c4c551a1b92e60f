// The way to far ends that are no Kinesis streams, there and back.
#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "bucket.h"
#include "cloud.h"
#include "event_service.h"
#include "receiver.h"

namespace sluice::simulation {
namespace {

using http_client::HttpRequest;
using http_client::HttpResponse;
using http_client::TransportFault;

}  // namespace

Service& Cloud::make_service(Kind kind, std::size_t number, std::uint64_t seed) {
  auto& service = services_[number];
  if (kind == Kind::tee) service = std::make_unique<EventService>(seed);
  if (kind == Kind::s3) service = std::make_unique<Bucket>(seed);
  if (kind == Kind::webhook) service = std::make_unique<Receiver>(seed);
  return *service;
}

Service* Cloud::service(std::size_t number) {
  const auto found = services_.find(number);
  return found == services_.end() ? nullptr : found->second.get();
}

Takings& Cloud::takings(std::size_t number) {
  if (Service* const found = service(number)) return *found;
  return stream(number);
}

// By the first part of its host, which is the far end's name.
Service* Cloud::service_at(std::string_view url) {
  if (services_.empty()) return nullptr;
  url.remove_prefix(url.find("://") + 3);
  const std::string_view name = url.substr(0, url.find('.'));
  const std::size_t dash = name.find('-');
  std::size_t number = 0;
  if (dash == std::string_view::npos ||
      std::from_chars(name.data() + dash + 1, name.data() + name.size(), number).ec != std::errc())
    return nullptr;
  return service(number);
}

void Cloud::carry(Service& to, HttpRequest request, std::function<void(HttpResponse)> done) {
  Random& random = to.random();
  const ServiceFaults& faults = to.faults;
  const std::int64_t now_us = clock_.steady_us(), timeout_us = now_us + request.timeout_ms * 1000;
  const auto answer = [this, generation = generation_, done = std::move(done)](HttpResponse response) {
    if (generation == generation_) done(std::move(response));
  };
  const auto half = [&] {
    return faults.latency_us / 2 +
           static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(faults.latency_spread_us) / 2 + 1));
  };
  if (request.body_source) {
    request.body.resize(request.body_source->size());
    if (!request.body_source->read(0, request.body.data(), request.body.size())) {
      scheduler_.at(now_us, [answer] { answer(fault_answer(TransportFault::other)); });
      return;
    }
  }
  if (faults.unreachable || random.unit() < faults.request_is_lost) {
    constexpr TransportFault kFaults[] = {TransportFault::connect, TransportFault::resolve, TransportFault::tls,
                                          TransportFault::reset, TransportFault::timeout};
    const TransportFault fault = kFaults[random.below(std::size(kFaults))];
    scheduler_.at(fault == TransportFault::timeout ? timeout_us : now_us + half(),
                  [answer, fault] { answer(fault_answer(fault)); });
    return;
  }
  const double fate = random.unit();
  const bool wrong = fate < faults.answer_is_wrong;
  const bool cut = !wrong && fate < faults.answer_is_wrong + faults.answer_is_cut;
  const std::int64_t arrives_us = now_us + half();
  std::int64_t back_us = arrives_us + half();
  const bool lost = random.unit() < faults.answer_is_lost || back_us > timeout_us;
  if (lost) back_us = std::max(timeout_us, arrives_us);
  const Signature signature = signature_of(request);
  ++on_the_way_;
  scheduler_.at(arrives_us,
                [this, &to, wrong, cut, lost, signature, back_us, answer, request = std::move(request)]() mutable {
                  --on_the_way_;
                  const std::uint64_t before = to.taken;
                  HttpResponse response = dated(to.answer(request, signature));
                  if (lost) response = fault_answer(TransportFault::timeout);
                  if (wrong && !lost) response = dated(to.wrong_answer());
                  if (cut && !lost) {
                    const int status = response.status;
                    response = fault_answer(TransportFault::reset);
                    response.status_of_part = status;
                  }
                  if (lost || wrong || cut) to.lost_answer_records += std::max<std::uint64_t>(to.taken - before, 1);
                  response.request_body = std::move(request.body);
                  scheduler_.at(back_us, [answer, response = std::move(response)] { answer(response); });
                });
}

}  // namespace sluice::simulation
