// Which calls bring one sealed object into the bucket, exactly once in effect: PUT that does not overwrite, and a HEAD
// where only the bucket knows whether an earlier PUT arrived. Pure: answers in, the next call out.
//
//   with If-None-Match      PUT ──200, our checksum──────────────────────────▶ done
//                            ├──200 without a checksum, 412──▶ HEAD ──ours───▶ done
//                            │                                   ├──another──▶ conflict
//                            └──everything else──▶ failed        └──404──▶ PUT
//   without it              HEAD first; 404 ──▶ PUT
#pragma once

#include <cstdint>
#include <string>

#include "destinations/s3/manifest.h"
#include "destinations/s3/object_answer.h"

namespace sluice::s3 {

// Calls about one object without a pause at most: a store whose answers contradict each other is not asked in a loop.
// PUT, HEAD, HEAD without checksum, and PUT again.
inline constexpr int kMaxCallsAtOnce = 4;

class Upload {
 public:
  enum class Call : std::uint8_t { put, head, head_without_checksum };
  enum class Outcome : std::uint8_t {
    call,      // next() is to be sent, at once
    done,      // the bucket has the object
    failed,    // error() says why: next() again later
    conflict,  // something else lies under the key, see name_is_taken()
  };

  explicit Upload(bool conditional) : conditional_(conditional), next_(conditional ? Call::put : Call::head) {}

  Call next() const { return next_; }
  Outcome take(const ObjectAnswer& answer, const Manifest& manifest);
  // Of the last answer that failed or showed a conflict.
  const ObjectAnswer& error() const { return error_; }
  // The version that the bucket gave the object, if it did.
  const std::string& version_id() const { return version_id_; }
  // After a conflict: what lies under the key was there before, and shows content that is not ours. Another key is
  // safe. Otherwise the store accepted ours and shows something else, or nothing: only a person knows what to do.
  bool name_is_taken() const { return name_is_taken_; }

 private:
  Outcome take_put(const ObjectAnswer& answer, const Manifest& manifest);
  Outcome take_head(const ObjectAnswer& answer, const Manifest& manifest);
  Outcome then(Call call) {
    next_ = call;
    return Outcome::call;
  }
  Outcome fail_with(const ObjectAnswer& answer, Call again) {
    error_ = answer;
    next_ = again;
    return Outcome::failed;
  }

  const bool conditional_;
  Call next_;
  bool put_accepted_ = false;  // with 200, in this round
  bool name_is_taken_ = false;
  int calls_ = 0;  // without a pause
  ObjectAnswer error_;
  std::string version_id_;
};

}  // namespace sluice::s3
