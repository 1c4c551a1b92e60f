// Where Sluice's own AWS identity comes from: the first of environment → web identity → container → profile files →
// instance metadata that has one.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aws/credentials_sources.h"

namespace sluice::aws {

struct NamedSource {
  std::string name;  // for a person: "environment variables"
  std::unique_ptr<CredentialsSource> source;
};

// Tries its sources in order at every fetch. A source without credentials (none_found) passes on to the next; one that
// is configured but fails ends the search, so that a broken setting never silently falls back to another identity.
class CredentialsChain final : public CredentialsSource {
 public:
  explicit CredentialsChain(std::vector<NamedSource> sources) : sources_(std::move(sources)) {}
  CredentialsResult<Credentials> fetch() override;

 private:
  std::vector<NamedSource> sources_;
};

std::unique_ptr<CredentialsSource> default_chain(const SourceContext& context);

}  // namespace sluice::aws
