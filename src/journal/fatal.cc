#include "journal/fatal.h"

#include <cstdlib>

#include "base/log.h"

namespace sluice::journal {

void journal_fatal(const std::string& reason) {
  log_error("journal.fatal",
            {{"reason", reason},
             {"remedy",
              "Sluice ends here so that nothing is acknowledged that is not on disk. Check the disk and "
              "its file system, then start Sluice again: it recovers what was acknowledged."}});
  std::_Exit(kJournalFatalExitCode);
}

}  // namespace sluice::journal
