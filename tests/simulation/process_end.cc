// Takes the place of journal/fatal.cc: the simulated process ends, not the one that simulates it.
#include "journal/fatal.h"
#include "scheduler.h"

namespace sluice::journal {

void journal_fatal(const std::string& reason) { throw simulation::ProcessDied{reason}; }

}  // namespace sluice::journal
