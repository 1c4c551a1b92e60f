// S3 as a kind of destination.
#pragma once

#include <memory>

#include "destinations/kind.h"

namespace sluice::s3 {

std::unique_ptr<const destinations::DestinationKind> s3_kind();

}  // namespace sluice::s3
