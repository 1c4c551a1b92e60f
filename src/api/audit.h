// Entries of the audit log, as handlers of the REST API make them.
#pragma once

#include <string>

#include "api/access_tokens.h"
#include "catalog/catalog_store.h"

namespace sluice::api {

// An id that no other has. Any thread.
ObjectId new_object_id(std::int64_t now_ms);

// `what` completes "<caller> …".
catalog::AuditEntry audit_entry(std::int64_t now_ms, const Caller& caller, std::string action, std::string target,
                                const std::string& what, std::string comment = {}, std::string before = {},
                                std::string after = {});

}  // namespace sluice::api
