#include "destinations/launchdarkly_events/tee_sink.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "base/clock_fake.h"
#include "event/entry.h"
#include "event/original.h"
#include "http_client/hanging_server_fake.h"
#include "http_client/http_transport_fake.h"

namespace sluice::launchdarkly_events {
namespace {

using http_client::HttpRequest;
using http_client::HttpResponse;

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
    transport_.answer_by([this](const HttpRequest& request) {
      HttpResponse response;
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
  std::vector<HttpRequest> sent_to(std::string_view host) const {
    std::vector<HttpRequest> out;
    for (const HttpRequest& request : transport_.requests())
      if (request.url.starts_with("https://" + std::string(host))) out.push_back(request);
    return out;
  }
  static std::string header(const HttpRequest& request, std::string_view name) {
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
  std::function<int(const HttpRequest&)> answer_ = [](const HttpRequest&) { return 202; };
  int retry_after_s_ = 0;
  http_client::HttpTransportFake transport_{http_client::HttpTransportFake::When::on_demand};
  std::unique_ptr<TeeSink> sink_;
  std::map<std::uint64_t, bool> finished_;
  std::uint64_t tickets_ = 0;
  std::optional<std::map<std::uint64_t, exporting::OutboundEvent>> journal_;
  bool journal_fails_ = false;
};

TEST_F(TeeSinkTest, a_payload_goes_to_its_path_as_it_came_under_the_environments_current_credential) {
  for (const CredentialKind kind :
       {CredentialKind::sdk_key, CredentialKind::mobile_key, CredentialKind::client_side_id})
    put(kind, "\x1f\x8b any bytes");
  run(100);
  const auto requests = transport_.requests();
  ASSERT_EQ(requests.size(), 3u);
  std::map<std::string, std::string> key_by_url;
  for (const HttpRequest& request : requests) {
    key_by_url[request.url] = header(request, "authorization");
    EXPECT_EQ(request.body, "\x1f\x8b any bytes");
    EXPECT_EQ(header(request, "user-agent"), "NodeJSClient/9");
    EXPECT_TRUE(header(request, "x-launchdarkly-payload-id").starts_with("id-"));
    EXPECT_EQ(header(request, "x-sluice-forwarded"), "1");
  }
  EXPECT_EQ(key_by_url,
            (std::map<std::string, std::string>{{"https://events.example/bulk", "sdk-current"},
                                                {"https://mobile.example/mobile", "mob-current"},
                                                {"https://events.example/events/bulk/578d1e02d2943862c52b9686", ""}}));
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{0, true}, {1, true}, {2, true}}));
  EXPECT_EQ(sink_->last_receipt()->parts[0].second, "202");
}

TEST_F(TeeSinkTest, a_refused_credential_stops_its_own_payloads_alone_and_a_new_one_is_tried_at_once) {
  answer_ = [](const HttpRequest& request) { return header(request, "authorization") == "mob-current" ? 401 : 202; };
  put(CredentialKind::mobile_key);
  put(CredentialKind::sdk_key);
  run(10'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{1, true}}));
  ASSERT_TRUE(sink_->problem());
  EXPECT_EQ(sink_->problem()->weight, exporting::Problem::Weight::setup);
  EXPECT_EQ(sink_->problem()->code, "http_401");
  const std::size_t tries = sent_to("mobile.example").size();
  run(120'000);
  EXPECT_LE(sent_to("mobile.example").size(), tries + 4) << "a probe every 30 to 60 s";
  environment_.mobile_keys = {"mob-new"};
  run(2'000);
  EXPECT_EQ(finished_[0], true);
  EXPECT_FALSE(sink_->problem());
}

TEST_F(TeeSinkTest, a_parked_lane_that_is_full_lets_others_pass_and_alone_it_stops_reading) {
  answer_ = [](const HttpRequest& request) { return request.url.find("/bulk") != std::string::npos ? 401 : 202; };
  for (std::size_t i = 0; i < kMaxLanePayloads; ++i) put(CredentialKind::sdk_key);
  run(10'000);
  EXPECT_FALSE(sink_->has_room()) << "nothing else comes: the journal keeps it";
  EXPECT_TRUE(letters_.letters.empty());
  put(CredentialKind::mobile_key);
  run(100);
  EXPECT_TRUE(sink_->has_room());
  EXPECT_EQ(finished_[kMaxLanePayloads], true);
  put(CredentialKind::sdk_key);
  run(100);
  ASSERT_FALSE(letters_.letters.empty());
  EXPECT_EQ(letters_.letters[0].code, "http_401");
  EXPECT_TRUE(letters_.letters[0].record.starts_with("{\"payload\":\""));
}

TEST_F(TeeSinkTest, a_lane_that_is_refused_keeps_the_places_of_its_payloads_and_holds_up_no_other) {
  with_a_journal();
  bool refused = true;
  answer_ = [&](const HttpRequest& request) { return refused && request.url.ends_with("/bulk") ? 401 : 202; };
  put(CredentialKind::sdk_key);
  run(10'000);  // parked, and nothing of another credential was ever seen
  for (std::size_t i = 1; i < 4 * kMaxLanePayloads; ++i) {
    ASSERT_TRUE(sink_->has_room()) << i;
    put(CredentialKind::sdk_key);
  }
  EXPECT_LE(sink_->stats().bytes_inside, kMaxLanePayloads * 1'000);
  put(CredentialKind::mobile_key);
  run(1'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{4 * kMaxLanePayloads, true}}));
  EXPECT_TRUE(letters_.letters.empty());
  journal_fails_ = true;
  refused = false;
  run(70'000);
  EXPECT_EQ(finished_.size(), kMaxLanePayloads + 1) << "those in memory";
  journal_fails_ = false;
  journal_->erase(1'500);
  run(10'000);
  EXPECT_EQ(finished_.size(), 4 * kMaxLanePayloads + 1);
  ASSERT_EQ(letters_.letters.size(), 1u);
  EXPECT_EQ(letters_.letters[0].code, "journal_entry_gone");
  EXPECT_EQ(sink_->stats().bytes_inside, 0u);
}

TEST_F(TeeSinkTest, a_window_that_is_full_of_a_refused_lane_lets_others_pass_by_dead_letters_of_the_oldest) {
  with_a_journal();
  answer_ = [](const HttpRequest& request) { return request.url.ends_with("/bulk") ? 401 : 202; };
  put(CredentialKind::sdk_key);
  run(10'000);
  for (std::size_t i = 1; i < 2 * kMaxLanePayloads; ++i) put(CredentialKind::sdk_key);
  sink_->window_is_full();
  run(1'000);
  EXPECT_TRUE(letters_.letters.empty()) << "nothing else came: the journal keeps it";
  put(CredentialKind::mobile_key);
  sink_->window_is_full();
  run(1'000);
  EXPECT_GT(letters_.letters.size(), 0u);
  EXPECT_LE(letters_.letters.size(), static_cast<std::size_t>(kMostGivenUp));
}

TEST_F(TeeSinkTest, payloads_that_are_refused_for_what_they_are_stop_no_others_and_are_dead_letters) {
  answer_ = [](const HttpRequest& request) { return request.body == "[0]" ? 403 : request.body == "[1]" ? 418 : 202; };
  put(CredentialKind::client_side_id, "[2]");
  run(100);
  for (int round = 0; round < 60; ++round) {
    if (round % 10 == 0) put(CredentialKind::client_side_id, round % 20 == 0 ? "[0]" : "[1]");
    for (int i = 2; i < 12; ++i) put(CredentialKind::client_side_id, "[" + std::to_string(i) + "]");
    run(1'000);
    EXPECT_FALSE(sink_->problem()) << sink_->problem()->message;
  }
  for (int i = 0; i < 60; ++i) {  // others are accepted, so that the last of them are judged too
    put(CredentialKind::client_side_id, "[2]");
    run(1'000);
  }
  EXPECT_EQ(finished_.size(), tickets_);
  EXPECT_EQ(letters_.letters.size(), 6u);
  EXPECT_NE(letters_.letters[0].reason.find("answered this payload with 4"), std::string::npos);
}

TEST_F(TeeSinkTest, a_credential_that_is_refused_from_now_on_parks_its_lane_and_fills_no_dead_letters) {
  bool refused = false;
  answer_ = [&](const HttpRequest&) { return refused ? 401 : 202; };
  put(CredentialKind::sdk_key);
  run(100);
  refused = true;
  for (int i = 0; i < 100; ++i) put(CredentialKind::sdk_key);
  run(900'000);
  EXPECT_TRUE(letters_.letters.empty());
  ASSERT_TRUE(sink_->problem());
  EXPECT_EQ(sink_->problem()->code, "http_401");
  EXPECT_LT(transport_.request_count(), 80u);
  refused = false;
  run(120'000);
  EXPECT_EQ(finished_.size(), 101u);
}

TEST_F(TeeSinkTest, one_failure_among_payloads_that_are_accepted_is_no_problem_of_the_service) {
  int failures = 0;
  answer_ = [&](const HttpRequest& request) { return request.body == "[0]" && failures++ < 3 ? 503 : 202; };
  put(CredentialKind::sdk_key, "[1]");
  run(100);
  put(CredentialKind::sdk_key, "[0]");
  for (int i = 2; i < 20; ++i) put(CredentialKind::sdk_key, "[" + std::to_string(i) + "]");
  run(300);
  EXPECT_FALSE(sink_->problem());
  run(20'000);
  EXPECT_EQ(finished_.size(), 20u);
}

TEST_F(TeeSinkTest, a_service_that_hangs_is_said_after_8_s_and_not_when_it_answers_again) {
  put(CredentialKind::sdk_key);
  std::vector<exporting::FinishedEvent> finished;
  for (int second = 0; second < 7; ++second, clock_.advance_ms(1'000)) sink_->step(clock_.steady_us(), finished);
  EXPECT_FALSE(sink_->problem());
  clock_.advance_ms(2'000);
  sink_->step(clock_.steady_us(), finished);
  ASSERT_TRUE(sink_->problem());
  EXPECT_EQ(sink_->problem()->code, "no_answer");
  EXPECT_NE(sink_->problem()->message.find("SDK key"), std::string::npos);
  run(1'000);
  EXPECT_FALSE(sink_->problem());
  EXPECT_EQ(finished_.size(), 1u);
}

// An attacker's script ra: the others were in flight when the service asked.
TEST_F(TeeSinkTest, a_pause_that_the_service_asks_for_is_shown_while_it_lasts_whatever_else_is_accepted) {
  answer_ = [](const HttpRequest& request) { return request.body == "[0]" ? 429 : 202; };
  retry_after_s_ = 3600;
  for (const char* body : {"[1]", "[0]", "[2]"}) put(CredentialKind::sdk_key, body);
  std::vector<exporting::FinishedEvent> finished;
  sink_->step(clock_.steady_us(), finished);
  ASSERT_EQ(transport_.waiting(), 3u);
  for (const std::size_t call : {1U, 0U, 0U}) {
    transport_.deliver_next(call);
    sink_->step(clock_.steady_us(), finished);
  }
  EXPECT_EQ(finished.size(), 2u);
  const std::int64_t until_ms = clock_.wall_ms() + kMaxRetryAfterUs / 1'000;
  for (int second = 0; second < 299; ++second) {
    put(CredentialKind::sdk_key, "[3]");
    ASSERT_TRUE(sink_->problem()) << second;
    EXPECT_EQ(sink_->problem()->code, "http_429");
    EXPECT_EQ(sink_->problem()->weight, exporting::Problem::Weight::transient);
    EXPECT_LE(std::abs(sink_->problem()->next_try_ms - until_ms), 1'000);
    run(1'000);
  }
  EXPECT_EQ(transport_.request_count(), 3u);
  answer_ = [](const HttpRequest&) { return 202; };
  run(20'000);
  EXPECT_FALSE(sink_->problem());
  EXPECT_EQ(finished_.size(), 300u);
}

// An attacker's script hang.
TEST_F(TeeSinkTest, one_payload_without_an_answer_is_told_within_10_s_and_until_it_is_accepted) {
  for (const std::uint32_t at_once : {1U, 8U}) {
    SCOPED_TRACE(at_once);
    config::ConfigFaults faults;
    config::TomlTable table = config::TomlTable::parse(
        "events_uri = \"https://events.example\"\nmax_calls_in_flight = " + std::to_string(at_once), "t", faults);
    destination_.settings = catalog::KindSettings::of(read_tee_settings(table));
    bool heals = false;
    http_client::HangingServerFake server(clock_, [&](const HttpRequest& r) { return r.body == "[0]" && !heals; });
    make_sink(server);
    std::vector<exporting::FinishedEvent> finished;
    const auto second = [&] {
      put(CredentialKind::sdk_key, "[1]");
      for (int i = 0; i < 10; ++i, clock_.advance_ms(100)) {
        server.time_out();
        sink_->step(clock_.steady_us(), finished);
      }
    };
    second();
    const std::uint64_t silent = tickets_;
    put(CredentialKind::sdk_key, "[0]");
    for (int i = 0; i < 7; ++i) second();
    EXPECT_FALSE(sink_->problem());
    EXPECT_TRUE(sink_->notes().empty());
    for (int i = 0; i < 2; ++i) second();
    std::string message = at_once == 1 ? sink_->problem().value().message : sink_->notes().at(0).message;
    EXPECT_NE(message.find("https://events.example: no answer yet for 8 s to a payload of the SDK key, sent at 20"),
              std::string::npos)
        << message;
    for (int i = 0; i < 150; ++i) {
      second();
      const auto notes = sink_->notes();
      ASSERT_EQ(sink_->problem().has_value(), at_once == 1) << "it does not flip";
      ASSERT_TRUE(sink_->problem() ||
                  std::ranges::any_of(notes, [](const auto& note) { return note.code == destinations::kNoAnswer; }));
    }
    EXPECT_GE(server.hung(), 4u);
    heals = true;
    for (int i = 0; i < 45; ++i) second();
    EXPECT_EQ(std::ranges::count(finished, silent, &exporting::FinishedEvent::ticket), 1);
    EXPECT_FALSE(sink_->problem());
    EXPECT_TRUE(sink_->notes().empty()) << sink_->notes()[0].message;
  }
}

TEST_F(TeeSinkTest, what_fails_for_a_time_is_tried_for_ever_and_retry_after_is_obeyed) {
  answer_ = [](const HttpRequest&) { return 503; };
  retry_after_s_ = 60;
  put(CredentialKind::sdk_key);
  run(59'000);
  EXPECT_EQ(transport_.request_count(), 1u);
  EXPECT_EQ(sink_->problem()->weight, exporting::Problem::Weight::transient);
  retry_after_s_ = 0;
  run(3'600'000);
  EXPECT_LT(transport_.request_count(), 2'000u) << "not in a tight loop";
  EXPECT_TRUE(finished_.empty());
  answer_ = [](const HttpRequest&) { return 202; };
  run(12'000);
  EXPECT_EQ(finished_[0], true);
}

TEST_F(TeeSinkTest, what_the_service_can_never_take_is_a_dead_letter_with_its_words) {
  answer_ = [](const HttpRequest& request) { return request.body == "[1]" ? 400 : 202; };
  put(CredentialKind::sdk_key, "[1]");
  put(CredentialKind::sdk_key, "[2]");
  put(CredentialKind::sdk_key, "[3]", 8 * 86'400'000LL);
  run(5'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{0, false}, {1, true}, {2, false}}));
  ASSERT_EQ(letters_.letters.size(), 2u);
  EXPECT_EQ(letters_.letters[0].code, "too_old");
  EXPECT_EQ(letters_.letters[1].code, "http_400") << "others were accepted";
}

// Seed 30004570 of the simulation: the journal was full of what lay behind it, so that no other ever came.
TEST_F(TeeSinkTest, the_only_payload_is_a_dead_letter_when_it_is_refused_for_long_and_no_credential_is) {
  answer_ = [](const HttpRequest&) { return 400; };
  put(CredentialKind::sdk_key);
  run(100'000);
  EXPECT_TRUE(finished_.empty()) << "others may come";
  run(900'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{0, false}}));
  ASSERT_EQ(letters_.letters.size(), 1u);
  EXPECT_NE(letters_.letters[0].reason.find("8 times, over minutes in which no other came"), std::string::npos)
      << letters_.letters[0].reason;
  answer_ = [](const HttpRequest&) { return 401; };
  put(CredentialKind::sdk_key);
  run(3'600'000);
  EXPECT_EQ(finished_.size(), 1u) << "its owner gives it another key";
}

TEST_F(TeeSinkTest, a_server_that_refuses_every_payload_gets_no_dead_letters_and_is_probed) {
  answer_ = [](const HttpRequest&) { return 400; };
  for (int i = 0; i < 20; ++i) put(CredentialKind::sdk_key, "[" + std::to_string(i) + "]");
  run(600'000);
  EXPECT_TRUE(letters_.letters.empty());
  EXPECT_TRUE(finished_.empty());
  EXPECT_LT(transport_.request_count(), 60u);
  ASSERT_TRUE(sink_->problem());
  EXPECT_EQ(sink_->problem()->weight, exporting::Problem::Weight::setup);
  answer_ = [](const HttpRequest&) { return 202; };
  run(120'000);
  EXPECT_EQ(finished_.size(), 20u);
}

TEST_F(TeeSinkTest, a_payload_that_is_too_large_goes_in_parts_and_counts_when_all_are_there) {
  answer_ = [](const HttpRequest& request) { return request.body.size() > 12 ? 413 : 202; };
  put(CredentialKind::sdk_key, "[{\"n\":1},{\"n\":2},{\"n\":3},{\"n\":4}]");
  put(CredentialKind::sdk_key, "[{\"only\":\"one event, and too large\"}]");
  run(1'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{0, true}, {1, false}}));
  std::map<std::string, std::string> delivered;
  for (const HttpRequest& request : transport_.requests())
    if (request.body.size() <= 12) delivered[request.body] = header(request, "x-launchdarkly-payload-id");
  EXPECT_EQ(delivered.size(), 4u);
  std::set<std::string> ids;
  for (const auto& [body, id] : delivered) ids.insert(id);
  EXPECT_EQ(ids.size(), 4u) << "each part under an id of its own";
}

constexpr std::string_view kUntrackedEvent = R"({"kind":"feature","key":"off","version":1})";
constexpr std::string_view kTrackedEvent = R"({"kind":"feature","key":"on","version":1})";

TEST_F(TeeSinkTest, events_that_upstream_does_not_track_are_cut_and_counted_when_the_rest_is_accepted) {
  tracking_.is_there = true;
  const std::string both = "[" + std::string(kUntrackedEvent) + "," + std::string(kTrackedEvent) + "]";
  bool accepts = false;
  answer_ = [&](const HttpRequest&) { return accepts ? 202 : 503; };
  put(CredentialKind::sdk_key, both);
  run(5'000);
  EXPECT_EQ(cut_events(), 0u) << "not accepted yet";
  accepts = true;
  run(20'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{0, true}}));
  for (const HttpRequest& request : transport_.requests()) {
    EXPECT_EQ(request.body, "[" + std::string(kTrackedEvent) + "]");
    EXPECT_EQ(header(request, "x-launchdarkly-payload-id"), "id-0");
  }
  EXPECT_EQ(cut_events(), 1u) << "once, however often it was sent";
  tracking_.is_there = false;
  put(CredentialKind::mobile_key, both);
  run(1'000);
  EXPECT_EQ(transport_.requests().back().body, both) << "nothing is known of its flags";
  EXPECT_EQ(cut_events(), 1u);
}

TEST_F(TeeSinkTest, a_payload_of_which_nothing_is_left_is_done_with_without_a_call) {
  tracking_.is_there = true;
  put(CredentialKind::sdk_key, "[" + std::string(kUntrackedEvent) + "," + std::string(kUntrackedEvent) + "]");
  run(1'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{0, true}}));
  EXPECT_EQ(transport_.request_count(), 0u);
  EXPECT_EQ(cut_events(), 2u);
  EXPECT_EQ(sink_->stats().events_inside, 0u);
  EXPECT_EQ(sink_->stats().bytes_inside, 0u);
  EXPECT_FALSE(sink_->last_receipt());
}

TEST_F(TeeSinkTest, halves_of_a_payload_that_is_too_large_are_cut_too_and_a_dead_letter_holds_all_of_it) {
  tracking_.is_there = true;
  answer_ = [](const HttpRequest& request) { return request.body.size() > 70 ? 413 : 202; };
  const std::string off(kUntrackedEvent), on(kTrackedEvent),
      large = R"({"kind":"custom","data":")" + std::string(70, 'x') + "\"}";
  put(CredentialKind::sdk_key, "[" + off + "," + on + "," + off + "," + on + "]");
  put(CredentialKind::sdk_key, "[" + off + "," + large + "]");
  run(1'000);
  EXPECT_EQ(finished_, (std::map<std::uint64_t, bool>{{0, true}, {1, false}}));
  std::vector<std::string> delivered;
  for (const HttpRequest& request : transport_.requests())
    if (request.body.size() <= 70) delivered.push_back(request.body);
  EXPECT_EQ(delivered, (std::vector<std::string>{"[" + on + "]", "[" + on + "]"}));
  ASSERT_EQ(letters_.letters.size(), 1u);
}

TEST_F(TeeSinkTest, a_payload_that_always_fails_is_in_nobodys_way) {
  answer_ = [](const HttpRequest& request) { return request.body == "[0]" ? 500 : 202; };
  put(CredentialKind::sdk_key, "[0]");
  for (int i = 1; i <= 20; ++i) put(CredentialKind::sdk_key, "[" + std::to_string(i) + "]");
  run(60'000);
  EXPECT_EQ(finished_.size(), 20u);
  EXPECT_FALSE(finished_.contains(0));
}

// An attacker's script head: the payload at the head of a lane that has delivered nothing yet.
TEST_F(TeeSinkTest, whether_the_first_payload_or_the_credential_is_refused_is_known_within_seconds) {
  for (const int status : {400, 401, 422}) {
    SCOPED_TRACE(status);
    const CredentialKind lane = status == 400   ? CredentialKind::sdk_key
                                : status == 401 ? CredentialKind::mobile_key
                                                : CredentialKind::client_side_id;
    answer_ = [&](const HttpRequest& request) { return request.body.starts_with("[0") ? status : 202; };
    const std::uint64_t refused = tickets_;
    put(lane, "[0]");
    run(5'000);  // refused twice, and nothing else is there
    for (int second = 0; second < 3; ++second) {
      put(lane, "[1]");
      run(1'000);
      EXPECT_EQ(finished_[tickets_ - 1], true) << second;
    }
    EXPECT_FALSE(sink_->problem());
    for (int second = 0; second < 12; ++second) {
      put(lane, "[1]");
      run(1'000);
    }
    EXPECT_EQ(finished_.contains(refused), true);
    EXPECT_EQ(finished_[refused], false);
  }
}

TEST_F(TeeSinkTest, behind_two_payloads_that_are_refused_the_third_is_tried_within_seconds) {
  answer_ = [&](const HttpRequest& request) { return request.body == "[0]" ? 400 : 202; };
  put(CredentialKind::sdk_key, "[0]");
  put(CredentialKind::sdk_key, "[0]");
  put(CredentialKind::sdk_key, "[1]");
  run(6'000);
  EXPECT_EQ(finished_[2], true);
}

// An attacker's script ld2.
TEST_F(TeeSinkTest, one_payload_that_is_never_accepted_is_told_within_seconds_in_the_words_of_the_answer) {
  bool accepted = false;
  answer_ = [&](const HttpRequest& request) { return request.body == "[0]" && !accepted ? 500 : 202; };
  put(CredentialKind::sdk_key, "[1]");
  run(100);
  put(CredentialKind::sdk_key, "[0]");
  for (int second = 0; second < 9; ++second) {
    put(CredentialKind::sdk_key, "[1]");
    run(1'000);
  }
  EXPECT_FALSE(sink_->problem()) << "the others are delivered";
  const auto notes = sink_->notes();
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0].code, kOneNotAccepted);
  EXPECT_NE(notes[0].message.find("500"), std::string::npos) << notes[0].message;
  accepted = true;
  run(12'000);
  EXPECT_TRUE(sink_->notes().empty());
}

TEST_F(TeeSinkTest, a_redirect_of_one_payload_among_others_that_are_accepted_makes_it_a_dead_letter) {
  answer_ = [&](const HttpRequest& request) { return request.body == "[0]" ? 302 : 202; };
  put(CredentialKind::sdk_key, "[1]");
  run(100);
  put(CredentialKind::sdk_key, "[0]");
  for (int second = 0; second < 15; ++second) {
    put(CredentialKind::sdk_key, "[1]");
    run(1'000);
  }
  ASSERT_EQ(letters_.letters.size(), 1u);
  EXPECT_EQ(letters_.letters[0].code, "http_302");
}

TEST_F(TeeSinkTest, an_environment_without_such_a_credential_says_so) {
  environment_.mobile_keys.clear();
  put(CredentialKind::mobile_key);
  run(1'000);
  ASSERT_TRUE(sink_->problem());
  EXPECT_EQ(sink_->problem()->code, "no_credential");
  EXPECT_EQ(transport_.request_count(), 0u);
}

}  // namespace
}  // namespace sluice::launchdarkly_events
