#include "server/process_guard.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "base/log.h"

namespace sluice::server {

void guard_process(bool core_dumps) {
  ::umask(0077);
  if (core_dumps) return;
  const rlimit none{0, 0};
  // Each for itself: a sandbox may forbid one of them.
  const bool limited = ::setrlimit(RLIMIT_CORE, &none) == 0;
  const bool undumpable = ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
  if (limited && undumpable) return;
  log_warn(
      "process.core_dumps_possible",
      {{"error", std::generic_category().message(errno)},
       {"message", "A crash may leave a core dump, which has secrets in it. Switch core dumps off for the service."}});
}

}  // namespace sluice::server
