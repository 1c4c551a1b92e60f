#include "destinations/kind.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace sluice::destinations {

KindList::KindList(std::vector<std::unique_ptr<const DestinationKind>> kinds) : kinds_(std::move(kinds)) {}

const DestinationKind* KindList::find(std::string_view name) const {
  const auto found = std::ranges::find_if(kinds_, [&](const auto& kind) { return kind->name() == name; });
  return found == kinds_.end() ? nullptr : found->get();
}

const DestinationKind& KindList::of(const catalog::Destination& destination) const {
  const DestinationKind* kind = find(destination.kind);
  SLUICE_CHECK(kind != nullptr, "a destination is read by its kind");
  return *kind;
}

std::vector<exporting::SealedEvents> KindList::sealed_in(storage::FileSystem& files, const std::string& folder) const {
  std::vector<exporting::SealedEvents> all;
  for (const auto& kind : kinds_)
    for (const exporting::SealedEvents& sealed : kind->sealed_in(files, folder)) all.push_back(sealed);
  return all;
}

std::vector<std::string_view> KindList::names() const {
  std::vector<std::string_view> names;
  for (const auto& kind : kinds_) names.push_back(kind->name());
  return names;
}

}  // namespace sluice::destinations
