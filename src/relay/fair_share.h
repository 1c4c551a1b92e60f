// Who holds how many of a number of places that strangers ask for: a credential that everybody can read, from addresses
// of which anybody has some.
//
// Nobody has a fixed share. Whoever holds as many places as are free gets no more: one alone has half of them, two have
// a third each, and a newcomer always finds some. It holds for a credential, for an address, and for what one address
// holds of one credential, which also leaves as much to the others of that credential and of that address: a third,
// when it is alone.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "base/credential_kind.h"
#include "base/object_id.h"

namespace sluice::relay {

// All keys of one environment and kind, as they are in all copies of one app or page; never 0.
std::uint64_t credential_owner(ObjectId environment, CredentialKind kind);

struct PlaceOwner {
  std::uint64_t credential = 0;  // credential_owner()
  std::string address;           // as http::counted_address() has it; empty: it does not tell who asks
  auto operator<=>(const PlaceOwner&) const = default;
};

// One thread at a time.
class FairShare {
 public:
  explicit FairShare(std::uint64_t places) : places_(places) {}

  // `most_free`: no more than this counts as free. A size of 0 is always there, and holds nothing.
  bool may_take(const PlaceOwner& owner, std::uint64_t size,
                std::uint64_t most_free = std::numeric_limits<std::uint64_t>::max()) const;
  // Whether some address may take a place of this credential.
  bool may_take_some(std::uint64_t credential, std::uint64_t most_free) const;
  void take(const PlaceOwner& owner, std::uint64_t size);
  void give_back(const PlaceOwner& owner, std::uint64_t size);
  std::uint64_t used() const { return used_; }

 private:
  const std::uint64_t places_;
  std::uint64_t used_ = 0;
  std::map<std::uint64_t, std::uint64_t> by_credential_;
  std::map<std::string, std::uint64_t> by_address_;
  std::map<PlaceOwner, std::uint64_t> by_owner_;
};

}  // namespace sluice::relay
