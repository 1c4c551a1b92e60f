// Feeds, as SDKs and the environment's owner see them: an upstream that is played by hand, and a disk.
#include "relay/relay.h"

#include <gtest/gtest.h>

#include <new>
#include <string>

#include "base/clock_fake.h"
#include "base/worker_fake.h"
#include "http_client/http_stream_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::relay {
namespace {

const ObjectId kEnvironment = *ObjectId::parse("578d1e02d2943862c52b9686");
constexpr std::string_view kPut =
    "event: put\ndata: {\"path\":\"/\",\"data\":{\"flags\":{\"a\":{\"key\":\"a\",\"version\":1},\"b\":{\"key\":\"b\","
    "\"version\":1}},\"segments\":{}}}\n\n";
constexpr std::string_view kPatch =
    "event: patch\ndata: {\"path\":\"/flags/b\",\"data\":{\"key\":\"b\",\"version\":2}}\n\n";

class RelayTest : public testing::Test {
 protected:
  RelayTest() {
    environment_.id = kEnvironment;
    environment_.key = "production";
    environment_.sdk_keys = {"sdk-1"};
    environment_.flag_export.as_sent = false;
    environment_.flag_export.new_flags = false;
    environment_.flag_export.flags["a"].exported = true;
    environment_.flag_source.kind = catalog::FlagSource::Kind::launchdarkly;
    environment_.flag_source.stream_uri = "http://upstream";
    EXPECT_TRUE(disk_.make_directory("/data"));
    start();
  }
  void start() {
    relay_ = std::make_unique<Relay>(
        RelayParts{disk_, transport_, clock_, flags_, "/data", "/data/flag-files", nullptr, workers_});
    publish();
  }
  catalog::CatalogPointer catalog() const {
    return std::make_shared<const catalog::CatalogSnapshot>(std::vector<catalog::Project>(),
                                                            std::vector<catalog::Environment>{environment_},
                                                            std::vector<catalog::Destination>());
  }
  void publish() {
    const catalog::CatalogPointer catalog = this->catalog();
    flags_.apply(*catalog);
    relay_->apply(catalog);
    workers_.run_due();
  }
  void say(std::string_view events) {
    transport_.last().bytes(events);
    workers_.run_due();
  }
  std::shared_ptr<const ServedFlags> served(std::string_view filter = "") {
    const auto found = relay_->feed(kEnvironment, filter);
    return found.feed ? found.feed->served() : nullptr;
  }
  std::string item(std::string_view key) {
    const auto now = served();
    const auto item = now ? now->item(ItemKind::flag, key) : std::nullopt;
    return item ? *item->body : std::string("none");
  }
  FlagFeedStatus status() { return relay_->status(kEnvironment).at(0); }

  ManualClock clock_;
  ManualWorkers workers_{clock_};
  storage::FakeFileSystem disk_{1};
  http_client::HttpStreamTransportFake transport_;
  flags::FlagRegistry flags_;
  catalog::Environment environment_;
  std::unique_ptr<Relay> relay_;
};

TEST_F(RelayTest, switches_tracking_on_for_flags_that_are_exported) {
  EXPECT_EQ(transport_.last().request().request.url, "http://upstream/all");
  EXPECT_EQ(transport_.last().header("Authorization"), "sdk-1");
  EXPECT_EQ(served(), nullptr);
  transport_.last().event_stream();
  say(kPut);
  EXPECT_EQ(item("a"), R"({"key":"a","version":1,"trackEvents":true})");
  EXPECT_EQ(item("b"), R"({"key":"b","version":1})");
  EXPECT_TRUE(status().is_connected);
  EXPECT_EQ(status().flags, 2u);
  say(kPatch);
  EXPECT_EQ(item("b"), R"({"key":"b","version":2})");
}

TEST_F(RelayTest, a_switch_is_served_with_the_next_step_and_as_sent_leaves_flags_as_they_came) {
  transport_.last().event_stream();
  say(kPut);
  const std::string before = served()->etag();
  environment_.flag_export.flags["b"].exported = true;
  publish();
  EXPECT_EQ(item("b"), R"({"key":"b","version":1,"trackEvents":true})");
  EXPECT_NE(served()->etag(), before);
  environment_.flag_export.as_sent = true;
  publish();
  EXPECT_EQ(item("a"), R"({"key":"a","version":1})");
  EXPECT_EQ(transport_.opened(), 1u) << "the upstream was not asked again";
}

TEST_F(RelayTest, upstreams_own_tracking_is_known_by_version_also_after_a_restart_without_it) {
  using Tracked = event::TrackedEvaluations;
  using enum event::TrackedEvaluations::Which;
  EXPECT_EQ(relay_->of(kEnvironment), nullptr) << "it has said nothing yet";
  transport_.last().event_stream();
  say(kPut);
  EXPECT_EQ(item("a"), R"({"key":"a","version":1,"trackEvents":true})");
  EXPECT_EQ(relay_->of(kEnvironment)->tracked("a", 1), Tracked{none}) << "not as SDKs are served it";
  say("event: patch\ndata: {\"path\":\"/flags/a\",\"data\":{\"version\":2,\"trackEvents\":true}}\n\n");
  const auto expect_both = [&] {
    EXPECT_EQ(relay_->of(kEnvironment)->tracked("a", 1), Tracked{none});
    EXPECT_EQ(relay_->of(kEnvironment)->tracked("a", 2), Tracked{all});
    EXPECT_EQ(relay_->of(kEnvironment)->tracked("a", 3), Tracked{unknown});
  };
  expect_both();
  relay_->stop();
  expect_both();
  start();
  expect_both();
  environment_.flag_source.kind = catalog::FlagSource::Kind::none;
  publish();
  EXPECT_EQ(relay_->of(kEnvironment), nullptr);
}

TEST_F(RelayTest, a_switch_that_meets_a_change_reaches_streams_too) {
  transport_.last().event_stream();
  say(kPut);
  const auto stream = http::HttpStream::make();
  relay_->feed(kEnvironment, "").feed->join_all(stream);
  environment_.flag_export.flags["b"].exported = true;
  flags_.apply(*catalog());  // and its catalog comes after the change
  say("event: patch\ndata: {\"path\":\"/flags/a\",\"data\":{\"key\":\"a\",\"version\":2}}\n\n");
  publish();
  EXPECT_EQ(item("b"), R"({"key":"b","version":1,"trackEvents":true})");
  EXPECT_EQ(stream->unsent_bytes(), served()->all_put()->size()) << "all flags, and not one that changed";
}

TEST_F(RelayTest, a_flag_that_was_seen_keeps_what_it_started_with) {
  environment_.flag_export.new_flags = true;
  publish();
  ASSERT_NE(flags_.find(kEnvironment, "b", 1), nullptr);
  environment_.flag_export.new_flags = false;
  publish();
  EXPECT_TRUE(flags_.exported(kEnvironment, "a"));
  EXPECT_TRUE(flags_.exported(kEnvironment, "b"));
  EXPECT_FALSE(flags_.exported(kEnvironment, "c"));
  EXPECT_TRUE(flags_.exported(*ObjectId::parse("5744c96707c9900708000004"), "c")) << "of nobody's environment";
}

TEST_F(RelayTest, what_upstream_said_last_is_served_while_it_is_away_and_after_a_restart) {
  transport_.last().event_stream();
  say(kPut);
  say(kPatch);
  workers_.run_for_us((kSaveAfterMs + 1) * 1'000);
  transport_.last().end(http_client::TransportFault::reset, "reset");
  workers_.run_due();
  EXPECT_FALSE(status().is_connected);
  EXPECT_FALSE(status().problem.empty());
  EXPECT_FALSE(status().remedy.empty());
  EXPECT_EQ(item("b"), R"({"key":"b","version":2})");
  const auto after = disk_.after_crash(storage::FakeFileSystem::Crash::lose_all, 1);
  Relay later({*after, transport_, clock_, flags_, "/data", "/data/flag-files", nullptr, workers_});
  later.apply(catalog());
  const auto kept = later.feed(kEnvironment, "").feed->served();
  ASSERT_NE(kept, nullptr) << "before the first step";
  EXPECT_EQ(*kept->item(ItemKind::flag, "b")->body, R"({"key":"b","version":2})");
  EXPECT_TRUE(later.status(kEnvironment).at(0).from_disk);
  later.stop();
}

TEST_F(RelayTest, a_stop_in_order_saves_what_a_second_had_not_passed_for) {
  transport_.last().event_stream();
  say(kPut);
  relay_->stop();
  start();
  EXPECT_NE(served(), nullptr);
}

TEST_F(RelayTest, an_environment_whose_flags_could_not_be_loaded_has_no_feed_until_they_can) {
  transport_.last().event_stream();
  say(kPut);
  relay_->stop();
  disk_.before_each_change([] { throw std::bad_alloc(); });
  EXPECT_THROW(start(), std::bad_alloc);
  disk_.before_each_change(nullptr);
  EXPECT_TRUE(relay_->status(kEnvironment).empty());
  EXPECT_EQ(relay_->feed(kEnvironment, "").feed, nullptr);
  publish();
  EXPECT_NE(served(), nullptr);
}

TEST_F(RelayTest, an_event_that_is_no_flag_data_changes_nothing_and_is_told) {
  transport_.last().event_stream();
  say(kPut);
  say("event: put\ndata: {\"path\":\"/\",\"data\":{}}\n\n");
  EXPECT_EQ(item("a"), R"({"key":"a","version":1,"trackEvents":true})");
  EXPECT_FALSE(status().is_connected);
  EXPECT_NE(status().problem.find("flags"), std::string::npos) << status().problem;
}

TEST_F(RelayTest, another_key_or_address_connects_again_and_keeps_what_is_served) {
  transport_.last().event_stream();
  say(kPut);
  environment_.sdk_keys = {"sdk-2", "sdk-1"};
  publish();
  ASSERT_EQ(transport_.opened(), 2u);
  EXPECT_EQ(transport_.last().header("Authorization"), "sdk-2");
  environment_.flag_source.stream_uri = "http://other";
  publish();
  EXPECT_EQ(transport_.last().request().request.url, "http://other/all");
  EXPECT_NE(served(), nullptr);
}

// Found by an outsider: flags of a source that was left long ago were served after a restart.
TEST_F(RelayTest, flags_of_a_source_that_was_left_are_said_to_be_its_own_and_are_not_served_after_a_restart) {
  const auto restart = [&] {
    relay_.reset();
    start();
  };
  transport_.last().event_stream();
  say(kPut);
  workers_.run_for_us(kSaveAfterMs * 1'000);
  EXPECT_FALSE(status().of_former);
  environment_.sdk_keys = {"sdk-2"};
  publish();
  EXPECT_FALSE(status().of_former) << "another key is no other source";
  environment_.flag_source.stream_uri = "http://another";
  publish();
  EXPECT_NE(item("a"), "none") << "SDKs keep them";
  EXPECT_TRUE(status().of_former);
  EXPECT_EQ(status().state(), FeedState::behind);
  environment_.flag_source.stream_uri = "http://upstream";
  publish();
  EXPECT_FALSE(status().of_former) << "it is set again, and they are its own";
  environment_.flag_source.stream_uri = "http://another";
  publish();
  EXPECT_TRUE(status().of_former);
  workers_.run_for_us(60'000'000);
  restart();
  EXPECT_EQ(item("a"), "none");
  EXPECT_FALSE(status().of_former);
  // The one before, again: they are its own.
  environment_.flag_source.stream_uri = "http://upstream";
  relay_.reset();
  start();
  EXPECT_NE(item("a"), "none");
  EXPECT_TRUE(status().from_disk);
  environment_.flag_source.stream_uri = "http://another";
  publish();
  transport_.last().event_stream();
  say("event: put\ndata: {\"path\":\"/\",\"data\":{\"flags\":{\"c\":{\"version\":1}},\"segments\":{}}}\n\n");
  EXPECT_FALSE(status().of_former);
  EXPECT_EQ(item("a"), "none");
  workers_.run_for_us(kSaveAfterMs * 1'000);
  restart();
  EXPECT_NE(item("c"), "none");
}

TEST_F(RelayTest, a_server_that_is_left_for_files_leaves_nothing_on_disk) {
  transport_.last().event_stream();
  say(kPut);
  workers_.run_for_us(kSaveAfterMs * 1'000);
  EXPECT_FALSE(disk_.paths().empty());
  environment_.flag_source = {};
  environment_.flag_source.kind = catalog::FlagSource::Kind::files;
  environment_.flag_source.files = {"flags.json"};
  publish();
  EXPECT_TRUE(disk_.paths().empty());
  EXPECT_NE(item("a"), "none") << "until the files can be read";
  EXPECT_TRUE(status().of_former);
  workers_.run_for_us(60'000'000);
  relay_.reset();
  EXPECT_TRUE(disk_.paths().empty());
}

TEST_F(RelayTest, what_could_not_be_removed_when_its_source_was_left_is_removed_at_the_start) {
  transport_.last().event_stream();
  say(kPut);
  workers_.run_for_us(kSaveAfterMs * 1'000);
  const std::string path = disk_.paths().at(0), bytes = disk_.bytes(path);
  relay_.reset();
  environment_.flag_source = {};
  environment_.flag_source.kind = catalog::FlagSource::Kind::files;
  environment_.flag_source.files = {"flags.json"};
  disk_.set_bytes(path, bytes);
  start();
  EXPECT_TRUE(disk_.paths().empty());
  EXPECT_EQ(item("a"), "none");
}

TEST_F(RelayTest, an_environment_without_a_source_has_no_feed_and_its_flags_leave_the_disk) {
  transport_.last().event_stream();
  say(kPut);
  workers_.run_for_us((kSaveAfterMs + 1) * 1'000);
  const std::string file = "/data/relay/" + kEnvironment.hex() + ".flags";
  EXPECT_TRUE(disk_.exists(file));
  environment_.flag_source = {};
  publish();
  const auto found = relay_->feed(kEnvironment, "");
  EXPECT_EQ(found.feed, nullptr);
  EXPECT_EQ(found.missing, Relay::Missing::no_source);
  EXPECT_TRUE(relay_->status(kEnvironment).empty());
  EXPECT_FALSE(disk_.exists(file));
}

TEST_F(RelayTest, flags_of_payload_filters_that_it_has_not_loaded_go_with_the_source) {
  const std::string filters = "/data/relay/" + kEnvironment.hex() + "-0123456789abcdef.flags";
  disk_.set_bytes(filters, "of a process before");
  transport_.last().event_stream();
  say(kPut);
  EXPECT_TRUE(disk_.exists(filters));
  environment_.flag_source = {};
  publish();
  EXPECT_FALSE(disk_.exists(filters));
  environment_.flag_source.kind = catalog::FlagSource::Kind::launchdarkly;
  environment_.flag_source.stream_uri = "http://upstream";
  publish();
  disk_.set_bytes(filters, "of a process before");
  relay_->apply(std::make_shared<const catalog::CatalogSnapshot>(
      std::vector<catalog::Project>(), std::vector<catalog::Environment>(), std::vector<catalog::Destination>()));
  workers_.run_due();
  EXPECT_FALSE(disk_.exists(filters)) << "its environment was deleted";
}

TEST_F(RelayTest, flags_of_environments_that_have_no_source_any_more_go_at_the_start) {
  transport_.last().event_stream();
  say(kPut);
  ASSERT_NE(relay_->feed(kEnvironment, "mobile").feed, nullptr);
  workers_.run_due();
  transport_.last().event_stream();
  say(kPut);
  relay_->stop();
  const std::size_t files = disk_.paths().size();
  EXPECT_EQ(files, 2u);
  const std::string of_another = "/data/relay/5744c96707c9900708000004.flags";
  disk_.set_bytes(of_another, "x");
  start();
  EXPECT_EQ(disk_.paths().size(), files) << "those of an environment that has a source stay";
  EXPECT_FALSE(disk_.exists(of_another)) << "of an environment that is not in the catalog";
  disk_.set_bytes(of_another, "x");
  publish();
  EXPECT_TRUE(disk_.exists(of_another)) << "the folder is read at the start alone";
  relay_->stop();
  environment_.flag_source = {};
  start();
  EXPECT_TRUE(disk_.paths().empty());
}

TEST_F(RelayTest, a_source_that_is_removed_and_set_again_within_a_step_keeps_its_flags_on_disk) {
  transport_.last().event_stream();
  say(kPut);
  workers_.run_for_us((kSaveAfterMs + 1) * 1'000);
  const catalog::CatalogPointer with_source = catalog();
  environment_.flag_source = {};
  relay_->apply(catalog());
  relay_->apply(with_source);
  workers_.run_for_us((kSaveAfterMs + 1) * 1'000);
  EXPECT_NE(served(), nullptr);
  EXPECT_TRUE(disk_.exists("/data/relay/" + kEnvironment.hex() + ".flags"));
}

TEST_F(RelayTest, a_source_that_is_removed_as_the_relay_stops_leaves_nothing_on_disk) {
  transport_.last().event_stream();
  say(kPut);
  workers_.run_for_us((kSaveAfterMs + 1) * 1'000);
  environment_.flag_source = {};
  relay_->apply(catalog());
  relay_->stop();
  EXPECT_FALSE(disk_.exists("/data/relay/" + kEnvironment.hex() + ".flags"));
}

TEST_F(RelayTest, follows_a_few_payload_filters_and_drops_those_that_nobody_uses) {
  for (std::size_t i = 0; i < kMaxFilters; ++i)
    EXPECT_NE(relay_->feed(kEnvironment, "filter-" + std::to_string(i)).feed, nullptr) << i;
  workers_.run_due();
  EXPECT_EQ(transport_.opened(), kMaxFilters + 1);
  EXPECT_EQ(transport_.stream(1).request().request.url, "http://upstream/all?filter=filter-0");
  const auto one_more = relay_->feed(kEnvironment, "one-more");
  EXPECT_EQ(one_more.feed, nullptr);
  EXPECT_EQ(one_more.missing, Relay::Missing::too_many_filters);
  EXPECT_NE(relay_->feed(kEnvironment, "filter-3").feed, nullptr) << "one that is followed";
  workers_.run_for_us((kFilterUnusedMs + 120'000) * 1'000);
  EXPECT_EQ(relay_->status(kEnvironment).size(), 1u);
  EXPECT_NE(relay_->feed(kEnvironment, "one-more").feed, nullptr);
}

TEST_F(RelayTest, the_request_that_asks_for_a_payload_filter_first_waits_for_no_disk) {
  ASSERT_NE(relay_->feed(kEnvironment, "mobile").feed, nullptr);
  workers_.run_due();
  transport_.last().event_stream();
  say(kPut);
  relay_->stop();
  start();
  int changes = 0;  // reading what was kept makes its folder durable first
  disk_.before_each_change([&] { ++changes; });
  EXPECT_EQ(served("mobile"), nullptr);
  EXPECT_EQ(changes, 0);
  workers_.run_due();
  EXPECT_GT(changes, 0);
  ASSERT_NE(served("mobile"), nullptr);
  EXPECT_EQ(served("mobile")->snapshot().flag_count, 2u);
}

TEST_F(RelayTest, a_change_before_the_put_of_a_new_connection_is_ignored) {
  transport_.last().event_stream();
  say(kPut);
  transport_.last().end();
  workers_.run_due();
  clock_.advance_us(2'000'000);
  workers_.run_due();
  ASSERT_EQ(transport_.opened(), 2u);
  transport_.last().event_stream();
  say("event: patch\ndata: {\"path\":\"/flags/c\",\"data\":{\"key\":\"c\",\"version\":3}}\n\n");
  EXPECT_EQ(item("c"), "none");
  say(kPut);
  say("event: patch\ndata: {\"path\":\"/flags/c\",\"data\":{\"key\":\"c\",\"version\":3}}\n\n");
  EXPECT_EQ(item("c"), R"({"key":"c","version":3})");
}

TEST_F(RelayTest, flag_data_files_are_looked_at_every_second_and_have_no_filters) {
  environment_.flag_source = {};
  environment_.flag_source.kind = catalog::FlagSource::Kind::files;
  environment_.flag_source.files = {"a.json"};
  publish();
  EXPECT_EQ(served(), nullptr);
  EXPECT_NE(status().problem.find("a.json is not there"), std::string::npos) << status().problem;
  ASSERT_TRUE(disk_.make_directory("/data/flag-files"));
  disk_.set_bytes("/data/flag-files/a.json", R"({"flags":{"a":{"key":"a","version":7}}})");
  workers_.run_for_us((kLookAtFilesMs + 1) * 1'000);
  EXPECT_EQ(item("a"), R"({"key":"a","version":7,"trackEvents":true})");
  EXPECT_TRUE(status().is_connected);
  EXPECT_EQ(served("some-filter"), served());
  disk_.set_bytes("/data/flag-files/a.json", "{");
  workers_.run_for_us((kLookAtFilesMs + 1) * 1'000);
  EXPECT_FALSE(status().is_connected);
  EXPECT_EQ(item("a"), R"({"key":"a","version":7,"trackEvents":true})");
}

TEST_F(RelayTest, flag_data_files_are_served_from_the_start) {
  environment_.flag_source = {};
  environment_.flag_source.kind = catalog::FlagSource::Kind::files;
  environment_.flag_source.files = {"a.json"};
  ASSERT_TRUE(disk_.make_directory("/data/flag-files"));
  disk_.set_bytes("/data/flag-files/a.json", R"({"flags":{"a":{"key":"a","version":7}}})");
  relay_->stop();
  start();
  EXPECT_EQ(item("a"), R"({"key":"a","version":7,"trackEvents":true})");
  EXPECT_TRUE(status().is_connected);
}

TEST_F(RelayTest, a_source_that_leads_back_here_is_refused_and_asked_again_every_minute) {
  EXPECT_EQ(transport_.last().header(kRelayedHeader), "1");
  transport_.last().event_stream();
  say(kPut);
  const auto stream = http::HttpStream::make();
  const std::string id = relay_->feed(kEnvironment, "").feed->join_relayed(stream);
  transport_.last().end();
  workers_.run_due();
  clock_.advance_us(2'000'000);
  workers_.run_due();
  const std::string other = "00000000000000b1";
  transport_.last().head(200, {{"content-type", "text/event-stream"}, {kPathHeaderInLowerCase, other + "," + id}});
  say(kPatch);
  EXPECT_EQ(item("b"), R"({"key":"b","version":1})");
  EXPECT_EQ(status().state(), FeedState::behind);
  EXPECT_EQ(status().problem,
            "The flag source leads back to this server: the Sluice at http://upstream takes its flags from here.");
  EXPECT_FALSE(stream->append(http::stream_block("x"))) << "another Sluice hears of it when it asks again";
  EXPECT_EQ(relay_->feed(kEnvironment, "").feed->join_relayed(http::HttpStream::make()), id + "," + other + "," + id);
  clock_.advance_us(60'000'000);
  workers_.run_due();
  transport_.last().event_stream();
  say(kPut);
  EXPECT_EQ(status().state(), FeedState::following);
  EXPECT_EQ(relay_->feed(kEnvironment, "").feed->join_relayed(http::HttpStream::make()), id);
}

}  // namespace
}  // namespace sluice::relay
