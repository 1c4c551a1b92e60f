// What a CredentialsCache does, without its thread: when to ask the source, and what to keep of its answers. One thread
// at a time; time is handed in by the clock, so that a test plays a day in a moment.
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

  // Takes in an answer of the source. True when what current() or error() say has changed.
  bool take(tl::expected<Credentials, CredentialsError> answer);
  // Null when there are none with 15 s left.
  std::shared_ptr<const Credentials> current() const;
  const std::optional<CredentialsError>& error() const { return error_; }

  // AWS refused them. Ignored unless they are the current ones.
  void refuse(const std::shared_ptr<const Credentials>& refused);
  // How long until the source is to be asked, or until current() becomes null, in ms; 0: now. At most a minute, since
  // clocks get set.
  std::int64_t wait_ms() const;
  bool fetch_is_due() const;
  // True once after credentials ran out.
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
