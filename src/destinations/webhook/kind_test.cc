#include "destinations/webhook/kind.h"

#include <gtest/gtest.h>

#include "base/process_environment.h"
#include "config/toml_table.h"
#include "destinations/webhook/receiver_help.h"
#include "framing/outbound_fake.h"
#include "http_client/http_transport_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::webhook {
namespace {

using exporting::SinkUse;
using http_client::HttpTransportFake;
using http_client::OutboundPolicy;

class NoDeadLetters final : public exporting::DeadLetterStore {
 public:
  Result<void> keep(std::span<const exporting::RejectedEvent>) override { return {}; }
};

struct WebhookKindTest : ::testing::Test {
  catalog::Destination destination(const nlohmann::json& fields) {
    config::ConfigFaults faults;
    auto table = config::TomlTable::from_json(fields, "config", faults);
    catalog::Destination destination;
    destination.id = *ObjectId::parse("610addeadbeefaa86ec9a7d4");
    destination.name = "hook";
    destination.settings = kind->read(table).settings;
    EXPECT_TRUE(faults.empty()) << faults.text();
    return destination;
  }
  std::unique_ptr<exporting::Sink> sink(const std::string& url, SinkUse use = {}) {
    return kind->make_sink(destination({{"url", url}}), parts(), notifier, dead_letters, use);
  }
  destinations::KindParts parts() { return parts_with(transport, policy); }
  destinations::KindParts parts_with(http_client::HttpTransport& over, const OutboundPolicy* allowed) {
    return {.transport = over,
            .clock = clock,
            .environment = empty_environment(),
            .identity = identity,
            .catalog = {},
            .files = files,
            .data_directory = {},
            .node = {},
            .policy = allowed};
  }
  std::string id_sent(const SinkUse& use) {
    const auto sink = this->sink("https://hooks.example.com/", use);
    for (auto& event : framing::outbound_events({R"({"kind":"custom","key":"a"})"})) sink->put(std::move(event));
    std::vector<exporting::FinishedEvent> finished;
    sink->step(clock.steady_us(), finished);
    clock.advance_us(2'000'000);
    sink->step(clock.steady_us(), finished);
    const http_client::HttpRequest request = transport.requests().back();
    for (const auto& [name, value] : request.headers)
      if (name == "webhook-id") return value;
    return "";
  }

  const std::unique_ptr<const destinations::DestinationKind> kind = webhook_kind();
  HttpTransportFake transport{HttpTransportFake::When::on_demand};
  ManualClock clock;
  aws::ServerIdentity identity{transport, clock, empty_environment()};  // never asked
  storage::FakeFileSystem files{1};                                     // nothing is kept there
  Notifier notifier;
  NoDeadLetters dead_letters;
  const OutboundPolicy nothing_listed{};
  const OutboundPolicy* policy = nullptr;
};

TEST_F(WebhookKindTest, sends_nothing_to_an_address_that_the_server_does_not_allow_and_hands_its_policy_on) {
  policy = &nothing_listed;
  const auto blocked = sink("http://10.0.0.7/s3cr3t");
  EXPECT_FALSE(blocked->has_room());
  ASSERT_TRUE(blocked->problem());
  EXPECT_EQ(blocked->problem()->message.find("s3cr3t"), std::string::npos);
  EXPECT_NE(blocked->problem()->message.find("outbound.allowed"), std::string::npos);
  EXPECT_FALSE(id_sent({}).empty());
  EXPECT_EQ(transport.requests().back().policy, policy) << "a name may resolve to another address later";
  policy = nullptr;
  EXPECT_FALSE(sink("http://10.0.0.7/")->problem()) << "the owner of the file decides";
}

TEST_F(WebhookKindTest, a_replay_has_ids_of_its_own_and_a_retry_of_dead_letters_has_not) {
  const std::string first = id_sent({});
  EXPECT_EQ(id_sent({}), first);
  EXPECT_EQ(id_sent({SinkUse::Purpose::dead_letters, ""}), first);
  EXPECT_NE(id_sent({SinkUse::Purpose::replay, "1700000000000"}), first);
  EXPECT_NE(id_sent({SinkUse::Purpose::replay, "1700000000001"}), id_sent({SinkUse::Purpose::replay, "1700000000000"}));
}

TEST_F(WebhookKindTest, a_test_event_does_not_wait_for_others) {
  const auto sink = this->sink("https://hooks.example.com/", {SinkUse::Purpose::test_event, ""});
  for (auto& event : framing::outbound_events({R"({"kind":"custom","key":"a"})"})) sink->put(std::move(event));
  std::vector<exporting::FinishedEvent> finished;
  sink->step(clock.steady_us(), finished);
  EXPECT_EQ(transport.request_count(), 1u);
}

TEST_F(WebhookKindTest, checks_step_by_step_and_stops_where_nothing_further_can_work) {
  using destinations::CheckStatus;
  const auto statuses = [&](const nlohmann::json& fields, http_client::TransportFault fault, int status) {
    HttpTransportFake at_once;
    at_once.answer_by([&](const http_client::HttpRequest& request) {
      EXPECT_EQ(request.method, "OPTIONS");
      EXPECT_TRUE(request.body.empty());
      http_client::HttpResponse response;
      response.fault = fault;
      if (fault != http_client::TransportFault::none) response.fault_text = "scripted fault";
      response.status = status;
      return response;
    });
    bool sent = false;
    const destinations::KindParts parts = parts_with(at_once, &nothing_listed);
    const auto steps = kind->check(destination(fields), parts, [&] {
      sent = true;
      exporting::TestEventOutcome outcome;
      outcome.delivered = true;
      return outcome;
    });
    std::vector<std::pair<std::string, CheckStatus>> out;
    for (const auto& step : steps) {
      EXPECT_FALSE(step.message.empty());
      out.emplace_back(step.name, step.status);
    }
    EXPECT_EQ(sent, steps.back().status == CheckStatus::ok);
    return out;
  };
  using http_client::TransportFault;
  using Statuses = std::vector<std::pair<std::string, CheckStatus>>;
  const nlohmann::json https = {{"url", "https://hooks.example.com/"}};
  constexpr auto ok = CheckStatus::ok, warning = CheckStatus::warning, failed = CheckStatus::failed,
                 skipped = CheckStatus::skipped;
  const auto row = [](CheckStatus address, CheckStatus resolve, CheckStatus connect, CheckStatus tls,
                      CheckStatus authentication, CheckStatus put) {
    return Statuses{{"address", address},
                    {"resolve", resolve},
                    {"connect", connect},
                    {"tls", tls},
                    {"authentication", authentication},
                    {"put", put}};
  };
  EXPECT_EQ(statuses(https, TransportFault::none, 405), row(ok, ok, ok, ok, warning, ok));
  EXPECT_EQ(statuses(https, TransportFault::resolve, 0), row(ok, failed, skipped, skipped, warning, skipped));
  EXPECT_EQ(statuses(https, TransportFault::connect, 0), row(ok, ok, failed, skipped, warning, skipped));
  EXPECT_EQ(statuses(https, TransportFault::forbidden, 0), row(ok, ok, failed, skipped, warning, skipped));
  EXPECT_EQ(statuses(https, TransportFault::tls, 0), row(ok, ok, ok, failed, warning, skipped));
  EXPECT_EQ(statuses({{"url", "http://hooks.example.com/"}}, TransportFault::none, 200),
            row(failed, skipped, skipped, skipped, warning, skipped));
}

TEST_F(WebhookKindTest, helps_with_a_receiver_and_a_new_secret_and_names_what_is_wrong_in_a_draft) {
  const auto help = kind->setup_help({{"format", "json"}, {"compression", "gzip"}, {"url", nullptr}}, parts(), true);
  ASSERT_TRUE(help.has_value());
  EXPECT_EQ((*help)["receiver"], receiver_program(true, "gzip"));
  EXPECT_NE(receiver_program(false, "").find("webhook-signature"), std::string::npos);
  EXPECT_TRUE((*help)["signingSecret"].get<std::string>().starts_with("whsec_"));
  EXPECT_NE((*help)["signingSecret"], (*kind->setup_help(nlohmann::json::object(), parts(), true))["signingSecret"]);
  EXPECT_FALSE(kind->setup_help(nlohmann::json::object(), parts(), false)->contains("signingSecret"));
  EXPECT_FALSE(kind->setup_help({{"signingSecrets", {"whsec_…"}}}, parts(), true)->contains("signingSecret"));
  const auto wrong = kind->setup_help({{"format", 7}}, parts(), true);
  ASSERT_FALSE(wrong.has_value());
  EXPECT_NE(wrong.error().message.find("config.format"), std::string::npos);
}

}  // namespace
}  // namespace sluice::webhook
