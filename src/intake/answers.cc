#include "intake/answers.h"

#include <array>

#include "base/json_string.h"
#include "base/utf8.h"

namespace sluice::intake {
namespace {

constexpr unsigned kUnavailable = 503;
// SDKs send again after one second whatever this says; it is for proxies and other clients. A full journal takes
// longer.
constexpr const char* kRetrySoonSeconds = "1";
constexpr const char* kRetryFullSeconds = "5";

}  // namespace

unsigned refusal_status(Refusal refusal) {
  static constexpr std::array<unsigned, kRefusals> kStatuses = {
      401, 401, 404,          404,          405,          400,          400, 400, 400,
      400, 408, kUnavailable, kUnavailable, kUnavailable, kUnavailable, 500, 421};
  return kStatuses[static_cast<std::size_t>(refusal)];
}

http::HttpResponse json_answer(unsigned status, std::string_view code, std::string_view message) {
  http::HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = "{\"code\":";
  append_json_string(response.body, printable(code));
  response.body += ",\"message\":";
  append_json_string(response.body, printable(message));
  response.body += "}";
  return response;
}

http::HttpResponse refusal_answer(Refusal refusal, std::string_view message) {
  http::HttpResponse response = json_answer(refusal_status(refusal), refusal_name(refusal), message);
  if (response.status == kUnavailable)
    response.headers.emplace_back("Retry-After",
                                  refusal == Refusal::journal_full ? kRetryFullSeconds : kRetrySoonSeconds);
  return response;
}

Refusal refusal_of_fault(unsigned status, std::string_view code) {
  if (status == 408) return Refusal::timed_out;
  if (status >= 500) return Refusal::overloaded;
  return code.ends_with("too_large") ? Refusal::too_large : Refusal::bad_request;
}

}  // namespace sluice::intake
