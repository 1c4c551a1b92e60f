#include "destinations/webhook/answer.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace sluice::webhook {
namespace {

using http_client::HttpResponse;
using http_client::TransportFault;
using Weight = exporting::Problem::Weight;

constexpr std::int64_t kNowMs = 1'795'413'000'000;  // Mon, 23 Nov 2026 05:50:00 GMT
constexpr std::string_view kUrl = "https://hooks.example.com:8443/secret-path?token=secret";

HttpResponse answer(int status, std::string body = {}, std::vector<std::pair<std::string, std::string>> headers = {}) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  response.headers = std::move(headers);
  return response;
}

HttpResponse fault(TransportFault fault, int status_of_part = 0) {
  HttpResponse response;
  response.fault = fault;
  response.fault_text = "No answer in time from hooks.example.com:8443: words of libcurl";
  response.status_of_part = status_of_part;
  return response;
}

Verdict judged(const HttpResponse& response, std::size_t events = 500) {
  return judge(response, {kUrl, events, 1u << 20, {}}, kNowMs);
}

TEST(Answer, decides_by_its_status) {
  const struct {
    int status;
    Action action;
    std::string_view code;
  } cases[] = {
      {200, Action::done, ""},
      {201, Action::done, ""},
      {202, Action::done, ""},
      {204, Action::done, ""},
      {299, Action::done, ""},
      {300, Action::park, "redirected"},
      {301, Action::park, "redirected"},
      {308, Action::park, "redirected"},
      {400, Action::park, "http_400"},
      {401, Action::park, "http_401"},
      {403, Action::park, "http_403"},
      {404, Action::park, "http_404"},
      {405, Action::park, "http_405"},
      {407, Action::park, "proxy_credentials"},
      {408, Action::retry, "http_408"},
      {410, Action::stop, "gone"},
      {413, Action::halve, "too_large"},
      {415, Action::park, "http_415"},
      {422, Action::park, "http_422"},
      {425, Action::retry, "http_425"},
      {429, Action::retry, "throttled"},
      {499, Action::park, "http_499"},
      {500, Action::retry, "http_500"},
      {502, Action::retry, "http_502"},
      {503, Action::retry, "http_503"},
      {504, Action::retry, "http_504"},
      {599, Action::retry, "http_599"},
      {0, Action::retry, "answer_unreadable"},
      {101, Action::retry, "answer_unreadable"},
      {600, Action::retry, "answer_unreadable"},
      {999, Action::retry, "answer_unreadable"},
      {-1, Action::retry, "answer_unreadable"},
  };
  for (const auto& c : cases) {
    const Verdict verdict = judged(answer(c.status));
    EXPECT_EQ(verdict.action, c.action) << c.status;
    EXPECT_EQ(verdict.problem.code, c.code) << c.status;
    if (c.action == Action::done) continue;
    EXPECT_NE(verdict.problem.message.find("hooks.example.com:8443"), std::string::npos) << verdict.problem.message;
    EXPECT_EQ(verdict.problem.message.find("secret"), std::string::npos) << verdict.problem.message;
    EXPECT_NE(verdict.problem.remedy, "") << c.status;
    const bool is_setup = c.action == Action::park || c.action == Action::stop;
    EXPECT_EQ(verdict.problem.weight, is_setup ? Weight::setup : Weight::transient) << c.status;
  }
}

TEST(Answer, that_does_not_come_is_tried_again_or_needs_a_person) {
  const struct {
    TransportFault fault;
    Action action;
    std::string_view code;
  } cases[] = {
      {TransportFault::resolve, Action::retry, "cannot_resolve"},
      {TransportFault::connect, Action::retry, "cannot_connect"},
      {TransportFault::tls, Action::retry, "tls_failed"},
      {TransportFault::proxy, Action::retry, "proxy_failed"},
      {TransportFault::timeout, Action::retry, "timeout"},
      {TransportFault::reset, Action::retry, "connection_reset"},
      {TransportFault::other, Action::retry, "transport_failed"},
      {TransportFault::forbidden, Action::park, "address_not_allowed"},
  };
  for (const auto& c : cases) {
    const Verdict verdict = judged(fault(c.fault));
    EXPECT_EQ(verdict.action, c.action) << c.code;
    EXPECT_EQ(verdict.problem.code, c.code);
    EXPECT_NE(verdict.problem.message.find("words of libcurl"), std::string::npos);
    EXPECT_NE(verdict.problem.remedy, "");
  }
  HttpResponse by_proxy = fault(TransportFault::proxy);
  by_proxy.proxy_status = 407;
  EXPECT_EQ(judged(by_proxy).action, Action::park);
  EXPECT_EQ(judged(by_proxy).problem.code, "proxy_credentials");
}

TEST(Answer, that_begins_with_2xx_is_done_unless_it_is_cut) {
  for (const auto cut : {TransportFault::reset, TransportFault::timeout, TransportFault::other}) {
    EXPECT_EQ(judged(fault(cut, 200)).action, Action::done);
    EXPECT_EQ(judged(fault(cut, 500)).action, Action::retry);
    EXPECT_EQ(judged(fault(cut, 199)).action, Action::retry);
  }
  HttpResponse cut = fault(TransportFault::reset, 200);
  cut.is_cut = true;
  EXPECT_EQ(judged(cut).action, Action::retry) << "it broke off in the middle of its answer";
}

TEST(Answer, that_refuses_one_event_for_its_size_is_for_the_dead_letters) {
  EXPECT_EQ(judged(answer(413), 2).action, Action::halve);
  const Verdict verdict = judged(answer(413), 1);
  EXPECT_EQ(verdict.action, Action::reject);
  EXPECT_EQ(verdict.problem.code, "event_too_large");
  EXPECT_NE(verdict.problem.remedy.find("1.0 MiB"), std::string::npos) << verdict.problem.remedy;
}

TEST(Answer, may_ask_for_a_pause_of_an_hour_at_most) {
  const struct {
    std::string_view header;
    std::int64_t ms;
  } cases[] = {
      {"", -1},
      {"0", 0},
      {"120", 120'000},
      {"3600", 3'600'000},
      {"3601", 3'600'000},
      {"99999999999999999999999999", 3'600'000},
      {"Mon, 23 Nov 2026 05:51:30 GMT", 90'000},
      {"Mon, 23 Nov 2026 05:00:00 GMT", 0},
      {"Mon, 23 Nov 9999 05:00:00 GMT", 3'600'000},
      {"-5", -1},
      {"1.5", -1},
      {"soon", -1},
      {"5 s", -1},
      {"Mon, 23 Nov 2026", -1},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(retry_after_ms(c.header, kNowMs), c.ms) << c.header;
    for (const int status : {429, 503})
      EXPECT_EQ(judged(answer(status, "", {{"retry-after", std::string(c.header)}})).retry_after_ms, c.ms) << c.header;
  }
  EXPECT_EQ(judged(answer(404, "", {{"retry-after", "5"}})).retry_after_ms, -1);
}

TEST(Answer, shows_the_first_words_of_the_receiver_and_no_secret) {
  const std::vector<std::string> secrets = {"Bearer 0123456789", "whsec_abcdef", ""};
  const std::string body =
      "no:\n{\"authorization\":\"Bearer 0123456789\"} whsec_abcdef whsec_abcdef \x1b[31m\xff" + std::string(5000, 'x');
  const std::string message = judge(answer(400, body), {kUrl, 1, 1, secrets}, kNowMs).problem.message;
  EXPECT_TRUE(message.starts_with("hooks.example.com:8443 answered 400. It says: no: ")) << message;
  EXPECT_EQ(message.find("0123456789"), std::string::npos) << message;
  EXPECT_EQ(message.find("abcdef"), std::string::npos) << message;
  EXPECT_LT(message.size(), 400u);
  EXPECT_EQ(judged(answer(400)).problem.message, "hooks.example.com:8443 answered 400.");
}

TEST(Answer, names_the_host_of_a_redirect_alone) {
  const auto to = [](std::string location) {
    return judged(answer(302, "", {{"location", std::move(location)}})).problem.message;
  };
  EXPECT_EQ(to("https://new.example.com/secret"),
            "hooks.example.com:8443 answered 302, a redirect to new.example.com. Sluice follows no redirects.");
  for (const char* odd : {"/secret", "", "https://user:secret@new.example.com/", "javascript:secret"})
    EXPECT_EQ(to(odd), "hooks.example.com:8443 answered 302, a redirect. Sluice follows no redirects.") << odd;
}

}  // namespace
}  // namespace sluice::webhook
