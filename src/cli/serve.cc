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

#include "base/log.h"
#include "base/process_environment.h"
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

server::ConfigurationSource source_of(const ServeOptions& options) {
  server::ConfigurationSource source{options.config_file, options.flags, variable_of};
  if (!source.file) source.file = variable_of("SLUICE_CONFIG");
  return source;
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
  const server::Configuration configuration = server::load_configuration(source_of(options), faults);
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
  server::Configuration configuration = server::load_configuration(source_of(options), faults);
  if (faults.empty() && options.check_only)
    server::check_named_files(configuration.settings, configuration.catalog->projects().empty(), process_environment(),
                              faults);
  if (!faults.empty()) {
    std::fputs(faults.text().c_str(), stderr);
    return 2;
  }
  if (options.check_only) {
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
