#include "server/management.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "base/text_file.h"
#include "catalog/sqlite_store.h"
#include "server/destination_kinds.h"

namespace sluice::server {
namespace {

constexpr std::size_t kMaxKeyFileBytes = 64 << 10;

}  // namespace

Result<catalog::DocumentCipher> catalog_cipher(const ServerSettings& settings) {
  if (!settings.catalog_key.empty()) return catalog::DocumentCipher::parse(settings.catalog_key);
  if (settings.catalog_key_file.empty()) return catalog::DocumentCipher();
  const auto text = read_text_file(settings.catalog_key_file, kMaxKeyFileBytes);
  if (!text)
    return fail(fmt::format("The catalog's key cannot be read: {}. Fix catalog.key_file.", text.error().message));
  auto cipher = catalog::DocumentCipher::parse(*text);
  if (!cipher)
    return fail(
        fmt::format("The catalog's key file {} cannot be used: {}", settings.catalog_key_file, cipher.error().message));
  return cipher;
}

Management::Management(std::unique_ptr<catalog::CatalogStore> store, const ServerSettings& settings, const Clock& clock,
                       Workers& workers)
    : settings_(settings), clock_(clock), workers_(workers), store_(std::move(store)) {}

Management::~Management() { stop(); }

Result<std::unique_ptr<Management>> Management::open(const ServerSettings& settings, const Clock& clock) {
  auto cipher = catalog_cipher(settings);
  if (!cipher) return tl::unexpected(cipher.error());
  auto store = catalog::open_sqlite_store(settings.data_dir + "/catalog.db", std::move(*cipher));
  if (!store) return tl::unexpected(store.error());
  return open(std::move(*store), settings, clock, worker_threads());
}

Result<std::unique_ptr<Management>> Management::open(std::unique_ptr<catalog::CatalogStore> store,
                                                     const ServerSettings& settings, const Clock& clock,
                                                     Workers& workers) {
  std::unique_ptr<Management> management(new Management(std::move(store), settings, clock, workers));
  if (auto opened = management->open_parts(); !opened) return tl::unexpected(opened.error());
  return management;
}

Result<void> Management::open_parts() {
  auto managed = catalog::ManagedCatalog::open(
      *store_, destination_kinds(), [this] { changed(); },
      [this](const catalog::Destination& destination) {
        const destinations::DestinationKind& kind = destination_kinds().of(destination);
        std::vector<catalog::FieldFault> faults = kind.forbidden_addresses(destination.settings, settings_.outbound);
        for (catalog::FieldFault& fault : kind.refused_when_saved(destination.settings))
          faults.push_back(std::move(fault));
        return faults;
      });
  if (!managed) return tl::unexpected(managed.error());
  catalog_ = std::move(*managed);
  auto roles = api::CustomRoles::open(*store_);
  if (!roles) return tl::unexpected(roles.error());
  roles_ = std::move(*roles);
  auto tokens = api::AccessTokens::open(*store_, *roles_, clock_);
  if (!tokens) return tl::unexpected(tokens.error());
  tokens_ = std::move(*tokens);
  return {};
}

void Management::finish_deletions(data_path::DataPath& path) {
  path.deleted_for_good = [this](const std::set<ObjectId>& deleted) { catalog_->finish_deletions(deleted); };
  std::set<ObjectId> unfinished = catalog_->unfinished_deletions();
  // Created again by an older version, which does not know of this.
  for (const catalog::Destination& destination : catalog_->snapshot()->destinations())
    if (unfinished.erase(destination.id) > 0) catalog_->finish_deletions({destination.id});
  if (unfinished.empty()) return;
  log_info("destination.deletions_finished", {{"destinations", unfinished.size()}});
  catalog_->finish_deletions(path.finish_deletions(unfinished));
}

void Management::start(const exporting::Exporter& exporter, std::function<void(const catalog::CatalogPointer&)> publish,
                       std::function<bool()> settle, storage::UnsavedFiles& unsaved) {
  key_expirer_ = std::make_unique<catalog::KeyExpirer>(*catalog_, clock_, workers_);
  publisher_ = std::make_unique<CatalogPublisher>(
      clock_,
      [this, settle = std::move(settle)] {
        key_expirer_->changed();
        return settle();
      },
      workers_);
  {
    const std::lock_guard lock(publish_mutex_);
    publish_ = std::move(publish);
  }
  key_expirer_->start();
  usage_ = std::make_unique<UsageKeeper>(
      *store_, [&exporter] { return exporter.delivered(); }, clock_, unsaved, workers_);
}

// What the answer says is in force when it is sent: an SDK with a new key that is told 401 stops for good. Pipelines
// follow on the publisher's worker.
void Management::changed() {
  const std::lock_guard lock(publish_mutex_);
  if (!publish_) return;
  publish_(catalog_->snapshot());
  publisher_->changed();
}

void Management::stop() {
  if (key_expirer_) key_expirer_->stop();
  if (publisher_) publisher_->stop();
  if (usage_) usage_->stop();
}

}  // namespace sluice::server
