#include "aws/credentials_keeper.h"

#include <algorithm>

#include "aws/refresh_schedule.h"

namespace sluice::aws {

namespace {

// No request is sent: the answer is in memory.
constexpr std::int64_t kAskBaseAgainMs = 500;

}  // namespace

bool CredentialsKeeper::usable() const {
  return credentials_ && (credentials_->expires_ms == 0 || credentials_->expires_ms - clock_.wall_ms() >= kLeastLifeMs);
}

std::shared_ptr<const Credentials> CredentialsKeeper::current() const { return usable() ? credentials_ : nullptr; }

bool CredentialsKeeper::take(tl::expected<Credentials, CredentialsError> answer) {
  const std::int64_t now_ms = clock_.wall_ms();
  if (answer && answer->expires_ms != 0 && answer->expires_ms - now_ms < kLeastLifeMs) {
    answer = tl::unexpected(CredentialsError{
        CredentialsError::Kind::invalid, "",
        "The credentials of " + answer->source + " had already expired on arrival. Is this machine's clock right?",
        ""});
  }
  if (!answer) {
    CredentialsError& error = answer.error();
    ++failures_;
    retrying_ = true;
    const std::int64_t wait_ms =
        error.from_base ? kAskBaseAgainMs : retry_after_ms(error.kind, failures_, random_.unit());
    retry_at_us_ = clock_.steady_us() + wait_ms * 1000;
    if (!error.from_base) error.passing = failures_ == 1 && error.kind != CredentialsError::Kind::unreachable;
    const bool changed =
        !error_ || error_->message != error.message || error_->passing != error.passing || was_usable_ != usable();
    error_ = std::move(error);
    was_usable_ = usable();
    return changed;
  }
  const bool same = credentials_ && credentials_->access_key_id == answer->access_key_id &&
                    credentials_->secret_access_key == answer->secret_access_key &&
                    credentials_->session_token == answer->session_token;
  if (!same) refusals_ = 0;
  const bool changed = !same || error_.has_value() || !was_usable_;
  failures_ = 0;
  retrying_ = false;
  error_.reset();
  refresh_at_ms_ = refresh_at_ms(now_ms, answer->expires_ms, random_.unit());
  if (!same || credentials_->expires_ms != answer->expires_ms) {
    credentials_ = std::make_shared<const Credentials>(std::move(*answer));
  }
  was_usable_ = usable();
  return changed;
}

void CredentialsKeeper::refuse(const std::shared_ptr<const Credentials>& refused) {
  if (!refused || refused != credentials_) return;
  const std::int64_t now_us = clock_.steady_us();
  if (retrying_) return;  // is being asked for already
  retrying_ = true;
  retry_at_us_ = std::max(now_us, forced_not_before_us_);
  ++refusals_;
  forced_not_before_us_ =
      retry_at_us_ + retry_after_ms(CredentialsError::Kind::unreachable, refusals_, random_.unit()) * 1000;
}

bool CredentialsKeeper::fetch_is_due() const {
  return retrying_ ? clock_.steady_us() >= retry_at_us_ : clock_.wall_ms() >= refresh_at_ms_;
}

std::int64_t CredentialsKeeper::wait_ms() const {
  constexpr std::int64_t kMostMs = 60'000;
  if (fetch_is_due()) return 0;
  const std::int64_t now_ms = clock_.wall_ms();
  std::int64_t wait = retrying_ ? (retry_at_us_ - clock_.steady_us() + 999) / 1000 : refresh_at_ms_ - now_ms;
  if (was_usable_ && credentials_->expires_ms != 0) {
    wait = std::min(wait, credentials_->expires_ms - kLeastLifeMs + 1 - now_ms);
  }
  return std::clamp<std::int64_t>(wait, 0, kMostMs);
}

bool CredentialsKeeper::take_expiry() {
  const bool expired = was_usable_ && !usable();
  was_usable_ = usable();
  return expired;
}

}  // namespace sluice::aws
