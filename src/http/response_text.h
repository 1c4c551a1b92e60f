// Writes an answer as it goes over the wire. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/server.h"

namespace sluice::http {

// "Mon, 23 Nov 2026 06:47:16 GMT" (RFC 9110, IMF-fixdate).
std::string http_date(std::int64_t unix_seconds);

// "Not Found" for 404; for a code that is not in the table, a word for its class.
std::string_view reason_phrase(unsigned status);

struct ResponseFraming {
  std::string_view date;
  bool head = false;            // the request was HEAD: the length is given, the body omitted
  bool close = false;           // say "Connection: close"
  bool endless = false;         // no length is given: the body ends with the connection, or
  bool chunked = false;         // with the last chunk
  bool say_keep_alive = false;  // an HTTP/1.0 client asked for it
};

// Appends status line, headers and body. Header text with line breaks is omitted.
void append_response(std::string& out, const HttpResponse& response, const ResponseFraming& framing);

}  // namespace sluice::http
