#include "destinations/s3/s3_sink.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "destinations/s3/direct_sink.h"
#include "destinations/s3/s3_sink_rig_fake.h"

namespace sluice::s3 {
namespace {

TEST_F(S3SinkTest, finishes_events_when_their_object_is_stored_and_empties_the_spool_when_the_cursor_has_passed) {
  open();
  put(8);
  EXPECT_EQ(finished.size(), 0u);
  ASSERT_TRUE(run_until_finished());
  EXPECT_EQ(lines(), 16u);
  EXPECT_GE(bucket.objects().size(), 2u);
  const exporting::SinkStats stats = sink->stats();
  const S3Details& details = s3_details(stats);
  EXPECT_EQ(details.objects, bucket.objects().size());
  EXPECT_EQ(details.last_key, bucket.objects().rbegin()->first);
  EXPECT_GT(details.sealed_objects, 0u);
  sink->cursor_saved({{kFirst + 64 * put_}, 0});
  EXPECT_EQ(sink->stats().bytes_inside, 0u);
  EXPECT_TRUE(files.list(kFolder).value().empty());
}

TEST_F(S3SinkTest, waits_for_more_events_until_the_object_is_old_or_it_is_flushed) {
  open();
  put(1);
  EXPECT_FALSE(run([&] { return !finished.empty(); }, 4'000'000));
  EXPECT_TRUE(run([&] { return finished.size() == 2; }, 2'000'000));
  put(1);
  sink->flush();
  EXPECT_TRUE(run([&] { return finished.size() == 4; }, 1'000'000));
}

TEST_F(S3SinkTest, says_what_only_a_person_can_fix_keeps_everything_and_resumes_within_a_minute_of_the_fix) {
  open();
  put(1);
  refuse(403, "AccessDenied", "no identity-based policy allows the s3:PutObject action");
  ASSERT_TRUE(run([&] { return problem_code() == "AccessDenied"; }, 20'000'000));
  EXPECT_EQ(sink->problem()->weight, exporting::Problem::Weight::setup);
  EXPECT_NE(sink->problem()->remedy.find("arn:aws:s3:::acme/flags/*"), std::string::npos);
  const std::size_t calls = transport.request_count();
  run([] { return false; }, 60'000'000);
  EXPECT_LE(transport.request_count(), calls + 3) << "it probes slowly";
  refusal.reset();
  ASSERT_TRUE(run([&] { return finished.size() == 2; }, 61'000'000));
  EXPECT_EQ(problem_code(), "");
  EXPECT_EQ(lines(), 2u);
}

TEST_F(S3SinkTest, a_single_failure_is_not_reported_and_a_lost_answer_makes_no_second_object) {
  open();
  put(1);
  sink->flush();
  sink->step(clock.steady_us(), finished);
  bool lost = false;
  transport.answer_by([&](const http_client::HttpRequest& request) {
    http_client::HttpResponse response = answer(request);
    if (std::exchange(lost, true)) return response;
    response.fault = http_client::TransportFault::reset;  // it is stored, and nobody knows
    return response;
  });
  ASSERT_TRUE(run([&] { return finished.size() == 2 || !problem_code().empty(); }));
  EXPECT_EQ(problem_code(), "");
  EXPECT_EQ(lines(), 2u);
  const auto requests = transport.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[1].method, "PUT");
  EXPECT_EQ(requests[2].method, "HEAD") << "after 412";
}

TEST_F(S3SinkTest, refused_credentials_are_renewed_and_tried_at_once) {
  open();
  put(1);
  refuse(403, "ExpiredToken", "The provided token has expired.");
  transport.answer_by([&](const http_client::HttpRequest& request) {
    if (header_of(request, "authorization").find("AKID1/") == std::string::npos) refusal.reset();
    return answer(request);
  });
  sink->flush();
  ASSERT_TRUE(run([&] { return finished.size() == 2; }, 1'000'000));
  EXPECT_EQ(credentials->created(), 2);
  EXPECT_EQ(problem_code(), "");
}

TEST_F(S3SinkTest, says_that_there_are_no_credentials_before_the_first_object_is_full) {
  credentials->lose({aws::CredentialsError::Kind::none_found, "", "Sluice has no AWS identity.", ""});
  open();
  put(1);
  sink->step(clock.steady_us(), finished);
  EXPECT_EQ(problem_code(), "no_credentials");
  credentials->rotate();
  ASSERT_TRUE(run_until_finished());
  EXPECT_EQ(problem_code(), "");
}

TEST_F(S3SinkTest, signs_with_the_stores_time_when_the_machines_clock_is_wrong) {
  open();
  put(1);
  int calls = 0;
  transport.answer_by([&](const http_client::HttpRequest& request) {
    if (++calls > 1) return answer(request);
    http_client::HttpResponse response;
    response.status = 403;
    response.body = "<Error><Code>RequestTimeTooSkewed</Code><Message>far</Message></Error>";
    response.headers.emplace_back("date", "Fri, 27 Nov 2026 09:00:00 GMT");
    return response;
  });
  sink->flush();
  ASSERT_TRUE(run([&] { return finished.size() == 2; }, 1'000'000));
  EXPECT_EQ(header_of(transport.requests().at(1), "x-amz-date").substr(0, 8), "20261127");
  ASSERT_EQ(sink->notes().size(), 1u);
  EXPECT_EQ(sink->notes()[0].code, "clock_skew");
}

TEST_F(S3SinkTest, a_store_that_does_not_know_conditions_is_asked_before_each_upload_from_then_on) {
  no_conditions = true;
  open();
  put(8);
  ASSERT_TRUE(run_until_finished());
  EXPECT_EQ(lines(), 16u);
  EXPECT_EQ(problem_code(), "");
  ASSERT_EQ(sink->notes().size(), 1u);
  EXPECT_EQ(sink->notes()[0].code, "if_none_match_unknown");
  std::size_t refused = 0;
  for (const auto& request : transport.requests()) refused += !header_of(request, "if-none-match").empty();
  EXPECT_LE(refused, kMaxUploads);
}

TEST_F(S3SinkTest, a_head_that_is_refused_without_a_word_is_signed_with_the_stores_time_or_new_credentials) {
  no_conditions = true;
  open();
  put(1);
  http_client::HttpResponse too_skewed;
  too_skewed.status = 403;
  too_skewed.headers.emplace_back("date", "Fri, 27 Nov 2026 09:00:00 GMT");
  http_client::HttpResponse expired;
  expired.status = 400;
  std::vector<http_client::HttpResponse> refusals = {expired, too_skewed};
  transport.answer_by([&](const http_client::HttpRequest& request) {
    if (request.method != "HEAD" || refusals.empty()) return answer(request);
    http_client::HttpResponse refused = std::move(refusals.back());
    refusals.pop_back();
    return refused;
  });
  sink->flush();
  ASSERT_TRUE(run([&] { return finished.size() == 2; }, 10'000'000));
  EXPECT_EQ(header_of(transport.requests().back(), "x-amz-date").substr(0, 8), "20261127");
  EXPECT_EQ(credentials->created(), 2);
}

TEST_F(S3SinkTest, who_insists_on_conditions_is_told_that_the_store_does_not_know_them) {
  no_conditions = true;
  open(false);
  put(1);
  ASSERT_TRUE(run([&] { return problem_code() == "NotImplemented"; }, 20'000'000));
  EXPECT_NE(sink->problem()->remedy.find("if_none_match"), std::string::npos);
}

TEST_F(S3SinkTest, does_not_overwrite_what_another_put_under_its_key) {
  open();
  put(1);
  sink->flush();
  sink->step(clock.steady_us(), finished);
  const std::string key = key_of(transport.requests().at(0));
  bucket.objects()[key] = {"another's", aws::sha256_hex("another's")};
  ASSERT_TRUE(run([&] { return finished.size() == 2; }, 20'000'000));
  EXPECT_EQ(bucket.objects().at(key).bytes, "another's");
  bucket.objects().erase(key);
  EXPECT_EQ(lines(), 2u);
  EXPECT_EQ(bucket.objects().begin()->first, *next_key(key));
  EXPECT_EQ(problem_code(), "");
  ASSERT_EQ(sink->notes().size(), 1u);
  EXPECT_EQ(sink->notes()[0].code, "object_exists");
  EXPECT_NE(sink->notes()[0].message.find(key), std::string::npos);
}

// A store that shows no checksum of what it has: whether it is ours cannot be known, and another key might double it.
TEST_F(S3SinkTest, waits_for_a_person_where_an_object_under_its_key_cannot_be_told_from_its_own) {
  open();
  put(1);
  sink->flush();
  sink->step(clock.steady_us(), finished);
  const std::string key = key_of(transport.requests().at(0));
  bucket.objects()[key] = {"another's", ""};
  ASSERT_TRUE(run([&] { return problem_code() == "object_exists"; }, 20'000'000));
  EXPECT_NE(sink->problem()->message.find(key), std::string::npos);
  bucket.objects().erase(key);
  ASSERT_TRUE(run([&] { return finished.size() == 2; }, 61'000'000));
  EXPECT_EQ(lines(), 2u);
}

TEST_F(S3SinkTest, an_object_whose_key_the_settings_do_not_allow_any_more_gets_another) {
  open();
  put(1);
  refuse(404, "NoSuchBucket");
  run([] { return false; }, 10'000'000);
  sink.reset();
  refusal.reset();
  transport.answer_by([&](const http_client::HttpRequest& request) {
    if (request.url.find("/flags/") == std::string::npos) {
      http_client::HttpResponse response;
      response.status = 200;
      response.headers.emplace_back("x-amz-checksum-sha256",
                                    base64_of_hex(header_of(request, "x-amz-meta-sluice-sha256")));
      return response;
    }
    refuse(403, "AccessDenied");
    return answer(request);
  });
  open(true, "new");
  for (exporting::OutboundEvent& event : events_at(kFirst, 2, 0)) sink->put(std::move(event));
  ASSERT_TRUE(run([&] { return finished.size() == 2; }, 20'000'000));
  EXPECT_TRUE(key_of(transport.requests().back()).starts_with("new/project=default/"))
      << transport.requests().back().url;
}

TEST_F(S3SinkTest, a_full_disk_is_said_and_holds_events_back_until_there_is_room) {
  open();
  files.set_capacity(100);
  put(1);
  sink->flush();
  ASSERT_TRUE(run([&] { return problem_code() == "spool_full"; }, 10'000'000));
  EXPECT_FALSE(sink->has_room());
  files.set_capacity(1u << 30);
  ASSERT_TRUE(run([&] { return finished.size() == 2; }, 10'000'000));
  EXPECT_EQ(problem_code(), "");
  EXPECT_TRUE(sink->has_room());
}

TEST_F(S3SinkTest, a_failed_sync_asks_for_all_events_again_and_each_is_stored_once) {
  open();
  put(1);
  files.fail_sync(0, storage::FileFault::other);
  sink->flush();
  ASSERT_TRUE(run([&] { return sink->must_restart(); }, 1'000'000));
  EXPECT_EQ(problem_code(), "spool_failed");
  sink->begin({{kFirst}, 0});
  EXPECT_FALSE(sink->must_restart());
  put_ = 0;
  put(8);
  ASSERT_TRUE(run_until_finished());
  EXPECT_EQ(lines(), 16u);
  EXPECT_EQ(problem_code(), "");
}

TEST_F(S3SinkTest, an_upload_that_hangs_is_said_before_it_times_out) {
  open();
  put(1);
  sink->flush();
  for (int i = 0; i < 40; ++i) {
    sink->step(clock.steady_us(), finished);
    clock.advance_us(1'000'000);
  }
  EXPECT_EQ(problem_code(), "no_answer");
  ASSERT_TRUE(run_until_finished());
  EXPECT_EQ(problem_code(), "");
}

TEST_F(S3SinkTest, a_stopped_sink_begins_no_upload_and_takes_the_answers_of_those_under_way) {
  open();
  put(1);
  sink->flush();
  sink->step(clock.steady_us(), finished);
  ASSERT_EQ(transport.waiting(), 1u);
  sink->stop();
  EXPECT_FALSE(sink->has_room());
  EXPECT_EQ(sink->stats().calls_in_flight, 1u);
  transport.deliver_all();
  sink->step(clock.steady_us(), finished);
  EXPECT_EQ(finished.size(), 2u);
  EXPECT_EQ(sink->stats().calls_in_flight, 0u);
}

TEST_F(S3SinkTest, a_test_event_is_an_object_of_its_own_whose_receipt_says_where_it_is) {
  const auto direct = [&](std::uint64_t seed) {
    sink = std::make_unique<DirectSink>(clock, uploader(),
                                        DirectSinkOptions{keys(), "test", Compression::gzip, "acme", seed});
    finished.clear();
    sink->put(events_at(0, 1, 0).front());
    ASSERT_TRUE(run([&] { return finished.size() == 1; }));
  };
  direct(1);
  ASSERT_EQ(bucket.objects().size(), 1u);
  const std::string key = bucket.objects().begin()->first;
  EXPECT_TRUE(key.starts_with("flags/test/project=")) << key;
  const auto receipt = sink->last_receipt();
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->parts[0].second, "acme");
  EXPECT_EQ(receipt->text, "s3://acme/" + key);
  direct(2);
  EXPECT_EQ(bucket.objects().size(), 2u) << "another one has another key";
  EXPECT_TRUE(files.paths().empty()) << "nothing is written to the disk";
}

TEST_F(S3SinkTest, the_object_of_a_test_event_is_tried_again_as_it_is) {
  sink =
      std::make_unique<DirectSink>(clock, uploader(), DirectSinkOptions{keys(), "test", Compression::gzip, "acme", 1});
  refuse(503, "SlowDown");
  sink->put(events_at(0, 1, 0).front());
  ASSERT_TRUE(run([&] { return problem_code() == "SlowDown"; }));
  EXPECT_FALSE(sink->has_room());
  refusal.reset();
  ASSERT_TRUE(run([&] { return finished.size() == 1; }));
  EXPECT_EQ(bucket.objects().size(), 1u);
}

}  // namespace
}  // namespace sluice::s3
