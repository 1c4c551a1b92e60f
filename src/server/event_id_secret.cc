#include "server/event_id_secret.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/hex.h"
#include "base/log.h"
#include "base/random.h"
#include "storage/whole_file.h"

namespace sluice::server {
namespace {

constexpr const char* kDocumentId = "event_ids";

std::optional<event::EventIdSecret> secret_of(std::string_view digits) {
  const auto bytes = bytes_of_hex(digits);
  event::EventIdSecret secret;
  if (!bytes || bytes->size() != secret.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), secret.begin());
  return secret;
}

event::EventIdSecret drawn() {
  event::EventIdSecret secret;
  random_secret_bytes(secret.data(), secret.size());
  return secret;
}

}  // namespace

Result<event::EventIdSecret> stored_event_id_secret(catalog::CatalogStore& store) {
  const auto documents = store.list(catalog::DocumentKind::secret);
  if (!documents) return fail("The catalog's secret for ids of events cannot be read. " + documents.error().message);
  for (const catalog::Document& document : *documents) {
    if (document.id != kDocumentId) continue;
    const auto json = nlohmann::json::parse(document.json, nullptr, false);
    const auto secret = json.is_object() && json.contains("secret") && json["secret"].is_string()
                            ? secret_of(json["secret"].get_ref<const std::string&>())
                            : std::nullopt;
    if (secret) return *secret;
    return fail("The catalog's secret for ids of events is damaged. Restore a backup of the catalog.");
  }
  const event::EventIdSecret secret = drawn();
  if (auto kept = store.commit(
          {{{catalog::DocumentKind::secret, kDocumentId, 0, nlohmann::json{{"secret", hex_of(secret)}}.dump()},
            0,
            false}},
          {});
      !kept)
    return fail("The secret for ids of events cannot be written. " + kept.error().message);
  return secret;
}

Result<event::EventIdSecret> kept_event_id_secret(storage::FileSystem& files, const std::string& data_dir) {
  const std::string path = data_dir + "/" + kEventIdSecretFile;
  const auto kept = storage::read_whole(files, path);
  if (!kept)
    return fail(fmt::format("The secret for ids of events in {} cannot be read: {}", path,
                            storage::explained(kept.error(), data_dir)));
  if (*kept) {
    const std::string digits = (*kept)->substr(0, (*kept)->find_last_not_of(" \t\r\n") + 1);
    if (const auto secret = secret_of(digits)) return *secret;
    return fail(
        fmt::format("{} is damaged: expected {} hex digits. Restore it from a copy; removed, a new one is drawn, "
                    "and events that SDKs send again have other ids once.",
                    path, 2 * event::kEventIdSecretBytes));
  }
  const event::EventIdSecret secret = drawn();
  if (auto written = storage::replace_whole(files, path, hex_of(secret) + "\n"); !written)
    return fail(fmt::format("The secret for ids of events cannot be stored in {}: {}", path,
                            storage::explained(written.error(), data_dir)));
  log_info("event_ids.secret_created",
           {{"file", path},
            {"message",
             "What ids of events are derived with was created. Keep it with the data: with another one, an event that "
             "an SDK sends again has another id."}});
  return secret;
}

}  // namespace sluice::server
