// What the REST API's handlers work on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "api/access_tokens.h"
#include "api/server_view.h"
#include "base/clock.h"
#include "catalog/managed_catalog.h"
#include "export/exporter.h"
#include "flags/flag_registry.h"
#include "journal/journal.h"
#include "kinesis/destination_check.h"
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
  // Tries a destination against AWS (kinesis/destination_check.h); on the worker's thread.
  std::function<std::vector<kinesis::CheckStep>(const catalog::Destination&,
                                                const std::function<exporting::TestEventOutcome()>& put)>
      check;
  // ARN that Sluice runs as; empty: not known yet. Settings whose region is known make it ask AWS.
  std::function<std::string(const catalog::KinesisSettings&)> principal;
  bool tls = false;  // of the admin port: its cookies are then for TLS alone
};

}  // namespace sluice::api
