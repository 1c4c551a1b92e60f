#include "api/audit.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::api {

catalog::AuditEntry audit_entry(std::int64_t now_ms, const Caller& caller, std::string action, std::string target,
                                const std::string& what, std::string comment, std::string before, std::string after) {
  const nlohmann::json member = {{"tokenId", caller.token_id.hex()}, {"name", caller.name}};
  return {new_object_id(now_ms).hex(),
          now_ms,
          member.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
          std::move(action),
          std::move(target),
          caller.name + " " + what,
          std::move(comment),
          std::move(before),
          std::move(after)};
}

}  // namespace sluice::api
