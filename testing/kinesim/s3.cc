#include "kinesim/s3.h"

#include <charconv>

#include "base/hex.h"
#include "base/text.h"
#include "kinesim/s3_support.h"

namespace kinesim {
namespace {

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? sluice::hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? sluice::hex_value(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

// The bucket in front of S3's own name in the host; empty: path style.
std::string_view bucket_of_host(std::string_view host) {
  host = host.substr(0, host.find(':'));
  for (const std::string_view own : {".s3.", ".s3-"})
    if (const auto at = host.find(own); at != host.npos) return host.substr(0, at);
  constexpr std::string_view kLocal = ".localhost";
  return host.ends_with(kLocal) ? host.substr(0, host.size() - kLocal.size()) : std::string_view();
}

std::string operation_of(const Request& request, const S3Target& target) {
  if (target.key.empty())
    return request.method == "HEAD"                            ? "HeadBucket"
           : request.method == "GET" && !target.bucket.empty() ? "ListObjectsV2"
                                                               : "";
  return request.method == "PUT"      ? "PutObject"
         : request.method == "GET"    ? "GetObject"
         : request.method == "HEAD"   ? "HeadObject"
         : request.method == "DELETE" ? "DeleteObject"
                                      : "";
}

void write_s3_error(const ApiError& error, std::string_view resource, std::string_view request_id, Answer& answer) {
  answer.status = error.status;
  if (error.code.empty()) {  // a page of something on the way
    answer.content_type = "text/html";
    answer.body = error.message;
    return;
  }
  answer.content_type = "application/xml";
  answer.body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + xml_text(error.code) +
                "</Code><Message>" + xml_text(error.message) + "</Message>";
  for (const auto& [name, value] : error.details) answer.body += "<" + name + ">" + xml_text(value) + "</" + name + ">";
  answer.body += "<Resource>" + xml_text(resource) + "</Resource><RequestId>" + std::string(request_id) +
                 "</RequestId><HostId>kinesim</HostId></Error>";
}

}  // namespace

S3Target s3_target(const Request& request) {
  std::string_view path = request.path;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (const std::string_view bucket = bucket_of_host(request.header("host")); !bucket.empty())
    return {std::string(bucket), decoded(path)};
  const std::size_t slash = std::min(path.find('/'), path.size());
  return {decoded(path.substr(0, slash)), decoded(path.substr(std::min(slash + 1, path.size())))};
}

bool is_s3(const Request& request, const Simulator& simulator) {
  if (const auto authorization = parse_authorization(request.header("authorization")))
    return authorization->service == "s3";
  return simulator.buckets().find(s3_target(request).bucket) != nullptr;
}

Answer S3Handler::serve(const Request& request, SigningKeys& keys) {
  Answer answer;
  Call call{request, answer, s3_target(request), parse_form(request.query), ""};
  call.operation = operation_of(request, call.target);
  const std::string request_id = new_request_id();
  const auto result = run(call, keys);
  if (!result) {
    answer.headers.clear();
    if (call.bucket && call.settings.region != simulator_.settings().region)
      answer.headers.emplace_back("x-amz-bucket-region", call.settings.region);
    write_s3_error(result.error(), request.path, request_id, answer);
  }
  simulator_.stats().count("s3:" + call.operation, result ? "" : result.error().code, 0, 0, request.body.size());
  answer.headers.emplace_back("x-amz-request-id", request_id);
  answer.headers.emplace_back("x-amz-id-2", "kinesim");
  return answer;
}

ApiResult<void> S3Handler::run(Call& call, SigningKeys& keys) {
  if (call.operation.empty() || call.query.contains("uploads") || call.query.contains("uploadId"))
    return s3_error(501, "NotImplemented", "A header or query you provided implies functionality not implemented.");
  if (call.target.key.size() > kMostKeyBytes)
    return s3_error(400, "KeyTooLongError", "Your key is too long",
                    {{"Size", std::to_string(call.target.key.size())}, {"MaxSizeAllowed", "1024"}});
  const CallFaults faults =
      simulator_.faults().for_call(call.operation, call.target.bucket, simulator_.now_ms(), call.request.body);
  call.answer.delay_ms = faults.latency_ms;
  if (faults.error) return tl::unexpected(*faults.error);
  if (faults.reset_before) {
    call.answer.abort = true;
    return {};
  }
  call.bucket = simulator_.buckets().find(call.target.bucket);
  if (call.bucket) call.settings = call.bucket->settings();
  if (auto ok = check_region(call); !ok) return ok;

  AuthenticationSettings authentication = simulator_.settings().authentication;
  authentication.region.clear();  // the bucket's was checked
  auto caller =
      authenticate(call.request, Service::s3, simulator_.directory(), keys, authentication, simulator_.now_ms());
  if (!caller) return tl::unexpected(caller.error());
  call.caller = std::move(*caller);
  if (!call.bucket)
    return s3_error(404, "NoSuchBucket", "The specified bucket does not exist", {{"BucketName", call.target.bucket}});
  if (const std::string_view owner = call.request.header("x-amz-expected-bucket-owner");
      !owner.empty() && owner != call.settings.owner)
    return s3_error(403, "AccessDenied", "Access Denied");

  const auto done = call.operation == "PutObject"      ? put_object(call)
                    : call.operation == "DeleteObject" ? delete_object(call)
                    : call.target.key.empty()          ? list_objects(call)
                                                       : read_object(call);
  if (!done) return done;
  if (faults.reset_after) {
    call.answer = Answer{};
    call.answer.abort = true;
  }
  if (faults.truncate) {
    call.answer.abort = true;
    if (call.answer.body.empty()) call.answer.body = "  ";  // something to cut
  }
  if (faults.garbage) {
    call.answer.headers.clear();
    call.answer.content_type = "text/html";
    call.answer.body = "<html><body>garbage";
  }
  return {};
}

// Before the signature, which is made for a region.
ApiResult<void> S3Handler::check_region(const Call& call) const {
  const auto authorization = parse_authorization(call.request.header("authorization"));
  if (!authorization || !call.bucket || authorization->region == call.settings.region) return {};
  if (call.settings.wrong_region == WrongRegion::malformed)
    return s3_error(400, "AuthorizationHeaderMalformed",
                    "The authorization header is malformed; the region '" + std::string(authorization->region) +
                        "' is wrong; expecting '" + call.settings.region + "'",
                    {{"Region", call.settings.region}});
  return s3_error(301, "PermanentRedirect",
                  "The bucket you are attempting to access must be addressed using the specified endpoint. Please send "
                  "all future requests to this endpoint.",
                  {{"Endpoint", call.target.bucket + ".s3." + call.settings.region + ".amazonaws.com"},
                   {"Bucket", call.target.bucket}});
}

ApiResult<void> S3Handler::allow(const Call& call, std::string_view action, const std::string& resource) const {
  if (auto ok = authorize(*call.caller, action, resource); !ok)
    return s3_error(403, "AccessDenied", ok.error().message);
  return {};
}

ApiResult<void> S3Handler::delete_object(Call& call) {
  if (auto ok = allow(call, "s3:DeleteObject", call.object_arn()); !ok) return ok;
  call.bucket->remove(call.target.key);
  call.answer.status = 204;
  return {};
}

ApiResult<void> S3Handler::list_objects(Call& call) {
  if (auto ok = allow(call, "s3:ListBucket", call.bucket_arn()); !ok) return ok;
  call.answer.headers.emplace_back("x-amz-bucket-region", call.settings.region);
  if (call.operation == "HeadBucket") return {};
  if (call.query["list-type"] != "2") return s3_error(501, "NotImplemented", "kinesim lists with list-type=2 only.");
  constexpr std::size_t kMostKeys = 1000;
  std::size_t most = kMostKeys;
  if (const std::string& text = call.query["max-keys"]; !text.empty())
    std::from_chars(text.data(), text.data() + text.size(), most);
  most = std::min(most, kMostKeys);
  const std::string& prefix = call.query["prefix"];
  const std::string& token = call.query["continuation-token"];
  auto objects = call.bucket->list(prefix, token.empty() ? call.query["start-after"] : token, most + 1);
  const bool more = objects.size() > most;
  if (more) objects.resize(most);
  std::string& body = call.answer.body;
  body =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
      "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>" +
      xml_text(call.target.bucket) + "</Name><Prefix>" + xml_text(prefix) + "</Prefix><KeyCount>" +
      std::to_string(objects.size()) + "</KeyCount><MaxKeys>" + std::to_string(most) + "</MaxKeys><IsTruncated>" +
      (more ? "true" : "false") + "</IsTruncated>";
  if (more && !objects.empty())
    body += "<NextContinuationToken>" + xml_text(objects.back().first) + "</NextContinuationToken>";
  for (const auto& [key, object] : objects)
    body += "<Contents><Key>" + xml_text(key) + "</Key><LastModified>" + sluice::iso_time_ms(object->stored_ms) +
            "</LastModified><ETag>" + xml_text(object->etag) + "</ETag><Size>" + std::to_string(object->bytes.size()) +
            "</Size><StorageClass>" + object->storage_class + "</StorageClass></Contents>";
  body += "</ListBucketResult>";
  call.answer.content_type = "application/xml";
  return {};
}

}  // namespace kinesim
