// How large a call may be: what the settings allow, less after something on the way refused a call for its size (HTTP
// 413) or a call timed out. Bytes as counted against a call's limit. Pure: one thread, times in steady microseconds.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sluice::kinesis {

class CallSize {
 public:
  explicit CallSize(std::uint64_t most_bytes) : most_bytes_(most_bytes), limit_bytes_(most_bytes) {}

  std::uint64_t limit_bytes() const { return limit_bytes_; }

  // A call of several records was refused for its size: halved, down to single records, because a limit on the way may
  // be any. It grows again only after a pause that doubles while the same happens again.
  void too_large(std::uint64_t call_bytes, std::int64_t now_us) {
    limit_bytes_ = std::min(limit_bytes_, std::max<std::uint64_t>(call_bytes / 2, 1));
    note_refused(call_bytes, now_us);
    pause_us_ = std::clamp(pause_us_ * 2, kLeastPauseUs, kMostPauseUs);
    grow_not_before_us_ = now_us + pause_us_;
  }
  // A body that does not get through in time may be too long for the way, or the way is slow: small ones are kept.
  void timed_out(std::uint64_t call_bytes) {
    limit_bytes_ = std::min(limit_bytes_, std::max(kLeastAfterTimeout, call_bytes / 2));
  }
  // Even a call of one event was. True: one as large was accepted before, or none was, so that it is not this event's
  // size.
  bool too_large_alone(std::uint64_t call_bytes, std::int64_t now_us) {
    const bool smaller_pass = accepted_bytes_ > 0 && call_bytes > accepted_bytes_;
    note_refused(call_bytes, now_us);
    return !smaller_pass;
  }
  // Whether something was refused for its size, and nothing accepted since: then one call at a time.
  bool in_doubt() const { return refused_us_ > accepted_us_; }
  // A call was accepted: doubles while small, then grows by a fixed step, back to the setting.
  void accepted(std::uint64_t call_bytes, std::int64_t started_us, std::int64_t now_us) {
    accepted_us_ = std::max(accepted_us_, started_us);
    accepted_bytes_ = std::max(accepted_bytes_, call_bytes);
    if (limit_bytes_ >= most_bytes_ || now_us < grow_not_before_us_) return;
    limit_bytes_ = std::min(most_bytes_, limit_bytes_ + std::min(limit_bytes_, kStepBytes));
    if (limit_bytes_ == most_bytes_) pause_us_ = 0;
  }
  // Even a single record was refused for its size, and now one was accepted: nothing is known of a limit any more.
  void forget_pause() { pause_us_ = grow_not_before_us_ = 0; }

 private:
  void note_refused(std::uint64_t call_bytes, std::int64_t now_us) {
    refused_us_ = now_us;
    if (call_bytes <= accepted_bytes_) accepted_bytes_ = 0;  // it passed before: the limit is another one now
  }
  static constexpr std::uint64_t kLeastAfterTimeout = 65'536;
  static constexpr std::uint64_t kStepBytes = 65'536;
  static constexpr std::int64_t kLeastPauseUs = 1'000'000;
  // One refused call of this size in so long costs next to nothing.
  static constexpr std::int64_t kMostPauseUs = 60'000'000;

  const std::uint64_t most_bytes_;
  std::uint64_t limit_bytes_;
  std::uint64_t accepted_bytes_ = 0;  // of the largest call that was accepted; 0: none since the limit changed
  std::int64_t accepted_us_ = INT64_MIN, refused_us_ = INT64_MIN;
  std::int64_t pause_us_ = 0;
  std::int64_t grow_not_before_us_ = 0;
};

}  // namespace sluice::kinesis
