// Which environments of a project a list shows, and in which order, from the call's query; the words are
// LaunchDarkly's.
#pragma once

#include <vector>

#include "api/rest_call.h"
#include "catalog/managed_catalog.h"

namespace sluice::api {

// `filter`: terms with commas between them, all of which must hold: `query:` a part of the key or name, any case;
// `tags:` tags with + between them, all of which it must have. `sort`: createdOn (which is by id), key, name or
// critical, with - for reverse; by age by default, and among equals. 400 names what is unknown.
RestResult<std::vector<catalog::Managed<catalog::Environment>>> asked_environments(
    std::vector<catalog::Managed<catalog::Environment>> by_age, const RestCall& call);

}  // namespace sluice::api
