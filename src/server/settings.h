// The server's settings: from the configuration file, then SLUICE_… variables, then flags; the later wins. One table
// (settings.cc) names them all.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/admin_handler.h"
#include "api/call_rate.h"
#include "base/log.h"
#include "catalog/snapshot.h"
#include "config/fault.h"
#include "http/server.h"
#include "http_client/outbound_policy.h"
#include "intake/limits.h"
#include "journal/journal.h"
#include "launchdarkly/flag_reader.h"

namespace sluice::server {

struct ServerSettings {
  // No address has more than half of the connections or of the streams.
  ServerSettings() {
    http.max_connections_per_address = http.max_connections / 2;
    http.max_streams_per_address = http.max_streams / 2;
  }

  std::string data_dir = "sluice-data";
  std::string intake_listen = "127.0.0.1:8030";
  std::string admin_listen = "127.0.0.1:8031";
  http::HttpTls intake_tls, admin_tls;  // empty: plain HTTP
  std::uint64_t intake_loops = 1;
  http::HttpLimits http;
  intake::IntakeLimits intake;
  journal::JournalLimits journal;
  std::int64_t drain_ms = 10'000;
  bool reuse_port = false;                    // intake's port, with another server
  std::int64_t grace_ms = 0;                  // how long open connections continue when the server stops
  std::string catalog_key, catalog_key_file;  // empty both: the catalog is not encrypted
  http_client::OutboundPolicy outbound;       // of what is managed, not of what a configuration file declares
  std::string outbound_text;                  // as it was given
  bool core_dumps = false;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;
  launchdarkly::FlagReaderSettings launchdarkly;
  std::string admin_token;                                 // empty: the first start creates one
  std::uint64_t max_calls_per_s = api::kDefaultCallsPerS;  // of the REST API, by one token
  api::AdminAccess admin_access;
  bool accept_empty_catalog = false;  // told for one start: server/empty_catalog.h
  std::string flag_file_folder;       // of flag data files; empty: flag-files in the data directory
  std::string ca_bundle;              // PEM file for TLS to AWS; empty: AWS_CA_BUNDLE, else the system's
};

struct SettingNames {
  std::string_view key, flag, variable;
};

// One setting: how the file, the environment and the command line call it.
struct SettingRow {
  std::string_view key;       // in the file: section.name, or name at the top
  std::string_view flag;      // "--journal-max-bytes"; empty: it is a secret, for which a flag would be no place
  std::string_view variable;  // "SLUICE_JOURNAL_MAX_BYTES"
  std::string_view expected;  // completes "expected …"
  std::string_view example;   // as written in the file
  std::string_view help;      // what it is for, with its default
  // Takes the text; false when it does not fit `expected`.
  bool (*apply)(ServerSettings&, std::string_view text);
  SettingNames before = {};  // what it was called, which is still read; not both
  // What is wrong with a text that `apply` refused, where that can be said better than by `expected`.
  std::string (*why_not)(std::string_view text) = nullptr;
};
const std::vector<SettingRow>& setting_rows();

struct Configuration {
  ServerSettings settings;
  std::shared_ptr<const catalog::CatalogSnapshot> catalog;
};

// A configuration that is in no file, such as one that was imported; `name` is what faults call it.
struct ConfigurationText {
  std::string name, toml;
};

// What the command line said: the file to read, if any, and values by flag.
struct ConfigurationSource {
  std::optional<std::string> file;
  std::map<std::string, std::string> flags;
  std::function<std::optional<std::string>(std::string_view variable)> environment;
  std::optional<ConfigurationText> text = std::nullopt;  // in place of a file
};

// Reads all of it. Every fault is in `faults`; the configuration is to be used only when there is none.
Configuration load_configuration(const ConfigurationSource& source, config::ConfigFaults& faults);

}  // namespace sluice::server
