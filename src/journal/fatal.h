// A write or sync failed that cannot be retried: after a failed sync the kernel may hold pages that look clean and
// are not on disk, so nothing this process says about the journal can be trusted. It ends, and a new one recovers.
#pragma once

#include <string>

namespace sluice::journal {

inline constexpr int kJournalFatalExitCode = 74;  // EX_IOERR of sysexits.h

// In a file of its own: the simulation, which cannot end with the process it simulates, is linked with another.
[[noreturn]] void journal_fatal(const std::string& reason);

}  // namespace sluice::journal
