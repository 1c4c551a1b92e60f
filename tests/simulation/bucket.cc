#include "bucket.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "aws/sha256.h"
#include "base/base64.h"
#include "base/hex.h"
#include "decode.h"
#include "framing/decompress_fake.h"

namespace sluice::simulation {
namespace {

using framing::StreamCompressor;
using http_client::HttpRequest;
using http_client::HttpResponse;

HttpResponse s3_error(int status, std::string_view code) {
  return plain_answer(status, fmt::format("<?xml version=\"1.0\"?><Error><Code>{}</Code><Message>simulated</Message>"
                                          "<RequestId>r</RequestId></Error>",
                                          code));
}

std::string key_of(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  url.remove_prefix(url.find('/') + 1);
  std::string key;
  for (std::size_t i = 0; i < url.size(); ++i) {
    if (url[i] != '%') {
      key += url[i];
      continue;
    }
    key += bytes_of_hex(url.substr(i + 1, 2)).value_or("");
    i += 2;
  }
  return key;
}

Bucket::Space space_of(std::string_view key) {
  key.remove_prefix(std::min(key.size(), std::string_view(Bucket::kPrefix).size() + 1));
  const std::string_view first = key.substr(0, key.find('/'));
  return first.starts_with("replay=") || first == "retry" ? std::string(first) : std::string();
}

std::string base64_of_hex(const std::string& hex) {
  std::string text;
  base64_append(text, bytes_of_hex(hex).value_or(""));
  return text;
}

}  // namespace

// Most are S3 as it is; some do not know If-None-Match, do not tell checksums, or have them under a key of KMS.
Bucket::Bucket(std::uint64_t seed) : Service(seed) {
  switch (random().below(6)) {
    case 0:
      knows_if_none_match_ = false;
      break;
    case 1:
      tells_checksum_ = false;
      break;
    case 2:
      hides_checksum_ = true;
      break;
    default:
      break;
  }
}

std::optional<HttpResponse> Bucket::trouble(const HttpRequest& request, Signature signature) {
  if (signature == Signature::skewed) return s3_error(403, "RequestTimeTooSkewed");
  if (signature == Signature::expired) return s3_error(400, "ExpiredToken");
  if (faults.denied) return random().below(3) == 0 ? s3_error(404, "NoSuchBucket") : s3_error(403, "AccessDenied");
  if (random().unit() < faults.limited) return s3_error(503, "SlowDown");
  if (random().unit() < faults.fails) {
    switch (random().below(4)) {
      case 0:
        return s3_error(500, "InternalError");
      case 1:
        return s3_error(400, "RequestTimeout");
      case 2:
        return plain_answer(502, "<html>Bad Gateway</html>");
      default:
        return s3_error(409, "ConditionalRequestConflict");
    }
  }
  if (request.method == "PUT" && random().unit() < faults.refuses) return s3_error(400, "BadDigest");
  return std::nullopt;
}

HttpResponse Bucket::answer(const HttpRequest& request, Signature signature) {
  if (auto trouble = this->trouble(request, signature)) {
    if (request.method == "HEAD") trouble->body.clear();
    return *trouble;
  }
  const std::string key = key_of(request.url);
  if (request.method == "HEAD") return head(request, key);
  if (request.method != "PUT") breaks(fmt::format("{} {}", request.method, request.url));
  return put(request, key);
}

HttpResponse Bucket::put(const HttpRequest& request, const std::string& key) {
  const bool conditional = header_of(request, "if-none-match") == "*";
  if (conditional && !knows_if_none_match_) return s3_error(501, "NotImplemented");
  std::string sha256_hex = aws::sha256_hex(request.body);
  const std::string checksum = base64_of_hex(sha256_hex);
  if (header_of(request, "x-amz-checksum-sha256") != checksum) return s3_error(400, "XAmzContentChecksumMismatch");
  if (header_of(request, "x-amz-meta-sluice-sha256") != sha256_hex)
    breaks(key + " has another SHA-256 in its metadata");
  if (conditional && objects_.contains(key)) {
    ++found_there_;
    return s3_error(412, "PreconditionFailed");
  }
  keep(key, request, std::move(sha256_hex));
  HttpResponse response = plain_answer(200);
  if (tells_checksum_) response.headers.emplace_back("x-amz-checksum-sha256", checksum);
  return response;
}

HttpResponse Bucket::head(const HttpRequest& request, const std::string& key) {
  const bool asks_checksum = !header_of(request, "x-amz-checksum-mode").empty();
  if (hides_checksum_ && asks_checksum) return plain_answer(403);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return plain_answer(404);
  ++found_there_;
  confirmed += found->second.marks.size();
  HttpResponse response = plain_answer(200);
  response.headers = {{"content-length", std::to_string(found->second.size)},
                      {"x-amz-meta-sluice-sha256", found->second.sha256_hex}};
  if (asks_checksum && tells_checksum_)
    response.headers.emplace_back("x-amz-checksum-sha256", base64_of_hex(found->second.sha256_hex));
  return response;
}

void Bucket::forget(const std::string& key) {
  const auto found = objects_.find(key);
  if (found == objects_.end()) return;
  for (const std::uint64_t mark : found->second.marks) --lies_[space_of(key)][mark];
  objects_.erase(found);
}

void Bucket::keep(const std::string& key, const HttpRequest& request, std::string sha256_hex) {
  const std::string_view type = header_of(request, "content-type");
  const auto format = type == "application/gzip"   ? StreamCompressor::Format::gzip
                      : type == "application/zstd" ? StreamCompressor::Format::zstd
                                                   : StreamCompressor::Format::none;
  const std::string text = framing::decompressed(request.body, format);
  // A store that does not know If-None-Match overwrites; with the same events, if all is well.
  const bool fresh = !objects_.contains(key);
  std::vector<std::uint64_t> before = fresh ? std::vector<std::uint64_t>() : objects_[key].marks;
  forget(key);
  Object object{std::move(sha256_hex), request.body.size(), {}};
  auto& lies = lies_[space_of(key)];
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      breaks(key + " is not whole lines: " + std::string(rest));
      break;
    }
    const Taken event = read_event(rest.substr(0, end + 1));
    rest.remove_prefix(end + 1);
    object.marks.push_back(event.mark);
    ++lies[event.mark];
    if (!fresh) continue;
    ++ledger[event.mark][event.id];
    ++taken;
  }
  if (object.marks.empty()) breaks(key + " has no events");
  if (!fresh && before != object.marks) breaks(key + " was put again with other events");
  objects_.emplace(key, std::move(object));
}

}  // namespace sluice::simulation
