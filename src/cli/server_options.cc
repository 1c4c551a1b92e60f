#include "cli/server_options.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "base/process_environment.h"
#include "base/text.h"

namespace sluice::cli {
namespace {

std::string from_environment(const char* name) { return value_of_variable(std::getenv(name)).value_or(""); }

}  // namespace

void add_server_options(CLI::App& app, ServerOptions& options) {
  app.add_option("--server", options.server, "Address of the admin port; variable SLUICE_SERVER")->type_name("URL");
  app.add_option("--token-file", options.token_file, "File with the access token; or variable SLUICE_TOKEN")
      ->type_name("FILE");
}

Result<RestServer> server_of(const ServerOptions& options) {
  RestServer server;
  if (const std::string url = from_environment("SLUICE_SERVER"); !url.empty()) server.url = url;
  if (!options.server.empty()) server.url = options.server;
  if (server.url.find("://") == std::string::npos) server.url = "http://" + server.url;
  while (server.url.ends_with('/')) server.url.pop_back();
  server.token = from_environment("SLUICE_TOKEN");
  if (!options.token_file.empty()) {
    std::ifstream file(options.token_file);
    if (!std::getline(file, server.token))
      return fail(fmt::format("{} cannot be read; expected a file that holds an access token.", options.token_file));
    server.token = value_of_variable(server.token.c_str()).value_or("");
  }
  if (server.token.empty())
    return fail(
        "There is no access token. Set SLUICE_TOKEN, or give a file that contains it with --token-file. The server "
        "prints one at its first start.");
  if (!is_visible_ascii(server.token))
    return fail(fmt::format("The access token of {} has a space, a line end or another sign inside that no token has.",
                            options.token_file.empty() ? "SLUICE_TOKEN" : options.token_file));
  return server;
}

}  // namespace sluice::cli
