// What the process does for itself before it holds a secret.
#pragma once

namespace sluice::server {

// Files created from here on are accessible to their owner only, whatever the umask was. Unless `core_dumps`, the
// process leaves none and no other user's process can read its memory (RLIMIT_CORE, PR_SET_DUMPABLE): SDK keys, tokens
// and AWS credentials are in it. Call it before any thread starts; what fails is logged.
void guard_process(bool core_dumps);

}  // namespace sluice::server
