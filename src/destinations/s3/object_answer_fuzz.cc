// Any bytes as an answer of S3's: status, headers and body; and as a manifest.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "destinations/s3/error_class.h"
#include "destinations/s3/manifest.h"
#include "destinations/s3/object_answer.h"
#include "destinations/s3/problems.h"
#include "destinations/s3/upload.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::s3;
  if (size < 3) return 0;
  static constexpr int kStatus[] = {200, 204, 301, 307, 400, 403, 404, 409, 412, 413, 429, 500, 501, 503};
  sluice::http_client::HttpResponse response;
  response.status = kStatus[data[0] % std::size(kStatus)];
  const bool of_head = (data[1] & 1) != 0;
  const std::string text(reinterpret_cast<const char*>(data + 3), size - 3);
  const std::size_t cut = std::min<std::size_t>(data[2], text.size());
  for (const char* name : {"x-amz-checksum-sha256", "x-amz-meta-sluice-sha256", "content-length", "x-amz-bucket-region",
                           "x-amz-request-id"})
    response.headers.emplace_back(name, text.substr(0, cut));
  response.body = text.substr(cut);

  const ObjectAnswer answer = read_answer(response, of_head);
  if (answer.ok() != (response.status == 200)) __builtin_trap();
  if (!answer.ok() && answer.code.empty()) __builtin_trap();
  if (!answer.sha256_hex.empty() && answer.sha256_hex.size() != 64) __builtin_trap();
  if (answer.message.size() > 16 * kMaxAnswerText) __builtin_trap();
  const DestinationFacts facts{"bucket", "prefix", "eu-west-1", "https://s3.eu-west-1.amazonaws.com"};
  if (!answer.ok() && problem_of_answer(answer, of_head ? Asked::head : Asked::put, facts).remedy.empty())
    __builtin_trap();

  Manifest manifest;
  manifest.sha256_hex = std::string(64, 'a');
  Upload upload((data[1] & 2) != 0);
  for (int call = 0; call < 8; ++call)
    if (upload.take(answer, manifest) != Upload::Outcome::call) break;

  if (const auto read = parse_manifest(text))
    if (!parse_manifest(manifest_text(*read))) __builtin_trap();
  return 0;
}
