// What the admin port may look at. References outlive the listeners.
#pragma once

#include <atomic>
#include <cstdint>

#include "api/journal_watch.h"
#include "base/clock.h"
#include "catalog/snapshot.h"
#include "destinations/kind.h"
#include "export/exporter.h"
#include "flags/flag_registry.h"
#include "http/server.h"
#include "intake/metrics.h"
#include "relay/client_requests.h"
#include "relay/relay.h"
#include "storage/unsaved_files.h"

namespace sluice::api {

enum class ServerPhase : std::uint8_t { starting, ready, draining };

struct ServerView {
  const Clock& clock;
  const catalog::Catalog& catalog;
  const flags::FlagRegistry& flags;
  const JournalWatch& journal;
  const destinations::KindList& kinds;
  const exporting::Exporter& exporter;
  const intake::IntakeMetrics& intake;
  std::int64_t started_ms;
  const storage::UnsavedFiles* unsaved = nullptr;  // null: nobody writes files in the background
  const relay::Relay* relay = nullptr;             // null: it delivers no flags
  const relay::ClientRequests* client_requests = nullptr;
  std::atomic<ServerPhase> phase{ServerPhase::starting};
  std::atomic<const http::HttpServer*> intake_listener{nullptr};
};

}  // namespace sluice::api
