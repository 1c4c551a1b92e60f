#include "base/time_text.h"

#include <array>
#include <chrono>
#include <cstddef>

namespace sluice {

namespace {

// Takes fixed-width fields off the front of a text; `ok` stays false after the first that does not fit.
struct Reader {
  std::string_view rest;
  bool ok = true;

  int digits(std::size_t count) {
    int value = 0;
    if (rest.size() < count) ok = false;
    for (std::size_t i = 0; ok && i < count; ++i) {
      if (rest[i] < '0' || rest[i] > '9') ok = false;
      value = value * 10 + (rest[i] - '0');
    }
    if (ok) rest.remove_prefix(count);
    return ok ? value : 0;
  }
  void literal(std::string_view expected) {
    if (!rest.starts_with(expected)) ok = false;
    if (ok) rest.remove_prefix(expected.size());
  }
  bool optional(char expected) {
    if (!ok || !rest.starts_with(expected)) return false;
    rest.remove_prefix(1);
    return true;
  }
};

std::optional<std::int64_t> ms_of(int year, int month, int day, int hour, int minute, int second) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000;
}

}  // namespace

std::optional<std::int64_t> parse_iso_time_ms(std::string_view text) {
  Reader in{text};
  const int year = in.digits(4);
  in.literal("-");
  const int month = in.digits(2);
  in.literal("-");
  const int day = in.digits(2);
  if (!in.optional('T')) in.literal(" ");
  const int hour = in.digits(2);
  in.literal(":");
  const int minute = in.digits(2);
  in.literal(":");
  const int second = in.digits(2);
  int fraction_ms = 0;
  if (in.optional('.')) {
    int weight = 100;
    if (in.rest.empty() || in.rest[0] < '0' || in.rest[0] > '9') in.ok = false;
    while (in.ok && !in.rest.empty() && in.rest[0] >= '0' && in.rest[0] <= '9') {
      fraction_ms += (in.rest[0] - '0') * weight;
      weight /= 10;
      in.rest.remove_prefix(1);
    }
  }
  int offset_minutes = 0;
  if (!in.optional('Z')) {
    const int sign = in.optional('-') ? -1 : 1;
    if (sign == 1) in.literal("+");
    const int hours = in.digits(2);
    in.optional(':');
    offset_minutes = sign * (hours * 60 + in.digits(2));
  }
  if (!in.ok || !in.rest.empty()) return std::nullopt;
  const std::optional<std::int64_t> ms = ms_of(year, month, day, hour, minute, second);
  if (!ms) return std::nullopt;
  return *ms + fraction_ms - std::int64_t{offset_minutes} * 60'000;
}

std::optional<std::int64_t> parse_http_date_ms(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::size_t comma = text.find(", ");
  if (comma != 3) return std::nullopt;
  Reader in{text.substr(comma + 2)};
  const int day = in.digits(2);
  in.literal(" ");
  const std::string_view name = in.rest.substr(0, 3);
  int month = 0;
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (kMonths[i] == name) month = static_cast<int>(i) + 1;
  }
  in.literal(name);
  in.literal(" ");
  const int year = in.digits(4);
  in.literal(" ");
  const int hour = in.digits(2);
  in.literal(":");
  const int minute = in.digits(2);
  in.literal(":");
  const int second = in.digits(2);
  in.literal(" GMT");
  if (!in.ok || month == 0 || !in.rest.empty()) return std::nullopt;
  return ms_of(year, month, day, hour, minute, second);
}

}  // namespace sluice
