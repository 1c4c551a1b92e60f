#include "cli/serve.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/process_environment.h"
#include "base/terminal_text.h"
#include "base/text.h"
#include "server/named_files.h"
#include "server/process_guard.h"
#include "server/server.h"
#include "server/settings.h"

namespace sluice::cli {
namespace {

std::optional<std::string> variable_of(std::string_view name) {
  static const ProcessEnvironment environment = process_environment();
  return environment(std::string(name).c_str());
}

server::ConfigurationSource source_of(const ServeOptions& options, config::ConfigFaults& faults,
                                      std::vector<ld_relay::Note>& notes) {
  server::ConfigurationSource source{options.config_file, options.flags, variable_of, std::nullopt};
  if (!source.file) source.file = variable_of("SLUICE_CONFIG");
  if (!options.ld_relay.is_given()) return source;
  if (source.file)
    faults.add(*source.file, "A configuration of Sluice and one of ld-relay are given. Remove one of them.");
  ld_relay::SluiceConfig config = read_ld_relay(options.ld_relay, faults);
  notes = std::move(config.notes);
  // What ld-relay's own words are wrong about is told; what would follow from it is not.
  if (faults.empty()) source.text = {options.ld_relay.name(), std::move(config.toml)};
  return source;
}

server::Configuration load(const ServeOptions& options, config::ConfigFaults& faults,
                           std::vector<ld_relay::Note>& notes) {
  const server::ConfigurationSource source = source_of(options, faults, notes);
  return faults.empty() ? server::load_configuration(source, faults) : server::Configuration{};
}

void log_notes(const std::vector<ld_relay::Note>& notes) {
  for (const ld_relay::Note& note : notes) {
    if (note.to_do)
      log_warn("ld_relay.to_do", {{"place", note.place}, {"message", note.text}});
    else
      log_info("ld_relay.ignored", {{"place", note.place}, {"message", note.text}});
  }
}

std::string counted(std::size_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::string summary_of(const catalog::CatalogSnapshot& catalog) {
  return fmt::format("The configuration is valid: {}, {}, {}.", counted(catalog.projects().size(), "project"),
                     counted(catalog.environments().size(), "environment"),
                     counted(catalog.destinations().size(), "destination"));
}

void reload(server::Server& server, const ServeOptions& options) {
  config::ConfigFaults faults;
  std::vector<ld_relay::Note> notes;  // those of the start are in the log
  const server::Configuration configuration = load(options, faults, notes);
  if (!faults.empty()) {
    for (const config::ConfigFault& fault : faults.all())
      log_error("config.fault", {{"place", fault.place}, {"message", fault.message}});
    log_error("config.kept", {{"faults", faults.all().size()},
                              {"message", "The new configuration has errors. The running one stays active."}});
    return;
  }
  if (const auto taken = server.reload(configuration); !taken) {
    log_error("config.not_applied", {{"message", taken.error().message}});
    return;
  }
  log_info("config.reloaded", {{"environments", configuration.catalog->environments().size()},
                               {"destinations", configuration.catalog->destinations().size()}});
}

// Waits for a signal to stop; reloads in between.
void wait_for_stop(server::Server& server, const ServeOptions& options, const sigset_t& signals) {
  while (true) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal != SIGHUP) {
      log_info("server.stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
      return;
    }
    reload(server, options);
  }
}

// A second signal while stopping: events in flight may be delivered twice, nothing is lost.
void stop_at_once_on_second_signal(const sigset_t& signals) {
  std::thread([signals] {
    int signal = SIGHUP;
    while (signal == SIGHUP) sigwait(&signals, &signal);
    log_warn("server.stopped_at_once",
             {{"message",
               "Received a second signal while stopping. Events in flight may be delivered twice; nothing is lost."}});
    _exit(0);
  }).detach();
}

// Logged, not refused: in a container only the server can read it.
void warn_when_readable_by_all(const std::string& file, const server::Configuration& configuration) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0 || (status.st_mode & S_IROTH) == 0) return;
  const auto& environments = configuration.catalog->environments();
  const bool keys = std::any_of(environments.begin(), environments.end(), [](const catalog::Environment& environment) {
    return !environment.sdk_keys.empty() || !environment.mobile_keys.empty();
  });
  if (!keys) return;
  log_warn("config.readable_by_all",
           {{"file", file},
            {"message", "Every user of this machine can read the SDK keys in this file. Run chmod 600 on it."}});
}

}  // namespace

int serve(const ServeOptions& options) {
  config::ConfigFaults faults;
  std::vector<ld_relay::Note> notes;
  server::Configuration configuration = load(options, faults, notes);
  if (faults.empty() && options.check_only)
    server::check_named_files(configuration.settings, configuration.catalog->projects().empty(), process_environment(),
                              faults);
  if (!faults.empty()) {
    std::fputs(faults.text().c_str(), stderr);
    return 2;
  }
  if (options.check_only) {
    for (const ld_relay::Note& note : notes)
      std::printf("%s: %s: %s\n", note.to_do ? "To do" : "Ignored", terminal_text(note.place).c_str(),
                  terminal_text(note.text).c_str());
    std::printf("%s\n", summary_of(*configuration.catalog).c_str());
    return 0;
  }
  const auto accepted = process_environment()("SLUICE_ACCEPT_EMPTY_CATALOG").value_or("");
  if (!accepted.empty() && accepted != "true" && accepted != "false") {
    std::fprintf(stderr, "variable SLUICE_ACCEPT_EMPTY_CATALOG: \"%s\" is not valid; expected true or false.\n",
                 shown_value(accepted).c_str());
    return 2;
  }
  configuration.settings.accept_empty_catalog = options.accept_empty_catalog || accepted == "true";
  log_configure(configuration.settings.log_level, configuration.settings.log_format);
  log_notes(notes);

  server::guard_process(configuration.settings.core_dumps);
  if (options.config_file) warn_when_readable_by_all(*options.config_file, configuration);

  // Blocked before any thread starts, so that every thread inherits it and only sigwait below takes them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  auto server = server::Server::start(std::move(configuration), variable_of);
  if (!server) {
    log_error("server.not_started", {{"message", server.error().message}});
    return 1;
  }
  log_info(
      "server.ready",
      {{"version", SLUICE_VERSION}, {"intake", (*server)->intake_address()}, {"admin", (*server)->admin_address()}});
  if (const std::string token = (*server)->first_admin_token(); !token.empty()) {
    std::printf(
        "The first access token, with the role admin, for the REST API at http://%s/api/v2/:\n\n  %s\n\n"
        "It is shown only once. Store it in a safe place.\n",
        (*server)->admin_address().c_str(), token.c_str());
    std::fflush(stdout);
  }
  wait_for_stop(**server, options, signals);
  stop_at_once_on_second_signal(signals);
  (*server)->stop();
  log_info("server.stopped");
  return 0;
}

}  // namespace sluice::cli
