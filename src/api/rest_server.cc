// The server as a whole.
#include "api/rest_resources.h"
#include "api/status.h"
#include "aws/endpoints.h"

namespace sluice::api {

RestOutcome server_status(const RestContext& context, const RestCall&) {
  RestJson status = brief_status_json(context.view);
  const std::string principal = context.kind_parts.identity.principal();
  status["identity"] = principal.empty() ? RestJson(nullptr) : RestJson(principal);
  status["managed"] = true;
  return RestAnswer{200, std::move(status)};
}

RestOutcome list_regions(const RestContext&, const RestCall&) {
  RestJson items = RestJson::array();
  for (const aws::Partition& partition : aws::partitions())
    for (const aws::Region& region : aws::regions_of(partition.name))
      items.push_back({{"name", region.name}, {"description", region.description}, {"partition", partition.name}});
  return RestAnswer{200, {{"items", std::move(items)}}};
}

}  // namespace sluice::api
