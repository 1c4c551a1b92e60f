// S3's answers, read from any bytes: an endpoint of a setting's may answer anything.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http_client/http_transport.h"

namespace sluice::s3 {

// Of a text that S3 says, this much is kept.
inline constexpr std::size_t kMaxAnswerText = 500;

struct ObjectAnswer {
  http_client::TransportFault fault = http_client::TransportFault::none;
  int status = 0;  // of a fault: what a proxy answered to CONNECT
  // Of an error. S3's code; "http_503" when it gave none; of a HEAD, whose errors have no body, the code that S3 gives
  // other calls with that status; "timeout", "cannot_connect", … for a fault.
  std::string code, message, request_id;
  std::string region;    // that the bucket is in, when S3 says that it is in another
  std::string endpoint;  // that it names instead
  // Of a 200. Empty: none came.
  std::string sha256_hex;                   // S3's checksum
  std::string metadata_sha256_hex;          // ours
  std::optional<std::uint64_t> size_bytes;  // of a HEAD
  std::string version_id;
  bool ok() const { return fault == http_client::TransportFault::none && status == 200; }
};

ObjectAnswer read_answer(const http_client::HttpResponse& response, bool of_head);

}  // namespace sluice::s3
