// The control API under /_kinesim/: JSON, unsigned, for tests and demonstrations. README.md describes each call.
#pragma once

#include "kinesim/request.h"
#include "kinesim/worker.h"

namespace kinesim {

Answer run_control(Shared& shared, const Request& request);

}  // namespace kinesim
