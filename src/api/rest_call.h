// One request to the REST API as its handlers see it, and what they answer. Errors have the form that LaunchDarkly's
// clients know: {"code","message","id"}.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/access_tokens.h"
#include "base/result.h"
#include "http/server.h"

namespace sluice::api {

class EventStream;

// Members of objects stay in the order in which they are written.
using RestJson = nlohmann::ordered_json;

struct RestError {
  unsigned status = 400;
  std::string code = "invalid_request";
  std::string message;
  std::string allow = {};     // of a 405: the methods that are possible
  std::int64_t again_ms = 0;  // of a 429: when to try again
};
template <typename T>
using RestResult = tl::expected<T, RestError>;

inline tl::unexpected<RestError> refuse(unsigned status, std::string code, std::string message) {
  return tl::unexpected<RestError>({status, std::move(code), std::move(message), {}});
}
inline tl::unexpected<RestError> invalid(std::string message) {
  return refuse(400, "invalid_request", std::move(message));
}
inline tl::unexpected<RestError> wrong_method(std::string_view method, const std::string& allow) {
  return tl::unexpected<RestError>(
      {405, "method_not_allowed", std::string(method) + " is not allowed here; expected " + allow + ".", allow});
}
inline tl::unexpected<RestError> rate_limited(std::string message, std::int64_t again_ms) {
  return tl::unexpected<RestError>({429, "rate_limited", std::move(message), {}, again_ms});
}
inline tl::unexpected<RestError> not_found(std::string message) { return refuse(404, "not_found", std::move(message)); }

struct RestCall {
  std::vector<std::string> path;                  // what stands for the {…} of the route, decoded
  std::multimap<std::string, std::string> query;  // decoded
  nlohmann::json body;                            // null: there was none
  std::string_view content_type;
  const Caller& caller;
  std::string_view accept = {};
  std::string_view last_event_id = {};  // of a reader of server-sent events that comes again

  std::string query_one(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
  }
};

struct RestAnswer {
  unsigned status = 200;
  RestJson body;  // null: none is sent
  // Instead of a body: a function that creates the answer on the worker's thread, because it takes long.
  std::function<RestAnswer(const std::atomic<bool>& stopping)> later = nullptr;
  std::optional<std::string> download = {};  // instead of a body: a file of lines, each a JSON object
  // Instead of a body: JSON that is written already, of lists as long as the catalog. A tree of all of it would cost
  // several times as much as the text.
  std::optional<std::string> text = {};
  std::shared_ptr<EventStream> events = nullptr;       // instead of a body: server-sent events,
  std::shared_ptr<http::HttpStream> stream = nullptr;  // and as what they are sent
};
using RestOutcome = RestResult<RestAnswer>;

// As answers are written: bytes that are not UTF-8 are replaced.
inline std::string rest_text(const RestJson& json) {
  return json.dump(-1, ' ', false, RestJson::error_handler_t::replace);
}

inline RestJson rest_link(const std::string& href) { return {{"href", href}, {"type", "application/json"}}; }

}  // namespace sluice::api
