#include "sdk.h"

#include <fmt/format.h>

#include <charconv>

namespace sluice::simulation {
namespace {

constexpr std::string_view kIdBegin = "00000000-0000-4000-8000-";

}  // namespace

std::string Sdk::payload_id(std::uint64_t number) { return fmt::format("{}{:012}", kIdBegin, number); }

std::uint64_t Sdk::number_of(std::string_view payload_id) {
  std::uint64_t number = 0;
  if (payload_id.starts_with(kIdBegin))
    std::from_chars(payload_id.data() + kIdBegin.size(), payload_id.data() + payload_id.size(), number);
  return number;
}

std::string Sdk::sdk_key(std::size_t environment) { return fmt::format("sdk-simulated-{}", environment); }

std::string Sdk::mobile_key(std::size_t environment) { return fmt::format("mob-simulated-{}", environment); }

std::string Sdk::event(SentEvent& sent, std::int64_t wall_ms) {
  const std::string context = fmt::format(R"("context":{{"kind":"user","key":"m{}"}})", sent.mark);
  const std::string begin =
      fmt::format(R"("creationDate":{},{})", wall_ms - static_cast<std::int64_t>(random_.below(3000)), context);
  switch (sent.kind) {
    case event::EventKind::feature: {
      const bool unwanted = random_.below(4) == 0;
      sent.exported = !unwanted;
      return fmt::format(
          R"({{"kind":"feature",{},"key":"{}","variation":{},"value":true,"version":7,"default":false}})", begin,
          unwanted ? kUnwantedFlag : fmt::format("flag-{}", random_.below(5)), random_.below(3));
    }
    case event::EventKind::identify:
      return fmt::format(R"({{"kind":"identify",{}}})", begin);
    case event::EventKind::summary:
      return fmt::format(R"({{"kind":"summary","startDate":1,"endDate":2,"features":{{}},{}}})", context);
    default:
      break;
  }
  sent.poison = random_.unit() < poison;
  return fmt::format(R"({{"kind":"custom",{},"key":"{}","data":"{}"}})", begin, sent.poison ? "poison" : "bought",
                     std::string(random_.below(pad_bytes + 1), 'x'));
}

Payload Sdk::make(std::size_t environment, std::int64_t wall_ms) {
  constexpr event::EventKind kKinds[] = {event::EventKind::custom,   event::EventKind::custom,
                                         event::EventKind::feature,  event::EventKind::feature,
                                         event::EventKind::identify, event::EventKind::summary};
  std::vector<SentEvent> events;
  std::string body = "[";
  for (std::uint64_t count = 1 + random_.below(events_at_most); count > 0; --count) {
    SentEvent sent{++marks_, kKinds[random_.below(std::size(kKinds))]};
    if (body.size() > 1) body += ',';
    body += event(sent, wall_ms);
    events.push_back(sent);
  }
  return payload_of(environment, std::move(events), body + "]");
}

Payload Sdk::make_plain(std::size_t environment, std::int64_t wall_ms) {
  const SentEvent sent{++marks_, event::EventKind::custom};
  return payload_of(
      environment, {sent},
      fmt::format(R"([{{"kind":"custom","creationDate":{},"context":{{"kind":"user","key":"m{}"}},"key":"plain"}}])",
                  wall_ms, sent.mark));
}

Payload Sdk::payload_of(std::size_t environment, std::vector<SentEvent> events, const std::string& body) {
  Payload payload;
  payload.environment = environment;
  payload.number = ++payloads_;
  payload.events = std::move(events);
  const auto key = keys_.find(environment);
  payload.sdk_key = key == keys_.end() ? sdk_key(environment) : key->second;
  const bool of_mobile = mobile > 0 && random_.unit() < mobile;
  if (of_mobile) payload.sdk_key = mobile_key(environment);
  payload.request = fmt::format(
      "POST {} HTTP/1.1\r\nHost: sluice\r\nAuthorization: {}\r\nContent-Type: application/json\r\n"
      "User-Agent: {}\r\nX-LaunchDarkly-Event-Schema: 4\r\n"
      "X-LaunchDarkly-Payload-ID: {}\r\nContent-Length: {}\r\n\r\n{}",
      of_mobile ? "/mobile" : "/bulk", payload.sdk_key, kUserAgent, payload_id(payload.number), body.size(), body);
  return payload;
}

}  // namespace sluice::simulation
