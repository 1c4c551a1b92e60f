#include "cli/relay_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "base/terminal_text.h"
#include "base/text_file.h"
#include "cli/private_file.h"
#include "cli/terminal.h"
#include "ld_relay/gcfg_reader.h"
#include "server/settings.h"

namespace sluice::cli {
namespace {

struct RelayArguments {
  LdRelaySource source;
  std::string output;
  bool force = false;
};

ld_relay::Variables variables_of_process() {
  ld_relay::Variables variables;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view text(*each);
    if (const std::size_t equals = text.find('='); equals != std::string_view::npos)
      variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

// By whatever names and links.
bool is_one_file(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return !b.empty() && std::filesystem::is_regular_file(a, ignored) && std::filesystem::equivalent(a, b, ignored);
}

int import_relay(const RelayArguments& given) {
  if (!given.source.is_given()) {
    complain("Expected the configuration file of an ld-relay, or --from-env for its environment variables.");
    return 2;
  }
  if (given.source.file && is_one_file(*given.source.file, given.output)) {
    complain(
        fmt::format("{} is the file that is imported. Give --output another name: ld-relay's configuration is kept.",
                    given.output));
    return 2;
  }
  config::ConfigFaults faults;
  const ld_relay::SluiceConfig config = read_ld_relay(given.source, faults);
  // What the server would say of it.
  if (faults.empty())
    server::load_configuration({.file = std::nullopt,
                                .flags = {},
                                .environment = [](std::string_view) { return std::nullopt; },
                                .text = server::ConfigurationText{given.source.name(), config.toml}},
                               faults);
  if (!faults.empty()) {
    std::fputs(faults.text().c_str(), stderr);
    return 2;
  }
  for (const ld_relay::Note& note : config.notes)
    std::fputs(
        indented(terminal_text(fmt::format("{}: {}: {}", note.to_do ? "To do" : "Ignored", note.place, note.text)), 0)
            .c_str(),
        stderr);
  if (given.output.empty()) {
    std::fputs(config.toml.c_str(), stdout);
    return 0;
  }
  const auto written = write_private_file(given.output, config.toml, given.force ? Existing::replace : Existing::keep);
  if (written) return 0;
  complain(written.error().message);
  return 1;
}

}  // namespace

std::string LdRelaySource::name() const {
  if (!file) return "ld-relay's variables";
  return variables ? *file + " and ld-relay's variables" : *file;
}

ld_relay::SluiceConfig read_ld_relay(const LdRelaySource& source, config::ConfigFaults& faults) {
  ld_relay::RelayConfig config;
  if (source.file) {
    const auto text = read_text_file(*source.file, ld_relay::kMaxFileBytes);
    if (text)
      ld_relay::read_relay_file(*text, *source.file, config, faults);
    else
      faults.add(*source.file, fmt::format("The file cannot be read: {}. Expected ld-relay's configuration file.",
                                           text.error().message));
  }
  if (source.variables) ld_relay::read_relay_variables(variables_of_process(), config);
  return ld_relay::sluice_config_of(config, source.name(), faults);
}

void add_relay_commands(CLI::App& app, std::function<int()>& chosen) {
  CLI::App* relay = app.add_subcommand("relay", "Move from an ld-relay");
  relay->require_subcommand(1);
  const auto given = std::make_shared<RelayArguments>();
  CLI::App* import = relay->add_subcommand(
      "import", "Print an ld-relay's configuration as one of Sluice; what is not imported is told on stderr");
  import->add_option("CONFIG", given->source.file, "ld-relay's configuration file")->type_name("");
  import->add_flag("--from-env", given->source.variables,
                   "Read ld-relay's environment variables of this process, too; they win over the file");
  import->add_option("--output", given->output, "Write to this file, readable only by you")->type_name("FILE");
  import->add_flag("--force", given->force, "Replace the file of --output if it is there");
  import->footer(
      "\nExamples:\n  sluice relay import /etc/ld-relay.conf --output sluice.toml\n"
      "  sluice serve --config sluice.toml\n\ndocs/ld-relay.md says what becomes of each setting.");
  import->callback([given, &chosen] { chosen = [given] { return import_relay(*given);
};
}  // namespace sluice::cli
);
}

}  // namespace sluice::cli
