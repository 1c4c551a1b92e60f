#include "event_service.h"

#include <fmt/format.h>

#include "destinations/launchdarkly_events/lane.h"
#include "sdk.h"

namespace sluice::simulation {

using http_client::HttpRequest;
using http_client::HttpResponse;

// Half of the services take payloads of any size.
EventService::EventService(std::uint64_t seed) : Service(seed) {
  most_bytes_ = random().below(2) == 0 ? SIZE_MAX : 500 + random().below(8'000);
}

HttpResponse EventService::answer(const HttpRequest& request, Signature) {
  if (auto trouble = http_trouble()) {
    if (faults.denied || faults.gone) note_denial(request);
    return *trouble;
  }
  const std::string id(header_of(request, "x-launchdarkly-payload-id"));
  const bool mobile = request.url.ends_with("/mobile");
  if (mobile && faults.denies_mobile) {
    note_denial(request);
    return plain_answer(401, "{\"message\":\"mobile key\"}");
  }
  if (mobile != header_of(request, "authorization").starts_with("mob-"))
    breaks(fmt::format("{} came under a credential of another kind", request.url));
  if (request.method != "POST" || (!request.url.ends_with("/bulk") && !mobile))
    breaks(fmt::format("a payload came by {} {}", request.method, request.url));
  if (header_of(request, "x-sluice-forwarded").empty() || header_of(request, "user-agent") != Sdk::kUserAgent ||
      header_of(request, "content-type") != "application/json" ||
      header_of(request, "x-launchdarkly-event-schema") != "4")
    breaks(fmt::format("payload {} came without the headers that its SDK sent", id));
  credentials_.insert(std::string(header_of(request, "authorization")));
  const std::uint64_t whole = Sdk::number_of(id);
  const std::uint64_t number = whole != 0 ? whole : number_of_part(request.body);
  if (number == 0) {
    breaks(fmt::format("a payload came under the id \"{}\", which no SDK gave", id));
    return plain_answer(400);
  }
  if (request.body.size() > most_bytes_) return too_large(number, request);
  if (request.body.find("\"poison\"") != std::string::npos) return refuse(number);
  // What it took once it takes again.
  const bool known = ledger.contains(number) || parts_.contains(id);
  if (random().unit() < faults.refuses && !known) return refuse(number);
  if (whole != 0)
    take(id, number, request.body);
  else
    take_part(id, request.body);
  return plain_answer(202);
}

// One payload that is denied that often, each time after others were accepted, is taken for the cause.
void EventService::note_denial(const HttpRequest& request) {
  const std::uint64_t whole = Sdk::number_of(header_of(request, "x-launchdarkly-payload-id"));
  const std::uint64_t number = whole != 0 ? whole : number_of_part(request.body);
  if (number != 0 && ++denials_[number] >= launchdarkly_events::kRefusalsOfOne) refused.insert(number);
}

HttpResponse EventService::refuse(std::uint64_t number) {
  refused.insert(number);
  return plain_answer(400, "{\"message\":\"simulated\"}");
}

HttpResponse EventService::too_large(std::uint64_t number, const HttpRequest& request) {
  const auto marks = marks_in(request.body);
  if (marks.size() < 2) refused.insert(number);
  if (Sdk::number_of(header_of(request, "x-launchdarkly-payload-id")) != 0) {
    ++divided_;
    for (const std::uint64_t mark : marks) number_of_mark_[mark] = number;
    // One that came twice, and late: some of its parts may be here.
    if (marks_to_come_[number].empty()) marks_to_come_[number] = {marks.begin(), marks.end()};
  }
  return plain_answer(413);
}

std::uint64_t EventService::number_of_part(const std::string& body) const {
  const auto marks = marks_in(body);
  const auto found = marks.empty() ? number_of_mark_.end() : number_of_mark_.find(marks.front());
  return found == number_of_mark_.end() ? 0 : found->second;
}

void EventService::take(const std::string& id, std::uint64_t number, const std::string& body) {
  ++ledger[number][id];
  ++taken;
  const auto [kept, fresh] = bodies_.emplace(number, body);
  if (!fresh && kept->second != body) breaks(fmt::format("payload {} came with another body the second time", number));
}

// The payload is there when all of its events are.
void EventService::take_part(const std::string& id, const std::string& body) {
  const auto [kept, fresh] = parts_.emplace(id, body);
  if (!fresh && kept->second != body) breaks(fmt::format("part {} came with another body the second time", id));
  const std::uint64_t number = number_of_part(body);
  auto& to_come = marks_to_come_[number];
  if (to_come.empty()) return;
  for (const std::uint64_t mark : marks_in(body)) to_come.erase(mark);
  if (!to_come.empty()) return;
  ++ledger[number][Sdk::payload_id(number)];
  ++taken;
}

}  // namespace sluice::simulation
