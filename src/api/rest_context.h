// What the REST API's handlers work on.
#pragma once

#include <cstdint>
#include <string>

#include "api/access_tokens.h"
#include "api/server_view.h"
#include "base/clock.h"
#include "catalog/managed_catalog.h"
#include "destinations/kind.h"
#include "export/exporter.h"
#include "flags/flag_registry.h"
#include "journal/journal.h"
#include "storage/file_system.h"

namespace sluice::api {

struct RestContext {
  const Clock& clock;
  const ServerView& view;
  journal::Journal& journal;
  storage::FileSystem& files;
  const std::string& data_directory;
  catalog::ManagedCatalog& catalog;
  catalog::CatalogStore& store;
  AccessTokens& tokens;
  CustomRoles& roles;
  const flags::FlagRegistry& flags;
  exporting::Exporter& exporter;
  exporting::Exporter::SinkFactory make_sink;  // for test events
  const destinations::KindList& kinds;
  const destinations::KindParts& kind_parts;  // what kinds check destinations with, on the worker's thread
  bool tls = false;                           // of the admin port: its cookies are then for TLS alone
};

}  // namespace sluice::api
