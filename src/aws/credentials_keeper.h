// The logic of a CredentialsCache, without its thread: when to fetch, and which answers to keep. One thread at a time;
// the clock is passed in, so that a test covers a day in milliseconds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "aws/credentials.h"
#include "base/random.h"

namespace sluice::aws {

class CredentialsKeeper {
 public:
  CredentialsKeeper(const Clock& clock, Random random) : clock_(clock), random_(random) {}

  // Processes an answer of the source. True if current() or error() changed.
  bool take(tl::expected<Credentials, CredentialsError> answer);
  // Null when there are none with 15 s left.
  std::shared_ptr<const Credentials> current() const;
  const std::optional<CredentialsError>& error() const { return error_; }

  // AWS refused them. Ignored unless they are the current ones.
  void refuse(const std::shared_ptr<const Credentials>& refused);
  // Time in ms until the next fetch, or until current() becomes null; 0: now. At most a minute, because clocks can be
  // set.
  std::int64_t wait_ms() const;
  bool fetch_is_due() const;
  // True once after credentials expired.
  bool take_expiry();

 private:
  bool usable() const;

  const Clock& clock_;
  Random random_;
  std::shared_ptr<const Credentials> credentials_;
  std::optional<CredentialsError> error_;
  bool was_usable_ = false;
  int failures_ = 0;
  int refusals_ = 0;                       // of credentials that a new fetch did not change
  bool retrying_ = true;                   // ask at retry_at_us_, not at refresh_at_ms_
  std::int64_t retry_at_us_ = 0;           // steady clock
  std::int64_t refresh_at_ms_ = 0;         // wall clock
  std::int64_t forced_not_before_us_ = 0;  // steady clock
};

}  // namespace sluice::aws
