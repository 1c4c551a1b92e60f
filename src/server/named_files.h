// The files and folders that settings name, tried as the start tries them: --check-config and the start report the
// same.
#pragma once

#include "base/process_environment.h"
#include "config/fault.h"
#include "server/settings.h"

namespace sluice::server {

// Reads, and changes nothing. Adds a fault for each that cannot be used, at its setting. `managed`: the catalog is not
// declared in the configuration file, so that catalog.key_file is needed.
void check_named_files(const ServerSettings& settings, bool managed, const ProcessEnvironment& environment,
                       config::ConfigFaults& faults);

}  // namespace sluice::server
