#include "destinations/s3/object_answer.h"

#include <charconv>

#include "aws/xml_text.h"
#include "base/base64.h"
#include "base/hex.h"
#include "base/terminal_text.h"
#include "base/text.h"
#include "base/utf8.h"
#include "destinations/call_error.h"
#include "destinations/s3/object_request.h"

namespace sluice::s3 {
namespace {

using http_client::TransportFault;

// A HEAD's answer has no body. An expired or unknown token is a 400, which says no more.
std::string_view code_of_head(int status) {
  switch (status) {
    case 400:
      return "BadRequest";
    case 301:
      return "PermanentRedirect";
    case 403:
      return "AccessDenied";
    case 404:
      return "NoSuchKey";
    case 503:
      return "SlowDown";
    default:
      return {};
  }
}

std::string shown(std::string_view text) { return printable(shown_words(text, kMaxAnswerText)); }

// A name of S3's: a code, a region, a host. Anything else is no name.
std::string name_in(std::string_view text) {
  constexpr std::size_t kMaxName = 128;
  return text.size() <= kMaxName && is_visible_ascii(text) ? std::string(text) : std::string();
}

// S3's begin with a capital; those in small letters are ours, and nobody else may say them.
std::string code_in(std::string_view text) {
  return !text.empty() && text.front() >= 'A' && text.front() <= 'Z' ? name_in(text) : std::string();
}

std::string sha256_of_checksum(std::string_view base64) {
  constexpr std::size_t kSha256Base64 = 44;
  if (base64.size() != kSha256Base64) return {};
  const auto bytes = base64_decode(base64);
  return bytes && bytes->size() == 32 ? hex_of(*bytes) : std::string();
}

void read_fault(const http_client::HttpResponse& response, ObjectAnswer& out) {
  const destinations::CallError error = destinations::error_of_fault(response);
  out.status = error.status;
  out.code = error.code;
  out.message = shown(error.message);
}

void read_error(const http_client::HttpResponse& response, bool of_head, ObjectAnswer& out) {
  const std::string_view body = std::string_view(response.body).substr(0, kMaxAnswerBytes);
  const auto field = [&](std::string_view name) { return aws::xml_text(body, name).value_or(""); };
  out.code = code_in(field("Code"));
  out.message = shown(field("Message"));
  out.region = name_in(field("Region"));
  out.endpoint = name_in(field("Endpoint"));
  if (out.request_id.empty()) out.request_id = name_in(field("RequestId"));
  if (const std::string_view header = response.header("x-amz-bucket-region"); !header.empty())
    out.region = name_in(header);
  if (of_head && out.code.empty()) out.code = code_of_head(response.status);
  if (out.code.empty())
    out.code = response.status == 407 ? "proxy_credentials" : "http_" + std::to_string(response.status);
  // A proxy's or load balancer's page: its first words show who answered.
  if (out.message.empty()) out.message = shown(body);
}

}  // namespace

ObjectAnswer read_answer(const http_client::HttpResponse& response, bool of_head) {
  ObjectAnswer out;
  out.fault = response.fault;
  out.status = response.status;
  if (response.fault != TransportFault::none) {
    read_fault(response, out);
    return out;
  }
  out.request_id = name_in(response.header("x-amz-request-id"));
  if (response.status != 200) {
    read_error(response, of_head, out);
    return out;
  }
  out.sha256_hex = sha256_of_checksum(response.header("x-amz-checksum-sha256"));
  if (const std::string_view metadata = response.header("x-amz-meta-sluice-sha256");
      metadata.size() == 64 && bytes_of_hex(metadata))
    out.metadata_sha256_hex = lower(metadata);
  out.version_id = name_in(response.header("x-amz-version-id"));
  if (const std::string_view length = response.header("content-length"); of_head && !length.empty()) {
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), size);
    if (error == std::errc{} && end == length.data() + length.size()) out.size_bytes = size;
  }
  return out;
}

}  // namespace sluice::s3
