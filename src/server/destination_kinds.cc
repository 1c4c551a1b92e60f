#include "server/destination_kinds.h"

#include <utility>

#include "destinations/kinesis/kind.h"
#include "destinations/launchdarkly_events/kind.h"
#include "destinations/s3/kind.h"
#include "destinations/webhook/kind.h"

namespace sluice::server {

const destinations::KindList& destination_kinds() {
  static const destinations::KindList list = [] {
    std::vector<std::unique_ptr<const destinations::DestinationKind>> kinds;
    kinds.push_back(kinesis::kinesis_kind());
    kinds.push_back(s3::s3_kind());
    kinds.push_back(launchdarkly_events::launchdarkly_events_kind());
    kinds.push_back(webhook::webhook_kind());
    return destinations::KindList(std::move(kinds));
  }();
  return list;
}

}  // namespace sluice::server
