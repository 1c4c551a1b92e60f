#include "intake/body_reader.h"

#include <string>
#include <utility>

#include "base/text.h"
#include "intake/gif.h"
#include "intake/sdk_headers.h"

namespace sluice::intake {
namespace {

tl::unexpected<Refused> body_refused(Refusal refusal, std::string message) {
  return tl::unexpected(Refused{refusal, std::move(message)});
}

}  // namespace

tl::expected<std::string_view, Refused> BodyReader::read(const http::HttpRequest& request, EndpointKind endpoint,
                                                         std::uint64_t max_bytes) {
  if (endpoint == EndpointKind::gif) return from_gif(request.query);
  if (request.body.empty()) return body_refused(Refusal::empty_body, "The body is empty; expected JSON.");
  const std::string_view encoding = request.header("Content-Encoding");
  if (equals_ignoring_case(encoding, "gzip") || equals_ignoring_case(encoding, "x-gzip"))
    return inflated(request.body, max_bytes);
  if (encoding.empty() || equals_ignoring_case(encoding, "identity")) return request.body;
  return body_refused(Refusal::bad_encoding, "The Content-Encoding \"" + std::string(encoding.substr(0, kLoggedText)) +
                                                 "\" is not known; expected gzip or none.");
}

tl::expected<std::string_view, Refused> BodyReader::inflated(std::string_view body, std::uint64_t max_bytes) {
  switch (inflater_.inflate(body, max_bytes)) {
    case Inflater::Outcome::done:
      if (!inflater_.body().empty()) return inflater_.body();
      return body_refused(Refusal::empty_body, "The body is empty after inflation; expected JSON.");
    case Inflater::Outcome::bad:
      return body_refused(Refusal::bad_encoding, "The body is not the gzip it should be: " + inflater_.problem() + ".");
    case Inflater::Outcome::too_large:
      return body_refused(Refusal::too_large,
                          "The body is larger than " + human_bytes(max_bytes) + " after inflation.");
    case Inflater::Outcome::no_room:
      break;
  }
  return body_refused(Refusal::overloaded, "Sluice inflates as much as it may at a time; send it again in a second.");
}

tl::expected<std::string_view, Refused> BodyReader::from_gif(std::string_view query) {
  const auto payload = gif_payload(query);
  if (!payload)
    return body_refused(Refusal::bad_encoding, "Expected the parameter d with base64 of a JSON array of events.");
  if (payload->empty())
    return body_refused(Refusal::empty_body, "The parameter d is empty; expected base64 of a JSON array of events.");
  if (inflater_.take(*payload) != Inflater::Outcome::done)
    return body_refused(Refusal::overloaded, "Sluice holds as much as it may; send it again in a second.");
  return inflater_.body();
}

}  // namespace sluice::intake
