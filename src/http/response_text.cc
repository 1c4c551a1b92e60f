#include "http/response_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <utility>

namespace sluice::http {
namespace {

constexpr std::array<std::pair<unsigned, std::string_view>, 24> kReasons = {{
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
}};

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end.ptr);
}

bool has_line_break(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

void append_header(std::string& out, std::string_view name, std::string_view value) {
  if (has_line_break(name) || has_line_break(value)) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string http_date(std::int64_t unix_seconds) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = static_cast<std::time_t>(unix_seconds);
  std::tm time{};
  gmtime_r(&seconds, &time);
  const auto two = [](int number) {
    return std::string{static_cast<char>('0' + number / 10 % 10), static_cast<char>('0' + number % 10)};
  };
  return std::string(kDays[time.tm_wday]) + ", " + two(time.tm_mday) + " " + kMonths[time.tm_mon] + " " +
         std::to_string(time.tm_year + 1900) + " " + two(time.tm_hour) + ":" + two(time.tm_min) + ":" +
         two(time.tm_sec) + " GMT";
}

std::string_view reason_phrase(unsigned status) {
  const auto found =
      std::find_if(kReasons.begin(), kReasons.end(), [&](const auto& row) { return row.first == status; });
  if (found != kReasons.end()) return found->second;
  if (status < 300) return "OK";
  if (status < 400) return "Redirection";
  return status < 500 ? "Client Error" : "Server Error";
}

void append_response(std::string& out, const HttpResponse& response, const ResponseFraming& framing) {
  out.append("HTTP/1.1 ");
  append_number(out, response.status);
  out.append(" ").append(reason_phrase(response.status)).append("\r\n");
  const bool dated = std::any_of(response.headers.begin(), response.headers.end(),
                                 [](const auto& header) { return header.first == "Date"; });
  if (!dated) append_header(out, "Date", framing.date);
  if (!response.content_type.empty()) append_header(out, "Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) append_header(out, name, value);
  const std::string& body = response.shared_body ? *response.shared_body : response.body;
  const bool bodiless = response.status == 204 || response.status == 304 || response.status < 200;
  if (!bodiless && !framing.endless) {
    out.append("Content-Length: ");
    append_number(out, body.size());
    out.append("\r\n");
  }
  if (framing.chunked) append_header(out, "Transfer-Encoding", "chunked");
  if (framing.close)
    out.append("Connection: close\r\n");
  else if (framing.say_keep_alive)
    out.append("Connection: keep-alive\r\n");
  out.append("\r\n");
  if (!framing.head && !bodiless && !framing.endless) out.append(body);
}

}  // namespace sluice::http
