// Answers of receivers: any status, headers and body. Only what begins with 2xx is done, a pause is bounded, and a
// message is short, one line, and without the secrets that the receiver repeats.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "destinations/webhook/answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  if (size < 4) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 4, size - 4);
  const std::string_view header = text.substr(0, data[3]);
  http_client::HttpResponse response;
  const int status = data[0] * 256 + data[1];
  response.fault = static_cast<http_client::TransportFault>(data[2] % 9);
  const bool whole = response.fault == http_client::TransportFault::none;
  (whole ? response.status : response.status_of_part) = status % 1024;
  response.is_cut = response.fault == http_client::TransportFault::reset && data[2] > 128;
  response.proxy_status = data[2] > 128 ? 407 : 0;
  response.fault_text = text;
  response.headers = {{"retry-after", std::string(header)}, {"location", std::string(header)}};
  response.body = text.substr(header.size());
  const std::vector<std::string> secrets = {"sesame"};
  const webhook::AnswerFacts facts{"https://hooks.example.com/", static_cast<std::size_t>(1 + data[2] % 2), 100,
                                   secrets};
  const webhook::Verdict verdict = webhook::judge(response, facts, 1'795'413'000'000);
  const int answered = whole ? response.status : response.status_of_part;
  SLUICE_CHECK((verdict.action == webhook::Action::done) == (answered >= 200 && answered < 300 && !response.is_cut),
               "only a 2xx that is not cut is done");
  SLUICE_CHECK(verdict.retry_after_ms >= -1 && verdict.retry_after_ms <= webhook::kMaxRetryAfterMs, "bounded pause");
  SLUICE_CHECK(verdict.action != webhook::Action::halve || facts.events > 1, "one event is not halved");
  const std::string& message = verdict.problem.message;
  SLUICE_CHECK(message.size() < 2'000 && is_utf8(message) && message.find('\n') == std::string::npos, "one short line");
  if (whole)
    SLUICE_CHECK(message.find("sesame") == std::string::npos || verdict.problem.code == "redirected", "no secret");
  return 0;
}
