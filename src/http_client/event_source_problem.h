// Why an event source has no stream, as people are told it, and when it tries again: what each answer and fault means.
// Pure.
//
// Which statuses are final is what LaunchDarkly's SDKs do (go-server-sdk, internal/datasource: isHTTPErrorRecoverable;
// Node's SDK alike): 401, 403 and every other 4xx but 400, 408 and 429. All else is recoverable, 204 included, which
// ends a browser's EventSource, and so are other 2xx and 3xx. The SDKs give up after a final status. Here it is tried
// again, once a minute: a server outlives the mistake of an hour, and its users' SDKs rely on it.
#pragma once

#include <cstdint>
#include <string>

#include "http_client/http_stream.h"

namespace sluice::http_client {

struct EventSourceProblem {
  std::string place;      // the address without its query: "https://stream.launchdarkly.com/all"
  std::string text;       // what happened. One sentence
  std::string remedy;     // what to do. One sentence or two
  bool is_final = false;  // as SDKs understand it: it is tried again every minute, and when it is restarted
  int status = 0;         // of an answer that was no stream; 0: there was none
  TransportFault fault = TransportFault::none;
  std::int64_t retry_after_ms = 0;   // what the server asked for, held to kMaxRetryAfterMs
  std::int64_t at_ms = 0;            // when it happened, ms since 1970
  std::int64_t next_attempt_ms = 0;  // ms since 1970
};

// Of an answer that is neither a stream nor a redirect that is followed.
EventSourceProblem problem_of_answer(const HttpStreamHead& head, std::int64_t now_wall_ms);
// Of a stream that ended; `is_inside_event`: in the middle of an event.
EventSourceProblem problem_of_end(const HttpStreamEnd& end, bool is_inside_event);
// Of a redirect that is not followed, for this reason.
EventSourceProblem problem_of_redirect(const HttpStreamHead& head, const std::string& reason);
// Adds to a problem of `url` that the address `set` redirected there: nobody set that one. `without_headers`: what is
// sent to `set` was not sent there.
void add_redirect(EventSourceProblem& problem, const std::string& set, const std::string& url, bool without_headers);
// Of a stream that is larger than is read, with the parser's words.
EventSourceProblem problem_of_size(const std::string& text);
// Of an event that its receiver refused, with its words.
EventSourceProblem problem_of_event(const std::string& text);

// 200 and text/event-stream.
bool is_event_stream(const HttpStreamHead& head);
// The address as it is shown: what its query says may be secret.
std::string shown_place(const std::string& url);

}  // namespace sluice::http_client
