// A write or sync failed that cannot be tried again: after a failed sync the kernel may hold pages that look clean and
// are not on disk, so nothing this process says about the journal can be trusted. It ends, and a new one recovers.
#pragma once

#include <cstdlib>
#include <string>

#include "base/log.h"

namespace sluice {

inline constexpr int kJournalFatalExitCode = 74;  // EX_IOERR of sysexits.h

[[noreturn]] inline void journal_fatal(const std::string& reason) {
  log_error("journal.fatal",
            {{"reason", reason},
             {"remedy",
              "Sluice ends here so that nothing is acknowledged that is not on disk. Check the disk and "
              "its file system, then start Sluice again: it recovers what was acknowledged."}});
  std::_Exit(kJournalFatalExitCode);
}

}  // namespace sluice
