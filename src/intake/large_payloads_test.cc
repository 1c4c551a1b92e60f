// Large payloads: read beside the loops, stored in parts, in turn.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <set>

#include "base/clock_fake.h"
#include "base/worker_fake.h"
#include "event/entry.h"
#include "http/raw_client_fake.h"
#include "intake/gzip_fake.h"
#include "intake/handler.h"
#include "intake/journal_fake.h"
#include "intake/request_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::intake {
namespace {

constexpr const char* kKey = "sdk-00000000-0000-4000-8000-0000000000a1";
constexpr const char* kClientSideId = "578d1e02d2943862c52b9687";
constexpr std::int64_t kTooLongUs = http::kMaxTurnMs * 1000 + 100'000;

catalog::CatalogPointer catalog_of_one() {
  catalog::Environment environment;
  environment.id = *ObjectId::parse(kClientSideId);
  environment.sdk_keys = {kKey};
  return std::make_shared<catalog::CatalogSnapshot>(std::vector<catalog::Project>{},
                                                    std::vector<catalog::Environment>{environment},
                                                    std::vector<catalog::Destination>{});
}

class LargePayloadsTest : public testing::Test {
 protected:
  LargePayloadsTest() { catalog_.publish(catalog_of_one()); }

  std::shared_ptr<FakeRequest> send(const std::string& text) {
    const auto sent = std::make_shared<FakeRequest>(text);
    handler_->handle(sent->request, http::HttpResponder(sent));
    return sent;
  }
  static std::string with_key(std::string_view body, std::string_view id = {}, std::string_view headers = {}) {
    std::string all = fmt::format("Authorization: {}\r\n{}", kKey, headers);
    if (!id.empty()) all += fmt::format("X-LaunchDarkly-Payload-ID: {}\r\n", id);
    return http::post_text("/bulk", body, all);
  }
  static std::string with_client_side_id(std::string_view body) {
    return http::post_text(fmt::format("/events/bulk/{}", kClientSideId), body);
  }
  // So many events of 1,000 bytes and some more.
  static std::string payload(int events) {
    std::string body = "[";
    for (int i = 0; i < events; ++i)
      body +=
          fmt::format(R"({}{{"kind":"custom","key":"n-{}","creationDate":1,"contextKeys":{{"user":"u"}},"data":"{}"}})",
                      i > 0 ? "," : "", i, std::string(1000, 'x'));
    return body + "]";
  }
  // Keys of the events of all entries, in the order in which they were stored.
  std::vector<std::string> stored_keys() const {
    std::vector<std::string> keys;
    for (const FakeJournal::Stored& each : journal_.stored()) {
      const auto entry = event::EntryView::open(each.entry);
      if (!entry) {
        ADD_FAILURE() << "an entry that does not open";
        continue;
      }
      event::EntryView::Walk walk;
      event::EventSlot slot;
      while (entry->next(walk, slot)) keys.emplace_back(slot.key);
    }
    return keys;
  }
  static std::vector<std::string> keys_up_to(int events) {
    std::vector<std::string> keys;
    for (int i = 0; i < events; ++i) keys.push_back(fmt::format("n-{}", i));
    return keys;
  }

  catalog::Catalog catalog_;
  flags::FlagRegistry flags_;
  FakeJournal journal_;
  ManualClock clock_{1'700'000'000'000};
  IntakeMetrics metrics_;
  ManualWorkers workers_{clock_};
  storage::FakeFileSystem files_{1};
  IntakeLimits limits_;
  IntakeDeadLetters letters_{files_, "/letters", limits_, metrics_, workers_};
  Intake intake_{catalog_, flags_, journal_, clock_, metrics_, letters_, limits_, nullptr, workers_};
  std::unique_ptr<http::HttpHandler> handler_ = intake_.make_handler();
};

TEST_F(LargePayloadsTest, are_read_beside_the_loop_and_stored_in_parts_in_their_order) {
  const auto small = send(with_key(payload(400)));
  EXPECT_EQ(small->status, 202u);
  EXPECT_EQ(journal_.stored().size(), 1u);
  const auto large = send(with_key(payload(4'000)));
  EXPECT_EQ(large->status, 0u) << "the loop has other things to do";
  workers_.run_due();
  EXPECT_EQ(large->status, 202u);
  std::vector<std::string> expected = keys_up_to(400);
  for (const std::string& key : keys_up_to(4'000)) expected.push_back(key);
  EXPECT_EQ(stored_keys(), expected);
  EXPECT_EQ(journal_.stored().size(), 1u + 5u);
  for (const FakeJournal::Stored& entry : journal_.stored()) EXPECT_LE(entry.entry.size(), limits_.part_bytes * 5 / 4);
  const IntakeTotals totals = metrics_.totals();
  EXPECT_EQ(totals.payloads_received, 2u);
  EXPECT_EQ(totals.payloads_accepted, 2u);
  EXPECT_EQ(totals.events_accepted, 4'400u);
  EXPECT_EQ(intake_.inflated.used(), 0u);
}

TEST_F(LargePayloadsTest, are_known_by_their_size_after_inflation_whatever_they_announce) {
  for (const bool lies : {false, true}) {
    std::string packed = gzip(payload(2'000));
    if (lies) packed += gzip("\n");  // the last member announces one byte
    const auto sent = send(with_key(packed, {}, "Content-Encoding: gzip\r\n"));
    EXPECT_EQ(sent->status, 0u);
    workers_.run_due();
    EXPECT_EQ(sent->status, 202u) << sent->body;
  }
  const auto small = send(with_key(gzip(payload(100)), {}, "Content-Encoding: gzip\r\n"));
  EXPECT_EQ(small->status, 202u);
}

TEST_F(LargePayloadsTest, wait_in_turn_by_environment_and_credential) {
  journal_.hold_answers();
  std::deque<std::shared_ptr<FakeRequest>> strangers;
  for (int i = 0; i < 5; ++i) strangers.push_back(send(with_client_side_id(payload(600))));
  workers_.run_due();  // the first is being stored
  const auto server = send(with_key(payload(600)));
  const auto another = send(with_key(payload(600)));
  journal_.release();  // answers from here on
  EXPECT_EQ(strangers[0]->status, 202u);
  EXPECT_EQ(server->status, 0u);
  journal_.hold_answers();
  workers_.run_due();
  journal_.release();
  EXPECT_EQ(server->status, 202u) << "after one of the stranger's, not after all";
  EXPECT_EQ(strangers[1]->status, 0u);
  workers_.run_due();
  for (const auto& sent : strangers) EXPECT_EQ(sent->status, 202u);
  EXPECT_EQ(another->status, 202u);
}

TEST_F(LargePayloadsTest, of_which_a_part_was_refused_store_each_part_once_when_they_come_again) {
  journal_.hold_answers();
  const auto first = send(with_key(payload(4'000), "123e4567-e89b-12d3-a456-426614174000"));
  workers_.run_due();
  journal_.wait_held(1);
  journal_.answer_after(2, journal::AppendOutcome::overloaded);
  journal_.release();
  EXPECT_EQ(first->status, 503u);
  EXPECT_NE(first->body.find("in part"), std::string::npos) << first->body;
  EXPECT_EQ(journal_.stored().size(), 2u);
  journal_.answer_with(journal::AppendOutcome::durable);
  const auto again = send(with_key(payload(4'000), "123e4567-e89b-12d3-a456-426614174000"));
  workers_.run_due();
  EXPECT_EQ(again->status, 202u);
  EXPECT_EQ(stored_keys(), keys_up_to(4'000));
  const IntakeTotals totals = metrics_.totals();
  EXPECT_EQ(totals.events_accepted, 4'000u);
  EXPECT_GT(totals.events_deduplicated, 0u);
  EXPECT_EQ(totals.payloads_accepted, 1u);
}

// Found by an outsider: parts were known by their bytes alone, and of equal ones the first was stored.
TEST_F(LargePayloadsTest, whose_parts_are_alike_lose_none_of_them_and_are_known_again) {
  std::string body = "[";
  for (int i = 0; i < 8; ++i)
    body +=
        fmt::format(R"({}{{"kind":"custom","key":"same","creationDate":1,"contextKeys":{{"user":"u"}},"data":"{}"}})",
                    i > 0 ? "," : "", std::string(600'000, 'x'));
  body += "]";
  for (int times = 0; times < 2; ++times) {
    const auto sent = send(with_key(body, "id"));
    workers_.run_due();
    EXPECT_EQ(sent->status, 202u);
    EXPECT_EQ(stored_keys().size(), 8u);
  }
  EXPECT_GE(journal_.stored().size(), 4u);
  std::set<std::string> halves;  // the journal reports one id with two contents
  for (const FakeJournal::Stored& each : journal_.stored())
    EXPECT_TRUE(halves.insert(std::string(each.dedupe_key.begin(), each.dedupe_key.begin() + 8)).second);
}

// Found by an outsider: what came with the retry was dropped with what was there.
TEST_F(LargePayloadsTest, of_which_more_is_exported_when_they_come_again_lose_nothing_of_that) {
  struct Choice {
    catalog::CatalogPointer with(bool exported) const {
      catalog::Environment environment;
      environment.id = *ObjectId::parse(kClientSideId);
      environment.sdk_keys = {kKey};
      environment.flag_export.as_sent = false;
      environment.flag_export.flags["b"].exported = exported;
      return std::make_shared<catalog::CatalogSnapshot>(std::vector<catalog::Project>{},
                                                        std::vector<catalog::Environment>{environment},
                                                        std::vector<catalog::Destination>{});
    }
  } const choice;
  std::string body = "[";
  for (int i = 0; i < 4'000; ++i)
    body += fmt::format(
        R"({}{{"kind":"feature","key":"{}","creationDate":1,"variation":0,"value":"{}","contextKeys":{{"user":"u"}}}})",
        i > 0 ? "," : "", i % 2 == 0 ? "a" : "b", std::string(500, 'v'));
  body += "]";
  const auto put = [&](bool exported) {
    const auto catalog = choice.with(exported);
    flags_.apply(*catalog);
    catalog_.publish(catalog);
  };
  put(false);
  journal_.answer_after(1, journal::AppendOutcome::overloaded);
  const auto first = send(with_key(body, "id"));
  workers_.run_due();
  EXPECT_EQ(first->status, 503u);
  journal_.answer_with(journal::AppendOutcome::durable);
  put(true);
  const auto again = send(with_key(body, "id"));
  workers_.run_due();
  EXPECT_EQ(again->status, 202u);
  const std::vector<std::string> keys = stored_keys();
  EXPECT_EQ(std::count(keys.begin(), keys.end(), "b"), 2'000);
}

TEST_F(LargePayloadsTest, have_the_ids_that_they_had_when_they_come_again_to_another_server) {
  const auto ids = [this] {
    std::vector<std::string> all;
    for (const FakeJournal::Stored& each : journal_.stored()) {
      event::EntryView::Walk walk;
      event::EventSlot slot;
      const auto entry = event::EntryView::open(each.entry);
      while (entry && entry->next(walk, slot)) all.emplace_back(slot.json.substr(slot.json.find("\"id\":"), 31));
    }
    return all;
  };
  for (const int events : {3, 4'000}) {
    journal_.forget_all();
    EXPECT_EQ(send(with_key(payload(events), "id"))->status, events == 3 ? 202u : 0u);
    workers_.run_due();
    const std::vector<std::string> first = ids();
    journal_.forget_all();
    clock_.advance_us(1'000'000'000);
    (void)send(with_key(payload(events), "id"));
    workers_.run_due();
    EXPECT_EQ(ids(), first);
    EXPECT_EQ(first.size(), static_cast<std::size_t>(events));
  }
}

TEST_F(LargePayloadsTest, that_are_no_array_store_nothing_of_what_was_read_before) {
  std::string cut = payload(3'000);
  cut.pop_back();
  const auto sent = send(with_key(cut + R"(,{"kind":)"));
  workers_.run_due();
  EXPECT_EQ(sent->status, 400u);
  EXPECT_TRUE(journal_.stored().empty());
  EXPECT_EQ(intake_.inflated.used(), 0u);
}

TEST_F(LargePayloadsTest, that_wait_for_a_slow_disk_are_taken_when_it_is_their_turn) {
  const auto sent = send(with_key(payload(600)));
  clock_.advance_us(kTooLongUs / 2);
  workers_.run_due();
  EXPECT_EQ(sent->status, 202u);
}

TEST_F(LargePayloadsTest, that_waited_longer_than_a_client_does_are_refused_unread) {
  const auto sent = send(with_key(payload(600)));
  clock_.advance_us(kTooLongUs);
  workers_.run_due();
  EXPECT_EQ(sent->status, 503u);
  EXPECT_TRUE(journal_.stored().empty());
  const auto next = send(with_key(payload(600)));
  workers_.run_due();
  EXPECT_EQ(next->status, 202u) << "and the next is taken";
}

TEST_F(LargePayloadsTest, that_wait_when_it_stops_are_told_so) {
  journal_.hold_answers();
  const auto being_stored = send(with_key(payload(600)));
  workers_.run_due();
  const auto waiting = send(with_key(payload(600)));
  intake_.stop();
  workers_.run_due();
  EXPECT_EQ(waiting->status, 503u);
  EXPECT_NE(waiting->body.find("stopping"), std::string::npos) << waiting->body;
  journal_.release();
  EXPECT_EQ(being_stored->status, 202u);
}

}  // namespace
}  // namespace sluice::intake
