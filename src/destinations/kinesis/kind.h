// Kinesis as a kind of destination.
#pragma once

#include <memory>

#include "destinations/kind.h"

namespace sluice::kinesis {

std::unique_ptr<const destinations::DestinationKind> kinesis_kind();

}  // namespace sluice::kinesis
