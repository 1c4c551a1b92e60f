#include "relay/fair_share.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::relay {
namespace {

template <class Key>
std::uint64_t held(const std::map<Key, std::uint64_t>& by, const Key& key) {
  const auto found = by.find(key);
  return found == by.end() ? 0 : found->second;
}

template <class Key>
void release(std::map<Key, std::uint64_t>& by, const Key& key, std::uint64_t size) {
  const auto found = by.find(key);
  SLUICE_CHECK(found != by.end() && found->second >= size, "only places that were taken are given back");
  found->second -= size;
  if (found->second == 0) by.erase(found);
}

}  // namespace

std::uint64_t credential_owner(ObjectId environment, CredentialKind kind) {
  return std::max<std::uint64_t>(ObjectIdHash{}(environment) + static_cast<std::uint64_t>(kind), 1);
}

bool FairShare::may_take(const PlaceOwner& owner, std::uint64_t size, std::uint64_t most_free) const {
  if (size == 0) return true;
  const std::uint64_t free = std::min(places_ - used_, most_free);
  std::uint64_t holds = held(by_credential_, owner.credential);
  if (!owner.address.empty()) holds = std::max(holds, held(by_address_, owner.address)) + held(by_owner_, owner);
  return holds + size <= free;
}

bool FairShare::may_take_some(std::uint64_t credential, std::uint64_t most_free) const {
  return held(by_credential_, credential) < std::min(places_ - used_, most_free);
}

void FairShare::take(const PlaceOwner& owner, std::uint64_t size) {
  if (size == 0) return;  // an entry of 0 would go with the first of several
  used_ += size;
  SLUICE_CHECK(used_ <= places_, "a place was free");
  by_credential_[owner.credential] += size;
  if (owner.address.empty()) return;
  by_address_[owner.address] += size;
  by_owner_[owner] += size;
}

void FairShare::give_back(const PlaceOwner& owner, std::uint64_t size) {
  if (size == 0) return;
  used_ -= size;
  release(by_credential_, owner.credential, size);
  if (owner.address.empty()) return;
  release(by_address_, owner.address, size);
  release(by_owner_, owner, size);
}

}  // namespace sluice::relay
