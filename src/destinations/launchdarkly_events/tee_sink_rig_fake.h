// A TeeSink with all around it under a test's hand: the service, the environment, the journal, dead letters and the
// clock.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock_fake.h"
#include "base/notifier.h"
#include "destinations/launchdarkly_events/tee_sink.h"
#include "event/entry.h"
#include "event/original.h"
#include "http_client/http_transport_fake.h"

namespace sluice::launchdarkly_events {

struct KeptLetters final : exporting::DeadLetterStore {
  Result<void> keep(std::span<const exporting::RejectedEvent> rejected) override {
    for (const exporting::RejectedEvent& each : rejected) letters.push_back(each.letter);
    return {};
  }
  std::vector<exporting::DeadLetter> letters;
};

// The service answers as the test says; time passes from one deadline of the sink to the next.
class TeeSinkTest : public testing::Test {
 protected:
  TeeSinkTest() {
    environment_.id = *ObjectId::parse("578d1e02d2943862c52b9686");
    environment_.sdk_keys = {"sdk-current", "sdk-old"};
    environment_.mobile_keys = {"mob-current"};
    config::ConfigFaults faults;
    config::TomlTable table = config::TomlTable::parse(
        "events_uri = \"https://events.example\"\nmobile_uri = \"https://mobile.example\"", "t", faults);
    destination_.environment_id = environment_.id;
    destination_.settings = catalog::KindSettings::of(read_tee_settings(table));
    transport_.answer_by([this](const http_client::HttpRequest& request) {
      http_client::HttpResponse response;
      response.status = answer_(request);
      if (retry_after_s_ > 0 && response.status >= 400)
        response.headers = {{"retry-after", std::to_string(retry_after_s_)}};
      return response;
    });
    make_sink(transport_);
  }
  void make_sink(http_client::HttpTransport& transport) {
    sink_ = std::make_unique<TeeSink>(
        destination_, transport, nullptr,
        [this] {
          return std::make_shared<const catalog::CatalogSnapshot>(
              std::vector<catalog::Project>{}, std::vector{environment_}, std::vector<catalog::Destination>{});
        },
        &tracking_, clock_, notifier_, letters_, 7);
  }

  void put(CredentialKind credential, std::string_view body = "[{\"n\":1},{\"n\":2}]", std::int64_t age_ms = 0) {
    event::EntryWriter writer;
    event::PayloadSource source;
    source.credential = credential;
    source.schema = 4;
    writer.begin(environment_.id, environment_.id, clock_.wall_ms() - age_ms, source);
    const char* path = credential == CredentialKind::sdk_key      ? "/bulk"
                       : credential == CredentialKind::mobile_key ? "/mobile"
                                                                  : "/events/bulk/{}";
    std::string head;
    const event::OriginalHeader headers[] = {{"user-agent", "NodeJSClient/9"}, {"content-type", "application/json"}};
    event::append_original_head({"POST", path, ""}, headers, "id-" + std::to_string(tickets_), head);
    writer.set_original(head, body);
    auto chunk = std::make_shared<journal::JournalChunk>();
    writer.finish(chunk->buffer);
    auto entry = std::make_shared<exporting::OutboundEntry>();
    entry->chunk = std::move(chunk);
    entry->view = *event::EntryView::open(entry->chunk->buffer);
    entry->envelope = event::EnvelopeWriter::verbatim(false);
    exporting::OutboundEvent event;
    event::EntryView::Walk walk;
    ASSERT_TRUE(entry->view.next(walk, event.slot));
    entry->position = {tickets_ + 1};
    event.entry = std::move(entry);
    event.ticket = tickets_++;
    if (journal_) journal_->emplace(event.entry->position.value, event);
    sink_->put(std::move(event));
  }
  // What was put in can be read again.
  void with_a_journal() {
    journal_.emplace();
    sink_->can_read_again(
        [this](std::uint64_t ticket,
               const exporting::EventPlace& place) -> Result<std::optional<exporting::OutboundEvent>> {
          if (journal_fails_) return fail("the disk says no");
          const auto found = journal_->find(place.entry.value);
          if (found == journal_->end()) return std::nullopt;
          EXPECT_EQ(found->second.ticket, ticket);
          return found->second;
        });
  }

  void run(std::int64_t for_ms) {
    const std::int64_t until_us = clock_.steady_us() + for_ms * 1000;
    while (clock_.steady_us() < until_us) {
      std::vector<exporting::FinishedEvent> finished;
      const std::int64_t next_us = sink_->step(clock_.steady_us(), finished);
      for (const exporting::FinishedEvent& event : finished) finished_[event.ticket] = event.delivered;
      if (next_us > clock_.steady_us() && transport_.waiting() > 0) {
        transport_.deliver_all();
        continue;
      }
      const std::int64_t step_us = std::clamp<std::int64_t>(next_us - clock_.steady_us(), 1'000, 1'000'000);
      clock_.advance_ms(std::max<std::int64_t>(step_us / 1000, 1));
    }
  }
  std::uint64_t cut_events() const { return dynamic_cast<const TeeDetails&>(*sink_->stats().details).cut_events; }
  std::vector<http_client::HttpRequest> sent_to(std::string_view host) const {
    std::vector<http_client::HttpRequest> out;
    for (const http_client::HttpRequest& request : transport_.requests())
      if (request.url.starts_with("https://" + std::string(host))) out.push_back(request);
    return out;
  }
  static std::string header(const http_client::HttpRequest& request, std::string_view name) {
    for (const auto& [key, value] : request.headers)
      if (key == name) return value;
    return {};
  }

  // What upstream tracks: nothing of the flags in `untracked`; null: there is no flag delivery.
  struct Tracking final : event::UpstreamTracking, event::FlagTracking {
    std::shared_ptr<const event::FlagTracking> of(ObjectId) const override {
      return {std::shared_ptr<const void>(), is_there ? this : nullptr};
    }
    event::TrackedEvaluations tracked(std::string_view key, std::int64_t) const override {
      using Which = event::TrackedEvaluations::Which;
      return {untracked.contains(std::string(key)) ? Which::none : Which::all};
    }
    bool is_there = false;
    std::set<std::string> untracked = {"off"};
  };

  Tracking tracking_;
  catalog::Environment environment_;
  catalog::Destination destination_;
  SharedClock clock_;
  Notifier notifier_;
  KeptLetters letters_;
  std::function<int(const http_client::HttpRequest&)> answer_ = [](const http_client::HttpRequest&) { return 202; };
  int retry_after_s_ = 0;
  http_client::HttpTransportFake transport_{http_client::HttpTransportFake::When::on_demand};
  std::unique_ptr<TeeSink> sink_;
  std::map<std::uint64_t, bool> finished_;
  std::uint64_t tickets_ = 0;
  std::optional<std::map<std::uint64_t, exporting::OutboundEvent>> journal_;
  bool journal_fails_ = false;
};

}  // namespace sluice::launchdarkly_events
