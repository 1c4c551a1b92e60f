#include "http/body_memory.h"

#include <algorithm>
#include <utility>

namespace sluice::http {

std::shared_ptr<ByteBudget> BodyMemory::owner_share(std::uint64_t owner) {
  // More are kept only while so many send large bodies at a time.
  constexpr std::size_t kForgetAbove = 1024;
  const std::lock_guard lock(mutex_);
  if (owners_.size() > kForgetAbove) std::erase_if(owners_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<ByteBudget>& known = owners_[owner];
  std::shared_ptr<ByteBudget> share = known.lock();
  if (!share) known = share = std::make_shared<ByteBudget>(share_bytes_);
  return share;
}

BodyAccount::~BodyAccount() { give_back(held()); }

bool BodyAccount::take(std::uint64_t bytes) {
  full_ = Full::nothing;
  if (finishing_ + bytes <= granted_) {
    finishing_ += bytes;
    return true;
  }
  if (address_ && !address_->bytes.take(bytes)) {
    full_ = Full::address;
    return false;
  }
  if (owner_ && !owner_->take(bytes)) {
    if (address_) address_->bytes.give_back(bytes);
    full_ = Full::owner;
    return false;
  }
  if (!memory_.pool.take(bytes)) {
    if (address_) address_->bytes.give_back(bytes);
    if (owner_) owner_->give_back(bytes);
    full_ = Full::pool;
    return false;
  }
  shared_ += bytes;
  return true;
}

void BodyAccount::give_back(std::uint64_t bytes) {
  const std::uint64_t of_finishing = std::min(bytes, finishing_);
  finishing_ -= of_finishing;
  const std::uint64_t of_shared = std::min(bytes - of_finishing, shared_);
  shared_ -= of_shared;
  if (of_shared > 0) {
    memory_.pool.give_back(of_shared);
    if (address_) address_->bytes.give_back(of_shared);
    if (owner_) owner_->give_back(of_shared);
  }
  if (held() > 0) return;
  owner_.reset();
  if (granted_ > 0) granted_from_->give_back(std::exchange(granted_, 0));
}

void BodyAccount::set_owner(std::shared_ptr<ByteBudget> owner) {
  if (owner_) return;
  owner_ = std::move(owner);
  owner_->add(shared_);  // beyond the share, if need be: it is no more than one read
}

bool BodyAccount::grant(std::uint64_t bytes, ByteBudget& from) {
  if ((granted_ > 0 && granted_from_ != &from) || !from.take(bytes)) return false;
  granted_from_ = &from;
  granted_ += bytes;
  return true;
}

}  // namespace sluice::http
