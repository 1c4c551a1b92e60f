#include "destinations/s3/upload.h"

#include <algorithm>
#include <utility>

namespace sluice::s3 {
namespace {

// One of the objects that this manifest had, in this process or an earlier one.
bool is_ours(std::string_view sha256_hex, const Manifest& manifest) {
  return sha256_hex == manifest.sha256_hex ||
         std::find(manifest.earlier_sha256_hex.begin(), manifest.earlier_sha256_hex.end(), sha256_hex) !=
             manifest.earlier_sha256_hex.end();
}

// S3's own checksum decides. A store that keeps none has our metadata, which it stored with the bytes or not at all,
// and the size.
bool shows_ours(const ObjectAnswer& head, const Manifest& manifest) {
  if (!head.sha256_hex.empty()) return is_ours(head.sha256_hex, manifest);
  if (head.metadata_sha256_hex.empty() || !is_ours(head.metadata_sha256_hex, manifest)) return false;
  return head.metadata_sha256_hex != manifest.sha256_hex || head.size_bytes.value_or(0) == manifest.size_bytes;
}

// Not merely nothing to know it by.
bool shows_another(const ObjectAnswer& head, const Manifest& manifest) {
  const std::string& shown = head.sha256_hex.empty() ? head.metadata_sha256_hex : head.sha256_hex;
  return !shown.empty() && !is_ours(shown, manifest);
}

}  // namespace

Upload::Outcome Upload::take(const ObjectAnswer& answer, const Manifest& manifest) {
  const Outcome outcome = next_ == Call::put ? take_put(answer, manifest) : take_head(answer, manifest);
  if (outcome != Outcome::call) {
    calls_ = 0;
  } else if (++calls_ >= kMaxCallsAtOnce) {
    calls_ = 0;
    put_accepted_ = false;
    return fail_with(answer, conditional_ ? Call::put : Call::head);
  }
  return outcome;
}

Upload::Outcome Upload::take_put(const ObjectAnswer& answer, const Manifest& manifest) {
  if (answer.ok()) {
    version_id_ = answer.version_id;
    if (answer.sha256_hex == manifest.sha256_hex) return Outcome::done;
    put_accepted_ = true;
    return then(Call::head);
  }
  if (answer.fault == http_client::TransportFault::none && answer.status == 412) return then(Call::head);
  // Whether it arrived is not known after a fault: with If-None-Match the next PUT tells, without it a HEAD must.
  return fail_with(answer, conditional_ ? Call::put : Call::head);
}

Upload::Outcome Upload::take_head(const ObjectAnswer& answer, const Manifest& manifest) {
  const bool accepted = std::exchange(put_accepted_, false);
  const Call start = conditional_ ? Call::put : Call::head;
  if (answer.ok()) {
    if (shows_ours(answer, manifest)) {
      next_ = start;
      return Outcome::done;
    }
    error_ = answer;
    next_ = start;
    name_is_taken_ = !accepted && shows_another(answer, manifest);
    return Outcome::conflict;
  }
  if (answer.fault == http_client::TransportFault::none) {
    // The checksum of an object that is encrypted with a KMS key takes kms:Decrypt.
    if (answer.status == 403 && next_ == Call::head) {
      put_accepted_ = accepted;
      return then(Call::head_without_checksum);
    }
    // Removed since the PUT found it (by a person, or a lifecycle rule), or never there. A store that accepted the PUT
    // and does not show it yet is asked again later.
    if (answer.status == 404 && !accepted) return then(Call::put);
  }
  return fail_with(answer, start);
}

}  // namespace sluice::s3
