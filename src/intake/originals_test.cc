// What intake stores for destinations that repeat payloads as they were sent: docs/entry-format.md, "The original".
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "base/base64.h"
#include "base/clock_fake.h"
#include "base/worker_fake.h"
#include "event/entry.h"
#include "event/original.h"
#include "http/raw_client_fake.h"
#include "intake/gzip_fake.h"
#include "intake/handler.h"
#include "intake/journal_fake.h"
#include "intake/request_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::intake {
namespace {

constexpr std::string_view kOriginalSdkKey = "sdk-00000000-0000-4000-8000-0000000000b1";
constexpr std::string_view kOriginalMobileKey = "mob-00000000-0000-4000-8000-0000000000b2";
constexpr std::string_view kOriginalEnvironment = "578d1e02d2943862c52b9688";
constexpr std::string_view kOneEvent =
    R"( [{"kind":"custom","key":"buy","creationDate":1,"contextKeys":{"user":"u"}}] )";
constexpr std::string_view kUnselected =
    R"([{"kind":"feature","key":"f","creationDate":1,"variation":0,"value":1,"contextKeys":{"user":"u"}}])";

// Of an entry's bytes, or of a payload's.
struct StoredOriginal {
  std::string bytes;
  event::Original original;
  std::uint32_t events = 0;  // beside it
};

class OriginalsTest : public testing::Test {
 protected:
  OriginalsTest() { publish(true); }

  void publish(bool wanted) {
    catalog::Environment environment;
    environment.id = *ObjectId::parse(kOriginalEnvironment);
    environment.sdk_keys = {std::string(kOriginalSdkKey)};
    environment.mobile_keys = {std::string(kOriginalMobileKey)};
    environment.flag_export.as_sent = as_sent_;
    environment.flag_export.new_flags = false;
    catalog::Destination destination;
    destination.environment_id = environment.id;
    destination.on = false;
    destination.wants_originals = wanted;
    const auto snapshot = std::make_shared<catalog::CatalogSnapshot>(
        std::vector<catalog::Project>{}, std::vector{environment}, std::vector<catalog::Destination>{destination});
    flags_.apply(*snapshot);
    catalog_.publish(snapshot);
  }
  std::shared_ptr<FakeRequest> send(const std::string& text) {
    const auto sent = std::make_shared<FakeRequest>(text);
    handler_->handle(sent->request, http::HttpResponder(sent));
    workers_.run_due();
    return sent;
  }
  static std::string bulk(std::string_view body, std::string_view headers = {}) {
    return http::post_text("/bulk", body, fmt::format("Authorization: {}\r\n{}", kOriginalSdkKey, headers));
  }
  // The only one among the entries, which counts it.
  std::unique_ptr<StoredOriginal> only_original() const {
    auto found = std::make_unique<StoredOriginal>();
    int originals = 0;
    for (const FakeJournal::Stored& stored : journal_.stored()) {
      const auto entry = event::EntryView::open(stored.entry);
      if (!entry) ADD_FAILURE() << entry.error().message;
      event::EntryView::Walk walk;
      event::EventSlot slot;
      std::uint64_t here = 0;
      while (entry && entry->next(walk, slot)) {
        found->events += slot.kind != event::EventKind::original;
        if (slot.kind != event::EventKind::original) continue;
        found->bytes = slot.json;
        ++here;
      }
      EXPECT_EQ(stored.counts[static_cast<std::size_t>(event::EventKind::original)], here);
      originals += static_cast<int>(here);
    }
    EXPECT_EQ(originals, 1);
    const auto read = event::read_original(found->bytes);
    if (read)
      found->original = *read;
    else
      ADD_FAILURE() << read.error().message;
    return found;
  }
  // So many events of 1,000 bytes and some more.
  static std::string payload_of(int events) {
    std::string body = "[";
    for (int i = 0; i < events; ++i)
      body +=
          fmt::format(R"({}{{"kind":"custom","key":"n","creationDate":1,"contextKeys":{{"user":"u"}},"data":"{}"}})",
                      i > 0 ? "," : "", std::string(1000, 'x'));
    return body + "]";
  }

  bool as_sent_ = true;
  catalog::Catalog catalog_;
  flags::FlagRegistry flags_;
  FakeJournal journal_;
  ManualClock clock_{1'700'000'000'000};
  IntakeMetrics metrics_;
  ManualWorkers workers_{clock_};
  storage::FakeFileSystem files_{1};
  IntakeLimits limits_ = [] {
    IntakeLimits limits;
    limits.path_prefix = "/sluice";
    return limits;
  }();
  IntakeDeadLetters letters_{files_, "/letters", limits_, metrics_, workers_};
  Intake intake_{catalog_, flags_, journal_, clock_, metrics_, letters_, limits_, nullptr, workers_};
  std::unique_ptr<http::HttpHandler> handler_ = intake_.make_handler();
};

TEST_F(OriginalsTest, are_stored_beside_their_events_byte_for_byte) {
  EXPECT_EQ(send(bulk(kOneEvent,
                      "User-Agent: NodeJSClient/9\r\nContent-Type: application/json\r\nCookie: a=b\r\n"
                      "X-LaunchDarkly-Payload-ID: p-1\r\nX-Forwarded-For: 10.0.0.1\r\n"))
                ->status,
            202u);
  const auto stored = only_original();
  EXPECT_EQ(stored->bytes,
            "POST /bulk\r\nuser-agent: NodeJSClient/9\r\ncontent-type: application/json\r\n"
            "x-launchdarkly-payload-id: p-1\r\n\r\n" +
                std::string(kOneEvent));
  EXPECT_EQ(stored->events, 1u);
  EXPECT_EQ(journal_.stored().size(), 1u);
  EXPECT_EQ(metrics_.totals().events_accepted, 1u) << "it is no event";
}

TEST_F(OriginalsTest, are_stored_only_while_a_destination_wants_them_be_it_on_or_off) {
  publish(false);
  EXPECT_EQ(send(bulk(kOneEvent))->status, 202u);
  ASSERT_EQ(journal_.stored().size(), 1u);
  EXPECT_EQ(event::EntryView::open(journal_.stored()[0].entry)->event_count(), 1u);
  journal_.forget_all();
  publish(true);
  EXPECT_EQ(send(bulk(kOneEvent))->status, 202u);
  EXPECT_EQ(only_original()->original.body, kOneEvent);
  journal_.forget_all();
  publish(false);
  catalog_.keep_originals_of({*ObjectId::parse(kOriginalEnvironment)});  // it is set aside
  EXPECT_EQ(send(bulk(kOneEvent))->status, 202u);
  EXPECT_EQ(only_original()->original.body, kOneEvent);
}

TEST_F(OriginalsTest, keep_the_compression_that_the_payload_came_in) {
  const std::string packed = gzip(std::string(kOneEvent));
  EXPECT_EQ(send(bulk(packed, "Content-Encoding: gzip\r\n"))->status, 202u);
  EXPECT_EQ(only_original()->original.body, packed);
  EXPECT_EQ(only_original()->original.header("content-encoding"), "gzip");
}

TEST_F(OriginalsTest, name_the_endpoint_and_never_what_opened_it) {
  struct Case {
    std::string_view path, expected;
    std::string_view key;
  };
  const std::string id(kOriginalEnvironment);
  const std::string browser = "/sluice//events/bulk/" + id + "/?auth=" + id;
  const Case cases[] = {{"/bulk/?api_key=k", "POST /bulk", kOriginalSdkKey},
                        {"/sluice/bulk", "POST /bulk", kOriginalSdkKey},
                        {"/api/events/bulk", "POST /api/events/bulk", kOriginalSdkKey},
                        {"/mobile", "POST /mobile", kOriginalMobileKey},
                        {"/mobile/events", "POST /mobile/events", kOriginalMobileKey},
                        {"/mobile/events/bulk", "POST /mobile/events/bulk", kOriginalMobileKey},
                        {browser, "POST /events/bulk/{}", ""}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.path);
    journal_.forget_all();
    std::string headers = "X-LaunchDarkly-User-Agent: JSClient/3\r\nAuthorization: ";
    headers.append(c.key).append("\r\n");
    EXPECT_EQ(send(http::post_text(std::string(c.path), kOneEvent, headers))->status, 202u);
    const auto stored = only_original();
    EXPECT_TRUE(stored->bytes.starts_with(std::string(c.expected) + "\r\n")) << stored->bytes;
    for (const std::string_view secret : {kOriginalSdkKey, kOriginalMobileKey, kOriginalEnvironment})
      EXPECT_EQ(stored->bytes.find(secret), std::string::npos) << stored->bytes;
  }
}

TEST_F(OriginalsTest, of_a_picture_hold_what_repeats_it) {
  std::string data;
  base64_append(data, kOneEvent);
  EXPECT_EQ(send(fmt::format("GET /a/{0}.gif?t={0}&d={1}&v=1 HTTP/1.1\r\nHost: t\r\nUser-Agent: Mozilla/5.0\r\n\r\n",
                             kOriginalEnvironment, data))
                ->status,
            200u);
  const auto stored = only_original();
  EXPECT_EQ(stored->original.target.method, "GET");
  EXPECT_EQ(stored->original.target.path, "/a/{}.gif");
  EXPECT_EQ(stored->original.target.query, "d=" + data);
  EXPECT_EQ(stored->original.body, "");
  EXPECT_EQ(stored->original.header("user-agent"), "Mozilla/5.0");
}

TEST_F(OriginalsTest, without_a_payload_id_are_given_one_of_their_own) {
  std::set<std::string> ids;
  for (int i = 0; i < 2; ++i) {
    journal_.forget_all();
    EXPECT_EQ(send(bulk(kOneEvent))->status, 202u);
    const auto stored = only_original();
    const std::string id(stored->original.header(event::kPayloadIdHeader));
    EXPECT_EQ(id.size(), 36u);
    EXPECT_EQ(id[14], '4') << id;
    EXPECT_TRUE(ids.insert(id).second);
    EXPECT_EQ(journal_.stored()[0].dedupe_key, journal::DedupeKey{}) << "nobody sends it again under that";
  }
}

TEST_F(OriginalsTest, are_stored_alone_when_no_event_is_selected) {
  as_sent_ = false;
  publish(true);
  EXPECT_EQ(send(bulk(kUnselected))->status, 202u);
  const auto stored = only_original();
  EXPECT_EQ(stored->events, 0u);
  EXPECT_EQ(stored->original.body, kUnselected);
  EXPECT_EQ(metrics_.totals().payloads_accepted, 1u);
  EXPECT_EQ(metrics_.totals().payloads_empty, 0u);
  EXPECT_EQ(metrics_.totals().events_accepted, 0u);
}

TEST_F(OriginalsTest, are_stored_of_no_payload_that_is_empty_or_refused) {
  EXPECT_EQ(send(bulk("[]"))->status, 202u);
  EXPECT_EQ(metrics_.totals().payloads_empty, 1u);
  EXPECT_EQ(send(bulk("{}"))->status, 400u);
  EXPECT_EQ(send(bulk(kOneEvent, "Content-Encoding: br\r\n"))->status, 400u);
  EXPECT_EQ(send(http::post_text("/bulk", kOneEvent, "Authorization: sdk-other\r\n"))->status, 401u);
  EXPECT_TRUE(journal_.stored().empty());
}

TEST_F(OriginalsTest, are_stored_once_when_the_payload_comes_again) {
  for (int i = 0; i < 2; ++i) EXPECT_EQ(send(bulk(kOneEvent, "X-LaunchDarkly-Payload-ID: p-1\r\n"))->status, 202u);
  EXPECT_EQ(only_original()->original.header(event::kPayloadIdHeader), "p-1");
  EXPECT_EQ(metrics_.totals().payloads_deduplicated, 1u);
}

TEST_F(OriginalsTest, of_large_payloads_come_behind_their_parts_and_once) {
  const std::string body = payload_of(4'000);
  const std::string text = bulk(body, "X-LaunchDarkly-Payload-ID: p-1\r\n");
  EXPECT_EQ(send(text)->status, 202u);
  const auto entries = journal_.stored();
  ASSERT_EQ(entries.size(), 5u + 1u);
  const auto stored = only_original();
  EXPECT_EQ(stored->events, 4'000u);
  EXPECT_EQ(stored->original.body, body);
  EXPECT_EQ(event::EntryView::open(entries.back().entry)->event_count(), 1u);
  EXPECT_EQ(send(text)->status, 202u);
  EXPECT_EQ(journal_.stored().size(), entries.size());
  EXPECT_EQ(metrics_.totals().payloads_deduplicated, 1u);
  EXPECT_EQ(intake_.inflated.used(), 0u);
}

TEST_F(OriginalsTest, of_large_payloads_that_were_stored_in_part_are_stored_with_the_rest) {
  const std::string text = bulk(payload_of(4'000), "X-LaunchDarkly-Payload-ID: p-1\r\n");
  journal_.answer_after(5, journal::AppendOutcome::overloaded);
  EXPECT_EQ(send(text)->status, 503u) << "without its original a payload is not stored";
  EXPECT_EQ(journal_.stored().size(), 5u);
  journal_.answer_with(journal::AppendOutcome::durable);
  EXPECT_EQ(send(text)->status, 202u);
  EXPECT_EQ(journal_.stored().size(), 6u);
  EXPECT_EQ(only_original()->events, 4'000u);
}

TEST_F(OriginalsTest, count_as_memory_while_they_are_stored) {
  journal_.hold_answers();
  const std::string body = payload_of(2'000);
  const auto sent = send(bulk(body));
  EXPECT_EQ(sent->status, 0u);
  EXPECT_EQ(intake_.inflated.used(), 2 * body.size()) << "its entries, and it";
  journal_.release();
  EXPECT_EQ(sent->status, 202u);
  EXPECT_EQ(intake_.inflated.used(), 0u);
  const std::uint64_t left = body.size() * 3 / 2;
  ASSERT_TRUE(intake_.inflated.take(intake_.inflated.limit() - left));
  EXPECT_EQ(send(bulk(body))->status, 503u) << "there is room for its entries alone";
  EXPECT_EQ(intake_.inflated.used(), intake_.inflated.limit() - left);
}

TEST_F(OriginalsTest, are_waited_for_when_the_journal_has_no_room_for_them) {
  const FakeRequest request(bulk(kOneEvent));
  EXPECT_TRUE(handler_->ready(request.request));
  const std::uint64_t with_original = journal_.asked_room();
  publish(false);
  EXPECT_TRUE(handler_->ready(request.request));
  EXPECT_EQ(with_original, journal_.asked_room() + kOneEvent.size());
}

TEST_F(OriginalsTest, larger_than_the_journal_takes_refuse_their_payload) {
  journal_.set_max_entry_bytes(2 << 20);
  const auto sent = send(bulk(payload_of(2'500)));
  EXPECT_EQ(sent->status, 400u);
  EXPECT_NE(sent->body.find("largest entry"), std::string::npos) << sent->body;
  EXPECT_TRUE(journal_.stored().empty());
}

}  // namespace
}  // namespace sluice::intake
