#include "ld_relay/setting_table.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sluice::ld_relay {
namespace {

constexpr std::string_view kNoDatabase =
    "Sluice keeps flags in its own data directory and has no use for a database. Remove this. SDKs that read flags "
    "from "
    "the database themselves (daemon mode) need an ld-relay.";
constexpr std::string_view kOfDatabase = "It is about a database, and Sluice uses none.";
constexpr std::string_view kNoAutoConfiguration =
    "Sluice does not ask LaunchDarkly for environments. Remove this, and list each environment with its keys.";
constexpr std::string_view kNoOfflineMode =
    "Sluice does not read LaunchDarkly's offline archives. Remove this, list the environments, and give them flag data "
    "files (flag_source = \"files\", docs/relay.md).";
constexpr std::string_view kNoBigSegments =
    "Big segments need a database, and Sluice uses none. Remove this. Environments that use big segments need an "
    "ld-relay.";
constexpr std::string_view kOtherMetrics =
    "Sluice sends metrics nowhere. Prometheus, or an agent that reads its format, gets them at /metrics of the admin "
    "port.";
constexpr std::string_view kWholePayloads = "Sluice forwards payloads as they come, and collects no events for that.";
constexpr std::string_view kNeverWaits = "Sluice starts without waiting for LaunchDarkly, and tries for ever.";
constexpr std::string_view kProxyOfProcess =
    "Sluice takes its proxy from the environment. Set HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT for the process.";
constexpr std::string_view kNoNtlm =
    "Sluice does not speak NTLM. Remove this, and use a proxy with basic authentication.";

// By section, in the order of ld-relay's page.
constexpr auto kSettings = std::to_array<Setting>({
    {"Main", "streamUri", "STREAM_URI", Use::imported},
    {"Main", "baseUri", "BASE_URI", Use::imported},
    {"Main", "clientSideBaseUri", "CLIENT_SIDE_BASE_URI", Use::imported},
    {"Main", "exitOnError", "EXIT_ON_ERROR", Use::ignored,
     "Sluice starts when its configuration is valid. What an environment lacks is in its status.", true},
    {"Main", "exitAlways", "EXIT_ALWAYS", Use::refused,
     "Sluice does not fill a database and exit. Remove this, or keep an ld-relay for it.", true},
    {"Main", "ignoreConnectionErrors", "IGNORE_CONNECTION_ERRORS", Use::ignored, kNeverWaits, true},
    {"Main", "port", "PORT", Use::imported},
    {"Main", "initTimeout", "INIT_TIMEOUT", Use::ignored, kNeverWaits},
    {"Main", "heartbeatInterval", "HEARTBEAT_INTERVAL", Use::ignored, "Sluice sends one every 55 s."},
    {"Main", "maxClientConnectionTime", "MAX_CLIENT_CONNECTION_TIME", Use::ignored,
     "Streams stay open until their SDK or a restart ends them."},
    {"Main", "disconnectedStatusTime", "DISCONNECTED_STATUS_TIME", Use::ignored,
     "The status says since when an environment follows its source."},
    {"Main", "tlsEnabled", "TLS_ENABLED", Use::imported, "", true},
    {"Main", "tlsCert", "TLS_CERT", Use::imported},
    {"Main", "tlsKey", "TLS_KEY", Use::imported},
    {"Main", "tlsMinVersion", "TLS_MIN_VERSION", Use::imported},
    {"Main", "logLevel", "LOG_LEVEL", Use::imported},
    {"Main", "bigSegmentsStaleAsDegraded", "BIG_SEGMENTS_STALE_AS_DEGRADED", Use::refused, kNoBigSegments, true},
    {"Main", "bigSegmentsStaleThreshold", "BIG_SEGMENTS_STALE_THRESHOLD", Use::refused, kNoBigSegments},
    {"Main", "expiredCredentialCleanupInterval", "EXPIRED_CREDENTIAL_CLEANUP_INTERVAL", Use::ignored,
     "It is about automatic configuration."},
    {"Main", "disableInternalUsageMetrics", "DISABLE_INTERNAL_USAGE_METRICS", Use::ignored,
     "Sluice sends no usage of its own.", true},
    {"AutoConfig", "key", "AUTO_CONFIG_KEY", Use::refused, kNoAutoConfiguration},
    {"AutoConfig", "envDatastorePrefix", "ENV_DATASTORE_PREFIX", Use::refused, kNoAutoConfiguration},
    {"AutoConfig", "envDatastoreTableName", "ENV_DATASTORE_TABLE_NAME", Use::refused, kNoAutoConfiguration},
    {"AutoConfig", "envAllowedOrigin", "ENV_ALLOWED_ORIGIN", Use::refused, kNoAutoConfiguration},
    {"AutoConfig", "envAllowedHeader", "ENV_ALLOWED_HEADER", Use::refused, kNoAutoConfiguration},
    {"OfflineMode", "fileDataSource", "FILE_DATA_SOURCE", Use::refused, kNoOfflineMode},
    {"OfflineMode", "fileDataSourceMonitoringInterval", "FILE_DATA_SOURCE_MONITORING_INTERVAL", Use::refused,
     kNoOfflineMode},
    // Their variables are those of automatic configuration.
    {"OfflineMode", "envDatastorePrefix", "", Use::refused, kNoOfflineMode},
    {"OfflineMode", "envDatastoreTableName", "", Use::refused, kNoOfflineMode},
    {"OfflineMode", "envAllowedOrigin", "", Use::refused, kNoOfflineMode},
    {"OfflineMode", "envAllowedHeader", "", Use::refused, kNoOfflineMode},
    {"Events", "sendEvents", "USE_EVENTS", Use::imported, "", true},
    {"Events", "eventsUri", "EVENTS_HOST", Use::imported},
    {"Events", "flushInterval", "EVENTS_FLUSH_INTERVAL", Use::ignored, kWholePayloads},
    {"Events", "capacity", "EVENTS_CAPACITY", Use::ignored, kWholePayloads},
    {"Events", "inlineUsers", "EVENTS_INLINE_USERS", Use::ignored, kWholePayloads, true},
    {"Events", "maxInboundPayloadSize", "EVENTS_MAX_INBOUND_PAYLOAD_SIZE", Use::imported},
    {"Environment", "sdkKey", "LD_ENV_", Use::imported},
    {"Environment", "mobileKey", "LD_MOBILE_KEY_", Use::imported},
    {"Environment", "envId", "LD_CLIENT_SIDE_ID_", Use::imported},
    {"Environment", "secureMode", "LD_SECURE_MODE_", Use::check,
     "Sluice passes the hash of secure mode on, and LaunchDarkly checks it. Make sure that secure mode is on for this "
     "environment at LaunchDarkly.",
     true},
    {"Environment", "prefix", "LD_PREFIX_", Use::ignored, kOfDatabase},
    {"Environment", "tableName", "LD_TABLE_NAME_", Use::ignored, kOfDatabase},
    {"Environment", "allowedOrigin", "LD_ALLOWED_ORIGIN_", Use::imported},
    {"Environment", "allowedHeader", "LD_ALLOWED_HEADER_", Use::imported},
    {"Environment", "logLevel", "LD_LOG_LEVEL_", Use::ignored, "Sluice has one log level, for all environments."},
    {"Environment", "ttl", "LD_TTL_", Use::ignored,
     "Sluice tells HTTP caches to ask again each time, so that a switch reaches PHP with the next request; what did "
     "not "
     "change is answered 304."},
    {"Environment", "projKey", "LD_PROJ_KEY_", Use::imported},
    {"Filters", "keys", "LD_FILTER_KEYS_", Use::imported},
    {"Redis", "", "USE_REDIS", Use::refused, kNoDatabase, true},
    {"Redis", "host", "REDIS_HOST", Use::refused, kNoDatabase, false, "USE_REDIS"},
    {"Redis", "port", "REDIS_PORT", Use::refused, kNoDatabase, false, "USE_REDIS"},
    {"Redis", "url", "REDIS_URL", Use::refused, kNoDatabase, false, "USE_REDIS"},
    {"Redis", "tls", "REDIS_TLS", Use::refused, kNoDatabase, true, "USE_REDIS"},
    {"Redis", "username", "REDIS_USERNAME", Use::refused, kNoDatabase, false, "USE_REDIS"},
    {"Redis", "password", "REDIS_PASSWORD", Use::refused, kNoDatabase, false, "USE_REDIS"},
    {"Redis", "localTtl", "CACHE_TTL", Use::ignored, kOfDatabase},
    {"DynamoDB", "enabled", "USE_DYNAMODB", Use::refused, kNoDatabase, true},
    {"DynamoDB", "tableName", "DYNAMODB_TABLE", Use::ignored, kOfDatabase},
    {"DynamoDB", "url", "DYNAMODB_URL", Use::ignored, kOfDatabase},
    {"DynamoDB", "localTtl", "", Use::ignored, kOfDatabase},
    {"Consul", "", "USE_CONSUL", Use::refused, kNoDatabase, true},
    {"Consul", "host", "CONSUL_HOST", Use::refused, kNoDatabase, false, "USE_CONSUL"},
    {"Consul", "token", "CONSUL_TOKEN", Use::ignored, kOfDatabase},
    {"Consul", "tokenFile", "CONSUL_TOKEN_FILE", Use::ignored, kOfDatabase},
    {"Consul", "localTtl", "", Use::ignored, kOfDatabase},
    {"Datadog", "enabled", "USE_DATADOG", Use::check, kOtherMetrics, true},
    {"Datadog", "statsAddr", "DATADOG_STATS_ADDR", Use::ignored, kOtherMetrics},
    {"Datadog", "traceAddr", "DATADOG_TRACE_ADDR", Use::ignored, kOtherMetrics},
    {"Datadog", "tag", "DATADOG_TAG_", Use::ignored, kOtherMetrics},
    {"Datadog", "prefix", "DATADOG_PREFIX", Use::ignored, kOtherMetrics},
    {"Stackdriver", "enabled", "USE_STACKDRIVER", Use::check, kOtherMetrics, true},
    {"Stackdriver", "projectId", "STACKDRIVER_PROJECT_ID", Use::ignored, kOtherMetrics},
    {"Stackdriver", "prefix", "STACKDRIVER_PREFIX", Use::ignored, kOtherMetrics},
    {"Prometheus", "enabled", "USE_PROMETHEUS", Use::check,
     "Metrics are at /metrics of the admin port (admin.listen, ADMIN). Give Prometheus an access token, or set "
     "admin.open_metrics.",
     true},
    {"Prometheus", "port", "PROMETHEUS_PORT", Use::ignored, "Metrics are on the admin port (admin.listen)."},
    {"Prometheus", "prefix", "PROMETHEUS_PREFIX", Use::ignored, "All metrics begin with sluice_."},
    {"Proxy", "url", "PROXY_URL", Use::check, kProxyOfProcess},
    {"Proxy", "user", "PROXY_AUTH_USER", Use::check, kProxyOfProcess},
    {"Proxy", "password", "PROXY_AUTH_PASSWORD", Use::check, kProxyOfProcess},
    {"Proxy", "domain", "PROXY_AUTH_DOMAIN", Use::refused, kNoNtlm},
    {"Proxy", "ntlmAuth", "PROXY_AUTH_NTLM", Use::refused, kNoNtlm, true},
    {"Proxy", "caCertFiles", "PROXY_CA_CERTS", Use::check,
     "Sluice reads one file of certificate authorities in place of the system's. Put these and the system's into one, "
     "and "
     "set aws.ca_bundle to it."},
    // Of earlier versions. ld-relay 8 refuses them, too.
    {"Events", "", "EVENTS_SAMPLING_INTERVAL", Use::refused,
     "ld-relay does not know it any more, nor does Sluice. Remove it."},
    {"Environment", "", "LD_TTL_MINUTES_", Use::refused,
     "ld-relay does not know it any more, nor does Sluice. Remove it."},
    {"Main", "", "LD_TRACE_LOG_BIG_SEGMENTS", Use::ignored, "It is about big segments.", true},
});

}  // namespace

std::span<const Setting> settings() { return kSettings; }

const Setting* find_setting(std::string_view section, std::string_view name) {
  const auto found = std::ranges::find_if(kSettings, [&](const Setting& setting) {
    return !setting.name.empty() && equals_ignoring_case(setting.section, section) &&
           equals_ignoring_case(setting.name, name);
  });
  return found == kSettings.end() ? nullptr : &*found;
}

bool is_section(std::string_view section) {
  return std::ranges::any_of(kSettings,
                             [&](const Setting& setting) { return equals_ignoring_case(setting.section, section); });
}

}  // namespace sluice::ld_relay
