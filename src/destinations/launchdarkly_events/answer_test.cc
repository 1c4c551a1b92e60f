#include "destinations/launchdarkly_events/answer.h"

#include <gtest/gtest.h>

namespace sluice::launchdarkly_events {
namespace {

using http_client::HttpResponse;
using http_client::TransportFault;

HttpResponse answered(int status, std::vector<std::pair<std::string, std::string>> headers = {},
                      std::string body = {}) {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = std::move(body);
  return response;
}

TEST(Answer, decides_what_becomes_of_the_payload) {
  struct Row {
    int status;
    Verdict verdict;
    const char* code;
  };
  for (const Row& row :
       {Row{202, Verdict::done, "http_202"}, Row{200, Verdict::done, "http_200"}, Row{400, Verdict::reject, "http_400"},
        Row{415, Verdict::reject, "http_415"}, Row{431, Verdict::reject, "http_431"},
        Row{405, Verdict::park, "http_405"}, Row{413, Verdict::too_large, "http_413"},
        Row{401, Verdict::park, "http_401"}, Row{403, Verdict::park, "http_403"}, Row{404, Verdict::park, "http_404"},
        Row{301, Verdict::park, "http_301"}, Row{421, Verdict::again, "http_421"}, Row{408, Verdict::again, "http_408"},
        Row{429, Verdict::again, "http_429"}, Row{503, Verdict::again, "http_503"}}) {
    const AnswerMeaning meaning = meaning_of(answered(row.status), 0);
    EXPECT_EQ(meaning.verdict, row.verdict) << row.status;
    EXPECT_EQ(meaning.code, row.code);
  }
}

TEST(Answer, names_a_sluice_by_its_words_and_not_by_a_status_that_others_use) {
  HttpResponse response = answered(421);
  response.body = R"({"message":"This was forwarded by a Sluice whose destination leads back to a Sluice."})";
  EXPECT_EQ(meaning_of(response, 0).code, "target_is_sluice");
  EXPECT_EQ(meaning_of(response, 0).verdict, Verdict::park);
}

TEST(Answer, a_fault_on_the_way_is_tried_again_unless_only_a_person_can_fix_it) {
  HttpResponse response;
  response.fault = TransportFault::timeout;
  response.fault_text = "events.launchdarkly.com did not answer";
  EXPECT_EQ(meaning_of(response, 0).verdict, Verdict::again);
  response.fault = TransportFault::forbidden;
  EXPECT_EQ(meaning_of(response, 0).verdict, Verdict::park);
  response.fault = TransportFault::proxy;
  response.proxy_status = 407;
  EXPECT_EQ(meaning_of(response, 0).code, "proxy_credentials");
  EXPECT_EQ(meaning_of(response, 0).verdict, Verdict::park);
}

TEST(Answer, who_answered_2xx_has_the_payload_though_the_rest_of_the_answer_did_not_come) {
  HttpResponse response;
  response.fault = TransportFault::other;
  response.status_of_part = 202;
  EXPECT_EQ(meaning_of(response, 0).verdict, Verdict::done);
  response.fault = TransportFault::reset;
  EXPECT_EQ(meaning_of(response, 0).verdict, Verdict::done) << "its body ended with the connection";
  response.is_cut = true;
  EXPECT_EQ(meaning_of(response, 0).verdict, Verdict::again) << "it broke off in the middle of its answer";
  response.status_of_part = 503;
  EXPECT_EQ(meaning_of(response, 0).verdict, Verdict::again);
}

TEST(Answer, retry_after_is_obeyed_in_seconds_and_as_a_date_up_to_five_minutes) {
  const std::int64_t now_ms = 1'795'385'400'000;  // 2026-11-22T22:10:00Z
  EXPECT_EQ(meaning_of(answered(429, {{"retry-after", "7"}}), now_ms).not_before_us, 7'000'000);
  EXPECT_EQ(meaning_of(answered(503, {{"retry-after", "86400"}}), now_ms).not_before_us, kMaxRetryAfterUs);
  EXPECT_EQ(meaning_of(answered(503, {{"retry-after", "-5"}}), now_ms).not_before_us, 0);
  EXPECT_EQ(meaning_of(answered(503, {{"retry-after", "soon"}}), now_ms).not_before_us, 0);
  EXPECT_EQ(meaning_of(answered(429, {{"retry-after", "Sun, 22 Nov 2026 22:10:30 GMT"}}), now_ms).not_before_us,
            30'000'000);
  EXPECT_EQ(meaning_of(answered(202, {{"retry-after", "7"}}), now_ms).not_before_us, 0);
}

TEST(Problem, names_the_credential_and_never_shows_it) {
  for (const int status : {401, 403, 404, 302, 500}) {
    const auto problem = problem_of(meaning_of(answered(status, {}, "{\"message\":\"no\"}"), 0),
                                    CredentialKind::mobile_key, "https://mobile.launchdarkly.com");
    EXPECT_NE(problem.message.find("mobile.launchdarkly.com"), std::string::npos) << problem.message;
    EXPECT_NE(problem.message.find("mobile key"), std::string::npos) << problem.message;
    EXPECT_FALSE(problem.remedy.empty()) << status;
  }
}

}  // namespace
}  // namespace sluice::launchdarkly_events
