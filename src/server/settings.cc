#include "server/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "api/rest_routes.h"
#include "aws/endpoints.h"
#include "base/text.h"
#include "catalog/declared.h"
#include "catalog/document_cipher.h"
#include "config/quantity.h"
#include "config/toml_table.h"
#include "server/destination_kinds.h"

namespace sluice::server {
namespace {

constexpr std::string_view kAddress = "an address host:port (port 0: any free one)";
constexpr std::string_view kSize = "a size such as 16 GiB, or a number of bytes";
constexpr std::string_view kTime = "a time such as 250 ms, 10 s, 24 h";

bool names_into(std::vector<std::string>& out, std::string_view text) {
  out.clear();
  for (std::string_view name : api::split_text(text, ',')) {
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (name.empty() || name.find_first_of("/ ") != std::string_view::npos) return false;
    out.emplace_back(name);
  }
  return !out.empty();
}

bool text_into(std::string& out, std::string_view text) {
  out = std::string(text);
  return !text.empty();
}

bool address_into(std::string& out, std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto port = config::parse_number(text.substr(colon + 1));
  return port && *port <= 65535 && text_into(out, text);
}

template <typename Number>
bool size_into(Number& out, std::string_view text, std::uint64_t least, std::uint64_t most) {
  const auto bytes = config::parse_bytes(text);
  if (!bytes || *bytes < least || *bytes > most) return false;
  out = static_cast<Number>(*bytes);
  return true;
}

bool time_into(std::int64_t& out_ms, std::string_view text, std::int64_t least_ms, std::int64_t most_ms) {
  const auto ms = config::parse_duration_ms(text);
  if (!ms || *ms < least_ms || *ms > most_ms) return false;
  out_ms = *ms;
  return true;
}

template <typename Number>
bool number_into(Number& out, std::string_view text, std::uint64_t least, std::uint64_t most) {
  const auto number = config::parse_number(text);
  if (!number || *number < least || *number > most) return false;
  out = static_cast<Number>(*number);
  return true;
}

bool choice_into(bool& out, std::string_view text) {
  if (text != "true" && text != "false") return false;
  out = text == "true";
  return true;
}

constexpr std::int64_t kDayMs = 86'400'000;

}  // namespace

const std::vector<SettingRow>& setting_rows() {
  static const std::vector<SettingRow> rows = {
      {"data_dir", "--data-dir", "SLUICE_DATA_DIR", "a directory", "\"/var/lib/sluice\"",
       "Where the journal, cursors and dead letters live. Default: sluice-data in the current directory.",
       [](ServerSettings& s, std::string_view text) { return text_into(s.data_dir, text); }},
      {"intake.listen", "--listen", "SLUICE_LISTEN", kAddress, "\"0.0.0.0:8030\"",
       "Where SDKs send events. Default 127.0.0.1:8030.",
       [](ServerSettings& s, std::string_view text) { return address_into(s.intake_listen, text); }},
      {"intake.path_prefix", "--path-prefix", "SLUICE_PATH_PREFIX", "a path such as /sluice", "\"/sluice\"",
       "The prefix of the SDK endpoints' paths, if a proxy does not strip it. Default: empty.",
       [](ServerSettings& s, std::string_view text) {
         if (text.size() < 2 || text.front() != '/' || text.back() == '/') return false;
         return text_into(s.intake.path_prefix, text);
       }},
      {"intake.tls_certificate", "--tls-certificate", "SLUICE_TLS_CERTIFICATE", "a file of certificates in PEM",
       "\"/etc/sluice/tls.crt\"", "TLS for SDKs: the certificate with its chain. SIGHUP reloads it. Default: none.",
       [](ServerSettings& s, std::string_view text) { return text_into(s.intake_tls.certificate_file, text); }},
      {"intake.tls_key", "--tls-key", "SLUICE_TLS_KEY", "a file with a private key in PEM", "\"/etc/sluice/tls.key\"",
       "The private key of that certificate. Default: none.",
       [](ServerSettings& s, std::string_view text) { return text_into(s.intake_tls.private_key_file, text); }},
      {"intake.loops", "--intake-loops", "SLUICE_INTAKE_LOOPS", "a whole number from 1 to 64", "2",
       "Event loops, a thread each; one takes well over 100,000 requests a second. Default 1.",
       [](ServerSettings& s, std::string_view text) { return number_into(s.intake_loops, text, 1, 64); }},
      {"intake.max_body_bytes", "--max-body-bytes", "SLUICE_MAX_BODY_BYTES", "a size from 64 KiB to 64 MiB",
       "\"16 MiB\"", "A payload as sent, before inflation. Larger ones are answered 400. Default 64 MiB.",
       [](ServerSettings& s, std::string_view text) {
         return size_into(s.http.max_body_bytes, text, 64u << 10, 64u << 20);
       }},
      {"intake.max_inflated_bytes", "--max-inflated-bytes", "SLUICE_MAX_INFLATED_BYTES", "a size from 64 KiB to 64 MiB",
       "\"64 MiB\"", "A payload after inflation. Larger ones are answered 400. Default 64 MiB.",
       [](ServerSettings& s, std::string_view text) {
         return size_into(s.intake.max_inflated_bytes, text, 64u << 10, 64u << 20);
       }},
      {"intake.max_buffered_bytes", "--max-buffered-bytes", "SLUICE_MAX_BUFFERED_BYTES", "a size from 16 MiB to 64 GiB",
       "\"256 MiB\"",
       "Memory for payloads that are being received, half of it for one address and for one environment; "
       "intake.max_body_bytes more for those that finish. What finds no room waits for intake.max_wait. Default 96 "
       "MiB.",
       [](ServerSettings& s, std::string_view text) {
         return size_into(s.http.max_buffered_bytes, text, 16u << 20, 64ull << 30);
       }},
      {"intake.max_wait", "--max-wait", "SLUICE_MAX_WAIT", "a time from 0 to 1 min", "\"3 s\"",
       "How long a payload waits for memory or for a slow disk before it is answered 503. While others that wait get "
       "some, it waits for its turn, up to 30 s. A full journal answers 503 without a wait. Default 3 s.",
       [](ServerSettings& s, std::string_view text) { return time_into(s.http.max_wait_ms, text, 0, 60'000); }},
      {"intake.max_connections", "--max-connections", "SLUICE_MAX_CONNECTIONS", "a whole number from 1 to 1,000,000",
       "8192",
       "Open connections, as far as the limit of file descriptors allows; for one more, an idle one is closed, and if "
       "none "
       "is idle it is answered 503. Default 8192.",
       [](ServerSettings& s, std::string_view text) {
         return number_into(s.http.max_connections, text, 1, 1'000'000);
       }},
      {"intake.max_connections_per_address", "--max-connections-per-address", "SLUICE_MAX_CONNECTIONS_PER_ADDRESS",
       "a whole number from 0 to 1,000,000", "100",
       "Open connections of one IPv4 address or IPv6 /64; for one more, an idle one of them is closed. 0: as many as "
       "there "
       "may be at all, for when all come through one proxy. Default 4096.",
       [](ServerSettings& s, std::string_view text) {
         return number_into(s.http.max_connections_per_address, text, 0, 1'000'000);
       }},
      {"intake.max_streams", "--max-streams", "SLUICE_MAX_STREAMS", "a whole number from 1 to 1,000,000", "12288",
       "Open streams of flags, beside the connections and as far as the limit of file descriptors allows; one more is "
       "answered 503. The client-side id or the mobile key of one environment may have half of them. Default 12288.",
       [](ServerSettings& s, std::string_view text) { return number_into(s.http.max_streams, text, 1, 1'000'000); }},
      {"intake.max_streams_per_address", "--max-streams-per-address", "SLUICE_MAX_STREAMS_PER_ADDRESS",
       "a whole number from 0 to 1,000,000", "100",
       "Open streams of one IPv4 address or IPv6 /64; one more is answered 503. 0: as many as there may be at all, for "
       "when all come through one proxy. Default 6144.",
       [](ServerSettings& s, std::string_view text) {
         return number_into(s.http.max_streams_per_address, text, 0, 1'000'000);
       }},
      {"intake.max_environment_bytes_per_s", "--max-environment-bytes-per-s", "SLUICE_MAX_ENVIRONMENT_BYTES_PER_S",
       "a size from 64 KiB to 10 GiB, or 0", "\"20 MiB\"",
       "Bytes that one environment may send a second, inflated, by all its keys together; beyond it 503. Default 0: no "
       "limit.",
       [](ServerSettings& s, std::string_view text) {
         const bool none = size_into(s.intake.max_environment_bytes_per_s, text, 0, 0);
         return none || size_into(s.intake.max_environment_bytes_per_s, text, 64u << 10, 10ull << 30);
       }},
      {"intake.reuse_port", "--reuse-port", "SLUICE_REUSE_PORT", "true or false", "true",
       "Whether another Sluice may listen on the same address and port, for a rolling restart. Default false.",
       [](ServerSettings& s, std::string_view text) { return choice_into(s.reuse_port, text); }},
      {"admin.listen", "--admin-listen", "SLUICE_ADMIN_LISTEN", kAddress, "\"127.0.0.1:8031\"",
       "Where /status, /metrics and the REST API are. Default 127.0.0.1:8031.",
       [](ServerSettings& s, std::string_view text) { return address_into(s.admin_listen, text); }},
      {"admin.tls_certificate", "--admin-tls-certificate", "SLUICE_ADMIN_TLS_CERTIFICATE",
       "a file of certificates in PEM", "\"/etc/sluice/admin.crt\"",
       "TLS for the admin port, as for intake. Default: none.",
       [](ServerSettings& s, std::string_view text) { return text_into(s.admin_tls.certificate_file, text); }},
      {"admin.tls_key", "--admin-tls-key", "SLUICE_ADMIN_TLS_KEY", "a file with a private key in PEM",
       "\"/etc/sluice/admin.key\"", "The private key of that certificate. Default: none.",
       [](ServerSettings& s, std::string_view text) { return text_into(s.admin_tls.private_key_file, text); }},
      {"admin.token", "", "SLUICE_ADMIN_TOKEN",
       "an access token of 16 characters or more, without spaces and line ends", "\"api-7f0c41d2…\"",
       "An access token with the role admin for the REST API, /status, /flags and /metrics. Not a flag, because flags "
       "show in lists of processes. A new one ends the one before. Default: the first start creates one and prints it "
       "once; with projects in this file, it writes it to DATA_DIR/admin-token.",
       [](ServerSettings& s, std::string_view text) {
         return text.size() >= 16 && is_visible_ascii(text) && text_into(s.admin_token, text);
       }},
      {"admin.open_metrics", "--open-metrics", "SLUICE_OPEN_METRICS", "true or false", "true",
       "Whether /metrics is open to everybody who reaches the admin port: it has names of destinations and counts. "
       "Default false: it needs an access token.",
       [](ServerSettings& s, std::string_view text) { return choice_into(s.admin_access.open_metrics, text); }},
      {"admin.hosts", "--admin-hosts", "SLUICE_ADMIN_HOSTS", "names by commas, or *", "\"sluice.example.com\"",
       "Names with a dot by which browsers and clients call the admin port. Addresses, names without a dot, and names "
       "below .local, .internal, .svc, .localhost need not be listed. Default: none.",
       [](ServerSettings& s, std::string_view text) { return names_into(s.admin_access.hosts, text); }},
      {"admin.max_calls_per_s", "--max-calls-per-s", "SLUICE_MAX_CALLS_PER_S",
       "a whole number from 1 to 1,000,000, or 0", "100",
       "Calls of the REST API that one access token, or one address without a right one, may make a second, over 10 s; "
       "beyond it 429. 0: any number. Default 500.",
       [](ServerSettings& s, std::string_view text) { return number_into(s.max_calls_per_s, text, 0, 1'000'000); }},
      {"catalog.key_file", "--catalog-key-file", "SLUICE_CATALOG_KEY_FILE", "a file with keys of 64 hex digits",
       "\"/etc/sluice/catalog.key\"",
       "Encrypts the managed catalog at rest: the first key seals, all open. Default: none, it is not encrypted.",
       [](ServerSettings& s, std::string_view text) { return text_into(s.catalog_key_file, text); }},
      {"catalog.key", "", "SLUICE_CATALOG_KEY", "keys of 64 hex digits, by commas", "\"$(openssl rand -hex 32)\"",
       "The same keys without a file. Not a flag, because flags show in lists of processes. Default: none.",
       [](ServerSettings& s, std::string_view text) {
         return catalog::DocumentCipher::parse(text).has_value() && text_into(s.catalog_key, text);
       }},
      {"journal.segment_bytes", "--journal-segment-bytes", "SLUICE_JOURNAL_SEGMENT_BYTES",
       "a size from 64 KiB to 1 GiB", "\"128 MiB\"",
       "One file of the journal; a payload must fit into it. Default 128 MiB.",
       [](ServerSettings& s, std::string_view text) {
         return size_into(s.journal.segment_bytes, text, 64u << 10, 1u << 30);
       }},
      {"journal.max_bytes", "--journal-max-bytes", "SLUICE_JOURNAL_MAX_BYTES", kSize, "\"16 GiB\"",
       "How much disk the journal takes at most. When undelivered events fill it, SDKs are answered 503. Default 16 "
       "GiB.",
       [](ServerSettings& s, std::string_view text) {
         return size_into(s.journal.max_bytes, text, 1u << 20, 1ull << 50);
       }},
      {"journal.min_free_bytes", "--journal-min-free-bytes", "SLUICE_JOURNAL_MIN_FREE_BYTES", kSize, "\"256 MiB\"",
       "How much of the disk the journal leaves free. Default 256 MiB.",
       [](ServerSettings& s, std::string_view text) {
         return size_into(s.journal.min_free_bytes, text, 0, 1ull << 50);
       }},
      {"journal.retention", "--journal-retention", "SLUICE_JOURNAL_RETENTION", kTime, "\"24 h\"",
       "How long delivered events stay, for replay, unless their room is needed. Default 24 h.",
       [](ServerSettings& s, std::string_view text) {
         return time_into(s.journal.retention_ms, text, 0, 3650 * kDayMs);
       }},
      {"journal.dedupe_window", "--journal-dedupe-window", "SLUICE_JOURNAL_DEDUPE_WINDOW", "a time from 1 min to 24 h",
       "\"15 min\"",
       "How long a payload id is remembered, so that a payload sent twice is stored once. Default 15 min.",
       [](ServerSettings& s, std::string_view text) {
         return time_into(s.journal.dedupe_window_ms, text, 60'000, kDayMs);
       }},
      {"shutdown.drain", "--drain", "SLUICE_DRAIN", "a time from 0 to 1 h", "\"10 s\"",
       "How long a stopping server keeps delivering its backlog. Nothing is lost if it is short. Default 10 s.",
       [](ServerSettings& s, std::string_view text) { return time_into(s.drain_ms, text, 0, 3'600'000); }},
      {"shutdown.grace", "--grace", "SLUICE_GRACE", "a time from 0 to 1 h", "\"65 s\"",
       "How long a stopping server answers on connections that are open, telling each to close, before it closes those "
       "that are idle: for a rolling restart. Default 0.",
       [](ServerSettings& s, std::string_view text) { return time_into(s.grace_ms, text, 0, 3'600'000); }},
      {"log.level", "--log-level", "SLUICE_LOG_LEVEL", "debug, info, warn or error", "\"info\"",
       "The least weight of lines that are logged. Default info.",
       [](ServerSettings& s, std::string_view text) {
         if (text == "debug")
           s.log_level = LogLevel::debug;
         else if (text == "info")
           s.log_level = LogLevel::info;
         else if (text == "warn")
           s.log_level = LogLevel::warn;
         else if (text == "error")
           s.log_level = LogLevel::error;
         else
           return false;
         return true;
       }},
      {"log.format", "--log-format", "SLUICE_LOG_FORMAT", "text or json", "\"json\"",
       "Lines for people or for machines. Default text.",
       [](ServerSettings& s, std::string_view text) {
         if (text == "text")
           s.log_format = LogFormat::text;
         else if (text == "json")
           s.log_format = LogFormat::json;
         else
           return false;
         return true;
       }},
      {"launchdarkly.api_token", "", "SLUICE_LAUNCHDARKLY_API_TOKEN", "an access token of LaunchDarkly's",
       "\"api-7f0c41d2-…\"",
       "With it, names of flags and variations are read from LaunchDarkly's REST API: a token with the role Reader. "
       "Not a flag, because flags show in lists of processes. Default: none, nothing is read.",
       [](ServerSettings& s, std::string_view text) { return text_into(s.launchdarkly.api_token, text); }},
      {"launchdarkly.base_url", "--launchdarkly-base-url", "SLUICE_LAUNCHDARKLY_BASE_URL", "an http or https address",
       "\"https://app.eu.launchdarkly.com\"", "Where LaunchDarkly's REST API is. Default https://app.launchdarkly.com.",
       [](ServerSettings& s, std::string_view text) {
         const auto checked = aws::checked_endpoint(text);
         return checked && text_into(s.launchdarkly.base_url, *checked);
       }},
      {"launchdarkly.refresh", "--launchdarkly-refresh", "SLUICE_LAUNCHDARKLY_REFRESH", "a time from 10 s to 24 h",
       "\"5 min\"", "How often the names are read again. Default 5 min.",
       [](ServerSettings& s, std::string_view text) {
         return time_into(s.launchdarkly.refresh_ms, text, 10'000, kDayMs);
       }},
      {"outbound.allowed",
       "--outbound-allowed",
       "SLUICE_OUTBOUND_ALLOWED",
       "hosts, .domains, addresses and networks by commas, or any",
       "\"hooks.internal, 10.1.0.0/16\"",
       "What destinations that the REST API manages may call besides AWS's own endpoints and public addresses over "
       "https. Default: none.",
       [](ServerSettings& s, std::string_view text) {
         auto policy = http_client::OutboundPolicy::parse(text);
         if (!policy) return false;
         s.outbound = std::move(*policy);
         return text_into(s.outbound_text, text);
       },
       {"aws.allowed_endpoints", "--allowed-endpoints", "SLUICE_ALLOWED_ENDPOINTS"},
       [](std::string_view text) {
         const auto policy = http_client::OutboundPolicy::parse(text);
         return policy ? std::string() : policy.error().message;
       }},
      {"relay.file_folder", "--flag-file-folder", "SLUICE_FLAG_FILE_FOLDER", "a folder", "\"/etc/sluice/flags\"",
       "Where flag data files are, which environments name as their flag source. Default: flag-files in the data "
       "directory.",
       [](ServerSettings& s, std::string_view text) { return text_into(s.flag_file_folder, text); }},
      {"aws.ca_bundle", "--ca-bundle", "SLUICE_CA_BUNDLE", "a file of certificates in PEM",
       "\"/etc/ssl/certs/company.pem\"",
       "Certificate authorities for TLS to AWS. Default: AWS_CA_BUNDLE, else the system's.",
       [](ServerSettings& s, std::string_view text) { return text_into(s.ca_bundle, text); }},
      {"security.core_dumps", "--core-dumps", "SLUICE_CORE_DUMPS", "true or false", "true",
       "Whether a crash may leave a core dump, which holds keys and credentials, and a debugger may attach. Default "
       "false.",
       [](ServerSettings& s, std::string_view text) { return choice_into(s.core_dumps, text); }},
  };
  return rows;
}

namespace {

std::string does_not_fit(const SettingRow& row, std::string_view text) {
  if (row.key == "admin.token")  // a secret is in no message
    return fmt::format("Its value is not valid; expected {}. Example: {}", row.expected, row.example);
  if (const std::string why = row.why_not != nullptr ? row.why_not(text) : std::string(); !why.empty())
    return fmt::format("{} Example: {}", why, row.example);
  return fmt::format("\"{}\" is not valid; expected {}. Example: {}", shown_value(text), row.expected, row.example);
}

// Applies what the file, the variables and the flags say, in this order. A setting under its name of before counts as
// the same; both names are an error, since nobody can tell which is meant.
class SettingsReader {
 public:
  SettingsReader(ServerSettings& settings, config::ConfigFaults& faults) : settings_(settings), faults_(faults) {}

  void read_file(config::TomlTable& root) {
    for_all_names([&](const SettingRow& row, const SettingNames& names, std::string& given) {
      const auto dot = names.key.find('.');
      config::TomlTable* table = dot == std::string_view::npos ? &root : &section(root, names.key.substr(0, dot));
      const std::string name(dot == std::string_view::npos ? names.key : names.key.substr(dot + 1));
      const auto text = table->scalar(name, row.expected, row.example);
      if (!text) return;
      given = names.key;
      if (!row.apply(settings_, *text)) table->fault(name, does_not_fit(row, *text));
    });
  }

  void read_variables_and_flags(const ConfigurationSource& source) {
    for_all_names([&](const SettingRow& row, const SettingNames& names, std::string& given) {
      const auto apply = [&](std::string_view kind, std::string_view name, const std::string& text) {
        given = fmt::format("{} {}", kind, name);
        if (!row.apply(settings_, text)) faults_.add(given, does_not_fit(row, text));
      };
      if (const auto value = source.environment(names.variable); value && !value->empty())
        apply("variable", names.variable, *value);
      const auto flag = source.flags.find(std::string(names.flag));
      if (!names.flag.empty() && flag != source.flags.end()) apply("flag", names.flag, flag->second);
    });
  }

  void refuse_both_names() {
    for (const auto& [row, given] : given_) {
      if (given.now.empty() || given.before.empty()) continue;
      faults_.add(given.before, fmt::format("This is the name of {} from before, and {} is set too. Keep that one, and "
                                            "remove this.",
                                            row->key, given.now));
    }
  }

 private:
  struct Given {
    std::string now, before;  // the place where it was last given under this name
  };

  template <typename Read>
  void for_all_names(const Read& read) {
    for (const SettingRow& row : setting_rows()) {
      if (!row.before.key.empty()) read(row, row.before, given_[&row].before);
      read(row, {row.key, row.flag, row.variable}, given_[&row].now);
    }
  }

  config::TomlTable& section(config::TomlTable& root, std::string_view name) {
    const std::string text(name);
    auto found = sections_.find(text);
    if (found == sections_.end()) found = sections_.emplace(text, root.table(text)).first;
    return found->second;
  }

  ServerSettings& settings_;
  config::ConfigFaults& faults_;
  std::map<std::string, config::TomlTable> sections_;
  std::map<const SettingRow*, Given> given_;
};

std::optional<std::string> read_file(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return std::nullopt;  // a stream reads it as an empty file
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad() || (!file.good() && !file.eof())) return std::nullopt;
  return text.str();
}

// "NAME, line 12, …" as "NAME, …": nobody has the text with these lines.
std::string without_line(std::string_view place, const std::string& name) {
  const std::string before = name + ", line ";
  if (!place.starts_with(before)) return std::string(place);
  const std::string_view rest = place.substr(before.size());
  return name + std::string(rest.substr(std::min(rest.find_first_not_of("0123456789"), rest.size())));
}

Configuration loaded(const ConfigurationSource& source, config::ConfigFaults& faults) {
  Configuration configuration;
  std::string text;
  std::string name = "configuration";
  if (source.text) {
    name = source.text->name;
    text = source.text->toml;
  } else if (source.file) {
    name = *source.file;
    const auto read = read_file(*source.file);
    if (!read) {
      faults.add(
          name,
          "This is not a file that can be read; expected a TOML configuration. Check the path and its permissions.");
    } else {
      text = *read;
    }
  }
  config::TomlTable root = config::TomlTable::parse(text, name, faults);
  SettingsReader reader(configuration.settings, faults);
  reader.read_file(root);
  configuration.catalog = catalog::read_declared_catalog(root, destination_kinds());
  root.refuse_unknown();
  reader.read_variables_and_flags(source);
  reader.refuse_both_names();
  const journal::JournalLimits& journal = configuration.settings.journal;
  if (journal.max_bytes < 2 * journal.segment_bytes)
    faults.add("journal.max_bytes", fmt::format("{} holds less than two segments of {}; expected at least {}.",
                                                journal.max_bytes, journal.segment_bytes, 2 * journal.segment_bytes));
  for (const auto& [section, tls] :
       {std::pair{"intake", &configuration.settings.intake_tls}, {"admin", &configuration.settings.admin_tls}})
    if (tls->certificate_file.empty() != tls->private_key_file.empty())
      faults.add(fmt::format("{}.tls_{}", section, tls->certificate_file.empty() ? "certificate" : "key"),
                 "It is missing; TLS needs the certificate and its private key. Give both, or neither.");
  return configuration;
}

}  // namespace

Configuration load_configuration(const ConfigurationSource& source, config::ConfigFaults& faults) {
  if (!source.text) return loaded(source, faults);
  config::ConfigFaults found;
  Configuration configuration = loaded(source, found);
  for (const config::ConfigFault& fault : found.all())
    faults.add(without_line(fault.place, source.text->name), fault.message, fault.field, fault.when_saved);
  return configuration;
}

}  // namespace sluice::server
