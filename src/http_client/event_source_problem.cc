#include "http_client/event_source_problem.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "base/time_text.h"
#include "http_client/reconnect_delay.h"

namespace sluice::http_client {

namespace {

constexpr std::string_view kRetries = "It is tried again until it answers.";
// After a final problem: kFinalDelayMs of event_source.h.
constexpr std::string_view kAsksEveryMinute = " It is asked again every minute, and immediately after a change.";

// Seconds or a date (RFC 9110, 10.2.3); 0: it is neither.
std::int64_t requested_pause_ms(std::string_view header, std::int64_t now_wall_ms) {
  if (!header.empty() && header.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t seconds = 0;
    for (const char digit : header) seconds = std::min(seconds * 10 + (digit - '0'), kMaxRetryAfterMs / 1000);
    return seconds * 1000;
  }
  const auto until = parse_http_date_ms(header);
  return until ? std::clamp<std::int64_t>(*until - now_wall_ms, 0, kMaxRetryAfterMs) : 0;
}

bool is_final_status(int status) {
  return status >= 400 && status < 500 && status != 400 && status != 408 && status != 429;
}

std::pair<std::string, std::string> words_of_status(int status) {
  const std::string answers = "It answers " + std::to_string(status);
  switch (status) {
    case 401:
    case 403:
      return {answers + ": the key or token that is sent is not accepted.",
              "Set a valid one. If it is new, the far side may not know it yet." + std::string(kAsksEveryMinute)};
    case 404:
      return {answers + ": there is no such address.", "Correct the address." + std::string(kAsksEveryMinute)};
    case 407:
      return {answers + ": the proxy wants credentials.", std::string(proxy_remedy(status))};
    case 429:
      return {answers + ": too many requests.", "It is tried again when the server allows it."};
    default:
      break;
  }
  if (is_final_status(status))
    return {answers + ".", "Check the address and what is sent to it." + std::string(kAsksEveryMinute)};
  if (status >= 500) return {answers + ": the server has a fault.", std::string(kRetries)};
  return {answers + " instead of an event stream.", "Check the address if this lasts. " + std::string(kRetries)};
}

std::string_view remedy_of(TransportFault fault) {
  switch (fault) {
    case TransportFault::resolve:
      return "Check the address and the name server. It is tried again until it answers.";
    case TransportFault::connect:
      return "Check the address, the network and firewalls. It is tried again until it answers.";
    case TransportFault::tls:
      return "Check the server's certificate, or set the certificate authority that signed it.";
    case TransportFault::proxy:
      return "Check the proxy's address and that it allows this host.";
    case TransportFault::forbidden:
      return "Choose another address, or have the server's owner allow this one. It is asked again every minute, and "
             "immediately after a change.";
    case TransportFault::timeout:
      return "Check the network, and whether something on the way holds streams back. It is tried again until it "
             "answers.";
    case TransportFault::none:
    case TransportFault::reset:
    case TransportFault::body:
    case TransportFault::other:
      break;
  }
  return kRetries;
}

}  // namespace

EventSourceProblem problem_of_answer(const HttpStreamHead& head, std::int64_t now_wall_ms) {
  EventSourceProblem problem;
  problem.status = head.status;
  problem.is_final = is_final_status(head.status);
  problem.retry_after_ms = requested_pause_ms(head.header("retry-after"), now_wall_ms);
  std::tie(problem.text, problem.remedy) = words_of_status(head.status);
  if (head.status == 200) {
    const std::string_view type = head.header("content-type");
    problem.text = type.empty() ? "It answers without a Content-Type, not with text/event-stream."
                                : "It answers with \"" + shown_value(type) + "\", not with text/event-stream.";
  }
  return problem;
}

EventSourceProblem problem_of_end(const HttpStreamEnd& end, bool is_inside_event) {
  EventSourceProblem problem;
  problem.fault = end.fault;
  problem.is_final = end.fault == TransportFault::forbidden;
  problem.text = end.fault == TransportFault::none ? "The server closed the stream." : end.fault_text;
  if (!problem.text.empty() && problem.text.back() != '.') problem.text += '.';
  if (is_inside_event) problem.text += " An event was not complete.";
  const std::string_view proxy = end.fault == TransportFault::proxy ? proxy_remedy(end.proxy_status) : "";
  problem.remedy = proxy.empty() ? remedy_of(end.fault) : proxy;
  return problem;
}

EventSourceProblem problem_of_redirect(const HttpStreamHead& head, const std::string& reason) {
  EventSourceProblem problem;
  problem.status = head.status;
  problem.text = "It answers " + std::to_string(head.status) + ", a redirect that is not followed: " + reason + ".";
  problem.remedy = "Set the address that the stream has now.";
  return problem;
}

void add_redirect(EventSourceProblem& problem, const std::string& set, const std::string& url, bool without_headers) {
  const std::string from = shown_value(shown_place(set)), to = shown_value(shown_place(url));
  if (from == to) return;
  problem.text += " " + from + " redirects to " + to;
  problem.text += without_headers ? ", which is sent no key or token." : ".";
  if (without_headers && (problem.status == 401 || problem.status == 403))
    problem.remedy =
        "Set the address to which it redirects, if that is the right one: keys and tokens are sent to no other "
        "than the one that is set." +
        std::string(kAsksEveryMinute);
}

EventSourceProblem problem_of_size(const std::string& text) {
  EventSourceProblem problem;
  problem.is_final = true;
  problem.text = text;
  problem.remedy = "Check the address, or have the server send less." + std::string(kAsksEveryMinute);
  return problem;
}

EventSourceProblem problem_of_event(const std::string& text) {
  EventSourceProblem problem;
  problem.text = text;
  problem.remedy = "Check the address if this lasts. It is connected to again.";
  return problem;
}

bool is_event_stream(const HttpStreamHead& head) {
  if (head.status != 200) return false;
  std::string_view type = head.header("content-type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return equals_ignoring_case(type, "text/event-stream");
}

std::string shown_place(const std::string& url) { return url.substr(0, url.find('?')); }

}  // namespace sluice::http_client
