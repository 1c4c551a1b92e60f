// Webhooks as a kind of destination.
#pragma once

#include <memory>

#include "destinations/kind.h"

namespace sluice::webhook {

std::unique_ptr<const destinations::DestinationKind> webhook_kind();

}  // namespace sluice::webhook
