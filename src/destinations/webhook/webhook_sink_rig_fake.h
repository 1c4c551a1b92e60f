// A WebhookSink with all around it under a test's hand: the clock, the receiver and dead letters.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "destinations/webhook/webhook_sink.h"
#include "framing/outbound_fake.h"
#include "http_client/http_transport_fake.h"

namespace sluice::webhook {

inline constexpr std::int64_t kSecond = 1'000'000;

class FakeDeadLetters final : public exporting::DeadLetterStore {
 public:
  Result<void> keep(std::span<const exporting::RejectedEvent> rejected) override {
    for (const exporting::RejectedEvent& each : rejected) letters.push_back(each.letter);
    return {};
  }
  std::vector<exporting::DeadLetter> letters;
};

inline std::string header(const http_client::HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers)
    if (key == name) return value;
  return {};
}

inline http_client::HttpResponse replied(int status, std::vector<std::pair<std::string, std::string>> headers = {},
                                         std::string body = {}) {
  http_client::HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = std::move(body);
  return response;
}

inline http_client::HttpResponse broken(http_client::TransportFault why, int status_of_part = 0) {
  http_client::HttpResponse response;
  response.is_cut = why == http_client::TransportFault::reset;
  response.fault = why;
  response.fault_text = "scripted fault";
  response.status_of_part = status_of_part;
  return response;
}

// Of the events in a batch (WebhookRig::put()).
inline std::set<int> ids_in(const http_client::HttpRequest& request) {
  std::set<int> ids;
  std::istringstream lines(request.body);
  for (std::string line; std::getline(lines, line);) ids.insert(nlohmann::json::parse(line)["event"]["id"].get<int>());
  return ids;
}

// Time passes only in run(), from one deadline of the sink to the next. One thread.
class WebhookRig {
 public:
  explicit WebhookRig(WebhookSettings settings = default_settings(),
                      std::string recipient = "610addeadbeefaa86ec9a7d4") {
    transport.answer_by([this](const http_client::HttpRequest& request) { return receiver(request); });
    WebhookSinkOptions options;
    options.seed = 7;
    options.recipient = std::move(recipient);
    sink = std::make_unique<WebhookSink>(settings, "to-hook", transport, clock, notifier, dead_letters, options);
  }

  static WebhookSettings default_settings() {
    WebhookSettings settings;
    settings.url = "https://hooks.example.com/events?token=in-the-url";
    settings.max_events = 10;
    settings.linger_ms = 100;
    return settings;
  }

  // `sizes`: bytes of padding of each event.
  void put(const std::vector<std::size_t>& sizes) {
    std::vector<std::string> jsons;
    for (const std::size_t size : sizes)
      jsons.push_back(R"({"id":)" + std::to_string(accepted + jsons.size()) + R"(,"pad":")" + std::string(size, 'x') +
                      R"("})");
    for (auto& event : framing::outbound_events(jsons, accepted)) sink->put(std::move(event));
    accepted += sizes.size();
  }
  void put(std::size_t count) { put(std::vector<std::size_t>(count, 0)); }

  bool run(const std::function<bool()>& until, std::int64_t for_us = 600 * kSecond) {
    const std::int64_t end_us = clock.steady_us() + for_us;
    while (!until()) {
      if (clock.steady_us() >= end_us) return false;
      ++steps;
      const std::int64_t next_us = sink->step(clock.steady_us(), finished);
      if (until()) return true;
      if (transport.waiting() > 0 && !hangs) {
        clock.advance_us(10'000);
        for (std::size_t i = transport.waiting(); i > 0; --i) transport.deliver_next();
      } else {
        clock.advance_us(std::max<std::int64_t>(1, std::min(next_us, end_us) - clock.steady_us()));
      }
    }
    return true;
  }
  bool run_until_all_finished() {
    return run([this] { return finished.size() >= accepted; });
  }
  void run_for(std::int64_t us) {
    run([] { return false; }, us);
  }
  std::size_t delivered() const {
    return static_cast<std::size_t>(std::ranges::count_if(finished, [](const auto& event) { return event.delivered; }));
  }
  std::string problem_code() const { return sink->problem() ? sink->problem()->code : ""; }

  ManualClock clock;
  http_client::HttpTransportFake transport{http_client::HttpTransportFake::When::on_demand};
  std::function<http_client::HttpResponse(const http_client::HttpRequest&)> receiver =
      [](const http_client::HttpRequest&) { return replied(204); };
  FakeDeadLetters dead_letters;
  Notifier notifier;
  std::unique_ptr<WebhookSink> sink;
  std::vector<exporting::FinishedEvent> finished;
  std::size_t accepted = 0, steps = 0;
  bool hangs = false;
};

}  // namespace sluice::webhook
