// The settings of a webhook destination. Names follow the REST API's config (docs/destinations/webhook.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/snapshot.h"
#include "config/toml_table.h"
#include "destinations/webhook/batch.h"
#include "framing/compressor.h"

namespace sluice::webhook {

// How requests prove who sent them.
enum class Auth : std::uint8_t { none, bearer, basic, signature };

inline constexpr std::uint64_t kLeastBatchBytes = 1u << 10, kMostBatchBytes = 16u << 20;
inline constexpr std::uint32_t kMostBatchEvents = 10'000;
inline constexpr std::uint32_t kMostCallsInFlight = 32;
inline constexpr std::size_t kMostHeaders = 32;
inline constexpr std::size_t kMostHeaderBytes = 4'096;  // of a name, a value, a token, a user name
// A shorter secret could not be found in a receiver's answer, and so would not be hidden in messages (answer.h).
inline constexpr std::size_t kLeastPasswordBytes = 4;

struct WebhookSettings {
  std::string url;
  BodyFormat format = BodyFormat::ndjson;
  std::optional<framing::Compressor::Format> compression;
  std::uint32_t max_events = kDefaultBatchEvents;
  std::uint64_t max_bytes = kDefaultBatchBytes;  // before compression
  std::int64_t linger_ms = kDefaultLingerUs / 1'000;
  std::vector<std::pair<std::string, std::string>> headers;  // names as given; values may be secret
  Auth auth = Auth::none;
  std::string token;                         // of bearer
  std::string username, password;            // of basic
  std::vector<std::string> signing_secrets;  // of signature: one, or two during a rotation; the newest first
  std::int64_t timeout_ms = 30'000;
  std::uint32_t max_calls_in_flight = 4;
  bool operator==(const WebhookSettings&) const = default;
};

// Reads them, and notes every fault at its field. No message shows a secret, or more of the URL than its host.
WebhookSettings read_webhook_settings(config::TomlTable& table);

inline const WebhookSettings& settings_of(const catalog::Destination& destination) {
  return destination.settings.as<WebhookSettings>();
}

}  // namespace sluice::webhook
