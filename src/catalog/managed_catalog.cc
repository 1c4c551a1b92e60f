#include "catalog/managed_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"

namespace sluice::catalog {

using nlohmann::json;

namespace {

std::string document_text(const json& fields, const json& extra) {
  return json{{"fields", fields}, {"extra", extra}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

ManagedCatalog::ManagedCatalog(CatalogStore& store, const DestinationKinds& kinds, std::function<void()> changed,
                               Admit admit)
    : store_(store),
      kinds_(kinds),
      admit_(std::move(admit)),
      changed_(std::move(changed)),
      contents_(std::make_unique<CatalogContents>()) {}

ManagedCatalog::~ManagedCatalog() = default;

Result<std::unique_ptr<ManagedCatalog>> ManagedCatalog::open(CatalogStore& store, const DestinationKinds& kinds,
                                                             std::function<void()> changed, Admit admit) {
  std::unique_ptr<ManagedCatalog> catalog(new ManagedCatalog(store, kinds, std::move(changed), std::move(admit)));
  for (const DocumentKind kind :
       {DocumentKind::project, DocumentKind::environment, DocumentKind::flag, DocumentKind::destination}) {
    const auto documents = store.list(kind);
    if (!documents) return fail(documents.error().message);
    for (const Document& document : *documents) {
      const json read = json::parse(document.json, nullptr, false);
      if (!read.is_object() || !read.contains("fields") || !read.contains("extra"))
        return fail(fmt::format("The catalog's document {} is damaged. Restore a backup.", document.id));
      const auto taken = catalog->contents_->take(kind, document.id, document.revision, read["fields"], read["extra"],
                                                  catalog->kinds_);
      if (!taken)
        return fail(fmt::format("The catalog's document {} is not good: {}", document.id, taken.error().message));
    }
  }
  const auto deleted = store.list(DocumentKind::deleted_destination);
  if (!deleted) return fail(deleted.error().message);
  for (const Document& document : *deleted)
    if (const auto id = ObjectId::parse(document.id)) catalog->deletions_.emplace(*id, document.revision);
  return catalog;
}

std::set<ObjectId> ManagedCatalog::unfinished_deletions() const {
  const std::lock_guard lock(mutex_);
  std::set<ObjectId> unfinished;
  for (const auto& [id, revision] : deletions_) unfinished.insert(id);
  return unfinished;
}

void ManagedCatalog::finish_deletions(const std::set<ObjectId>& destinations) {
  const std::lock_guard lock(mutex_);
  std::vector<DocumentChange> changes;
  for (const ObjectId id : destinations)
    if (const auto found = deletions_.find(id); found != deletions_.end())
      changes.push_back({{DocumentKind::deleted_destination, id.hex(), 0, ""}, found->second, true});
  if (changes.empty()) return;
  // What cannot be written is finished once more by the next start.
  if (const auto written = store_.commit(changes, {}); !written) {
    log_warn("catalog.deletions_not_finished", {{"reason", written.error().message}});
    return;
  }
  for (const ObjectId id : destinations) deletions_.erase(id);
  deletions_finished_.notify_all();
}

void ManagedCatalog::await_deletions(const std::set<ObjectId>& destinations, std::int64_t timeout_ms) const {
  std::unique_lock lock(mutex_);
  deletions_finished_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] {
    return std::ranges::none_of(destinations, [&](ObjectId id) { return deletions_.contains(id); });
  });
}

// From the inside out, so that what is put back finds what it belongs to.
std::vector<CatalogWrite> ManagedCatalog::with_what_is_inside(std::vector<CatalogWrite> writes) const {
  std::vector<CatalogWrite> all;
  for (CatalogWrite& write : writes) {
    std::set<ObjectId> environments;
    const ObjectId id = ObjectId::parse(write.id).value_or(ObjectId{});
    if (write.remove && write.kind == DocumentKind::environment) environments.insert(id);
    if (write.remove && write.kind == DocumentKind::project)
      for (const auto& [key, environment] : contents_->environments)
        if (environment.value.project_id == id) environments.insert(key);
    const auto inside = [&](DocumentKind kind, const std::string& key, std::uint64_t revision) {
      all.push_back({kind, key, {}, {}, revision, true});
    };
    for (const auto& [key, flag] : contents_->flags)
      if (environments.contains(flag.value.environment)) inside(DocumentKind::flag, key, flag.revision);
    for (const auto& [key, destination] : contents_->destinations)
      if (environments.contains(destination.value.environment_id))
        inside(DocumentKind::destination, key.hex(), destination.revision);
    for (const ObjectId& key : environments)
      if (key != id) inside(DocumentKind::environment, key.hex(), contents_->environments.at(key).revision);
    all.push_back(std::move(write));
  }
  return all;
}

CatalogResult<void> ManagedCatalog::commit(std::vector<CatalogWrite> writes, const AuditEntry& audit) {
  {
    const std::lock_guard lock(mutex_);
    writes = with_what_is_inside(std::move(writes));
    std::vector<DocumentChange> changes;
    for (const CatalogWrite& write : writes) {
      if (auto good = check_revision(write); !good) return good;
      changes.push_back({{write.kind, write.id, 0, write.remove ? "" : document_text(write.fields, write.extra)},
                         write.expected_revision,
                         write.remove});
      if (write.remove && write.kind == DocumentKind::destination)
        changes.push_back({{DocumentKind::deleted_destination, write.id, 0, "{}"}, 0, false});
    }
    // Their fields include keys of projects and environments.
    if (!std::ranges::all_of(writes, [](const CatalogWrite& write) { return write.kind == DocumentKind::flag; }))
      same_destinations_.reset();
    // Applied, and reverted if the store refuses: nobody sees the contents before the lock is released.
    std::vector<std::function<void()>> undo;
    const auto undo_all = [&] {
      for (auto step = undo.rbegin(); step != undo.rend(); ++step) (*step)();
    };
    for (const CatalogWrite& write : writes) {
      undo.push_back(undo_of(write));
      if (auto taken = apply(write, FieldNames::api); !taken) {
        undo_all();
        return taken;
      }
    }
    if (const auto committed = store_.commit(changes, audit); !committed) {
      undo_all();
      return tl::unexpected(
          catalog_error(committed.error().fault == StoreFault::conflict ? CatalogFault::stale : CatalogFault::failed,
                        committed.error().message));
    }
    for (const CatalogWrite& write : writes)
      if (write.remove && write.kind == DocumentKind::destination) deletions_.emplace(*ObjectId::parse(write.id), 1);
  }
  changed_();
  return {};
}

CatalogResult<void> ManagedCatalog::check_revision(const CatalogWrite& write) const {
  if (write.kind == DocumentKind::destination && write.expected_revision == 0)
    if (const auto id = ObjectId::parse(write.id); id && deletions_.contains(*id))
      return tl::unexpected(
          catalog_error(CatalogFault::taken, fmt::format("The destination {} was deleted, and its files are "
                                                         "not removed yet. Repeat the call in a few seconds.",
                                                         write.id)));
  if (contents_->revision_of(write.kind, write.id).value_or(0) == write.expected_revision) return {};
  return tl::unexpected(write.expected_revision == 0
                            ? catalog_error(CatalogFault::taken, "The id " + write.id + " is taken.")
                            : catalog_error(CatalogFault::stale, "Someone else changed it in the meantime."));
}

CatalogResult<void> ManagedCatalog::apply(const CatalogWrite& write, FieldNames names) {
  if (write.remove) {
    contents_->drop(write.kind, write.id);
    return {};
  }
  const auto before = contents_->destination_value(write.kind, write.id);
  const std::set<std::string> keys_before = contents_->keys_of(write.kind, write.id);
  const std::vector<FieldFault> tolerated_before = contents_->tolerated(write.kind, write.id);
  if (auto taken =
          contents_->take(write.kind, write.id, write.expected_revision + 1, write.fields, write.extra, kinds_, names);
      !taken)
    return taken;
  std::vector<FieldFault> fresh = contents_->tolerated(write.kind, write.id);
  for (const FieldFault& old : tolerated_before) std::erase(fresh, old);
  if (!fresh.empty()) return tl::unexpected(refused_fields(std::move(fresh), names));
  if (write.kind == DocumentKind::destination) return admitted(write.id, before);
  if (write.kind == DocumentKind::environment) return admitted_keys(write.id, keys_before);
  return {};
}

std::vector<std::pair<std::size_t, CatalogError>> ManagedCatalog::faults_of(const std::vector<CatalogWrite>& writes) {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::size_t, CatalogError>> faults;
  std::vector<std::function<void()>> undo;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    auto good = check_revision(writes[i]);
    if (good) {
      undo.push_back(undo_of(writes[i]));
      good = apply(writes[i], FieldNames::file);
    }
    if (!good) faults.emplace_back(i, std::move(good.error()));
  }
  for (auto step = undo.rbegin(); step != undo.rend(); ++step) (*step)();
  return faults;
}

CatalogResult<void> ManagedCatalog::admitted_keys(const std::string& id, const std::set<std::string>& before) const {
  const Environment& environment = contents_->environments.at(*ObjectId::parse(id)).value;
  for (const auto& [field, list] :
       {std::pair{"sdk_keys", &environment.sdk_keys}, {"mobile_keys", &environment.mobile_keys}})
    for (const std::string& key : *list) {
      const std::string fault = before.contains(key) ? "" : fault_of_key(key);
      if (fault.empty()) continue;
      return tl::unexpected(refused_fields({{field, fault}}, FieldNames::file));
    }
  return {};
}

CatalogResult<void> ManagedCatalog::admitted(const std::string& id, const std::optional<Destination>& before) const {
  const auto now = contents_->destination_value(DocumentKind::destination, id);
  if (!admit_ || !now) return {};
  std::vector<FieldFault> faults = admit_(*now);
  if (before && !faults.empty())
    for (const FieldFault& old : admit_(*before)) std::erase(faults, old);
  if (faults.empty()) return {};
  return tl::unexpected(refused_fields(std::move(faults), FieldNames::file));
}

std::function<void()> ManagedCatalog::undo_of(const CatalogWrite& write) {
  const auto back = [this, kind = write.kind, id = write.id](const auto& map,
                                                             const auto& key) -> std::function<void()> {
    const auto found = map.find(key);
    if (found == map.end()) return [this, kind, id] { contents_->drop(kind, id); };
    return [this, kind, id, old = found->second] {
      contents_->drop(kind, id);
      // It was good before the writes that are undone after it.
      (void)contents_->take(kind, id, old.revision, old.fields, old.extra, kinds_);
    };
  };
  if (write.kind == DocumentKind::flag) return back(contents_->flags, write.id);
  const ObjectId id = ObjectId::parse(write.id).value_or(ObjectId{});
  if (write.kind == DocumentKind::project) return back(contents_->projects, id);
  if (write.kind == DocumentKind::environment) return back(contents_->environments, id);
  return back(contents_->destinations, id);
}

CatalogResult<Destination> ManagedCatalog::tried(const json& destination_fields) {
  const ObjectId nobodys{};
  const std::lock_guard lock(mutex_);
  const auto taken =
      apply({DocumentKind::destination, nobodys.hex(), destination_fields, json::object(), 0, false}, FieldNames::api);
  const auto tried = contents_->destination_value(DocumentKind::destination, nobodys.hex());
  contents_->drop(DocumentKind::destination, nobodys.hex());
  if (!taken) return tl::unexpected(taken.error());
  return *tried;
}

std::optional<Managed<Project>> ManagedCatalog::project(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto found = contents_->project_by_key.find(key);
  if (found == contents_->project_by_key.end()) return std::nullopt;
  return contents_->projects.at(found->second);
}

std::optional<Managed<Environment>> ManagedCatalog::environment(std::string_view project_key,
                                                                std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto found = contents_->environment_by_path.find(environment_path(project_key, key));
  if (found == contents_->environment_by_path.end()) return std::nullopt;
  return contents_->environments.at(found->second);
}

std::optional<Managed<Destination>> ManagedCatalog::destination(ObjectId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = contents_->destinations.find(id);
  if (found == contents_->destinations.end()) return std::nullopt;
  return found->second;
}

std::optional<Managed<ManagedFlag>> ManagedCatalog::flag(ObjectId environment, std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto found = contents_->flags.find(flag_document_id(environment, key));
  if (found == contents_->flags.end()) return std::nullopt;
  return found->second;
}

std::vector<Managed<Project>> ManagedCatalog::projects() const {
  const std::lock_guard lock(mutex_);
  std::vector<Managed<Project>> out;
  for (const auto& [id, project] : contents_->projects) out.push_back(project);
  return out;
}

std::vector<Managed<Environment>> ManagedCatalog::environments(ObjectId project) const {
  const std::lock_guard lock(mutex_);
  std::vector<Managed<Environment>> out;
  for (const auto& [id, environment] : contents_->environments)
    if (environment.value.project_id == project) out.push_back(environment);
  return out;
}

void ManagedCatalog::each_environment(ObjectId project, const std::function<void(const Environment&)>& visit) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, environment] : contents_->environments)
    if (environment.value.project_id == project) visit(environment.value);
}

std::vector<Managed<ManagedFlag>> ManagedCatalog::flags(ObjectId environment) const {
  const std::lock_guard lock(mutex_);
  const std::string first = flag_document_id(environment, "");
  std::vector<Managed<ManagedFlag>> out;
  for (auto at = contents_->flags.lower_bound(first); at != contents_->flags.end() && at->first.starts_with(first);
       ++at)
    out.push_back(at->second);
  return out;
}

std::vector<Managed<Destination>> ManagedCatalog::destinations() const {
  const std::lock_guard lock(mutex_);
  std::vector<Managed<Destination>> out;
  for (const auto& [id, destination] : contents_->destinations) out.push_back(destination);
  return out;
}

CatalogPointer ManagedCatalog::snapshot() const {
  const std::lock_guard lock(mutex_);
  std::vector<Project> projects;
  std::map<ObjectId, Environment> environments;
  for (const auto& [id, project] : contents_->projects) projects.push_back(project.value);
  for (const auto& [id, environment] : contents_->environments) environments.emplace(id, environment.value);
  for (const auto& [id, flag] : contents_->flags)
    if (const auto at = environments.find(flag.value.environment); at != environments.end())
      at->second.flag_export.flags.emplace(flag.value.key, flag.value.declared);
  std::vector<Environment> list;
  list.reserve(environments.size());
  for (auto& [id, environment] : environments) list.push_back(std::move(environment));
  if (same_destinations_)
    return same_destinations_ =
               std::make_shared<const CatalogSnapshot>(std::move(projects), std::move(list), *same_destinations_);
  std::vector<Destination> destinations;
  destinations.reserve(contents_->destinations.size());
  for (const auto& [id, destination] : contents_->destinations) destinations.push_back(destination.value);
  return same_destinations_ =
             std::make_shared<const CatalogSnapshot>(std::move(projects), std::move(list), std::move(destinations));
}

}  // namespace sluice::catalog
