// Which server a command manages, and by which token: flag, variable or file.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "base/result.h"
#include "cli/rest_client.h"

namespace sluice::cli {

struct ServerOptions {
  std::string server, token_file;
};

// --server and --token-file.
void add_server_options(CLI::App& app, ServerOptions& options);
// With the variables SLUICE_SERVER and SLUICE_TOKEN where a flag is not given.
Result<RestServer> server_of(const ServerOptions& options);

}  // namespace sluice::cli
