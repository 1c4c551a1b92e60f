// `sluice` and its subcommands. Exit status: 0 done, 1 failed, 2 the command line or the configuration is wrong, 3 the
// server cannot be reached.
#pragma once

namespace sluice::cli {

int run_command_line(int argc, char** argv);

}  // namespace sluice::cli
