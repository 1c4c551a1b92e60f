// A request and its answer as every part of the simulator sees them, apart from the server that carries them, so that
// tests make them by hand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kinesim {

class Headers {
 public:
  virtual ~Headers() = default;
  // The value of a header, name in any case; nothing when it is absent. Values of a repeated one joined with ",".
  virtual std::optional<std::string_view> find(std::string_view name) const = 0;
};

// Views belong to the carrier and stay valid until the answer is sent.
struct Request {
  std::string_view method;
  std::string_view path;   // as sent, without the query
  std::string_view query;  // as sent, without '?'
  std::string_view body;
  const Headers* headers = nullptr;

  std::string_view header(std::string_view name) const { return headers->find(name).value_or(std::string_view{}); }
};

struct Answer {
  unsigned status = 200;
  std::string_view content_type;  // of static storage
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool abort = false;         // close without an answer; with a body, after half of it
  std::int64_t delay_ms = 0;  // hold the finished answer back so long
};

}  // namespace kinesim
