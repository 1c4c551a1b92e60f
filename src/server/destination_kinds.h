// The kinds of destinations that this program knows: the one place outside of destinations/KIND/ that names them.
#pragma once

#include "destinations/kind.h"

namespace sluice::server {

// Any thread.
const destinations::KindList& destination_kinds();

}  // namespace sluice::server
