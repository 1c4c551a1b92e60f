#include <algorithm>
#include <array>

#include "base/base64.h"
#include "kinesim/s3_support.h"

namespace kinesim {
namespace {

constexpr std::array<std::string_view, 11> kStorageClasses = {
    "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA",  "ONEZONE_IA", "INTELLIGENT_TIERING",
    "GLACIER",  "GLACIER_IR",         "DEEP_ARCHIVE", "OUTPOSTS",   "EXPRESS_ONEZONE",
    "SNOW"};
constexpr std::string_view kMetadataPrefix = "x-amz-meta-";
// The metadata that Sluice writes: the simulator finds headers by name, and cannot list them.
constexpr std::array<std::string_view, 2> kMetadata = {"sluice-sha256", "sluice-range"};

template <std::size_t N>
std::string base64_of(const std::array<std::uint8_t, N>& bytes) {
  std::string out;
  sluice::base64_append(out, as_text(bytes));
  return out;
}

ApiResult<void> check_body(const Request& request) {
  const std::string_view claimed = request.header("x-amz-content-sha256");
  if (claimed.empty())
    return s3_error(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  if (claimed == "UNSIGNED-PAYLOAD") return {};
  if (claimed.starts_with("STREAMING-"))
    return s3_error(501, "NotImplemented", "kinesim does not read chunked uploads.");
  const std::string actual = hex(sha256(request.body));
  if (claimed != actual)
    return s3_error(400, "XAmzContentSHA256Mismatch",
                    "The provided 'x-amz-content-sha256' header does not match what was computed.",
                    {{"ClientComputedContentSHA256", std::string(claimed)}, {"S3ComputedContentSHA256", actual}});
  return {};
}

void tell_object(const StoredObject& object, Answer& answer) {
  answer.headers.emplace_back("ETag", object.etag);
  if (!object.version_id.empty()) answer.headers.emplace_back("x-amz-version-id", object.version_id);
  answer.headers.emplace_back("x-amz-server-side-encryption", object.kms_key_id.empty() ? "AES256" : "aws:kms");
  if (!object.kms_key_id.empty())
    answer.headers.emplace_back("x-amz-server-side-encryption-aws-kms-key-id", object.kms_key_id);
}

}  // namespace

ApiResult<void> S3Handler::check_condition(const Call& call, bool& only_if_new) const {
  const std::string_view condition = call.request.header("if-none-match");
  if (condition.empty() || call.settings.if_none_match == Conditional::ignored) return {};
  if (condition != "*" || call.settings.if_none_match == Conditional::not_implemented)
    return s3_error(501, "NotImplemented", "A header you provided implies functionality that is not implemented",
                    {{"Header", "If-None-Match"}});
  only_if_new = true;
  return {};
}

ApiResult<void> S3Handler::read_encryption(Call& call, StoredObject& object) const {
  const std::string_view algorithm = call.request.header("x-amz-server-side-encryption");
  const std::string_view key = call.request.header("x-amz-server-side-encryption-aws-kms-key-id");
  if (!algorithm.empty() && algorithm != "AES256" && algorithm != "aws:kms")
    return s3_error(400, "InvalidEncryptionAlgorithmError", "The encryption request you specified is not valid.");
  if (!key.empty() && algorithm != "aws:kms")
    return s3_error(400, "InvalidArgument",
                    "Server Side Encryption with AWS KMS managed key requires HTTP header "
                    "x-amz-server-side-encryption : aws:kms");
  if (algorithm == "AES256") return {};
  object.kms_key_id = !key.empty() ? std::string(key) : call.settings.kms_key_id;
  if (algorithm == "aws:kms" && object.kms_key_id.empty()) {
    object.kms_key_id = "arn:aws:kms:" + call.settings.region + ":" + call.settings.owner + ":key/aws-s3";
    return {};  // AWS's own key
  }
  if (object.kms_key_id.empty()) return {};
  const auto state = simulator_.buckets().key(object.kms_key_id);
  if (!state) return s3_error(400, "KMS.NotFoundException", "Key '" + object.kms_key_id + "' does not exist");
  if (auto ok = allow(call, "kms:GenerateDataKey", object.kms_key_id); !ok) return ok;
  if (*state == KeyState::disabled) return s3_error(400, "KMS.DisabledException", object.kms_key_id + " is disabled.");
  if (*state == KeyState::pending_deletion)
    return s3_error(400, "KMS.KMSInvalidStateException", object.kms_key_id + " is pending deletion.");
  return {};
}

ApiResult<void> S3Handler::read_put(Call& call, StoredObject& object) const {
  const Request& request = call.request;
  const std::string_view checksum = request.header("x-amz-checksum-sha256");
  const std::string_view content_md5 = request.header("content-md5");
  if (call.settings.object_lock && checksum.empty() && content_md5.empty())
    return s3_error(400, "InvalidRequest",
                    "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock "
                    "parameters");
  const auto digest = md5(request.body);
  if (!content_md5.empty() && content_md5 != base64_of(digest))
    return s3_error(400, "BadDigest", "The Content-MD5 you specified did not match what we received.");
  if (!checksum.empty()) {
    const auto decoded = sluice::base64_decode(checksum);
    if (!decoded || decoded->size() != 32)
      return s3_error(400, "InvalidRequest", "Value for x-amz-checksum-sha256 header is invalid.");
    if (checksum != base64_of(sha256(request.body)))
      return s3_error(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.");
    if (call.settings.checksums) object.sha256_base64 = checksum;
  }
  object.storage_class = request.header("x-amz-storage-class");
  if (object.storage_class.empty()) object.storage_class = "STANDARD";
  if (std::find(kStorageClasses.begin(), kStorageClasses.end(), object.storage_class) == kStorageClasses.end())
    return s3_error(400, "InvalidStorageClass", "The storage class you specified is not valid",
                    {{"StorageClassRequested", object.storage_class}});
  for (const std::string_view name : kMetadata)
    if (const auto value = request.headers->find(std::string(kMetadataPrefix).append(name)))
      object.metadata[std::string(name)] = *value;
  object.etag = "\"" + hex(digest) + "\"";
  object.content_type = request.header("content-type");
  object.content_encoding = request.header("content-encoding");
  object.stored_ms = simulator_.now_ms();
  if (call.settings.versioned || call.settings.object_lock) object.version_id = new_request_id();
  return {};
}

ApiResult<void> S3Handler::put_object(Call& call) {
  if (auto ok = check_body(call.request); !ok) return ok;
  if (auto ok = allow(call, "s3:PutObject", call.object_arn()); !ok) return ok;
  StoredObject object;
  bool only_if_new = false;
  if (auto ok = check_condition(call, only_if_new); !ok) return ok;
  if (auto ok = read_put(call, object); !ok) return ok;
  if (auto ok = read_encryption(call, object); !ok) return ok;
  tell_object(object, call.answer);
  if (!object.sha256_base64.empty()) call.answer.headers.emplace_back("x-amz-checksum-sha256", object.sha256_base64);
  object.bytes = call.request.body;
  if (!call.bucket->put(call.target.key, std::move(object), only_if_new))
    return s3_error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold",
                    {{"Condition", "If-None-Match"}});
  return {};
}

ApiResult<void> S3Handler::read_object(Call& call) {
  const bool head = call.operation == "HeadObject";
  if (auto ok = allow(call, "s3:GetObject", call.object_arn()); !ok) return ok;
  const auto object = call.bucket->find(call.target.key);
  if (!object) {
    // Who may not list is not told what is missing.
    if (auto ok = allow(call, "s3:ListBucket", call.bucket_arn()); !ok) return ok;
    return s3_error(404, "NoSuchKey", "The specified key does not exist.", {{"Key", call.target.key}});
  }
  const bool with_checksum = call.request.header("x-amz-checksum-mode") == "ENABLED";
  if (!object->kms_key_id.empty() && (!head || with_checksum))
    if (auto ok = allow(call, "kms:Decrypt", object->kms_key_id); !ok) return ok;
  Answer& answer = call.answer;
  tell_object(*object, answer);
  if (object->storage_class != "STANDARD") answer.headers.emplace_back("x-amz-storage-class", object->storage_class);
  if (with_checksum && !object->sha256_base64.empty())
    answer.headers.emplace_back("x-amz-checksum-sha256", object->sha256_base64);
  for (const auto& [name, value] : object->metadata)
    answer.headers.emplace_back(std::string(kMetadataPrefix) + name, value);
  if (!object->content_encoding.empty()) answer.headers.emplace_back("Content-Encoding", object->content_encoding);
  if (!object->content_type.empty()) answer.headers.emplace_back("Content-Type", object->content_type);
  answer.body = object->bytes;  // of a HEAD, the server sends the size alone
  return {};
}

}  // namespace kinesim
