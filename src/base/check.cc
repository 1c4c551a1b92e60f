#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace sluice {

void check_failed(const char* condition, const char* why, const char* file, int line) noexcept {
  std::fprintf(
      stderr,
      "sluice: internal check failed: %s (%s) at %s:%d. This is a bug in Sluice; nothing acknowledged is lost.\n", why,
      condition, file, line);
  std::abort();
}

}  // namespace sluice
