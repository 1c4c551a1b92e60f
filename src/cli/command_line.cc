#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <span>
#include <string>

#include "base/terminal_text.h"
#include "cli/catalog_commands.h"
#include "cli/completion.h"
#include "cli/cost_command.h"
#include "cli/help_formatter.h"
#include "cli/journal_commands.h"
#include "cli/relay_commands.h"
#include "cli/rest_commands.h"
#include "cli/serve.h"
#include "cli/tail_command.h"
#include "cli/terminal.h"
#include "cli/wrong_word.h"
#include "server/settings.h"

namespace sluice::cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  sluice serve --config sluice.toml
  sluice serve --config sluice.toml --check-config
  SLUICE_LISTEN=0.0.0.0:8030 sluice serve --config sluice.toml

Settings come from the file, then from variables (SLUICE_...), then from flags.
docs/configuration.md lists them all.

Sluice is independent of LaunchDarkly and AWS.)";

void add_serve(CLI::App& app, ServeOptions& options, std::map<std::string, std::string>& flags) {
  CLI::App* serve = app.add_subcommand("serve", "Receive events from SDKs and deliver them to their destinations");
  serve
      ->add_option("--config", options.config_file,
                   "The configuration file (TOML); variable SLUICE_CONFIG. Default: none.")
      ->type_name("FILE");
  serve->add_flag(
      "--ld-relay-env", options.ld_relay.variables,
      "Serve what ld-relay's environment variables (LD_ENV_..., PORT, ...) say, in place of a configuration "
      "file; docs/ld-relay.md.");
  serve
      ->add_option("--ld-relay-config", options.ld_relay.file,
                   "The same of ld-relay's configuration file; with --ld-relay-env its variables win over it.")
      ->type_name("FILE");
  serve->add_flag("--check-config", options.check_only, "Check the configuration, report all errors, and exit.");
  serve->add_flag("--accept-empty-catalog", options.accept_empty_catalog,
                  "Start with an empty catalog in a data directory that has cursors or events of another one: "
                  "for one start; files of unknown destinations are set aside, not deleted. Variable "
                  "SLUICE_ACCEPT_EMPTY_CATALOG=true.");
  for (const server::SettingRow& row : server::setting_rows()) {
    if (row.flag.empty()) continue;
    const auto add = [&](std::string_view name) {
      const std::string flag(name);
      return serve
          ->add_option_function<std::string>(
              flag, [&flags, flag](const std::string& value) { flags[flag] = value; }, std::string(row.help))
          ->type_name("VALUE");
    };
    add(row.flag);
    if (!row.before.flag.empty()) add(row.before.flag)->group("");  // not in the help
  }
  serve->footer(kFooter);
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app(
      "Sluice: self-hosted data export for feature flags. What SDKs send is delivered to Kinesis, S3, webhooks and "
      "LaunchDarkly; nothing is lost.",
      "sluice");
  app.set_version_flag("--version", std::string("sluice ") + SLUICE_VERSION);
  use_help_formatter(app);
  app.require_subcommand(1);
  ServeOptions options;
  add_serve(app, options, options.flags);
  std::function<int()> command;
  add_rest_commands(app, command);
  add_catalog_commands(app, command);
  add_tail_command(app, command);
  add_cost_command(app, command);
  add_journal_commands(app, command);
  add_relay_commands(app, command);
  add_completion_command(app, command);
  const std::span<const char* const> words(argv, static_cast<std::size_t>(std::max(argc, 1)));
  if (const auto wrong = wrong_word(app, words.subspan(1))) {
    std::fputs(indented(terminal_text("sluice: " + *wrong), 0).c_str(), stderr);
    return 2;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return finish_output(status == 0 ? 0 : 2);
  }
  if (command) return finish_output(command());
  // A server says on stdout only that it started, and is not ended by nobody reading it.
  const int status = serve(options);
  return options.check_only ? finish_output(status) : status;
}

}  // namespace sluice::cli
