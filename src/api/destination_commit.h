// The commit of a change that may switch destinations on: each that it does has its place in the journal before the
// change is answered, so that it gets what is accepted from then on, though its pipeline starts a little later, or the
// process ends first. Every handler that creates or changes destinations commits with it.
#pragma once

#include <vector>

#include "api/rest_context.h"
#include "catalog/managed_catalog.h"

namespace sluice::api {

// As ManagedCatalog::commit(); also `failed` when the disk refuses a place: then nothing was changed. Any thread.
catalog::CatalogResult<void> commit_destinations(const RestContext& context, std::vector<catalog::CatalogWrite> writes,
                                                 const catalog::AuditEntry& audit);

}  // namespace sluice::api
