// The whole of Sluice in one object: builds the parts in the order of the flow, takes new configurations, drains and
// stops.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "server/settings.h"

namespace sluice::server {

class Server {
 public:
  using EnvironmentLookup = std::function<std::optional<std::string>(std::string_view variable)>;

  // Recovers the journal, starts delivery, then listens: when it returns, payloads are taken. An error says what to
  // mend. `environment` is where AWS credentials are looked up. The process's signal masks are the caller's matter.
  static Result<std::unique_ptr<Server>> start(Configuration configuration, EnvironmentLookup environment);
  ~Server();

  std::string intake_address() const;
  std::string admin_address() const;
  // Made at the first start of a managed catalog, to be shown once; else empty.
  std::string first_admin_token() const;

  // Takes projects, environments and destinations of a new configuration, at once and whole. Settings that only a
  // restart can change are logged.
  Result<void> reload(const Configuration& configuration);

  // Takes nothing new, answers what is in flight, delivers what waits until the configured time is over, saves cursors.
  // Nothing needs it for safety: the journal has everything.
  void stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice::server
