// What a sink wants of credentials, so that a test can give and take them without a thread.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "aws/credentials.h"

namespace sluice::destinations {

class CredentialsView {
 public:
  virtual ~CredentialsView() = default;
  virtual std::shared_ptr<const aws::Credentials> current() const = 0;
  virtual std::optional<aws::CredentialsError> error() const = 0;
  virtual void refuse(const std::shared_ptr<const aws::Credentials>& refused) = 0;
};

class CachedCredentials final : public CredentialsView {
 public:
  explicit CachedCredentials(std::shared_ptr<aws::CredentialsCache> cache) : cache_(std::move(cache)) {}
  std::shared_ptr<const aws::Credentials> current() const override { return cache_->current(); }
  std::optional<aws::CredentialsError> error() const override { return cache_->error(); }
  void refuse(const std::shared_ptr<const aws::Credentials>& refused) override { cache_->refuse(refused); }

 private:
  const std::shared_ptr<aws::CredentialsCache> cache_;
};

}  // namespace sluice::destinations
