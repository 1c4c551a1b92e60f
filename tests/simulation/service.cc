#include "service.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace sluice::simulation {

using http_client::HttpRequest;
using http_client::HttpResponse;

std::string far_name(Kind kind, std::size_t number) {
  constexpr std::array<std::string_view, kKinds> kPrefixes = {"stream", "events", "bucket", "hook"};
  return fmt::format("{}-{}", kPrefixes[static_cast<std::size_t>(kind)], number);
}

HttpResponse plain_answer(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

HttpResponse fault_answer(http_client::TransportFault fault) {
  HttpResponse response;
  response.fault = fault;
  response.fault_text = "simulated";
  return response;
}

std::string_view header_of(const HttpRequest& request, std::string_view name) {
  for (const auto& [each, value] : request.headers)
    if (each == name) return value;
  return {};
}

std::vector<std::uint64_t> marks_in(std::string_view text) {
  constexpr std::string_view kMark = "\"key\":\"m";
  std::vector<std::uint64_t> marks;
  for (std::size_t at = text.find(kMark); at != std::string_view::npos; at = text.find(kMark, at + 1)) {
    std::uint64_t mark = 0;
    std::from_chars(text.data() + at + kMark.size(), text.data() + text.size(), mark);
    marks.push_back(mark);
  }
  return marks;
}

std::optional<HttpResponse> Service::http_trouble() {
  if (faults.gone) return plain_answer(410, "no more");
  if (faults.denied) {
    constexpr int kDenials[] = {401, 403, 404, 302};
    return plain_answer(kDenials[random_.below(std::size(kDenials))], "not for you");
  }
  if (random_.unit() < faults.limited) {
    HttpResponse limited = plain_answer(429, "slowly");
    if (random_.below(3) != 0) limited.headers.emplace_back("retry-after", std::to_string(random_.below(8)));
    return limited;
  }
  if (random_.unit() < faults.fails) {
    constexpr int kFailures[] = {500, 502, 503, 504, 408, 421};
    HttpResponse failed = plain_answer(kFailures[random_.below(std::size(kFailures))], "<html>not now</html>");
    if (failed.status == 503 && random_.below(2) == 0) failed.headers.emplace_back("retry-after", "3");
    return failed;
  }
  return std::nullopt;
}

}  // namespace sluice::simulation
