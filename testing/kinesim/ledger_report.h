// The ledger as the control API tells it, and the check that what a sender had acknowledged has arrived.
#pragma once

#include "kinesim/request.h"
#include "kinesim/simulator.h"
#include "kinesim/sts.h"

namespace kinesim {

// GET /_kinesim/ledger?stream=&format=counts|ids|records&field=&part=; DELETE empties it.
Answer report_ledger(Simulator& simulator, const Request& request, const Form& query);
// POST /_kinesim/ledger/missing?field=&stream=; the body has a line for each id of 24 hex digits, or
// "first-id count" for as many ids counting up in their last 16 digits.
Answer report_missing(Simulator& simulator, const Request& request, const Form& query);

}  // namespace kinesim
